"""Text messages that wait to be sent. A text is sealed under its person's key, and dropped once it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ledger_service.journal.schema import messages


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that waits."""

    id: str
    person_id: str
    kind: str
    text_sealed: bytes
    tries: int
    expires_at: int


class Messages:
    """Repository of text messages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, message_id: str, person_id: str, kind: str, text_sealed: bytes, now: int, expires_at: int) -> None:
        """Write: a message; one whose time is over is not sent any more."""
        self._connection.execute(
            insert(messages).values(
                id=message_id, person_id=person_id, kind=kind, text_sealed=text_sealed, state="waiting", created_at=now,
                expires_at=expires_at,
            )
        )  # fmt: skip

    def waiting(self, rows_max: int) -> list[MessageRow]:
        """Messages that wait: what ends soonest goes first, so that a code for signing in does not wait behind notices."""
        rows = self._connection.execute(
            select(*(messages.c[name] for name in MessageRow.__slots__))
            .where(messages.c.state == "waiting")
            .order_by(messages.c.expires_at, messages.c.id)
            .limit(rows_max)
        )
        return [MessageRow(*row) for row in rows]

    def settle(self, message_id: str, state: str, now: int) -> bool:
        """Write: sent or failed, once; its text goes."""
        done = self._connection.execute(
            update(messages)
            .where(messages.c.id == message_id, messages.c.state == "waiting")
            .values(state=state, sent_at=now, text_sealed=None)
        )
        return done.rowcount == 1

    def tried(self, message_id: str) -> None:
        """Write: it could not be sent now."""
        self._connection.execute(update(messages).where(messages.c.id == message_id).values(tries=messages.c.tries + 1))
