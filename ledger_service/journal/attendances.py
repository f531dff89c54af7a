"""Attendances: who came to a centre, and went."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ledger_service.journal.schema import attendances


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """Somebody came at `start_minute` of `day`. `state`: open, submitted (as `submission_id`) or dropped."""

    id: str
    person_id: str
    desk: int
    programme: str
    day: int
    start_minute: int
    began_by: str
    state: str
    submission_id: str | None


class Attendances:
    """Repository of attendances."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, row: AttendanceRow) -> None:
        """Write: somebody came. RowConflict where they are somewhere already."""
        self._connection.execute(
            insert(attendances).values(**{name: getattr(row, name) for name in AttendanceRow.__slots__})
        )

    def read(self, attendance_id: str) -> AttendanceRow | None:
        """One."""
        row = self._connection.execute(select(attendances).where(attendances.c.id == attendance_id)).one_or_none()
        return AttendanceRow(**row._mapping) if row else None

    def open_of(self, person_id: str) -> AttendanceRow | None:
        """Where a person is now, if anywhere."""
        row = self._connection.execute(
            select(attendances).where(attendances.c.person_id == person_id, attendances.c.state == "open")
        ).one_or_none()
        return AttendanceRow(**row._mapping) if row else None

    def of_desk(self, desk: int, rows_max: int) -> list[AttendanceRow]:
        """A centre's, the latest first: so many that are open, which somebody has to end, then so many of the others."""
        of_desk = (
            select(attendances).where(attendances.c.desk == desk).order_by(attendances.c.id.desc()).limit(rows_max)
        )
        found = [
            *self._connection.execute(of_desk.where(attendances.c.state == "open")),
            *self._connection.execute(of_desk.where(attendances.c.state != "open")),
        ]
        return [AttendanceRow(**row._mapping) for row in found]

    def end(self, attendance_id: str, state: str, submission_id: str | None) -> bool:
        """Write: somebody went, or it is dropped; False where it was over."""
        done = self._connection.execute(
            update(attendances)
            .where(attendances.c.id == attendance_id, attendances.c.state == "open")
            .values(state=state, submission_id=submission_id)
        )
        return done.rowcount == 1
