"""Objections of residents, and the office's answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from ledger_service.journal.schema import objections


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """An objection; `journal_no` None where a line is missing. `due_day` is the last civil day for an answer."""

    id: str
    person_id: str
    journal_no: int | None
    text_sealed: bytes
    state: str
    filed_by: str
    filed_at: int
    due_day: int
    answer_sealed: bytes | None
    answered_by: str | None
    answered_at: int | None


class Objections:
    """Repository of objections."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: ObjectionRow) -> None:
        """Write: one that was filed."""
        self._connection.execute(
            insert(objections).values(**{name: getattr(row, name) for name in ObjectionRow.__slots__})
        )

    def read(self, objection_id: str) -> ObjectionRow | None:
        """One."""
        row = self._connection.execute(select(objections).where(objections.c.id == objection_id)).one_or_none()
        return ObjectionRow(**row._mapping) if row else None

    def of_person(self, person_id: str, rows_max: int) -> list[ObjectionRow]:
        """A resident's, the latest first."""
        rows = self._connection.execute(
            select(objections)
            .where(objections.c.person_id == person_id)
            .order_by(objections.c.id.desc())
            .limit(rows_max)
        )
        return [ObjectionRow(**row._mapping) for row in rows]

    def open_of_person(self, person_id: str) -> int:
        """How many of a resident wait for an answer."""
        return self._connection.execute(
            select(func.count())
            .select_from(objections)
            .where(objections.c.person_id == person_id, objections.c.state == "open")
        ).scalar_one()

    def open_ones(self, rows_max: int) -> list[ObjectionRow]:
        """Those that wait, the one that is due first."""
        rows = self._connection.execute(
            select(objections)
            .where(objections.c.state == "open")
            .order_by(objections.c.due_day, objections.c.id)
            .limit(rows_max)
        )
        return [ObjectionRow(**row._mapping) for row in rows]

    def over(self, rows_max: int) -> list[ObjectionRow]:
        """Those that were answered or withdrawn, the latest first."""
        rows = self._connection.execute(
            select(objections).where(objections.c.state != "open").order_by(objections.c.id.desc()).limit(rows_max)
        )
        return [ObjectionRow(**row._mapping) for row in rows]

    def answer(self, objection_id: str, answer_sealed: bytes, actor_id: str, now: int) -> bool:
        """Write: the answer; False where it does not wait for one."""
        done = self._connection.execute(
            update(objections)
            .where(objections.c.id == objection_id, objections.c.state == "open")
            .values(state="answered", answer_sealed=answer_sealed, answered_by=actor_id, answered_at=now)
        )
        return done.rowcount == 1

    def withdraw(self, objection_id: str) -> bool:
        """Write: the resident takes it back; False where it does not wait."""
        done = self._connection.execute(
            update(objections)
            .where(objections.c.id == objection_id, objections.c.state == "open")
            .values(state="withdrawn")
        )
        return done.rowcount == 1
