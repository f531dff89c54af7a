"""How often somebody may ask, counted for all processes on these books: the generic cell rate algorithm in one statement."""

from __future__ import annotations

from sqlalchemy import Connection, case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ledger_service.journal.schema import rate_arrivals


class Arrivals:
    """Repository of turns that are taken."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def arrive(self, subject: bytes, step_ms: int, most_ms: int, now_ms: int) -> int:
        """Write: take a turn of `step_ms` where no more than `most_ms` of them are taken then; 0, or the milliseconds to wait.

        A refusal takes no turn. Of many at once, in however many processes, exactly as many are let in as may be: the row is locked.
        """
        dialect = sqlite_insert if self._connection.dialect.name == "sqlite" else postgres_insert
        taken = rate_arrivals.c.due_ms
        due = case((taken > now_ms, taken), else_=now_ms) + step_ms
        done = self._connection.execute(
            dialect(rate_arrivals)
            .values(subject=subject, due_ms=now_ms + step_ms)
            .on_conflict_do_update(index_elements=["subject"], set_={"due_ms": due}, where=due <= now_ms + most_ms)
            .returning(taken)
        )
        if done.first() is not None:
            return 0
        row = self._connection.execute(select(taken).where(rate_arrivals.c.subject == subject)).one()
        return max(1, int(row.due_ms) + step_ms - now_ms - most_ms)

    def forget(self, now_ms: int) -> int:
        """Write: drop the turns that are over; how many."""
        return self._connection.execute(delete(rate_arrivals).where(rate_arrivals.c.due_ms <= now_ms)).rowcount
