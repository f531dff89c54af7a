"""Approvals: what one person submitted and another decides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ledger_service.journal.schema import approvals


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One decision: kind import, record or orders; status staging, waiting, approved, rejected or withdrawn."""

    id: str
    kind: str
    status: str
    submitted_by: str
    submitted_at: int
    decided_by: str | None
    decided_at: int | None
    reason: str | None


class Approvals:
    """Repository of approvals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, approval_id: str, kind: str, status: str, submitted_by: str, now: int) -> None:
        """Write: something to decide."""
        self._connection.execute(
            insert(approvals).values(
                id=approval_id, kind=kind, status=status, submitted_by=submitted_by, submitted_at=now
            )
        )

    def read(self, approval_id: str) -> ApprovalRow | None:
        """One approval."""
        row = self._connection.execute(select(approvals).where(approvals.c.id == approval_id)).one_or_none()
        return ApprovalRow(**row._mapping) if row else None

    def lock(self, approval_id: str) -> ApprovalRow | None:
        """Write: one approval, its row locked, so that of two who decide at once the second sees what the first did."""
        row = self._connection.execute(
            select(approvals).where(approvals.c.id == approval_id).with_for_update()
        ).one_or_none()
        return ApprovalRow(**row._mapping) if row else None

    def move(
        self, approval_id: str, before: str, after: str, actor_id: str | None, now: int, reason: str | None
    ) -> bool:
        """Write: change the status once; False where it is not `before` any more."""
        done = self._connection.execute(
            update(approvals)
            .where(approvals.c.id == approval_id, approvals.c.status == before)
            .values(status=after, decided_by=actor_id, decided_at=now if actor_id else None, reason=reason)
        )
        return done.rowcount == 1
