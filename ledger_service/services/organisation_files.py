"""Master files of those who give and take coins: centers.csv, venues.csv, funds.csv, and courses.csv of the venues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger_service.services.master_file import master_rows
from ledger_service.services.table_errors import Columns

DONG_LENGTH_MAX = 50

CENTER_COLUMNS = Columns(required=("code", "name"))
VENUE_COLUMNS = Columns(required=("code", "name", "step_coins"), optional=("dong",))
FUND_COLUMNS = Columns(required=("code", "name", "body"), optional=("goal_coins",))
COURSE_COLUMNS = Columns(required=("code", "venue", "name", "first_day", "last_day", "seats", "price_krw"))


@dataclass(frozen=True, slots=True)
class CenterRow:
    """A centre that records activities."""

    line: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class VenueRow:
    """A facility that takes coins, in steps of `step_coins`. `dong` is where it lies, or empty."""

    line: int
    code: str
    name: str
    step_coins: int
    dong: str


@dataclass(frozen=True, slots=True)
class FundRow:
    """A donation project, the listed body that receives its money, and how many coins it wants to gather, if it says so."""

    line: int
    code: str
    name: str
    body: str
    goal_coins: int | None


@dataclass(frozen=True, slots=True)
class CourseFileRow:
    """A course of a venue."""

    line: int
    code: str
    venue: str
    name: str
    first_day: date
    last_day: date
    seats: int
    price_krw: int


def read_centers(data: bytes) -> list[CenterRow]:
    """The centres; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    centers = []
    for row in master_rows(data, CENTER_COLUMNS):
        center = CenterRow(row.line, row.code("code"), row.name("name"))
        row.once("code", center.code)
        centers.append(center)
    return centers


def read_venues(data: bytes) -> list[VenueRow]:
    """The venues; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    venues = []
    for row in master_rows(data, VENUE_COLUMNS):
        dong = row.text("dong", DONG_LENGTH_MAX)
        venue = VenueRow(row.line, row.code("code"), row.name("name"), row.whole("step_coins"), dong)
        if venue.step_coins < 1:
            row.wrong("step_coins", "must be 1 or more", "1 이상이어야 합니다")
        row.once("code", venue.code)
        venues.append(venue)
    return venues


def read_funds(data: bytes) -> list[FundRow]:
    """The funds; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    found = []
    for row in master_rows(data, FUND_COLUMNS):
        goal = row.whole("goal_coins") if row.text("goal_coins") else None
        fund = FundRow(row.line, row.code("code"), row.name("name"), row.name("body"), goal)
        if goal == 0:
            row.wrong("goal_coins", "must be 1 or more, or empty", "1 이상이거나 비어 있어야 합니다")
        row.once("code", fund.code)
        found.append(fund)
    return found


def read_courses(data: bytes) -> list[CourseFileRow]:
    """The courses; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    courses = []
    for row in master_rows(data, COURSE_COLUMNS):
        course = CourseFileRow(
            line=row.line,
            code=row.code("code"),
            venue=row.code("venue"),
            name=row.name("name"),
            first_day=row.ledger_day("first_day"),
            last_day=row.ledger_day("last_day"),
            seats=row.whole("seats"),
            price_krw=row.whole("price_krw"),
        )
        if course.last_day < course.first_day:
            row.wrong("last_day", "is before first_day", "first_day보다 빠릅니다")
        row.once("code", course.code)
        courses.append(course)
    return courses
