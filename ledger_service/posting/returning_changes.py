"""Changes of master data that no order tells of come back into lost books from the audit log, with the decisions behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ledger_service.journal.master_changes import Change, Proposed
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.returning_treasury import APPROVED, put_rows

WAITING = "waiting"


def return_changes(unit: WriteUnit, now: int) -> None:
    """Write: every change that the audit log tells of, once more and in order, so that the last one stands. Twice is as good as once.

    Where rows of the log are gone, so are their changes; the notice of the log names them.
    """
    changes = unit.master_changes.all()
    by_proposal: dict[str, list[Change]] = {}
    for change in changes:
        unit.master_changes.make_again(change)
        by_proposal.setdefault(change.decision.proposal_id, []).append(change)
    for proposal_id, proposed in unit.master_changes.proposed(by_proposal).items():
        _return_decision(unit, proposal_id, proposed, by_proposal[proposal_id], now)


def _return_decision(
    unit: WriteUnit, proposal_id: str, proposed: Proposed, changes: Sequence[Change], now: int
) -> None:
    """One that made orders, too, is there from the office's bundle; in an old backup one may still wait."""
    known = unit.approvals.read(proposal_id)
    if known is not None and known.status != WAITING:
        return
    decision = changes[0].decision
    approval = {
        "id": proposal_id, "kind": "orders", "status": APPROVED, "submitted_by": proposed.proposed_by,
        "submitted_at": proposed.proposed_at, "decided_by": decision.approved_by, "decided_at": decision.approved_at,
        "reason": None,
    }  # fmt: skip
    content = json.dumps({"steps": [one.step for one in changes]}, ensure_ascii=False, sort_keys=True)
    proposal = {"id": proposal_id, "title": proposed.title, "content": content}
    put_rows(unit, {"approvals": [approval], "order_proposals": [proposal] if known is None else []}, now)
