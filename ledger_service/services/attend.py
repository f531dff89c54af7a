"""Coming and going at a centre: a card is read when somebody comes, and again when they go; the time between becomes an act that waits for approval.

It credits nothing by itself: another person approves, as for every act. Who goes without saying so is ended by a clerk, who types when it was.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.credentials import read_card_number
from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.rates import Measure
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.attendances import AttendanceRow
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import centre_of
from ledger_service.services.context import Context, Once, run_once, stored_answer
from ledger_service.services.intake import submit_act_of

SEOUL = timezone(timedelta(hours=9))
DAY_MINUTES = 24 * 60


class CameElsewhere(Refused):
    """This person came to another centre and has not gone. Fields: desk."""

    code = "came_elsewhere"


class NotToday(Refused):
    """Somebody came on an earlier day: a clerk ends it. Fields: day."""

    code = "came_another_day"


class TooShort(Refused):
    """Less than a minute between coming and going."""

    code = "attendance_too_short"


class AttendanceOver(Refused):
    """It was submitted or dropped before."""

    code = "attendance_over"


def come_or_go(
    context: Context, actor: Actor, once: Once | None, desk: int, programme: str, card_number: str
) -> dict[str, Any]:
    """Read a card at a centre's kiosk: who is not there comes, who is there goes. Times are those of the moment.

    Raises NotFound, CameElsewhere, NotToday, TooShort, and what submitting the act raises.
    """
    actor.require_desk(desk, Role.CLERK, Role.APPROVER)
    stored = stored_answer(context, actor.id, once)
    if stored is not None:  # the same reading again: it neither ends what it began nor begins what it ended
        return stored
    today, minute = civil_day(context.clock.today()), minute_of_day(context.clock.now())
    with context.journal.read() as unit:
        person = _holder(context, unit, card_number)
        require_timed(unit, desk, programme, today)
        there = unit.attendances.open_of(person.id)
    if there is not None:
        return _go(context, actor, once, there, desk, minute)

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = AttendanceRow(context.new_id(), person.id, desk, programme, today, minute, actor.id, "open", None)
        unit.attendances.begin(row)
        unit.audit_log.write(context.clock.now(), actor.id, "came", row.id, person=person.id, desk=desk)
        return {"id": row.id, "person_id": person.id, "did": "came", "minute": minute}

    try:
        return run_once(context, actor.id, once, command)
    except RowConflict as error:
        raise CameElsewhere("this person has just come", "방금 들어온 분입니다", desk=desk) from error


def end_attendance(
    context: Context, actor: Actor, once: Once | None, attendance_id: str, end: str | None
) -> dict[str, Any]:
    """A clerk ends what somebody forgot to end: with the time (`HH:MM`) it becomes an act to approve, without one it is dropped."""
    with context.journal.read() as unit:
        row = unit.attendances.read(attendance_id)
    if row is None or not (row.desk in actor.desks or actor.has(Role.OFFICE)):
        raise NotFound("there is no such attendance", "해당 출석 기록이 없습니다")
    actor.require_desk(row.desk, Role.CLERK, Role.APPROVER)
    if row.state != "open":
        raise AttendanceOver("it was submitted or dropped before", "이미 처리한 출석 기록입니다")
    if end is not None:
        return _submit(context, actor, once, row, _minute(end))

    def command(unit: WriteUnit) -> dict[str, Any]:
        if not unit.attendances.end(attendance_id, "dropped", None):
            raise AttendanceOver("it was submitted or dropped before", "이미 처리한 출석 기록입니다")
        unit.audit_log.write(context.clock.now(), actor.id, "drop attendance", attendance_id)
        return {"id": attendance_id, "did": "dropped"}

    return run_once(context, actor.id, once, command)


def minute_of_day(seconds: int) -> int:
    """The minute of the civil day in Seoul that an instant (UTC seconds) is in."""
    when = datetime.fromtimestamp(seconds, UTC).astimezone(SEOUL)
    return when.hour * 60 + when.minute


def clock_text(minute: int) -> str:
    """`09:05`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _go(
    context: Context, actor: Actor, once: Once | None, there: AttendanceRow, desk: int, minute: int
) -> dict[str, Any]:
    if there.desk != desk:
        raise CameElsewhere(
            "this person came to another centre and has not gone there",
            "다른 센터에 들어온 기록이 있습니다. 그 센터에서 나간 시각을 먼저 적어야 합니다",
            desk=there.desk,
        )
    if there.day != civil_day(context.clock.today()):
        raise NotToday(
            f"this person came on {date_of(there.day)} and did not go: the clerk types when it was",
            f"{date_of(there.day)}에 들어오고 나간 기록이 없습니다. 담당자가 나간 시각을 적어야 합니다",
            day=date_of(there.day).isoformat(),
        )
    return _submit(context, actor, once, there, minute)


def _submit(context: Context, actor: Actor, once: Once | None, there: AttendanceRow, end_minute: int) -> dict[str, Any]:
    """The act is bound to the attendance by its idempotency key: two readings at once submit one act."""
    if end_minute <= there.start_minute:
        raise TooShort(
            "less than a minute since coming: nothing was recorded, still here",
            "들어온 지 1분이 지나지 않았습니다. 아직 나간 것으로 적지 않았습니다",
        )
    act = {
        "programme": there.programme,
        "activity_day": date_of(there.day).isoformat(),
        "start": clock_text(there.start_minute),
        "end": clock_text(end_minute),
    }
    of_this = Once.of(f"attendance {there.id}", there.id.encode())
    submitted = submit_act_of(context, actor, of_this, there.desk, there.person_id, act)

    def command(unit: WriteUnit) -> dict[str, Any]:
        if unit.attendances.end(there.id, "submitted", submitted["id"]):
            unit.audit_log.write(context.clock.now(), actor.id, "went", there.id, submission=submitted["id"])
        return {
            "id": there.id, "person_id": there.person_id, "did": "went", "minute": end_minute,
            "minutes": end_minute - there.start_minute, "submission": submitted["id"],
        }  # fmt: skip

    return run_once(context, actor.id, once, command)


def _holder(context: Context, unit: Unit, card_number: str) -> PersonRow:
    number = read_card_number(card_number)
    card = unit.credentials.card(context.vault.card_index(number)) if number is not None else None
    person = unit.people.by_id(card.person_id) if card is not None else None
    if person is None:
        raise NotFound(
            "there is no such card, or it is blocked",
            "없는 카드이거나 정지된 카드입니다. 카드 번호를 확인하거나 직원에게 말씀해 주세요",
        )
    return person


def require_timed(unit: Unit, desk: int, programme: str, today: int) -> None:
    """NotFound unless the desk is a centre's; Invalid unless the activity is in force on the civil day and measured in time."""
    centre_of(unit, desk)
    rate = unit.master.rate_table().version_on(programme, date_of(today))
    if rate is None or rate.measure is not Measure.TIME:
        raise Invalid(
            "choose an activity that is measured in time", "시간으로 재는 활동을 골라 주세요", field="programme"
        )


def _minute(text: str) -> int:
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit()):
        raise Invalid("a time as 17:30", "시각을 17:30처럼 적어 주세요", field="end")
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) >= 60 or minute >= DAY_MINUTES:
        raise Invalid("a time as 17:30", "시각을 17:30처럼 적어 주세요", field="end")
    return minute
