"""Expiry runs: what a person proposed to expire, account by account, until another decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger_service.journal.engine import driver_mark
from ledger_service.journal.places import BATCH_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import batches, entries, expiry_lines, expiry_runs


@dataclass(frozen=True, slots=True)
class RunRow:
    """A proposed run: everything that counts up to `cut_day`."""

    id: str
    cut_day: int
    accounts: int
    coins: int


@dataclass(frozen=True, slots=True)
class ExpiryLine:
    """Coins of one account that have expired."""

    account: bytes
    person_id: str
    coins: int


class Expiries:
    """Repository of expiry runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: RunRow, lines: Sequence[ExpiryLine]) -> None:
        """Write: a proposed run."""
        self._connection.execute(
            insert(expiry_runs).values(id=row.id, cut_day=row.cut_day, accounts=row.accounts, coins=row.coins)
        )
        mark = driver_mark(self._connection)
        self._connection.exec_driver_sql(
            f"INSERT INTO expiry_lines (run_id, account, person_id, coins) VALUES ({mark}, {mark}, {mark}, {mark})",  # noqa: S608
            [(row.id, line.account, line.person_id, line.coins) for line in lines],
        )

    def read(self, run_id: str) -> RunRow | None:
        """One run."""
        row = self._connection.execute(select(expiry_runs).where(expiry_runs.c.id == run_id)).one_or_none()
        return RunRow(**row._mapping) if row else None

    def lines(self, run_id: str) -> list[ExpiryLine]:
        """What it takes of whom, by account."""
        rows = self._connection.execute(
            select(expiry_lines.c.account, expiry_lines.c.person_id, expiry_lines.c.coins)
            .where(expiry_lines.c.run_id == run_id)
            .order_by(expiry_lines.c.account)
        )
        return [ExpiryLine(*row) for row in rows]

    def desks_not_final(self, day: int) -> list[int]:
        """Desks with an entry accepted up to a day that is not final."""
        waiting = select(entries.c.desk).where(entries.c.seq.is_(None), entries.c.accepted_day <= day)
        open_ = (
            select(entries.c.desk)
            .select_from(batches.join(entries, ITS_BATCH))
            .where(BATCH_NOT_FINAL, entries.c.accepted_day <= day)
        )
        return sorted({*self._connection.execute(waiting).scalars(), *self._connection.execute(open_).scalars()})
