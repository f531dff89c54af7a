"""Corrections: what takes a credit back or undoes an expiry, and how much of each original was corrected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import batches, corrected, corrections, entries


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction; `journal_no` is None while it waits for approval. `taken`: of its coins those that were there."""

    id: str
    original_no: int
    journal_no: int | None
    coins: int
    taken: int
    restores: bool
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectionSums:
    """Coins that corrections took from accounts, and coins of expiries that they gave back."""

    taken: int
    restored: int
    final_taken: int
    final_restored: int


class Corrections:
    """Repository of corrections."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, **values: Any) -> None:
        """Write: a proposed correction (column values by name)."""
        self._connection.execute(insert(corrections).values(**values))

    def read(self, correction_id: str) -> CorrectionRow | None:
        """One correction."""
        row = self._connection.execute(select(corrections).where(corrections.c.id == correction_id)).one_or_none()
        return CorrectionRow(**row._mapping) if row else None

    def of_entry(self, journal_no: int) -> CorrectionRow | None:
        """The correction that an entry is."""
        row = self._connection.execute(select(corrections).where(corrections.c.journal_no == journal_no)).one_or_none()
        return CorrectionRow(**row._mapping) if row else None

    def accept(self, correction_id: str, journal_no: int, taken: int) -> None:
        """Write: it became an entry, and took what was there."""
        self._connection.execute(
            update(corrections).where(corrections.c.id == correction_id).values(journal_no=journal_no, taken=taken)
        )

    def settle(self, correction_id: str, taken: int) -> None:
        """Write: what the chain burnt of it."""
        self._connection.execute(update(corrections).where(corrections.c.id == correction_id).values(taken=taken))

    def corrected(self, original_no: int) -> int:
        """Coins of an original that accepted corrections undo."""
        return (
            self._connection.execute(
                select(corrected.c.coins).where(corrected.c.original_no == original_no)
            ).scalar_one_or_none()
            or 0
        )

    def undo(self, original_no: int, coins: int, issued: int) -> bool:
        """Write: count coins of an original as corrected; False, and nothing changed, above what it moved."""
        if coins > issued:
            return False
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        done = self._connection.execute(
            dialect.insert(corrected)
            .values(original_no=original_no, issued=issued, coins=coins)
            .on_conflict_do_update(
                index_elements=["original_no"],
                set_={"coins": corrected.c.coins + coins},
                where=corrected.c.coins + coins <= corrected.c.issued,
            )
            .returning(corrected.c.coins)  # PostgreSQL's driver counts no rows of an insert
        )
        return done.first() is not None

    def redo(self, original_no: int, coins: int) -> None:
        """Write: the chain did not apply a correction."""
        self._connection.execute(
            update(corrected).where(corrected.c.original_no == original_no).values(coins=corrected.c.coins - coins)
        )

    def last_of(self, accounts: Collection[bytes]) -> tuple[CorrectionRow, str, str] | None:
        """The last correction of these accounts (one with those merged into it) that is final, with who submitted and who approved it; None while
        one is on its way."""
        row = self._connection.execute(
            select(corrections, entries.c.who, entries.c.approver, entries.c.skip_reason, batches.c.state)
            .select_from(
                entries.join(corrections, corrections.c.journal_no == entries.c.journal_no).outerjoin(
                    batches, ITS_BATCH
                )
            )
            .where(entries.c.account.in_(accounts))
            .order_by(entries.c.journal_no.desc())
        ).all()
        if not row or any(one.state != "final" for one in row):
            return None
        for one in row:
            if one.skip_reason is None and not one.restores:
                values = {name: getattr(one, name) for name in CorrectionRow.__slots__}
                return CorrectionRow(**values), one.who, one.approver
        return None

    def sums(self) -> CorrectionSums:
        """What applied corrections took and gave back, of accepted and of final ones."""
        is_final = batches.c.state == "final"
        taken = case((corrections.c.restores, 0), else_=corrections.c.taken)
        restored = case((corrections.c.restores, corrections.c.coins), else_=0)
        row = self._connection.execute(
            select(
                func.coalesce(func.sum(taken), 0),
                func.coalesce(func.sum(restored), 0),
                func.coalesce(func.sum(case((is_final, taken), else_=0)), 0),
                func.coalesce(func.sum(case((is_final, restored), else_=0)), 0),
            )
            .select_from(
                corrections.join(entries, entries.c.journal_no == corrections.c.journal_no).outerjoin(
                    batches, ITS_BATCH
                )
            )
            .where(entries.c.skip_reason.is_(None))
        ).one()
        return CorrectionSums(*(int(value) for value in row))
