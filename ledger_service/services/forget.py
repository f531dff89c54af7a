"""Forgetting a person: the key that opens their data is destroyed, and with it the salts of their evidence.

What they did stays in the ledger as nobody's: account, entries and leaf hashes, so that every sum and every head holds. The list of the
forgotten is in the key database, not in the books: whatever copy of the books comes back is held to it.
"""

from __future__ import annotations

from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import Refused
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.spend import end_hold

INDEX_BYTES = 32


class NotSettled(Refused):
    """Something of the person's is open. Fields: coins, holds, sign_ups, records (that wait), objections, attendances,
    entries (not final), as far as there are."""

    code = "not_settled"


def forget(context: Context, actor: Actor, once: Once | None, person_id: str) -> dict[str, Any]:
    """Forget a resident. Holds at counters are released; coins, sign-ups and what is on its way have to be settled first."""
    actor.require(Role.REGISTRAR)

    def command(unit: WriteUnit) -> dict[str, Any]:
        person = person_of(unit, person_id)
        unit.accounts.lock(person.account)
        settle_holds(context, unit, actor, person.id)
        matters = unit.people.open_matters(person.id)
        if matters:
            named = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in matters.items())
            raise NotSettled(
                f"this resident has something open ({named}): settle it first, coins by a donation",
                f"정리할 것이 남아 있습니다({named}). 코인은 기부 등으로 먼저 정리해 주세요",
                **matters,
            )
        for one in _numbers_of(unit, person.id):
            _erase(context, unit, one)
            unit.audit_log.write(context.clock.now(), actor.id, "forget", one)
        return {"person_id": person_id, "forgotten": True}

    answer = run_once(context, actor.id, once, command)
    with context.journal.read() as unit:
        ids = _numbers_of(unit, person_of(unit, person_id).id)
    # Last, and at each repetition of the request: a crash before it leaves the row empty and the key alone, which opens nothing.
    for one in ids:
        context.vault.forget(one, context.clock.now())
    return answer


def settle_holds(context: Context, unit: WriteUnit, actor: Actor, person_id: str) -> None:
    """Write: release what a person has on hold at counters."""
    for hold in unit.spending.open_counter_holds(person_id):
        end_hold(context, unit, actor, hold, "released")


def _numbers_of(unit: Unit, person_id: str) -> list[str]:
    """A person, and their other member numbers that were merged into this one."""
    return [person_id, *sorted(one for one, heir in unit.people.heirs().items() if heir == person_id)]


def forget_again(context: Context) -> int:
    """Hold the books to the list of the forgotten: after a restore, and at each start. How many were erased again."""
    erased = 0
    for person_id in context.vault.forgotten():
        with context.journal.write() as unit:
            person = unit.people.by_id(person_id)
            if person is not None and person.name_sealed:
                _erase(context, unit, person_id)
                unit.audit_log.write(context.clock.now(), "system", "forget again", person_id)
                unit.commit()
                erased += 1
    return erased


def _erase(context: Context, unit: WriteUnit, person_id: str) -> None:
    now = context.clock.now()
    unit.people.erase(person_id, context.random_bytes(INDEX_BYTES))
    account = unit.actors.of_person(person_id)
    if account is not None:
        unit.sessions.end_all(account.id, now)
        unit.actors.revoke(account.id, now)
