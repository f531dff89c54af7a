"""Master data that change by decisions which make no order: where a venue lies, what a project wants to gather.

No batch carries such a decision, and the bundle of the order that first named a venue or a project has only what was so then. So the audit log,
which lies in files beside the bundles, says what each decision changed, and lost books make the changes again in their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ledger_service.journal.audit_log import AuditLog
from ledger_service.journal.chunks import chunks
from ledger_service.journal.master import Master
from ledger_service.journal.schema import audit_log

CHANGE, PROPOSE = "change", "propose"
DESK_STEP = "desk"
QUERY_KEYS_MAX = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """Who approved which proposal, and when (UTC seconds)."""

    proposal_id: str
    approved_by: str
    approved_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a step of a proposal changed of the venue or project with a number. `step` is as it was proposed."""

    decision: Decision
    number: int
    step: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proposed:
    """Who proposed what, and when (UTC seconds)."""

    proposed_by: str
    proposed_at: int
    title: str


class MasterChanges:
    """Repository of these changes: they are rows of the audit log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._log = AuditLog(connection)
        self._master = Master(connection)

    def make(self, change: Change) -> None:
        """Write: a change, and the row that tells of it. After the change, so that of two at once the later one stands later in the log."""
        self.make_again(change)
        by = change.decision
        self._log.write(
            by.approved_at, by.approved_by, CHANGE, by.proposal_id, number=change.number, step=dict(change.step)
        )

    def make_again(self, change: Change) -> None:
        """Write: a change that the log has already."""
        if change.step["step"] == DESK_STEP:
            self._master.set_dong(change.number, change.step.get("dong", ""))
        else:
            self._master.set_goal(change.number, change.step.get("goal_coins"))

    def all(self) -> list[Change]:
        """Every change that the log tells of, in order."""
        rows = self._connection.execute(select(audit_log).where(audit_log.c.action == CHANGE).order_by(audit_log.c.id))
        return [_change(row) for row in rows]

    def proposed(self, proposal_ids: Iterable[str]) -> dict[str, Proposed]:
        """How proposals came in, as far as the log tells of them, by id."""
        found: dict[str, Proposed] = {}
        for chunk in chunks(sorted(set(proposal_ids)), QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(audit_log).where(audit_log.c.action == PROPOSE, audit_log.c.subject.in_(chunk))
            )
            found.update((row.subject, Proposed(row.actor_id, row.at, json.loads(row.detail)["title"])) for row in rows)
        return found


def _change(row: Row[Any]) -> Change:
    told = json.loads(row.detail)
    return Change(Decision(row.subject, row.actor_id, row.at), told["number"], told["step"])
