"""Spending at a venue: a hold reserves coins, a capture takes them, a refund brings them back.

A hold ends once: captured, released or expired, by one conditional update. The entry, the account and the venue's limit change in the
same transaction.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.domain.entries import UNITS_MAX, DeskKind, Kind
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused
from ledger_service.journal.master import DeskRow
from ledger_service.journal.spending import HoldRow, RedemptionRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import accept, person_of
from ledger_service.services.consents import Word, consent_of
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.ended import account_closed
from ledger_service.services.frozen import refuse_frozen
from ledger_service.services.ledger_state import refuse_when_behind
from ledger_service.services.reserve import reserve_move, return_move

SIGN_UP_HELD_DAYS = 2
HOLD_SECONDS = {"counter": 90, "sign_up": SIGN_UP_HELD_DAYS * 24 * 3600}
EXPIRED_A_PASS = 200
NO_WORD = Word()
REFUND_REASONS = ("counter", "cancelled", "cancelled_by_centre", "mistake")


class InsufficientCoins(Refused):
    """Fewer coins are free than asked for. Fields: available, wanted, field."""

    code = "insufficient_coins"


class WrongStep(Invalid):
    """The venue takes coins in steps. Fields: step, field."""

    code = "wrong_step"


class HoldEnded(Refused):
    """The hold was captured, released or has expired. Fields: state."""

    code = "hold_ended"


class HoldOfSignUp(Refused):
    """The hold belongs to a sign-up, which alone may end it."""

    code = "hold_of_sign_up"


class RefundTooLarge(Refused):
    """More would come back than was taken. Fields: left."""

    code = "refund_too_large"


class NoCoinValue(Refused):
    """No value of a coin in won is in force today."""

    code = "no_coin_value"


def place_hold(
    context: Context, actor: Actor, once: Once | None, person_id: str, desk: int, coins: int, purpose: str = "counter"
) -> dict[str, Any]:
    """Reserve a resident's coins at a venue: 90 seconds at a counter, two days for a sign-up."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        venue = venue_of(unit, actor, desk)
        hold = hold_coins(context, unit, actor, person_id, venue, coins, purpose, context.clock.today())
        return {"id": hold.id, "state": hold.state, "coins": coins, "desk": desk, "expires_at": hold.expires_at}

    return run_once(context, actor.id, once, command)


def release_hold(context: Context, actor: Actor, once: Once | None, hold_id: str) -> dict[str, Any]:
    """Free a hold's coins. Releasing what was released is fine; a captured hold is refused."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        hold = _hold_of(unit, actor, hold_id)
        if hold.state != "released":
            end_hold(context, unit, actor, hold, "released")
        return {"id": hold_id, "state": "released"}

    return run_once(context, actor.id, once, command)


def capture_hold(context: Context, actor: Actor, once: Once | None, hold_id: str) -> dict[str, Any]:
    """Take the coins of a hold: the charge is accepted and final for the venue."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        hold = _hold_of(unit, actor, hold_id)
        return charge_answer(capture(context, unit, actor, hold, context.clock.today()))

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def charge(
    context: Context,
    actor: Actor,
    once: Once | None,
    person_id: str | None,
    desk: int,
    coins: int,
    word: Word = NO_WORD,
) -> dict[str, Any]:
    """A counter charge in one step: the resident's word, hold and capture in one transaction."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        today = context.clock.today()
        venue = venue_of(unit, actor, desk)
        payer, consent = consent_of(context, unit, word, person_id, desk, coins)
        hold = hold_coins(context, unit, actor, payer, venue, coins, "counter", today)
        return charge_answer(capture(context, unit, actor, hold, today, consent))

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def refund(
    context: Context, actor: Actor, once: Once | None, redemption_id: str, coins: int, reason: str = "counter"
) -> dict[str, Any]:
    """Give coins of a charge back to the account they came from, in total at most what it took."""
    if reason not in REFUND_REASONS:
        raise Invalid(f"a reason is one of {', '.join(REFUND_REASONS)}", "환불 사유를 골라 주세요")

    def command(unit: WriteUnit) -> dict[str, Any]:
        redemption = unit.spending.redemption(redemption_id)
        if redemption is None or not may_use_desk(actor, redemption.desk):
            raise NotFound(f"there is no charge {redemption_id}", "해당 사용 내역이 없습니다")
        actor.require_desk(redemption.desk, Role.VENUE)
        return give_back(context, unit, actor, redemption, coins, reason, context.clock.today())

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def expire_holds(context: Context) -> int:
    """End the holds whose time is over, and the sign-ups that were not paid in time; their seats are free again. How many.

    One transaction each: one that cannot be ended does not keep the others.
    """
    now = context.clock.now()
    with context.journal.read() as unit:
        holds = unit.spending.expired_holds(now, EXPIRED_A_PASS)
        signs = unit.courses.unpaid_without_hold(now - HOLD_SECONDS["sign_up"], EXPIRED_A_PASS)
    return sum(_expire_hold(context, hold, now) for hold in holds) + sum(_lapse(context, one.id) for one in signs)


def _expire_hold(context: Context, hold: HoldRow, now: int) -> bool:
    with context.journal.write() as unit:
        enrolment = unit.courses.enrolment_of_hold(hold.id)
        if enrolment is not None:
            enrolment = unit.courses.lock_enrolment(enrolment.id)
        if not unit.spending.end_hold(hold.id, "expired", dead_at=now):
            return False
        if enrolment is not None and unit.courses.move_enrolment(enrolment.id, "held", "lapsed"):
            unit.courses.give_seat_back(enrolment.course_id)
        _free(unit, hold)
        unit.audit_log.write(now, "system", "hold expired", hold.id, coins=hold.coins)
        unit.commit()
    return True


def _lapse(context: Context, enrolment_id: str) -> bool:
    with context.journal.write() as unit:
        enrolment = unit.courses.lock_enrolment(enrolment_id)
        if enrolment is None or not unit.courses.move_enrolment(enrolment_id, "held", "lapsed"):
            return False
        unit.courses.give_seat_back(enrolment.course_id)
        unit.audit_log.write(context.clock.now(), "system", "enrolment lapsed", enrolment_id)
        unit.commit()
    return True


def _free(unit: WriteUnit, hold: HoldRow) -> None:
    unit.accounts.release(hold.account, hold.coins)
    return_move(unit, hold.desk, hold.coins, date_of(hold.reserved_day))


def hold_coins(
    context: Context,
    unit: WriteUnit,
    actor: Actor,
    person_id: str,
    venue: DeskRow,
    coins: int,
    purpose: str,
    today: date,
) -> HoldRow:
    """Write: a hold, and its reservation of the account and of the venue's month. For commands that do more in the same unit.

    The caller has settled that the actor may: a venue at its counter, or a resident who signs up.
    """
    desk = venue.number
    if purpose not in HOLD_SECONDS:
        raise Invalid(f"a purpose is one of {', '.join(HOLD_SECONDS)}", "용도를 골라 주세요")
    require_coins(coins)
    if coins % venue.step_coins:
        raise wrong_step(venue.step_coins)
    refuse_when_behind(context, unit, coins)
    person = person_of(unit, person_id)
    account = unit.accounts.lock(person.account)
    if not account.usable:
        refuse_frozen(unit, person.account)
    here = unit.accounts.refunding_at(person.account, desk) if account.refunding else 0
    if not unit.accounts.hold(person.account, coins, refunding_here=here):
        raise too_few(max(account.free + here, 0), coins)
    reserve_move(unit, desk, coins, today)
    now = context.clock.now()
    hold = HoldRow(
        context.new_id(), person.account, person.id, desk, coins, purpose, "held", actor.id, now,
        now + HOLD_SECONDS[purpose], civil_day(today),
    )  # fmt: skip
    unit.spending.add_hold(hold)
    unit.audit_log.write(now, actor.id, "hold", hold.id, coins=coins, desk=desk, purpose=purpose)
    return hold


def capture(
    context: Context, unit: WriteUnit, actor: Actor, hold: HoldRow, today: date, consent: str | None = None
) -> RedemptionRow:
    """Write: the hold's coins become a charge of today, and count in the venue's month of today. `consent` is the resident's word.

    Where the coin's value changed since, the charge is of the day of the hold: the price that was agreed to.
    """
    day = civil_day(today)
    value = value_on(unit, today)
    agreed = value if hold.reserved_day == day else value_on(unit, date_of(hold.reserved_day))
    if agreed != value:
        day, value = hold.reserved_day, agreed
    if not unit.spending.end_hold(hold.id, "captured", alive_at=context.clock.now()):
        raise hold_ended(unit, hold.id)
    if not unit.accounts.capture(hold.account, hold.coins):
        refuse_frozen(unit, hold.account)
    reserved = date_of(hold.reserved_day)
    if month_number(reserved) != month_number(today):
        return_move(unit, hold.desk, hold.coins, reserved)
        reserve_move(unit, hold.desk, hold.coins, today)
    person = person_of(unit, hold.person_id)
    journal_no = accept(
        context, unit, actor, person, context.vault.of(person.id), today=today, desk=hold.desk, kind=Kind.REDEEM,
        coins=hold.coins, ref=0, key=f"redeem {hold.id}", consent=consent, day=day,
    )  # fmt: skip
    redemption = RedemptionRow(context.new_id(), journal_no, hold.id, person.id, hold.desk, hold.coins, value, 0, day)
    unit.spending.add_redemption(redemption)
    unit.audit_log.write(
        context.clock.now(), actor.id, "charge", redemption.id, coins=hold.coins, desk=hold.desk, journal_no=journal_no
    )
    return redemption


def give_back(
    context: Context, unit: WriteUnit, actor: Actor, redemption: RedemptionRow, coins: int, reason: str, today: date
) -> dict[str, Any]:
    """Write: a refund of a charge. Raises RefundTooLarge, or Refused for a charge that the chain did not apply."""
    require_coins(coins)
    if unit.spending.skip_reason(redemption.journal_no) is not None:
        raise Refused(
            "the chain did not apply this charge: its coins came back already", "이미 되돌려진 사용 내역입니다"
        )
    if not unit.spending.take_back(redemption.id, coins):
        raise too_much_back(redemption.coins - redemption.refunded_coins, coins)
    person = person_of(unit, redemption.person_id)
    if unit.accounts.lock(person.account).closed:
        raise account_closed()
    refund_id = context.new_id()
    unit.accounts.begin_refund(person.account, coins)
    journal_no = accept(
        context, unit, actor, person, context.vault.of(person.id), today=today, desk=redemption.desk,
        kind=Kind.REFUND, coins=coins, ref=0, key=f"refund {refund_id}", consent=None,
        original_no=redemption.journal_no,
    )  # fmt: skip
    unit.spending.add_refund(refund_id, redemption.id, journal_no, coins, reason)
    unit.audit_log.write(
        context.clock.now(), actor.id, "refund", refund_id, coins=coins, redemption=redemption.id, reason=reason
    )
    return {
        "id": refund_id, "redemption_id": redemption.id, "coins": coins, "journal_no": journal_no, "state": "accepted",
        "krw": coins * redemption.krw_per_coin,
    }  # fmt: skip


def end_hold(context: Context, unit: WriteUnit, actor: Actor, hold: HoldRow, after: str) -> None:
    """Write: release a hold, once."""
    if not unit.spending.end_hold(hold.id, after):
        raise hold_ended(unit, hold.id)
    _free(unit, hold)
    unit.audit_log.write(context.clock.now(), actor.id, f"hold {after}", hold.id, coins=hold.coins)


def hold_ended(unit: Unit, hold_id: str) -> HoldEnded:
    """The error for a hold that cannot be ended again."""
    hold = unit.spending.hold(hold_id)
    state = "expired" if hold is None or hold.state == "held" else hold.state
    return HoldEnded(
        f"this hold is {state}: begin again",
        f"이 예약은 이미 끝났습니다({state}). 처음부터 다시 해 주세요",
        state=state,
    )


def require_coins(coins: int) -> None:
    """Invalid unless it is an amount that an entry can carry."""
    if not 0 < coins <= UNITS_MAX:
        raise Invalid("coins are a whole number from 1", "코인은 1 이상의 정수입니다")


def value_on(unit: Unit, day: date) -> int:
    """What a coin is worth in won on a day, or NoCoinValue."""
    value = unit.master.coin_value(civil_day(day))
    if value is None:
        raise NoCoinValue("no coin value is in force today", "오늘 적용되는 코인 가치가 없습니다")
    return value


def too_few(available: int, wanted: int) -> InsufficientCoins:
    """The error for more coins than are free."""
    return InsufficientCoins(
        f"only {in_coins(available)} can be used, {wanted:,} were asked for",
        f"쓸 수 있는 코인은 {in_coins_ko(available)}입니다({in_coins_ko(wanted)} 요청). 그 안에서 다시 적어 주세요",
        field="coins",
        available=available,
        wanted=wanted,
    )


def too_much_back(left: int, wanted: int) -> RefundTooLarge:
    """The error for a refund of more coins than are left of the charge."""
    return RefundTooLarge(
        f"of this charge {in_coins(left)} can come back, not {wanted:,}",
        f"이 사용 내역에서 환불할 수 있는 코인은 {in_coins_ko(left)}입니다",
        left=left,
    )


def wrong_step(step: int) -> WrongStep:
    """The error for coins that are no multiple of a venue's step."""
    return WrongStep(
        f"this venue takes coins in steps of {step:,}: {step:,}, {2 * step:,}, {3 * step:,}",
        f"이곳은 {in_coins_ko(step)} 단위로 받습니다. {step:,}, {2 * step:,}, {3 * step:,}처럼 적어 주세요",
        field="coins",
        step=step,
    )


def venue_of(unit: Unit, actor: Actor, desk: int) -> DeskRow:
    """The venue desk if this actor may act for it."""
    row = unit.master.desk(desk)
    if row is None or row.kind is not DeskKind.VENUE:
        raise NotFound(f"there is no venue desk {desk}", f"사용처 {desk}번이 없습니다")
    actor.require_desk(desk, Role.VENUE)
    return row


def may_use_desk(actor: Actor, desk: int) -> bool:
    """Whether a desk's rows are this actor's to see."""
    return desk in actor.desks or actor.has(Role.OFFICE)


def charge_answer(redemption: RedemptionRow) -> dict[str, Any]:
    """What a venue is told of a charge."""
    return {
        "id": redemption.id,
        "hold_id": redemption.hold_id,
        "coins": redemption.coins,
        "krw": redemption.coins * redemption.krw_per_coin,
        "journal_no": redemption.journal_no,
        "state": "accepted",
    }


def _hold_of(unit: Unit, actor: Actor, hold_id: str) -> HoldRow:
    hold = unit.spending.hold(hold_id)
    if hold is None or not may_use_desk(actor, hold.desk):
        raise NotFound(f"there is no hold {hold_id}", "해당 예약이 없습니다")
    try:
        actor.require_desk(hold.desk, Role.VENUE)
    except Forbidden:
        raise NotFound(f"there is no hold {hold_id}", "해당 예약이 없습니다") from None
    if unit.courses.enrolment_of_hold(hold_id) is not None:
        raise HoldOfSignUp(
            "this hold belongs to a sign-up: confirm or cancel the sign-up", "수강 신청에서 확정하거나 취소해 주세요"
        )
    return hold
