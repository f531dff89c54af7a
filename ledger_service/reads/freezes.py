"""Freezes that hold: for the coin office, and for whoever looks after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ledger_service.domain.days import date_of
from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import approvals
from ledger_service.journal.schema import freezes as table
from ledger_service.journal.unit import Journal


@dataclass(frozen=True, slots=True)
class FreezeLine:
    """One freeze: from its first to its last day; the resident may object up to `appeal_until`. Two persons decided."""

    id: str
    person_id: str
    reason: str
    since: date
    until: date
    appeal_until: date
    proposed_by: str
    approved_by: str | None


def freezes(journal: Journal) -> list[FreezeLine]:
    """Those that hold now, the next to end first."""
    with journal.read() as unit:
        rows = unit.connection.execute(
            select(table, approvals.c.submitted_by, approvals.c.decided_by)
            .join(approvals, approvals.c.id == table.c.proposal_id)
            .where(table.c.state == "frozen")
            .order_by(table.c.end_day, table.c.id)
        ).all()
    for row in rows:
        note_person(row.person_id)
    return [
        FreezeLine(
            row.id, row.person_id, row.reason, date_of(row.first_day), date_of(row.end_day), date_of(row.appeal_day),
            row.submitted_by, row.decided_by,
        )
        for row in rows
    ]  # fmt: skip


def reason_told(journal: Journal, person_id: str) -> str | None:
    """Why a person's account is frozen, as they are told themselves; None where it is not."""
    with journal.read() as unit:
        return unit.connection.execute(
            select(table.c.reason).where(table.c.person_id == person_id, table.c.state == "frozen")
        ).scalar_one_or_none()
