"""Signing up for a course with coins and won: coins are held at once and taken when the rest is confirmed.

A resident signs up and cancels for themselves; the venue does it for anybody, and it alone confirms that the won rest was paid.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.days import civil_day
from ledger_service.domain.prices import Share, coins_at_most, refund_share, refunded_coins, refunded_krw, rest_krw
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.courses import CourseRow, EnrolmentRow
from ledger_service.journal.master import DeskRow
from ledger_service.journal.spending import HoldRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.ledger_state import refuse_when_behind
from ledger_service.services.spend import (
    capture,
    end_hold,
    give_back,
    hold_coins,
    hold_ended,
    may_use_desk,
    value_on,
    venue_of,
)


class CourseFull(Refused):
    """Every seat is taken."""

    code = "course_full"


class AlreadyEnrolled(Refused):
    """The person is signed up for this course. Fields: enrolment."""

    code = "already_enrolled"


class TooManyCoins(Invalid):
    """The price does not take so many coins. Fields: coins_max."""

    code = "too_many_coins"


class EnrolmentEnded(Refused):
    """The sign-up was cancelled or has lapsed. Fields: state."""

    code = "enrolment_ended"


def enrol(
    context: Context, actor: Actor, once: Once | None, course_id: str, person_id: str, coins: int
) -> dict[str, Any]:
    """Take a seat and hold the coins; without a won rest the sign-up is complete at once."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        course = _course(unit, course_id)
        venue = _venue(unit, actor, course.desk, person_id)
        person_of(unit, person_id)
        today = context.clock.today()
        if civil_day(today) > course.last_day:
            raise Refused("this course is over", "이미 끝난 강좌입니다")
        value = value_on(unit, today)
        most = coins_at_most(course.price_krw, value, venue.step_coins)
        if not 0 <= coins <= most:
            raise too_many_coins(most)
        refuse_when_behind(context, unit, coins)
        existing = unit.courses.open_enrolment(course_id, person_id)
        if existing is not None:
            raise AlreadyEnrolled("already signed up for this course", "이미 신청한 강좌입니다", enrolment=existing.id)
        if not unit.courses.take_seat(course_id):
            raise CourseFull("every seat of this course is taken", "정원이 모두 찼습니다")
        hold = hold_coins(context, unit, actor, person_id, venue, coins, "sign_up", today) if coins else None
        enrolment = EnrolmentRow(
            context.new_id(), course_id, person_id, "held", coins, rest_krw(course.price_krw, coins, value),
            hold.id if hold else None, None, 0, 0, context.clock.now(),
        )  # fmt: skip
        try:
            unit.courses.add_enrolment(enrolment)
        except RowConflict as error:  # two sign-ups of one person at once: the index lets one through
            raise AlreadyEnrolled("already signed up for this course", "이미 신청한 강좌입니다") from error
        unit.audit_log.write(context.clock.now(), actor.id, "enrol", enrolment.id, course=course_id, coins=coins)
        if enrolment.rest_krw == 0:
            enrolment = _complete(context, unit, actor, enrolment, course, today)
        return enrolment_answer(enrolment)

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def confirm_enrolment(context: Context, actor: Actor, once: Once | None, enrolment_id: str) -> dict[str, Any]:
    """The won rest is paid: take the held coins."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        enrolment, course = _enrolment(unit, actor, enrolment_id)
        actor.require_desk(course.desk, Role.VENUE)
        if enrolment.state != "enrolled":
            enrolment = _complete(context, unit, actor, enrolment, course, context.clock.today())
        return enrolment_answer(enrolment)

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def cancel_enrolment(
    context: Context, actor: Actor, once: Once | None, enrolment_id: str, *, by_centre: bool = False
) -> dict[str, Any]:
    """Cancel: a hold is released; taken coins and won come back by the share of the days (DOMAIN rule 20)."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        enrolment, course = _enrolment(unit, actor, enrolment_id)
        if by_centre:
            actor.require_desk(course.desk, Role.VENUE)
        if enrolment.state not in ("held", "enrolled"):
            raise _ended(enrolment)
        today = context.clock.today()
        unit.courses.give_seat_back(course.id)
        coins_back, krw_back, refund_id = 0, 0, None
        if enrolment.state == "held":
            if enrolment.hold_id is not None:
                end_hold(context, unit, actor, _hold(unit, enrolment.hold_id), "released")
        else:
            share = refund_share(civil_day(today), course.first_day, course.last_day, by_centre=by_centre)
            krw_back = refunded_krw(enrolment.rest_krw, share)
            coins_back, refund_id = _refund(context, unit, actor, enrolment, share, today, by_centre=by_centre)
        if not unit.courses.move_enrolment(
            enrolment.id, enrolment.state, "cancelled", refunded_coins=coins_back, refunded_krw=krw_back
        ):
            raise _ended(enrolment)
        unit.audit_log.write(
            context.clock.now(), actor.id, "cancel enrolment", enrolment.id, coins=coins_back, krw=krw_back
        )
        return {
            "id": enrolment.id, "state": "cancelled", "refunded_coins": coins_back, "refunded_krw": krw_back,
            "refund_id": refund_id,
        }  # fmt: skip

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def _complete(
    context: Context, unit: WriteUnit, actor: Actor, enrolment: EnrolmentRow, course: CourseRow, today: date
) -> EnrolmentRow:
    if enrolment.state != "held":
        raise _ended(enrolment)
    redemption_id = None
    if enrolment.hold_id is not None:
        redemption_id = capture(context, unit, actor, _hold(unit, enrolment.hold_id), today).id
    if not unit.courses.move_enrolment(enrolment.id, "held", "enrolled", redemption_id=redemption_id):
        raise _ended(enrolment)
    unit.audit_log.write(context.clock.now(), actor.id, "confirm enrolment", enrolment.id, krw=enrolment.rest_krw)
    done = unit.courses.enrolment(enrolment.id)
    assert done is not None  # written above, in this unit
    return done


def _refund(
    context: Context,
    unit: WriteUnit,
    actor: Actor,
    enrolment: EnrolmentRow,
    share: Share,
    today: date,
    *,
    by_centre: bool,
) -> tuple[int, str | None]:
    """The share of the coins, as far as they did not come back already (at the counter, or because the chain skipped the charge)."""
    if enrolment.redemption_id is None:
        return 0, None
    redemption = unit.spending.redemption(enrolment.redemption_id)
    if redemption is None:
        raise NotFound("the charge of this sign-up is missing", "수강료 사용 내역이 없습니다")
    left = redemption.coins - redemption.refunded_coins
    coins = min(refunded_coins(enrolment.coins, share), left)
    if not coins or unit.spending.skip_reason(redemption.journal_no) is not None:
        return 0, None
    account = unit.accounts.read(person_of(unit, redemption.person_id).account)
    if account is not None and account.closed:
        return 0, None  # the seat is free again, and there is no account to give coins back to
    reason = "cancelled_by_centre" if by_centre else "cancelled"
    return coins, str(give_back(context, unit, actor, redemption, coins, reason, today)["id"])


def _hold(unit: Unit, hold_id: str) -> HoldRow:
    hold = unit.spending.hold(hold_id)
    if hold is None:
        raise hold_ended(unit, hold_id)
    return hold


def _course(unit: Unit, course_id: str) -> CourseRow:
    course = unit.courses.course(course_id)
    if course is None:
        raise NotFound(f"there is no course {course_id}", "해당 강좌가 없습니다")
    return course


def _enrolment(unit: WriteUnit, actor: Actor, enrolment_id: str) -> tuple[EnrolmentRow, CourseRow]:
    enrolment = unit.courses.lock_enrolment(enrolment_id)
    if enrolment is None:
        raise NotFound(f"there is no sign-up {enrolment_id}", "해당 수강 신청이 없습니다")
    course = _course(unit, enrolment.course_id)
    if _is_own(actor, enrolment.person_id):
        return enrolment, course
    if not may_use_desk(actor, course.desk):
        raise NotFound(f"there is no sign-up {enrolment_id}", "해당 수강 신청이 없습니다")
    actor.require_desk(course.desk, Role.VENUE)
    return enrolment, course


def _is_own(actor: Actor, person_id: str) -> bool:
    return actor.has(Role.RESIDENT) and actor.person_id == person_id


def _venue(unit: Unit, actor: Actor, desk: int, person_id: str) -> DeskRow:
    """The course's venue, where the actor is it or signs up for themselves; NotFound for a resident who names another person."""
    if _is_own(actor, person_id):
        venue = unit.master.desk(desk)
        assert venue is not None  # a foreign key says so
        return venue
    if actor.has(Role.RESIDENT) and not actor.has(Role.VENUE, Role.OFFICE):
        raise NotFound(f"there is no resident {person_id}", "해당 주민이 없습니다")
    return venue_of(unit, actor, desk)


def _ended(enrolment: EnrolmentRow) -> EnrolmentEnded:
    return EnrolmentEnded(
        f"this sign-up is {enrolment.state}",
        f"이 수강 신청은 이미 끝났습니다({enrolment.state})",
        state=enrolment.state,
    )


def too_many_coins(most: int) -> TooManyCoins:
    """The error for more coins than a course takes."""
    return TooManyCoins(
        f"this course takes 0 to {in_coins(most)}",
        f"이 강좌에는 0~{in_coins_ko(most)}을 쓸 수 있습니다",
        coins_max=most,
    )


def enrolment_answer(enrolment: EnrolmentRow) -> dict[str, Any]:
    """What a desk is told of a sign-up."""
    return {
        "id": enrolment.id,
        "course_id": enrolment.course_id,
        "person_id": enrolment.person_id,
        "state": enrolment.state,
        "coins": enrolment.coins,
        "rest_krw": enrolment.rest_krw,
        "hold_id": enrolment.hold_id,
        "redemption_id": enrolment.redemption_id,
    }
