"""Asking for a three-way check; posting does it, because it speaks to the chain (DOMAIN rule 31)."""

from __future__ import annotations

from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context, Once, run_once


def ask_for_check(context: Context, actor: Actor, once: Once | None) -> dict[str, Any]:
    """Ask; the answer names the check, whose outcome is read later."""
    actor.require(Role.OFFICE, Role.AUDITOR)

    def command(unit: WriteUnit) -> dict[str, Any]:
        check_id, now = context.new_id(), context.clock.now()
        unit.checks.ask(check_id, civil_day(context.clock.today()), actor.id, now)
        unit.audit_log.write(now, actor.id, "ask for a check", check_id)
        return {"id": check_id, "state": "waiting"}

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer
