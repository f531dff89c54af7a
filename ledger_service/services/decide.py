"""What a second person decides on, by kind of approval: one table for the API and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.unit import WriteUnit
from ledger_service.services import account_ends, balances, close_month, correct, credit, expire, setup
from ledger_service.services.approvals import turn_down, waiting
from ledger_service.services.context import Context, Once, run_once

TREASURY_KINDS = ("expiry", "correction", "closure", "merge")

Approve = Callable[[Context, Actor, Once | None, str], dict[str, Any]]
Decline = Callable[[Context, Actor, Once | None, str, str], dict[str, Any]]


def decline_act(context: Context, actor: Actor, once: Once | None, proposal_id: str, reason: str) -> dict[str, Any]:
    """Reject what another proposed to the treasury, or withdraw one's own: nothing was reserved for it."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, proposal_id, TREASURY_KINDS, deciding=False)
        if approval.submitted_by != actor.id:
            actor.require(Role.OFFICE)
        status = turn_down(context, unit, actor, approval, reason)
        unit.audit_log.write(context.clock.now(), actor.id, status, proposal_id)
        return {"id": proposal_id, "status": status}

    return run_once(context, actor.id, once, command)


APPROVE: Mapping[str, Approve] = {
    "import": credit.approve,
    "record": credit.approve,
    "orders": setup.approve_orders,
    "close": close_month.approve_close,
    "balances": balances.approve_balances,
    "expiry": expire.approve_expiry,
    "correction": correct.approve_correction,
    "closure": account_ends.approve_closure,
    "merge": account_ends.approve_merge,
}
DECLINE: Mapping[str, Decline] = {
    "import": credit.decline,
    "record": credit.decline,
    "orders": setup.decline_orders,
    "close": close_month.decline_close,
    "balances": balances.decline_balances,
    "expiry": decline_act,
    "correction": decline_act,
    "closure": decline_act,
    "merge": decline_act,
}
