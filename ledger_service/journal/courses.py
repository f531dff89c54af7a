"""Courses and enrolments. A seat is taken by one conditional update, so that no course is oversold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ledger_service.journal.access_log import note_person
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.schema import courses, enrolments


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A class of a venue, with its seats and its price in won."""

    id: str
    code: str
    desk: int
    name: str
    first_day: int
    last_day: int
    seats: int
    seats_taken: int
    price_krw: int


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """A sign-up: held until the won rest is confirmed, then enrolled; cancelled or lapsed."""

    id: str
    course_id: str
    person_id: str
    state: str
    coins: int
    rest_krw: int
    hold_id: str | None
    redemption_id: str | None
    refunded_coins: int
    refunded_krw: int
    created_at: int


_COURSE = select(courses).where(courses.c.id == bindparam("this"))
_TAKE_SEAT = (
    update(courses)
    .where(courses.c.id == bindparam("this"), courses.c.seats_taken < courses.c.seats)
    .values(seats_taken=courses.c.seats_taken + 1)
)
_OPEN_ENROLMENT = select(enrolments).where(
    enrolments.c.course_id == bindparam("course"),
    enrolments.c.person_id == bindparam("person"),
    or_(enrolments.c.state == "held", enrolments.c.state == "enrolled"),
)
_ADD_ENROLMENT = insert(enrolments)


class Courses:
    """Repository of courses and enrolments."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_course(self, row: CourseRow) -> None:
        """Write: a new course."""
        self._connection.execute(insert(courses).values(**{name: getattr(row, name) for name in CourseRow.__slots__}))

    def course(self, course_id: str) -> CourseRow | None:
        """One course by id."""
        row = self._connection.execute(_COURSE, {"this": course_id}).one_or_none()
        return CourseRow(**row._mapping) if row else None

    def course_of_code(self, code: str) -> CourseRow | None:
        """One course by code."""
        row = self._connection.execute(select(courses).where(courses.c.code == code)).one_or_none()
        return CourseRow(**row._mapping) if row else None

    def courses(self, after_code: str = "", rows_max: int = 100, desk: int | None = None) -> list[CourseRow]:
        """Courses by code, paged by it: of one venue or of all."""
        return self._by_code(courses.c.code > after_code, rows_max, desk)

    def not_over(self, day: int, rows_max: int, desk: int | None) -> list[CourseRow]:
        """Courses that last to a day or beyond, by code: of one venue or of all."""
        return self._by_code(courses.c.last_day >= day, rows_max, desk)

    def _by_code(self, condition: ColumnElement[bool], rows_max: int, desk: int | None) -> list[CourseRow]:
        found = select(courses).where(condition).order_by(courses.c.code).limit(rows_max)
        rows = self._connection.execute(found if desk is None else found.where(courses.c.desk == desk))
        return [CourseRow(**row._mapping) for row in rows]

    def take_seat(self, course_id: str) -> bool:
        """Write: one seat more is taken; False where none is left."""
        return self._connection.execute(_TAKE_SEAT, {"this": course_id}).rowcount == 1

    def give_seat_back(self, course_id: str) -> None:
        """Write: one seat is free again."""
        self._connection.execute(
            update(courses).where(courses.c.id == course_id).values(seats_taken=courses.c.seats_taken - 1)
        )

    def add_enrolment(self, row: EnrolmentRow) -> None:
        """Write: a sign-up. Raises RowConflict where the person has one for this course."""
        try:
            self._connection.execute(_ADD_ENROLMENT, {name: getattr(row, name) for name in EnrolmentRow.__slots__})
        except IntegrityError as error:
            raise RowConflict from error

    def enrolment(self, enrolment_id: str) -> EnrolmentRow | None:
        """One sign-up."""
        row = self._connection.execute(select(enrolments).where(enrolments.c.id == enrolment_id)).one_or_none()
        return EnrolmentRow(**row._mapping) if row else None

    def lock_enrolment(self, enrolment_id: str) -> EnrolmentRow | None:
        """Write: one sign-up, its row locked, so that of two who change it the second sees what the first did."""
        row = self._connection.execute(
            select(enrolments).where(enrolments.c.id == enrolment_id).with_for_update()
        ).one_or_none()
        if row is not None:
            note_person(row.person_id)
        return EnrolmentRow(**row._mapping) if row else None

    def unpaid_without_hold(self, created_before: int, rows_max: int) -> list[EnrolmentRow]:
        """Sign-ups without coins whose won rest was not confirmed in time, oldest first."""
        rows = self._connection.execute(
            select(enrolments)
            .where(enrolments.c.state == "held", enrolments.c.hold_id.is_(None))
            .where(enrolments.c.created_at <= created_before)
            .order_by(enrolments.c.created_at)
            .limit(rows_max)
        )
        return [EnrolmentRow(**row._mapping) for row in rows]

    def enrolment_of_hold(self, hold_id: str) -> EnrolmentRow | None:
        """The sign-up behind a hold."""
        row = self._connection.execute(select(enrolments).where(enrolments.c.hold_id == hold_id)).one_or_none()
        return EnrolmentRow(**row._mapping) if row else None

    def open_enrolment(self, course_id: str, person_id: str) -> EnrolmentRow | None:
        """A person's sign-up for a course that is held or enrolled."""
        row = self._connection.execute(_OPEN_ENROLMENT, {"course": course_id, "person": person_id}).one_or_none()
        return EnrolmentRow(**row._mapping) if row else None

    def move_enrolment(self, enrolment_id: str, before: str, after: str, **values: Any) -> bool:
        """Write: change the state once, with other columns; False where it is not `before` any more."""
        done = self._connection.execute(
            update(enrolments)
            .where(enrolments.c.id == enrolment_id, enrolments.c.state == before)
            .values(state=after, **values)
        )
        return done.rowcount == 1
