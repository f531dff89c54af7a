"""What every decision of a second person has in common, whatever is decided on (services/decide.py has the kinds)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger_service.domain.actors import Actor
from ledger_service.errors import Forbidden, NotFound, Refused
from ledger_service.journal.approvals import ApprovalRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context, Once, run_once


class SamePerson(Forbidden):
    """Who submitted may not decide (DOMAIN rule 10)."""

    code = "same_person"


class NotWaiting(Refused):
    """It was decided before. Fields: status."""

    code = "not_waiting"


def waiting(
    unit: WriteUnit, actor: Actor, approval_id: str, kinds: tuple[str, ...], *, deciding: bool = True
) -> ApprovalRow:
    """The approval, locked, if it waits and this actor may decide it; NotFound, NotWaiting or SamePerson otherwise."""
    approval = unit.approvals.lock(approval_id)
    if approval is None or approval.kind not in kinds or approval.status == "staging":
        raise NotFound(f"there is nothing to approve with the id {approval_id}", "승인할 항목이 없습니다")
    if approval.status != "waiting":
        raise NotWaiting(
            f"it is {approval.status} already", f"이미 처리된 항목입니다({approval.status})", status=approval.status
        )
    if deciding and approval.submitted_by == actor.id:
        raise SamePerson(
            "who submitted may not approve: another person has to",
            "제출한 사람은 승인할 수 없습니다. 다른 분이 승인해야 합니다",
        )
    return approval


def approve_once(
    context: Context, actor: Actor, once: Once | None, command: Callable[[WriteUnit], dict[str, Any]]
) -> dict[str, Any]:
    """Run an approval as `run_once` runs a command, then tell posting that there is work."""
    answer = run_once(context, actor.id, once, command)
    context.kill_points.reach("after_approval")
    context.wake()
    return answer


def turn_down(context: Context, unit: WriteUnit, actor: Actor, approval: ApprovalRow, reason: str) -> str:
    """Write: what waits is `withdrawn` by who submitted it, or `rejected` by another; which of the two. Whether that one may is the caller's rule."""
    status = "withdrawn" if approval.submitted_by == actor.id else "rejected"
    unit.approvals.move(approval.id, "waiting", status, actor.id, context.clock.now(), reason)
    return status
