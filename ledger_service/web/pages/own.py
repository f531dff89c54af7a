"""More of a resident's own: the standing wish, objections, who looked, and the receipt and certificate as PDF."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError, NotFound
from ledger_service.printing.certificate import certificate_pdf
from ledger_service.printing.receipt import PaperReceipt, receipt_pdf
from ledger_service.reads import catalogue, donations, own_looks, residents, statement
from ledger_service.reads import objections as reads
from ledger_service.services import accept, gifts
from ledger_service.services import objections as services
from ledger_service.web.following import following
from ledger_service.web.pages.resident import JOURNAL_NO_MAX
from ledger_service.web.receipt_code import receipt_code
from ledger_service.web.visit import Visit

OBJECTIONS_SHOWN_MAX = 100
LOOKS_SHOWN_MAX = 100


def wish(visit: Visit, error: BoramError | None = None) -> Response:
    """What happens with what is earned from now on: kept, or given to a project."""
    journal = visit.context.journal
    return visit.render(
        "resident/wish.html",
        error.status if error else 200,
        funds=[fund for fund in catalogue.programmes(journal).funds if fund.active],
        now=donations.wish_of(journal, visit.me, visit.person_id),
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def wish_again(visit: Visit, error: BoramError) -> Response:
    """The wish with what is wrong."""
    return wish(visit, error)


def confirm_wish(visit: Visit) -> Response:
    """What it will mean, before it begins or ends: of what is earned from then on nothing stays, and no gift comes back."""
    wanted = visit.text("fund")
    fund = next(
        (one for one in catalogue.programmes(visit.context.journal).funds if one.active and one.code == wanted), None
    )
    if wanted and fund is None:
        raise NotFound("choose a project to give to", "기부할 곳을 골라 주세요", field="fund")
    then = following(visit, "/me/wish", {"fund": wanted})
    if then.done is not None:
        return visit.go("/me/wish", done="set")
    return visit.render("resident/wish_confirm.html", fund=fund, next=then)


def set_wish(visit: Visit) -> Response:
    """Begin, change or end it."""
    gifts.set_wish(visit.context, visit.me, visit.once(), visit.person_id, visit.text("fund") or None)
    return visit.go("/me/wish", done="set")


def objections(visit: Visit, error: BoramError | None = None) -> Response:
    """One's objections with their state, and the form for another."""
    context = visit.context
    about = visit.number_in_query("about") or (
        visit.whole("about", "영수증 번호") if visit.text("about").isdigit() else None
    )
    line = statement.statement_line(context.journal, visit.me, min(about, JOURNAL_NO_MAX)) if about else None
    return visit.render(
        "objections/own.html",
        error.status if error else 200,
        lines=reads.objections_of(
            context.journal, context.vault, visit.me, visit.person_id, visit.today, OBJECTIONS_SHOWN_MAX
        ),
        line=line,
        days=services.ANSWER_DAYS,
        length_max=services.TEXT_LENGTH_MAX,
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def objections_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return objections(visit, error)


def file_objection(visit: Visit) -> Response:
    """File one."""
    once = visit.once()
    about = visit.whole("about", "영수증 번호") if visit.text("about") else None
    services.file_objection(visit.context, visit.me, once, visit.person_id, about, visit.fields.get("text", ""))
    return visit.go("/me/objections", done="filed")


def withdraw_objection(visit: Visit) -> Response:
    """Take one back."""
    services.withdraw_objection(visit.context, visit.me, visit.once(), visit.path["objection"])
    return visit.go("/me/objections", done="withdrawn")


def office_objections(visit: Visit) -> Response:
    """What residents object to: those that wait, the one that is due first; or those that are over."""
    context, over = visit.context, visit.request.query_params.get("state") == "over"
    return visit.render(
        "objections/queue.html",
        lines=reads.objections_to_answer(
            context.journal, context.vault, visit.me, visit.today, OBJECTIONS_SHOWN_MAX, over=over
        ),
        lines_max=OBJECTIONS_SHOWN_MAX,
        over=over,
        done=visit.request.query_params.get("done", ""),
    )


def office_objection(visit: Visit, error: BoramError | None = None) -> Response:
    """One with the line that it is about, and the field for the answer."""
    context = visit.context
    found = reads.objection(context.journal, context.vault, visit.me, visit.path["objection"], visit.today)
    line = statement.statement_line(context.journal, visit.me, found.journal_no) if found.journal_no else None
    return visit.render(
        "objections/one.html",
        error.status if error else 200,
        one=found,
        line=line,
        length_max=services.TEXT_LENGTH_MAX,
        error=error,
    )


def office_objection_again(visit: Visit, error: BoramError) -> Response:
    """The objection with what is wrong."""
    return office_objection(visit, error)


def answer_objection(visit: Visit) -> Response:
    """Answer it."""
    services.answer_objection(
        visit.context, visit.me, visit.once(), visit.path["objection"], visit.fields.get("text", "")
    )
    return visit.go("/office/objections", done="answered")


def looks(visit: Visit) -> Response:
    """Who looked at what is one's own."""
    found = own_looks.latest_looks(
        visit.context.journal, visit.context.vault, visit.me, visit.person_id, LOOKS_SHOWN_MAX
    )
    return visit.render("resident/looks.html", looks=found)


def receipt_file(visit: Visit) -> Response:
    """A receipt as PDF, in Korean: to print large and to keep."""
    journal_no = min(visit.number_in_path("journal_no"), JOURNAL_NO_MAX)
    context, f = visit.context, visit.formats
    line = statement.statement_line(context.journal, visit.me, journal_no)
    facts = [("무엇", line.what)] if line.what else []
    facts += [("곳", line.place), ("날", f.day(line.day)), ("접수", f.moment(line.accepted_at))]
    if visit.me.person_id is not None:
        balance = residents.balance(context.journal, visit.me, visit.me.person_id, visit.today)
        facts.append(("지금 남은 코인", f.amount(balance.available, balance.available_krw)))
        if balance.next_expiry is not None:
            coins = balance.next_expiry.coins
            krw = None if balance.krw_per_coin is None else coins * balance.krw_per_coin
            facts.append(("먼저 소멸하는 코인", f"{f.amount(coins, krw)}, {f.day(balance.next_expiry.on)}까지"))
    notes = [f"도움 전화 {visit.ports.brand.help_phone}"]
    if line.kind == "donate":
        notes.insert(0, "코인 기부는 기부금 영수증(세액공제)의 대상이 아닙니다.")
    paper = PaperReceipt(
        title=f"{visit.ports.brand.district} {visit.ports.brand.coin} 영수증",
        kind=f"{KINDS.get(line.kind, line.kind)} · 영수증 {line.journal_no:,}번",
        amount=f.signed(line.coins, line.krw, line.is_in),
        facts=facts,
        codes=[
            ("저희가 서명한 접수 내용입니다.", receipt_code(accept.receipt(context, journal_no))),
            ("기록 확인 화면으로 갑니다.", f"{str(visit.request.base_url).rstrip('/')}/proof/{journal_no}"),
        ],
        notes=notes,
        reference=f"영수증 {line.journal_no:,}번",
    )
    return visit.file(receipt_pdf(paper, visit.now), "application/pdf", f"receipt-{journal_no}.pdf")


def certificate(visit: Visit) -> Response:
    """The certificate of thanks of a gift, by its receipt."""
    context = visit.context
    gift_id = donations.gift_of_entry(
        context.journal, visit.me, min(visit.number_in_path("journal_no"), JOURNAL_NO_MAX)
    )
    if gift_id is None:
        raise NotFound("there is no such donation", "해당 기부가 없습니다")
    gift = donations.gift(context.journal, context.vault, visit.me, gift_id)
    return visit.file(certificate_pdf(gift, visit.now), "application/pdf", f"gift-{gift.journal_no}.pdf")


# The paper is Korean, whatever language the screen has: it goes to counters and into folders.
KINDS = {
    "credit": "적립", "redeem": "사용", "refund": "환불", "donate": "기부", "expire": "소멸", "correct": "정정",
    "set_off": "상계", "closure": "계정 종료", "merge": "계정 합침", "opening": "이월",
}  # fmt: skip
