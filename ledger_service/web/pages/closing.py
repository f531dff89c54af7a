"""Month closes: the coin office works them out, the venue agrees to its own, another person of the office approves; statement and payment file."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ledger_service.domain.actors import Role
from ledger_service.domain.days import (
    FIRST_DAY,
    LAST_DAY,
    first_day_of_month,
    month_name,
    month_number,
    read_month,
)
from ledger_service.errors import BoramError, NotFound
from ledger_service.printing.statement import statement_pdf
from ledger_service.printing.tables import payment_file
from ledger_service.reads import catalogue, submissions
from ledger_service.reads import closes as reads
from ledger_service.reads.catalogue import DeskLine
from ledger_service.reads.closes import Statement
from ledger_service.services import close_month
from ledger_service.web.pages import venue
from ledger_service.web.visit import FieldInvalid, Visit

MONTHS_SHOWN = 12  # of a venue's own closes


def month(visit: Visit, error: BoramError | None = None, left: list[dict[str, Any]] | None = None) -> Response:
    """A month's closes, what is to be paid for it, and the button that works them out."""
    journal, number = visit.context.journal, _month(visit)
    found = reads.closes_of_month(journal, visit.me, number)
    return visit.render(
        "office/closes.html",
        error.status if error else 200,
        month=first_day_of_month(number),
        month_text=month_name(number),
        before=month_name(number - 1),
        after=month_name(number + 1),
        is_over=first_day_of_month(number + 1) <= visit.today,
        closes=found,
        payments=reads.payments(journal, number),
        names={one.code: one.name for one in catalogue.desks(journal, visit.today).desks}
        | {one.code: one.name for one in catalogue.programmes(journal).funds},
        left=left or [],
        error=error,
    )


def month_again(visit: Visit, error: BoramError) -> Response:
    """The month with what is wrong."""
    return month(visit, error)


def prepare(visit: Visit) -> Response:
    """Work the month out; what is left out is named with its reason."""
    answer = close_month.prepare_closes(visit.context, visit.me, visit.once(), _month(visit))
    if answer["left"]:
        return month(visit, left=answer["left"])
    return visit.go("/office/closes", month=answer["month"])


def one(visit: Visit, error: BoramError | None = None) -> Response:
    """One close for the coin office."""
    found = reads.statement(visit.context.journal, visit.me, visit.path["close"])
    return _shown(visit, found, None, error)


def of_approval(visit: Visit, error: BoramError | None) -> Response:
    """The close that an approval is."""
    if error is None:
        done = visit.request.query_params.get("done", "")
        return visit.go(f"/office/closes/{visit.path['approval']}", **({"done": done} if done else {}))
    return _shown(visit, reads.statement(visit.context.journal, visit.me, visit.path["approval"]), None, error)


def venue_months(visit: Visit) -> Response:
    """The closes of a venue, the latest month first."""
    desk = venue.desk_of(visit)
    now = month_number(visit.today)
    found = [
        line
        for number in range(now, max(now - MONTHS_SHOWN, -1), -1)
        for line in reads.closes_of_month(visit.context.journal, visit.me, number)
        if line.payee_kind == "venue" and line.code == desk.code
    ]
    return visit.render("venue/closes.html", desk=desk, closes=found)


def venue_one(visit: Visit, error: BoramError | None = None) -> Response:
    """One close for its venue: the figures to agree to."""
    desk = venue.desk_of(visit)
    return _shown(visit, _of_venue(visit, desk), desk, error)


def venue_again(visit: Visit, error: BoramError) -> Response:
    """The close with what is wrong."""
    return venue_one(visit, error)


def confirm(visit: Visit) -> Response:
    """The venue agrees."""
    desk = venue.desk_of(visit)
    found = _of_venue(visit, desk)
    if visit.text("agreed") != "yes":
        raise FieldInvalid(
            "say that you agree to these figures", "금액이 맞으면 확인란에 표시해 주세요", field="agreed"
        )
    close_month.confirm_close(visit.context, visit.me, visit.once(), found.close.id)
    return visit.go(f"/desk/{desk.number}/closes/{found.close.id}", done="confirmed")


def withdraw(visit: Visit) -> Response:
    """The venue takes its agreement back, while nobody has decided."""
    desk = venue.desk_of(visit)
    found = _of_venue(visit, desk)
    close_month.decline_close(visit.context, visit.me, visit.once(), found.close.id, "withdrawn")
    return visit.go(f"/desk/{desk.number}/closes")


def statement(visit: Visit) -> Response:
    """The statement as PDF, for the venue, the coin office and auditors."""
    found = reads.statement(visit.context.journal, visit.me, visit.path["close"])
    name = f"statement-{found.close.month}-{found.close.code}.pdf"
    return visit.file(statement_pdf(found, visit.now), "application/pdf", name)


def payments(visit: Visit) -> Response:
    """What is to be paid for a month, as CSV."""
    number = _month(visit)
    found = reads.payments(visit.context.journal, number)
    return visit.file(payment_file(found), "text/csv; charset=utf-8", f"payments-{month_name(number)}.csv")


def _shown(visit: Visit, found: Statement, desk: DeskLine | None, error: BoramError | None) -> Response:
    approval = None
    if (visit.has("office", "auditor") and found.close.state != "prepared") or found.close.payee_kind == "fund":
        approval = _approval(visit, found.close.id)
    is_waiting = approval is not None and approval.status == "waiting"
    return visit.render(
        "office/close.html" if desk is None else "venue/close.html",
        error.status if error else 200,
        found=found,
        desk=desk,
        approval=approval,
        may_decide=is_waiting and approval is not None and not approval.is_mine and visit.has("office"),
        may_withdraw=found.close.state == "confirmed" and found.close.confirmed_by == visit.me.name,
        may_confirm=desk is not None
        and found.close.state == "prepared"
        and desk.number in visit.me.desks
        and visit.me.has(Role.VENUE),
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def _approval(visit: Visit, close_id: str) -> submissions.ApprovalLine | None:
    try:
        return submissions.approval(visit.context.journal, visit.me, close_id)
    except NotFound:
        return None


def _of_venue(visit: Visit, desk: DeskLine) -> Statement:
    found = reads.statement(visit.context.journal, visit.me, visit.path["close"])
    if found.close.payee_kind != "venue" or found.close.code != desk.code:
        raise NotFound("there is no such close here", "해당 정산이 없습니다")
    return found


def _month(visit: Visit) -> int:
    """The month that is asked for; without one the last that is over."""
    text = visit.path.get("month") or visit.text("month") or visit.request.query_params.get("month", "")
    if not text:
        return month_number(visit.today) - 1
    try:
        return read_month(text)
    except ValueError as error:
        raise FieldInvalid(
            f"a month as 2024-05, {FIRST_DAY:%Y} to {LAST_DAY:%Y}",
            "달을 2024-05처럼 적어 주세요",
            field="month",
        ) from error
