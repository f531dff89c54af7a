"""Master data from files: members.csv, centers.csv, programmes.csv → typed rows.

A file is taken whole or refused whole: `MasterFileInvalid` lists every problem with its line and column, and never
repeats a cell, because cells are personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ledger_service.domain.cells import is_plain_text, plain_code, plain_name, plain_number, read_date
from ledger_service.domain.days import FIRST_DAY, LAST_DAY, last_day_of_month, month_number
from ledger_service.domain.orders import TEXT_BYTES_MAX
from ledger_service.domain.rates import (
    EXPIRY_MONTHS_DEFAULT,
    TIMED_DAILY_CAP_MINUTES,
    UNITS_MAX,
    Measure,
    RateInvalid,
    RateTable,
    RateVersion,
)
from ledger_service.errors import BoramError
from ledger_service.services.table_errors import Columns
from ledger_service.services.table_file import read_table

PROBLEMS_MAX = 100
WHOLE_DIGITS_MAX = 9
MEMBER_NUMBER_LENGTH_MAX = 100
CODE_LENGTH_MAX = 32
UNIT_LENGTH_MAX = 32
NAME_LENGTH_MAX = 200
DONG_LENGTH_MAX = 50

MEMBER_COLUMNS = Columns(required=("회원번호", "이름", "생년월일"), optional=("휴대전화", "동", "자격"))
CENTER_COLUMNS = Columns(required=("code", "name"))
PROGRAMME_COLUMNS = Columns(
    required=(
        "code",
        "name",
        "unit",
        "coins",
        "per_units",
        "effective_from",
        "effective_to",
        "daily_cap_units",
        "min_age",
        "measure",
    ),
    optional=("basis",),
)

VENUE_COLUMNS = Columns(required=("code", "name", "step_coins"), optional=("dong",))
FUND_COLUMNS = Columns(required=("code", "name", "body"), optional=("goal_coins",))
VALUE_COLUMNS = Columns(required=("effective_from", "krw"), optional=("choice", "basis"))
LIMIT_COLUMNS = Columns(required=("limit", "code", "period", "coins"), optional=("effective_from",))
BALANCE_COLUMNS = Columns(required=("회원번호", "coins", "lot_day", "expiry_months"))
COURSE_COLUMNS = Columns(required=("code", "venue", "name", "first_day", "last_day", "seats", "price_krw"))
VALUE_CHOICES = ("", "devalue", "convert")
EXPIRY_MONTHS_MAX = 1_200
LIMIT_KINDS = ("centre", "venue", "treasury", "budget", "person")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where, and what is wrong, in English and Korean."""

    line: int
    column: str
    reason: str
    reason_ko: str


class MasterFileInvalid(BoramError):
    """Rows of a master file cannot be taken. Fields: problems (line, column, reason), at most PROBLEMS_MAX of them."""

    code = "master_file_invalid"
    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        shown = f"{len(problems)}" if len(problems) < PROBLEMS_MAX else f"{PROBLEMS_MAX} or more"
        super().__init__(
            f"Line {first.line}, {first.column}: {first.reason} ({shown} in all). Nothing was loaded.",
            f"{first.line}번째 줄 {first.column}: {first.reason_ko} (모두 {len(problems)}건). 반영된 내용은 없습니다.",
            problems=[{"line": one.line, "column": one.column, "reason": one.reason} for one in problems],
        )
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as the file has it; the ledger gives it its own person id."""

    line: int
    member_number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    phone: str = field(repr=False)
    neighbourhood: str = field(repr=False)
    qualification: str = field(repr=False)


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
class ValueRow:
    """What a coin is worth in won from a day on. `choice` says what becomes of the coins that are out when it changes."""

    line: int
    first_day: date
    krw: int
    choice: str
    basis: str


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit in coins: of a desk's month (centre, venue, treasury; `month` is its first day), of a year (budget), or of a
    person's month in a year (person). `effective_from`: a day within the period from which it is so; None: all of it."""

    line: int
    limit: str
    code: str
    first_day: date
    coins: int
    effective_from: date | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Coins that a member held in the system before: one lot, earned on `lot_day`, which expires `expiry_months` later."""

    line: int
    member_number: str = field(repr=False)
    coins: int
    lot_day: date
    expiry_months: int


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


class _Problems:
    """Problems found so far; stops the reading when there are enough of them."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, line: int, column: str, reason: str, reason_ko: str) -> None:
        self._found.append(Problem(line, column, reason, reason_ko))
        if len(self._found) >= PROBLEMS_MAX:
            self.raise_any()

    def raise_any(self) -> None:
        if self._found:
            raise MasterFileInvalid(self._found)


class _Row:
    """One row by column name. A cell that cannot be read is noted and comes back as a stand-in."""

    def __init__(self, line: int, cells: dict[str, str], problems: _Problems) -> None:
        self.line = line
        self._cells = cells
        self._problems = problems

    def wrong(self, column: str, reason: str, reason_ko: str) -> None:
        self._problems.add(self.line, column, reason, reason_ko)

    def _bounded(self, column: str, plain: Callable[[str], str], length_max: int) -> str:
        value = plain(self._cells[column])
        if not is_plain_text(value):
            self.wrong(
                column, "has a control character (a line break, for instance)", "제어 문자(줄바꿈 등)가 있습니다"
            )
        elif len(value) > length_max:
            self.wrong(column, f"is longer than {length_max} characters", f"{length_max}자를 넘습니다")
        return value

    def _filled(self, column: str, plain: Callable[[str], str], length_max: int) -> str:
        value = self._bounded(column, plain, length_max)
        if not value:
            self.wrong(column, "is empty", "비어 있습니다")
        return value

    def code(self, column: str, length_max: int = CODE_LENGTH_MAX) -> str:
        return self._filled(column, plain_code, length_max)

    def code_or_none(self, column: str) -> str:
        return self._bounded(column, plain_code, CODE_LENGTH_MAX)

    def code_of_order(self, column: str) -> str:
        """A code that an order carries as bytes32: a Korean syllable is three bytes."""
        value = self.code(column)
        if len(value) <= CODE_LENGTH_MAX and len(value.encode(errors="replace")) > TEXT_BYTES_MAX:
            self.wrong(
                column,
                f"is longer than {TEXT_BYTES_MAX} bytes (a Korean syllable is 3)",
                f"{TEXT_BYTES_MAX}바이트를 넘습니다(한글은 한 글자에 3바이트)",
            )
        return value

    def name(self, column: str) -> str:
        return self._filled(column, plain_name, NAME_LENGTH_MAX)

    def text(self, column: str, length_max: int = NAME_LENGTH_MAX) -> str:
        return self._bounded(column, plain_name, length_max)

    def within_ledger(self, column: str, day: date) -> date:
        """Note a day that the ledger cannot speak of: as an order's argument it would be negative, or beyond its bits."""
        if not FIRST_DAY <= day <= LAST_DAY:
            self.wrong(column, f"is not within {FIRST_DAY} to {LAST_DAY}", f"{FIRST_DAY}부터 {LAST_DAY}까지여야 합니다")
        return day

    def ledger_day(self, column: str) -> date:
        day = read_date(self._cells[column])
        return self.day(column) if day is None else self.within_ledger(column, day)

    def day(self, column: str) -> date:
        value = read_date(self._cells[column])
        if value is None:
            self.wrong(column, "is not a date (use 2024-04-11)", "날짜가 아닙니다(예: 2024-04-11)")
        return value or date.min

    def ledger_day_or_open(self, column: str) -> date | None:
        return self.ledger_day(column) if self._cells[column].strip() else None

    def whole(self, column: str) -> int:
        digits = plain_number(self._cells[column])
        if not (digits.isascii() and digits.isdigit() and len(digits) <= WHOLE_DIGITS_MAX):
            self.wrong(column, "is not a whole number", "정수가 아닙니다")
            return 0
        return int(digits)


def _rows_of(data: bytes, columns: Columns, problems: _Problems) -> Iterator[_Row]:
    names = (*columns.required, *columns.optional)
    for line in read_table(data, columns):
        row = _Row(line.number, dict(zip(names, line.cells, strict=True)), problems)
        if line.surplus_cells:
            row.wrong(names[-1], "is followed by more cells than the header has", "뒤에 제목 없는 칸이 더 있습니다")
        yield row


def _refuse_repeated(row: _Row, column: str, value: str, first_lines: dict[str, int]) -> None:
    first_line = first_lines.setdefault(value, row.line)
    if value and first_line != row.line:
        row.wrong(column, f"is the same as in line {first_line}", f"{first_line}번째 줄과 같습니다")


def read_members(data: bytes) -> list[MemberRow]:
    """The members; each number once. Raises MasterFileInvalid and what `read_table` raises."""
    problems = _Problems()
    first_lines: dict[str, int] = {}
    members = []
    for row in _rows_of(data, MEMBER_COLUMNS, problems):
        member = MemberRow(
            line=row.line,
            member_number=row.code("회원번호", MEMBER_NUMBER_LENGTH_MAX),
            name=row.name("이름"),
            birth_date=row.day("생년월일"),
            phone=row.text("휴대전화"),
            neighbourhood=row.text("동"),
            qualification=row.text("자격"),
        )
        _refuse_repeated(row, "회원번호", member.member_number, first_lines)
        members.append(member)
    problems.raise_any()
    return members


def read_centers(data: bytes) -> list[CenterRow]:
    """The centres; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    problems = _Problems()
    first_lines: dict[str, int] = {}
    centers = []
    for row in _rows_of(data, CENTER_COLUMNS, problems):
        center = CenterRow(row.line, row.code("code"), row.name("name"))
        _refuse_repeated(row, "code", center.code, first_lines)
        centers.append(center)
    problems.raise_any()
    return centers


def read_programmes(
    data: bytes, first_rate_id: int = 1, expiry_months: int = EXPIRY_MONTHS_DEFAULT
) -> list[RateVersion]:
    """The rate versions in file order, with ids from `first_rate_id`; together they make a RateTable.

    The most units of one entry are the daily cap: for a timed programme the minutes that all of them share, whatever
    the file says. Raises MasterFileInvalid, RatesOverlap and what `read_table` raises.
    """
    problems = _Problems()
    versions = []
    for rate_id, row in enumerate(_rows_of(data, PROGRAMME_COLUMNS, problems), start=first_rate_id):
        version = _rate_of(row, rate_id, expiry_months)
        if version is not None:
            versions.append(version)
    problems.raise_any()
    RateTable(versions)  # refuses versions that share a day
    return versions


def _rate_of(row: _Row, rate_id: int, expiry_months: int) -> RateVersion | None:
    measure_text = row.text("measure").lower()
    measure = next((one for one in Measure if one.value == measure_text), None)
    if measure is None:
        row.wrong("measure", "is neither 'time' nor 'count'", "time 또는 count 가 아닙니다")
    daily_cap_units = row.whole("daily_cap_units")
    try:
        return RateVersion(
            rate_id=rate_id,
            programme=row.code_of_order("code"),
            name=row.name("name"),
            unit=row.text("unit", UNIT_LENGTH_MAX),
            coins=row.whole("coins"),
            per_units=row.whole("per_units"),
            first_day=row.ledger_day("effective_from"),
            last_day=row.ledger_day_or_open("effective_to"),
            daily_cap_units=daily_cap_units,
            min_age=row.whole("min_age"),
            measure=measure or Measure.COUNT,
            units_max=TIMED_DAILY_CAP_MINUTES if measure is Measure.TIME else daily_cap_units,
            expiry_months=expiry_months,
            basis=row.text("basis"),
        )
    except RateInvalid as error:
        field_name, bounds = error.fields["field"], error.fields["bounds"]
        row.wrong(str(field_name), f"must be {bounds}", f"{bounds} 범위여야 합니다")
        return None


def read_venues(data: bytes) -> list[VenueRow]:
    """The venues; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    problems, first_lines, venues = _Problems(), dict[str, int](), []
    for row in _rows_of(data, VENUE_COLUMNS, problems):
        dong = row.text("dong", DONG_LENGTH_MAX)
        venue = VenueRow(row.line, row.code("code"), row.name("name"), row.whole("step_coins"), dong)
        if venue.step_coins < 1:
            row.wrong("step_coins", "must be 1 or more", "1 이상이어야 합니다")
        _refuse_repeated(row, "code", venue.code, first_lines)
        venues.append(venue)
    problems.raise_any()
    return venues


def read_funds(data: bytes) -> list[FundRow]:
    """The funds; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    problems, first_lines, found = _Problems(), dict[str, int](), []
    for row in _rows_of(data, FUND_COLUMNS, problems):
        goal = row.whole("goal_coins") if row.text("goal_coins") else None
        fund = FundRow(row.line, row.code("code"), row.name("name"), row.name("body"), goal)
        if goal == 0:
            row.wrong("goal_coins", "must be 1 or more, or empty", "1 이상이거나 비어 있어야 합니다")
        _refuse_repeated(row, "code", fund.code, first_lines)
        found.append(fund)
    problems.raise_any()
    return found


def read_values(data: bytes) -> list[ValueRow]:
    """The coin's values by day, oldest first. Raises MasterFileInvalid and what `read_table` raises."""
    problems, values = _Problems(), list[ValueRow]()
    for row in _rows_of(data, VALUE_COLUMNS, problems):
        choice = row.text("choice").lower()
        value = ValueRow(row.line, row.ledger_day("effective_from"), row.whole("krw"), choice, row.text("basis"))
        if choice not in VALUE_CHOICES:
            row.wrong("choice", "is neither 'devalue' nor 'convert'", "devalue 또는 convert 가 아닙니다")
        if value.krw < 1:
            row.wrong("krw", "must be 1 or more", "1 이상이어야 합니다")
        if values and value.first_day <= values[-1].first_day:
            row.wrong("effective_from", "must be after the line above", "윗줄보다 뒤여야 합니다")
        values.append(value)
    problems.raise_any()
    return values


def read_limits(data: bytes) -> list[LimitRow]:
    """The limits; each once. `period` is `2024-05` for a desk's month and `2024` for a budget or a person's cap."""
    problems, first_lines, limits = _Problems(), dict[str, int](), []
    for row in _rows_of(data, LIMIT_COLUMNS, problems):
        limit, code, period = row.text("limit").lower(), row.code_or_none("code"), row.text("period")
        of_desk = limit in ("centre", "venue", "treasury")
        first_day = read_date(f"{period}-01" if of_desk else f"{period}-01-01")
        if limit not in LIMIT_KINDS:
            row.wrong("limit", f"is none of {', '.join(LIMIT_KINDS)}", f"{', '.join(LIMIT_KINDS)} 중 하나여야 합니다")
        elif first_day is None:
            wanted = "2024-05" if of_desk else "2024"
            row.wrong("period", f"is not a period (use {wanted})", f"기간이 아닙니다(예: {wanted})")
        else:
            row.within_ledger("period", first_day)
        if of_desk and not code:
            row.wrong("code", "is empty", "비어 있습니다")
        _refuse_repeated(row, "limit", f"{limit} {code} {period}", first_lines)
        effective_from = row.ledger_day_or_open("effective_from")
        if (
            effective_from is not None
            and first_day is not None
            and not (first_day <= effective_from <= _period_end(first_day, of_month=of_desk))
        ):
            row.wrong("effective_from", "is not within the period", "기간 안의 날짜가 아닙니다")
        limits.append(LimitRow(row.line, limit, code, first_day or date.min, row.whole("coins"), effective_from))
    problems.raise_any()
    return limits


def read_balances(data: bytes) -> list[BalanceRow]:
    """Balances to bring over, one line a lot. Raises MasterFileInvalid and what `read_table` raises."""
    problems, balances = _Problems(), []
    for row in _rows_of(data, BALANCE_COLUMNS, problems):
        balance = BalanceRow(
            line=row.line,
            member_number=row.code("회원번호", MEMBER_NUMBER_LENGTH_MAX),
            coins=row.whole("coins"),
            lot_day=row.ledger_day("lot_day"),
            expiry_months=row.whole("expiry_months"),
        )
        if not 1 <= balance.coins <= UNITS_MAX:
            row.wrong("coins", f"must be 1 to {UNITS_MAX}", f"1~{UNITS_MAX} 범위여야 합니다")
        if not 1 <= balance.expiry_months <= EXPIRY_MONTHS_MAX:
            row.wrong("expiry_months", f"must be 1 to {EXPIRY_MONTHS_MAX}", f"1~{EXPIRY_MONTHS_MAX} 범위여야 합니다")
        balances.append(balance)
    problems.raise_any()
    return balances


def _period_end(first_day: date, *, of_month: bool) -> date:
    return last_day_of_month(month_number(first_day)) if of_month else date(first_day.year, 12, 31)


def read_courses(data: bytes) -> list[CourseFileRow]:
    """The courses; each code once. Raises MasterFileInvalid and what `read_table` raises."""
    problems, first_lines, courses = _Problems(), dict[str, int](), []
    for row in _rows_of(data, COURSE_COLUMNS, problems):
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
        _refuse_repeated(row, "code", course.code, first_lines)
        courses.append(course)
    problems.raise_any()
    return courses
