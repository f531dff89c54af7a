"""Ends of accounts: closures and merges, from proposal to entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger_service.journal.schema import account_ends, approvals, persons


@dataclass(frozen=True, slots=True)
class AccountEndRow:
    """One end. `receiver_id` of a merge, `fund` of a closure that gives; `coins` and `journal_no` once it is approved."""

    id: str
    person_id: str
    receiver_id: str | None
    fund: int | None
    reason: int
    note: str
    coins: int
    journal_no: int | None


class AccountEnds:
    """Repository of ends of accounts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, **values: Any) -> None:
        """Write: a proposed end (column values by name)."""
        self._connection.execute(insert(account_ends).values(**values))

    def read(self, end_id: str) -> AccountEndRow | None:
        """One end."""
        row = self._connection.execute(select(account_ends).where(account_ends.c.id == end_id)).one_or_none()
        return AccountEndRow(**row._mapping) if row else None

    def accept(self, end_id: str, coins: int, journal_no: int) -> None:
        """Write: it became an entry, which takes these coins."""
        self._connection.execute(
            update(account_ends).where(account_ends.c.id == end_id).values(coins=coins, journal_no=journal_no)
        )

    def ended_since(self, instant: int) -> set[bytes]:
        """The accounts whose end was approved at or after an instant (UTC seconds)."""
        return set(
            self._connection.execute(
                select(persons.c.account)
                .join(account_ends, account_ends.c.person_id == persons.c.id)
                .join(approvals, approvals.c.id == account_ends.c.id)
                .where(approvals.c.status == "approved", approvals.c.decided_at >= instant)
            ).scalars()
        )
