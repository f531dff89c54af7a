"""Helpers: whom a resident named to look, and perhaps to sign up, in their place."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ledger_service.journal.schema import helpers


@dataclass(frozen=True, slots=True)
class HelperRow:
    """`helper_id` may look at what is `person_id`'s, up to and with `end_day`, unless it was ended."""

    id: str
    person_id: str
    helper_id: str
    may_sign_up: bool
    named_by: str
    named_at: int
    end_day: int
    ended_at: int | None


class Helpers:
    """Repository of helpers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: HelperRow) -> None:
        """Write: somebody was named. RowConflict where they are a helper already."""
        self._connection.execute(insert(helpers).values(**{name: getattr(row, name) for name in HelperRow.__slots__}))

    def read(self, helper_row_id: str) -> HelperRow | None:
        """One."""
        row = self._connection.execute(select(helpers).where(helpers.c.id == helper_row_id)).one_or_none()
        return HelperRow(**row._mapping) if row else None

    def standing_of(self, person_id: str, today: int) -> list[HelperRow]:
        """Who may look at a resident's today, oldest first."""
        return self._standing(helpers.c.person_id == person_id, today)

    def helped_by(self, helper_id: str, today: int) -> list[HelperRow]:
        """Whose a person may look at today, oldest first."""
        return self._standing(helpers.c.helper_id == helper_id, today)

    def end(self, helper_row_id: str, now: int) -> bool:
        """Write: it is over; False where it was."""
        done = self._connection.execute(
            update(helpers).where(helpers.c.id == helper_row_id, helpers.c.ended_at.is_(None)).values(ended_at=now)
        )
        return done.rowcount == 1

    def end_past(self, person_id: str, today: int, now: int) -> None:
        """Write: those of a resident whose last day is past are over in the books, too."""
        self._connection.execute(
            update(helpers)
            .where(helpers.c.person_id == person_id, helpers.c.ended_at.is_(None), helpers.c.end_day < today)
            .values(ended_at=now)
        )

    def _standing(self, condition: object, today: int) -> list[HelperRow]:
        rows = self._connection.execute(
            select(helpers)
            .where(condition, helpers.c.ended_at.is_(None), helpers.c.end_day >= today)  # type: ignore[arg-type]  # a column expression
            .order_by(helpers.c.id)
        )
        return [HelperRow(**row._mapping) for row in rows]
