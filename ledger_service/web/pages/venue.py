"""A venue's counter: take coins in two steps, give back, one sign-up of its courses.

A form carries its own key, so that what was sent once can be sent again after a network that failed: it happens once.
"""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.domain.credentials import read_card_number
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import catalogue, counter, payers, residents
from ledger_service.reads import sign_ups as signing
from ledger_service.reads.catalogue import DeskLine
from ledger_service.reads.residents import Resident
from ledger_service.services import enrol, spend
from ledger_service.services.consents import Word
from ledger_service.services.sign_in import SignInBusy, SignInFailed, TooManyAttempts
from ledger_service.services.spend import NO_WORD, REFUND_REASONS, require_coins, too_few
from ledger_service.web.following import following
from ledger_service.web.visit import FieldInvalid, Visit

_OF_THE_PIN = frozenset({SignInFailed.code, TooManyAttempts.code, SignInBusy.code})


def choose(visit: Visit) -> Response:
    """Which counter; straight to it where there is one."""
    found = _desks(visit)
    if len(found) == 1:
        return visit.go(f"/desk/{found[0].number}")
    return visit.render("venue/choose.html", desks=found)


def charge_form(visit: Visit, error: BoramError | None = None) -> Response:
    """Step one: who, how many coins."""
    desk = desk_of(visit)
    return visit.render(
        "venue/charge.html",
        error.status if error else 200,
        desk=desk,
        error=error,
        value=catalogue.coin_value(visit.context.journal, visit.today),
    )


def charge_again(visit: Visit, error: BoramError) -> Response:
    """Step one with what is wrong."""
    return charge_form(visit, error)


def charge_confirm(visit: Visit, error: BoramError | None = None) -> Response:
    """Step two: the name and the amount in big type; of a card the PIN is asked for here. Nothing is taken yet."""
    desk = desk_of(visit)
    coins = visit.whole("coins", "받을 코인")
    require_coins(coins)
    said = {"code": visit.fields.get("code", ""), "member_number": visit.fields.get("member_number", "")}
    then = following(visit, f"/desk/{desk.number}/charge", said | {"coins": str(coins)})
    if then.done is not None:  # before anybody looks at a payment code, which is used up by then
        return visit.go(f"/desk/{desk.number}/charges/{then.done['id']}", done="before")
    who = _payer(visit)
    balance = residents.balance(visit.context.journal, visit.me, who.person_id, visit.today)
    spendable = residents.spendable_at(visit.context.journal, visit.me, who.person_id, desk.number)
    if coins > spendable:
        raise too_few(spendable, coins)
    if coins % desk.step_coins:
        raise spend.wrong_step(desk.step_coins)
    return visit.render(
        "venue/charge_confirm.html",
        error.status if error else 200,
        desk=desk,
        who=who,
        coins=coins,
        after=spendable - coins,
        value=balance.krw_per_coin,
        next=then,
        is_card=read_card_number(visit.text("code")) is not None,
        error=error,
    )


def charge_confirm_again(visit: Visit, error: BoramError) -> Response:
    """A wrong PIN is asked for once more; everything else is mended in step one."""
    return charge_confirm(visit, error) if error.code in _OF_THE_PIN else charge_form(visit, error)


def charge(visit: Visit) -> Response:
    """Take the coins."""
    desk = desk_of(visit)
    coins = visit.whole("coins", "받을 코인")
    once = visit.once()
    code = visit.text("code")
    if read_card_number(code) is not None:
        holder = visit.ports.door.card_holder(visit.request, code, visit.text("pin"))
        person_id, word = None, Word(card_person=holder)
    elif code:  # sent again, the code is used up: the stored answer is given before anybody asks whose it was
        person_id, word = None, Word(payment_code=code)
    else:
        person_id, word = _payer(visit).person_id, NO_WORD
    answer = spend.charge(visit.context, visit.me, once, person_id, desk.number, coins, word)
    return visit.go(f"/desk/{desk.number}/charges/{answer['id']}", done="charge")


def charged(visit: Visit, error: BoramError | None = None) -> Response:
    """One charge: its number, what is left, and the way to give back."""
    desk = desk_of(visit)
    found = counter.charge_of(visit.context.journal, visit.context.vault, visit.me, visit.path["charge"])
    if found.desk != desk.number:
        raise NotFound("there is no such charge here", "해당 사용 내역이 없습니다")
    balance = residents.balance(visit.context.journal, visit.me, found.person_id, visit.today)
    return visit.render(
        "venue/charged.html",
        error.status if error else 200,
        desk=desk,
        one=found,
        left=balance.available,
        value=balance.krw_per_coin,
        reasons=REFUND_REASONS,
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def refund_again(visit: Visit, error: BoramError) -> Response:
    """The charge with what is wrong."""
    return charged(visit, error)


def refund_confirm(visit: Visit) -> Response:
    """What would be given back, in big type."""
    desk = desk_of(visit)
    found = counter.charge_of(visit.context.journal, visit.context.vault, visit.me, visit.path["charge"])
    coins = visit.whole("coins", "환불할 코인")
    require_coins(coins)
    where = f"/desk/{desk.number}/charges/{found.id}"
    then = following(visit, f"{where}/refund", {"coins": str(coins), "reason": visit.fields.get("reason", "")})
    if then.done is not None:
        return visit.go(where, done="refund-before")
    left = found.coins - found.refunded_coins
    if coins > left:
        raise spend.too_much_back(left, coins)
    return visit.render(
        "venue/refund_confirm.html",
        desk=desk,
        one=found,
        coins=coins,
        krw=found.krw_of(coins),
        next=then,
    )


def refund(visit: Visit) -> Response:
    """Give back."""
    desk = desk_of(visit)
    reason = visit.text("reason") if visit.text("reason") in REFUND_REASONS else REFUND_REASONS[0]
    spend.refund(
        visit.context, visit.me, visit.once(), visit.path["charge"], visit.whole("coins", "환불할 코인"), reason
    )
    return visit.go(f"/desk/{desk.number}/charges/{visit.path['charge']}", done="refund")


def sign_up(visit: Visit, error: BoramError | None = None) -> Response:
    """One sign-up: the won rest was paid, or it is cancelled."""
    desk = desk_of(visit)
    found = signing.sign_up_at(visit.context.journal, visit.context.vault, visit.me, visit.path["sign_up"], visit.today)
    if found.desk != desk.number:
        raise NotFound("there is no such sign-up here", "해당 수강 신청이 없습니다")
    return visit.render(
        "venue/sign_up.html", error.status if error else 200, desk=desk, one=found, error=error, value=_value(visit),
        done=visit.request.query_params.get("done", ""),
    )  # fmt: skip


def sign_up_again(visit: Visit, error: BoramError) -> Response:
    """The sign-up with what is wrong."""
    return sign_up(visit, error)


def confirm_sign_up(visit: Visit) -> Response:
    """The won rest was paid."""
    desk = desk_of(visit)
    enrol.confirm_enrolment(visit.context, visit.me, visit.once(), visit.path["sign_up"])
    return visit.go(f"/desk/{desk.number}/sign-ups/{visit.path['sign_up']}", done="paid")


def cancel_sign_up(visit: Visit) -> Response:
    """Cancel for the resident, or because the course is not held."""
    desk = desk_of(visit)
    enrol.cancel_enrolment(
        visit.context, visit.me, visit.once(), visit.path["sign_up"], by_centre=visit.text("by") == "centre"
    )
    return visit.go(f"/desk/{desk.number}/sign-ups/{visit.path['sign_up']}", done="cancelled")


def _payer(visit: Visit) -> Resident:
    """Whom the counter has before it: by their card, by the code on their phone, or by their member number."""
    context, code = visit.context, visit.text("code")
    if read_card_number(code) is not None:
        return payers.payer_of_card(context.journal, context.vault, code)
    if code:
        return payers.payer_of_code(context.journal, context.vault, code, visit.now)
    if not visit.text("member_number"):
        raise FieldInvalid(
            "a payment code, a card number or a member number",
            "결제 번호, 카드 번호, 회원번호 가운데 하나를 적어 주세요",
            field="code",
        )
    return residents.find_resident(context.journal, context.vault, visit.text("member_number"))


def _desks(visit: Visit) -> list[DeskLine]:
    lines = catalogue.desks(visit.context.journal, visit.today).desks
    kind = DeskKind.VENUE.name.lower()
    return [one for one in lines if one.kind == kind and (visit.has("office") or one.number in visit.me.desks)]


def desk_of(visit: Visit) -> DeskLine:
    """The venue of the address, if it is the visitor's."""
    number = visit.number_in_path("desk")
    for one in _desks(visit):
        if one.number == number:
            return one
    raise NotFound(f"there is no venue desk {number}", f"사용처 {number}번이 없습니다")


def _value(visit: Visit) -> int | None:
    return catalogue.coin_value(visit.context.journal, visit.today)
