"""Freezes: accounts that nothing is credited to and nothing is taken from, for a reason and up to a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger_service.journal.schema import freezes


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """A freeze: it holds up to and with `end_day`; the person may object up to `appeal_day`."""

    id: str
    proposal_id: str
    account: bytes
    person_id: str
    reason: str
    first_day: int
    end_day: int
    appeal_day: int
    state: str


class Freezes:
    """Repository of freezes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, **values: Any) -> None:
        """Write: an account is frozen (column values by name). RowConflict where it is already."""
        self._connection.execute(insert(freezes).values(**values))

    def standing(self, account: bytes) -> FreezeRow | None:
        """The freeze that an account is under."""
        row = self._connection.execute(
            select(freezes).where(freezes.c.account == account, freezes.c.state == "frozen")
        ).one_or_none()
        return FreezeRow(**row._mapping) if row else None

    def over(self, today: int) -> list[FreezeRow]:
        """Those whose last day is past."""
        rows = self._connection.execute(
            select(freezes).where(freezes.c.state == "frozen", freezes.c.end_day < today).order_by(freezes.c.id)
        )
        return [FreezeRow(**row._mapping) for row in rows]

    def lift(self, freeze_id: str) -> bool:
        """Write: it holds no longer; False where that has happened before."""
        done = self._connection.execute(
            update(freezes).where(freezes.c.id == freeze_id, freezes.c.state == "frozen").values(state="lifted")
        )
        return done.rowcount == 1
