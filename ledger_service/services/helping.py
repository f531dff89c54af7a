"""Helpers: a resident names another resident who may look at their coins, and perhaps sign up for courses in their place.

It has a last day and is ended by either of them. A helper acts in the resident's account with their own account beside it (`assisted_by`), so that
the access log and the audit log name both. A helper never pays at a counter, gives, names helpers or changes a PIN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import plain_code, plain_name
from ledger_service.domain.days import civil_day
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.helpers import HelperRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.context import Context, Once, run_once

HELP_DAYS_MAX = 366
HELPERS_MAX = 5


class HelperUnknown(NotFound):
    """There is no resident with this number and name, or it is oneself."""

    code = "helper_unknown"


class HelperThere(Refused):
    """This person helps already, or as many do as may."""

    code = "helper_there"


@dataclass(frozen=True, slots=True)
class Help:
    """What a helper was allowed: to look, and perhaps to sign up."""

    id: str
    may_sign_up: bool


def name_helper(
    context: Context, actor: Actor, once: Once | None, member_number: str, name: str, until: date, *, may_sign_up: bool
) -> dict[str, Any]:
    """Let another resident look, up to and with a day. Number and name have to fit: whose the number is, is not said.

    Raises Forbidden, HelperUnknown, HelperThere.
    """
    person_id = _self(actor)
    today = context.clock.today()
    if not today <= until <= today + timedelta(days=HELP_DAYS_MAX):
        raise Invalid(
            f"the last day is {today} to {today + timedelta(days=HELP_DAYS_MAX)}",
            f"마지막 날은 {today}부터 {today + timedelta(days=HELP_DAYS_MAX)}까지 정할 수 있습니다",
        )
    index = context.vault.member_index(plain_code(member_number))

    def command(unit: WriteUnit) -> dict[str, Any]:
        found = next(iter(unit.people.by_member_index([index])), None)
        seal = context.vault.of_many([found.id]).get(found.id) if found is not None else None
        if (
            found is None
            or seal is None
            or found.id == person_id
            or seal.open("name", found.name_sealed) != plain_name(name)
        ):
            raise HelperUnknown(
                "there is no other resident with this member number and name",
                "회원번호와 이름이 맞는 다른 주민이 없습니다",
            )
        now = context.clock.now()
        unit.helpers.end_past(person_id, civil_day(today), now)
        standing = unit.helpers.standing_of(person_id, civil_day(today))
        if len(standing) >= HELPERS_MAX or any(one.helper_id == found.id for one in standing):
            raise HelperThere(
                f"this person helps already, or {HELPERS_MAX} people do: end one first",
                f"이미 도우미이거나 도우미가 {HELPERS_MAX}명입니다. 먼저 한 분을 끝내 주세요",
            )
        row = HelperRow(context.new_id(), person_id, found.id, may_sign_up, actor.id, now, civil_day(until), None)
        unit.helpers.add(row)
        unit.audit_log.write(
            now, actor.id, "name helper", row.id, helper=found.id, until=until.isoformat(), may_sign_up=may_sign_up
        )
        return {"id": row.id, "until": until.isoformat()}

    try:
        return run_once(context, actor.id, once, command)
    except RowConflict as error:  # the same person was named twice at once
        raise HelperThere("this person helps already", "이미 도우미입니다") from error


def end_help(context: Context, actor: Actor, once: Once | None, helper_row_id: str) -> dict[str, Any]:
    """End it: by the resident, or by the helper. NotFound for anybody else."""
    person_id = _self(actor)

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = unit.helpers.read(helper_row_id)
        if row is None or person_id not in (row.person_id, row.helper_id):
            raise _absent()
        unit.helpers.end(helper_row_id, context.clock.now())
        unit.audit_log.write(context.clock.now(), actor.id, "end help", helper_row_id)
        return {"id": helper_row_id, "ended": True}

    return run_once(context, actor.id, once, command)


def acting_for(context: Context, helper: Actor, helper_row_id: str) -> tuple[Actor, Help]:
    """The actor of the resident who is helped, with the helper beside it, and what was allowed. NotFound where nothing is, or no more."""
    with context.journal.read() as unit:
        row = _standing(context, unit, helper, helper_row_id)
        account = unit.actors.of_person(row.person_id)
    if account is None:
        raise _absent()
    return replace(account, assisted_by=helper.id), Help(row.id, row.may_sign_up)


def _standing(context: Context, unit: Unit, helper: Actor, helper_row_id: str) -> HelperRow:
    row = unit.helpers.read(helper_row_id)
    today = civil_day(context.clock.today())
    if (
        row is None
        or not helper.has(Role.RESIDENT)
        or helper.person_id != row.helper_id
        or row.ended_at is not None
        or row.end_day < today
    ):
        raise _absent()
    return row


def _self(actor: Actor) -> str:
    if actor.person_id is None or not actor.has(Role.RESIDENT):
        raise Forbidden("a resident names helpers for themselves", "도우미는 본인만 정할 수 있습니다")
    return actor.person_id


def _absent() -> NotFound:
    return NotFound("there is no such help, or it is over", "없거나 이미 끝난 도움입니다")
