"""What anybody may read: rates, coin values, funds, courses; and for staff the desks with what is left of their limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.prices import coins_at_most
from ledger_service.errors import NotFound
from ledger_service.journal.courses import CourseRow
from ledger_service.journal.unit import Journal
from ledger_service.reads.paging import cut


@dataclass(frozen=True, slots=True)
class ProgrammeLine:
    """A version of a rate: `coins` for each `per_units` of activity on days from `first_day` to `last_day`."""

    rate_id: int
    programme: str
    name: str
    unit: str
    measure: str
    coins: int
    per_units: int
    first_day: date
    last_day: date | None
    daily_cap_units: int
    min_age: int
    expiry_months: int
    basis: str


@dataclass(frozen=True, slots=True)
class CoinValueLine:
    """What a coin is worth in won from a day on. Of a change, `choice` says what becomes of outstanding coins, `basis` by which article."""

    first_day: date
    krw: int
    choice: str
    basis: str


@dataclass(frozen=True, slots=True)
class FundLine:
    """A donation project, the listed body that receives its money, and how many coins it wants to gather (None: not said)."""

    code: str
    name: str
    body: str
    active: bool
    goal_coins: int | None


@dataclass(frozen=True, slots=True)
class Programmes:
    """The public rate table."""

    programmes: list[ProgrammeLine]
    coin_values: list[CoinValueLine]
    funds: list[FundLine]


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A desk; `limit`, `used` and `left` are coins of its month. `used` counts what waits for approval too."""

    number: int
    kind: str
    code: str
    name: str
    step_coins: int
    month: str
    limit: int
    used: int
    left: int
    sealed_seq: int
    stopped: str | None


@dataclass(frozen=True, slots=True)
class Desks:
    """Every desk by number, and the year's budget."""

    desks: list[DeskLine]
    budget_year: int
    budget: int
    budget_used: int
    budget_left: int


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A course; `coins_max` is what of its price coins can pay today, in steps of `step_coins`."""

    id: str
    code: str
    desk: int
    name: str
    first_day: date
    last_day: date
    seats: int
    seats_left: int
    price_krw: int
    coins_max: int
    step_coins: int


@dataclass(frozen=True, slots=True)
class CoursesPage:
    """By code."""

    courses: list[CourseLine]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """Where coins are taken, in steps of so many, and in which dong that is (empty: not said)."""

    number: int
    code: str
    name: str
    step_coins: int
    dong: str


def places(journal: Journal) -> list[PlaceLine]:
    """The venues by name."""
    with journal.read() as unit:
        venues = [desk for desk in unit.master.desks() if desk.kind is DeskKind.VENUE]
    return sorted(
        (PlaceLine(one.number, one.code, one.name, one.step_coins, one.dong) for one in venues),
        key=lambda one: one.name,
    )


def coin_value(journal: Journal, day: date) -> int | None:
    """What a coin is worth in won on a day."""
    with journal.read() as unit:
        return unit.master.coin_value(civil_day(day))


def course(journal: Journal, course_id: str, today: date) -> CourseLine:
    """One course, or NotFound."""
    with journal.read() as unit:
        row = unit.courses.course(course_id)
        if row is None:
            raise NotFound(f"there is no course {course_id}", "해당 강좌가 없습니다")
        venue = unit.master.desk(row.desk)
        krw = unit.master.coin_value(civil_day(today))
    assert venue is not None  # a foreign key says so
    return _course_line(row, venue.step_coins, krw)


def programmes(journal: Journal) -> Programmes:
    """Rates, coin values and funds, all versions."""
    with journal.read() as unit:
        rates, values, funds = unit.master.rate_versions(), unit.master.value_changes(), unit.master.funds()
    return Programmes(
        [
            ProgrammeLine(
                rate_id=rate.rate_id,
                programme=rate.programme,
                name=rate.name,
                unit=rate.unit,
                measure=rate.measure.value,
                coins=rate.coins,
                per_units=rate.per_units,
                first_day=rate.first_day,
                last_day=rate.last_day,
                daily_cap_units=rate.daily_cap_units,
                min_age=rate.min_age,
                expiry_months=rate.expiry_months,
                basis=rate.basis,
            )
            for rate in rates
        ],
        [CoinValueLine(date_of(first_day), krw, choice, basis) for first_day, krw, choice, basis in values],
        [FundLine(fund.code, fund.name, fund.body, fund.active, fund.goal_coins) for fund in funds],
    )


def desks(journal: Journal, today: date) -> Desks:
    """Every desk with its month's limit. The office (desk 0) has none."""
    with journal.read() as unit:
        budget = unit.limits.budget(today.year, day=civil_day(today))
        lines = []
        for desk in unit.master.desks():
            limit = unit.limits.desk_limit(desk.number, month_number(today), day=civil_day(today))
            lines.append(
                DeskLine(
                    number=desk.number,
                    kind=desk.kind.name.lower(),
                    code=desk.code,
                    name=desk.name,
                    step_coins=desk.step_coins,
                    month=f"{today:%Y-%m}",
                    limit=limit.coins,
                    used=limit.reserved,
                    left=limit.left,
                    sealed_seq=desk.sealed_seq,
                    stopped=desk.stopped,
                )
            )
    return Desks(lines, today.year, budget.coins, budget.reserved, budget.left)


def courses(journal: Journal, today: date, after: str, rows_max: int, desk: int | None = None) -> CoursesPage:
    """Courses by code, with the seats that are left: of one venue or of all."""
    with journal.read() as unit:
        rows = unit.courses.courses(after, rows_max + 1, desk)
        steps = {desk.number: desk.step_coins for desk in unit.master.desks()}
        krw = unit.master.coin_value(civil_day(today))
    page, last = cut(rows, rows_max)
    lines = [_course_line(row, steps[row.desk], krw) for row in page]
    return CoursesPage(lines, last.code if last else None)


def _course_line(row: CourseRow, step_coins: int, krw_per_coin: int | None) -> CourseLine:
    return CourseLine(
        id=row.id,
        code=row.code,
        desk=row.desk,
        name=row.name,
        first_day=date_of(row.first_day),
        last_day=date_of(row.last_day),
        seats=row.seats,
        seats_left=row.seats - row.seats_taken,
        price_krw=row.price_krw,
        coins_max=coins_at_most(row.price_krw, krw_per_coin, step_coins) if krw_per_coin else 0,
        step_coins=step_coins,
    )
