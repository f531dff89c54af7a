"""Master files of what coins are: programmes.csv (how they are earned), values.csv (what one is worth), limits.csv (how many there may be)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger_service.domain.cells import read_date
from ledger_service.domain.days import last_day_of_month, month_number
from ledger_service.domain.rates import (
    EXPIRY_MONTHS_DEFAULT,
    TIMED_DAILY_CAP_MINUTES,
    Measure,
    RateInvalid,
    RateTable,
    RateVersion,
)
from ledger_service.services.master_file import Row, master_rows
from ledger_service.services.table_errors import Columns

UNIT_LENGTH_MAX = 32
VALUE_CHOICES = ("", "devalue", "convert")
LIMITS_OF_DESKS = ("centre", "venue", "treasury")
LIMITS = (*LIMITS_OF_DESKS, "budget", "person")

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
VALUE_COLUMNS = Columns(required=("effective_from", "krw"), optional=("choice", "basis"))
LIMIT_COLUMNS = Columns(required=("limit", "code", "period", "coins"), optional=("effective_from",))


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
    """A limit in coins: of a desk's month (centre, venue, treasury), of a year (budget), or of a person's month in a year
    (person). `first_day` is its period's; `effective_from`: a day within the period from which it is so; None: all of it."""

    line: int
    limit: str
    code: str
    first_day: date
    coins: int
    effective_from: date | None


def read_programmes(data: bytes) -> list[RateVersion]:
    """The rate versions in file order, with ids from 1; together they make a RateTable.

    The most units of one entry are the daily cap: for a timed programme the minutes that all of them share, whatever
    the file says. Raises MasterFileInvalid, RatesOverlap and what `read_table` raises.
    """
    versions = []
    for rate_id, row in enumerate(master_rows(data, PROGRAMME_COLUMNS), start=1):
        version = _rate_of(row, rate_id)
        if version is not None:
            versions.append(version)
    RateTable(versions)  # refuses versions that share a day
    return versions


def _rate_of(row: Row, rate_id: int) -> RateVersion | None:
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
            expiry_months=EXPIRY_MONTHS_DEFAULT,
            basis=row.text("basis"),
        )
    except RateInvalid as error:
        field_name, bounds = error.fields["field"], error.fields["bounds"]
        row.wrong(str(field_name), f"must be {bounds}", f"{bounds} 범위여야 합니다")
        return None


def read_values(data: bytes) -> list[ValueRow]:
    """The coin's values by day, oldest first. Raises MasterFileInvalid and what `read_table` raises."""
    values = list[ValueRow]()
    for row in master_rows(data, VALUE_COLUMNS):
        choice = row.text("choice").lower()
        value = ValueRow(row.line, row.ledger_day("effective_from"), row.whole("krw"), choice, row.text("basis"))
        if choice not in VALUE_CHOICES:
            row.wrong("choice", "is neither 'devalue' nor 'convert'", "devalue 또는 convert 가 아닙니다")
        if value.krw < 1:
            row.wrong("krw", "must be 1 or more", "1 이상이어야 합니다")
        if values and value.first_day <= values[-1].first_day:
            row.wrong("effective_from", "must be after the line above", "윗줄보다 뒤여야 합니다")
        values.append(value)
    return values


def read_limits(data: bytes) -> list[LimitRow]:
    """The limits; each once. `period` is `2024-05` for a desk's month and `2024` for a budget or a person's cap."""
    limits = []
    for row in master_rows(data, LIMIT_COLUMNS):
        limit, code, period = row.text("limit").lower(), row.code_or_empty("code"), row.text("period")
        of_desk = limit in LIMITS_OF_DESKS
        first_day = read_date(f"{period}-01" if of_desk else f"{period}-01-01")
        if limit not in LIMITS:
            row.wrong("limit", f"is none of {', '.join(LIMITS)}", f"{', '.join(LIMITS)} 중 하나여야 합니다")
        elif first_day is None:
            wanted = "2024-05" if of_desk else "2024"
            row.wrong("period", f"is not a period (use {wanted})", f"기간이 아닙니다(예: {wanted})")
        else:
            row.within_ledger("period", first_day)
        if of_desk and not code:
            row.wrong("code", "is empty", "비어 있습니다")
        row.once("limit", f"{limit} {code} {period}")
        effective_from = row.ledger_day_or_open("effective_from")
        if (
            effective_from is not None
            and first_day is not None
            and not (first_day <= effective_from <= _period_end(first_day, of_month=of_desk))
        ):
            row.wrong("effective_from", "is not within the period", "기간 안의 날짜가 아닙니다")
        limits.append(LimitRow(row.line, limit, code, first_day or date.min, row.whole("coins"), effective_from))
    return limits


def _period_end(first_day: date, *, of_month: bool) -> date:
    return last_day_of_month(month_number(first_day)) if of_month else date(first_day.year, 12, 31)
