"""The outbox of notices: whom to tell what, each once. Without names or addresses: whoever sends them looks these up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from ledger_service.domain.notices import NoticeKind
from ledger_service.journal.chunks import chunks
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.schema import notices

QUERY_KEYS_MAX = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person is to be told by `due_day`. `subject` is what it is about: with person and kind it is told once."""

    person_id: str
    kind: NoticeKind
    subject: str
    due_day: int
    coins: int
    expiry_day: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice that waits to be sent."""

    id: int
    person_id: str
    kind: NoticeKind
    due_day: int
    coins: int
    expiry_day: int | None


class Notices:
    """Repository of the outbox."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def queue(self, found: Sequence[Notice], now: int) -> int:
        """Write: notices to send; one that was queued before is left as it is. How many are new."""
        if not found:
            return 0
        marks = ", ".join([driver_mark(self._connection)] * 7)
        done = self._connection.exec_driver_sql(
            "INSERT INTO notices (person_id, kind, subject, due_day, coins, expiry_day, queued_at) "  # noqa: S608
            f"VALUES ({marks}) ON CONFLICT (person_id, kind, subject) DO NOTHING",
            [
                (one.person_id, one.kind.value, one.subject, one.due_day, one.coins, one.expiry_day, now)
                for one in found
            ],
        )
        return done.rowcount

    def unsent(self, rows_max: int) -> list[NoticeRow]:
        """The oldest that wait."""
        rows = self._connection.execute(
            select(
                notices.c.id, notices.c.person_id, notices.c.kind, notices.c.due_day, notices.c.coins, notices.c.expiry_day
            )
            .where(notices.c.sent_at.is_(None))
            .order_by(notices.c.id)
            .limit(rows_max)
        )  # fmt: skip
        return [NoticeRow(row[0], row[1], NoticeKind(row[2]), *row[3:]) for row in rows]

    def mark_sent(self, ids: Sequence[int], now: int) -> set[int]:
        """Write: they were given to whoever carries them. Those that no other process had marked."""
        marked: set[int] = set()
        for chunk in chunks(ids, QUERY_KEYS_MAX):
            marked.update(
                self._connection.execute(
                    update(notices)
                    .where(notices.c.id.in_(chunk), notices.c.sent_at.is_(None))
                    .values(sent_at=now)
                    .returning(notices.c.id)
                ).scalars()
            )
        return marked
