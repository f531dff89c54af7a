"""Which account a subject of the district's provider signs in to."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from ledger_service.domain.actors import Actor
from ledger_service.journal.actors import actor_of_row
from ledger_service.journal.schema import actors, sign_on_subjects


class SignOn:
    """Repository of registered subjects."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def actor_of(self, subject_index: bytes) -> Actor | None:
        """The account of a subject, unless there is none or it is revoked."""
        row = self._connection.execute(
            select(actors)
            .join(sign_on_subjects, sign_on_subjects.c.actor_id == actors.c.id)
            .where(sign_on_subjects.c.subject_index == subject_index, actors.c.revoked_at.is_(None))
        ).one_or_none()
        return actor_of_row(row) if row else None

    def put(self, actor_id: str, subject_index: bytes, now: int) -> None:
        """Write: the one subject of an account. RowConflict where it is another account's."""
        self.remove(actor_id)
        self._connection.execute(
            insert(sign_on_subjects).values(actor_id=actor_id, subject_index=subject_index, created_at=now)
        )

    def accounts(self) -> frozenset[str]:
        """The accounts that a subject opens."""
        return frozenset(self._connection.execute(select(sign_on_subjects.c.actor_id)).scalars())

    def remove(self, actor_id: str) -> bool:
        """Write: no subject signs in to this account; False where none did."""
        done = self._connection.execute(delete(sign_on_subjects).where(sign_on_subjects.c.actor_id == actor_id))
        return done.rowcount == 1
