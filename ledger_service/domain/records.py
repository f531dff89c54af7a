"""Activity records and their judging: every row gets exactly one outcome.

`judge` takes rows of text in file order and says of each what it becomes, against what the ledger already holds
(`Standing`) and the rows above. Preview, submission, approval and the entry of a single act all use it, so that they
cannot disagree. It reads text leniently (full-width digits, stray spaces) and judges strictly. Pure: the import day
comes in as `as_of`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from ledger_service.domain.cells import plain_code, plain_name, read_date, read_quantity, read_time
from ledger_service.domain.days import age_on, minus_months
from ledger_service.domain.rates import Measure, RateTable, RateVersion, coins_of

ENTRY_WINDOW_MONTHS = 3  # DOMAIN rule 15: later only with evidence and a higher approver

Text = TypeVar("Text")
Value = TypeVar("Value")

_LOST_DIGITS: Final = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+[0-9]+")


class Outcome(StrEnum):
    """What a row becomes, in the order of judging: the first that applies."""

    MALFORMED = "malformed"
    UNKNOWN_PROGRAMME = "unknown_programme"
    UNKNOWN_CENTER = "unknown_center"
    NOT_IN_FORCE = "not_in_force"
    UNKNOWN_MEMBER = "unknown_member"
    IDENTITY_MISMATCH = "identity_mismatch"
    FUTURE_DATE = "future_date"
    TOO_LATE = "too_late"
    DUPLICATE_RECORD = "duplicate_record"
    NOT_ELIGIBLE = "not_eligible"
    OVERLAP = "overlap"
    CAPPED = "capped"
    OK = "ok"

    @property
    def accepted(self) -> bool:
        """Whether the act is recorded; only such rows count for duplicates, overlaps and caps."""
        return self in _ACCEPTED


_ACCEPTED: Final = frozenset({Outcome.CAPPED, Outcome.OK})


class Fault(StrEnum):
    """Which cell made a row `malformed` or an `identity_mismatch`, for whoever repairs it."""

    ROW_SHIFTED = "row_shifted"
    RECORD_NUMBER_EMPTY = "record_number_empty"
    RECORD_NUMBER_ROUNDED = "record_number_rounded"
    MEMBER_NUMBER_EMPTY = "member_number_empty"
    DATE_UNREADABLE = "date_unreadable"
    TIME_UNREADABLE = "time_unreadable"
    END_NOT_AFTER_START = "end_not_after_start"
    QUANTITY_UNREADABLE = "quantity_unreadable"
    NAME_DIFFERS = "name_differs"
    BIRTH_DATE_DIFFERS = "birth_date_differs"


# RawRow and Judgement are tuples, not dataclasses: a file makes one of each per row, and a frozen dataclass of this
# width costs three times as much to build.
class RawRow(NamedTuple):
    """One row as it was given: text, untouched. `surplus_cells` counts filled cells to the right of the last column."""

    line: int
    record_number: str
    member_number: str
    name: str
    birth_date: str
    center: str
    programme: str
    activity_day: str
    start: str
    end: str
    quantity: str
    remark: str = ""
    surplus_cells: int = 0

    def __repr__(self) -> str:
        return f"RawRow(line={self.line})"  # the cells are personal data and a repr ends up in logs


class Judgement(NamedTuple):
    """What one row becomes. Of a refused row the fields say as much as was read before it was refused."""

    line: int
    outcome: Outcome
    fault: Fault | None
    coins: int
    units: int  # the row's own units: minutes or quantity
    counted_units: int  # those within the daily cap, which earn
    rate_id: int | None
    person_id: str | None
    center: str
    programme: str
    activity_day: date | None
    start_minute: int | None
    end_minute: int | None
    record_number: str


@dataclass(frozen=True, slots=True)
class Person:
    """What the judge needs of a member. `person_id` is the ledger's own; two member numbers may be one person."""

    person_id: str
    member_number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)


@dataclass(slots=True)
class Standing:
    """What the ledger holds, as far as new rows are judged against it: accepted and reserved records.

    Mutable on purpose: the judge folds every row it accepts into it, so judging a second file against the same
    standing sees the first. `record_numbers` are those of one source, in their plain form (`plain_code`); the rest
    covers all sources and all centres, and is needed only for the persons and days of the rows at hand.
    """

    record_numbers: set[str] = field(default_factory=set)
    sessions: dict[tuple[str, date], list[tuple[int, int]]] = field(default_factory=dict)
    timed_minutes: dict[tuple[str, date], int] = field(default_factory=dict)
    counted_units: dict[tuple[str, date, str], int] = field(default_factory=dict)

    def overlaps(self, person_id: str, day: date, start: int, end: int) -> bool:
        """Whether an accepted session of that day shares a minute with this one; one may begin when another ends."""
        accepted = self.sessions.get((person_id, day), ())
        return any(start < other_end and other_start < end for other_start, other_end in accepted)

    def used_units(self, person_id: str, day: date, rate: RateVersion) -> int:
        """Units already counted towards the cap that this rate falls under."""
        if rate.measure is Measure.TIME:
            return self.timed_minutes.get((person_id, day), 0)
        return self.counted_units.get((person_id, day, rate.programme), 0)

    def fold(self, judgement: Judgement) -> None:
        """Count an accepted row. A refused one changes nothing."""
        person_id, day = judgement.person_id, judgement.activity_day
        if not judgement.outcome.accepted or person_id is None or day is None:
            return
        self.record_numbers.add(judgement.record_number)
        if judgement.start_minute is not None and judgement.end_minute is not None:
            self.sessions.setdefault((person_id, day), []).append((judgement.start_minute, judgement.end_minute))
            self.timed_minutes[person_id, day] = self.timed_minutes.get((person_id, day), 0) + judgement.counted_units
        else:
            key = (person_id, day, judgement.programme)
            self.counted_units[key] = self.counted_units.get(key, 0) + judgement.counted_units


class _Measured(NamedTuple):
    units: int
    start: int | None
    end: int | None


class _Known(NamedTuple):
    """A row whose cells are readable, before it is judged."""

    row: RawRow
    record_number: str
    member_number: str
    center: str
    programme: str
    day: date
    rate: RateVersion | None
    measured: _Measured


class _Memory(dict[Text, Value]):
    """What a reader made of each text: a file repeats few dates, times and codes."""

    def __init__(self, read: Callable[[Text], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: Text) -> Value:
        self[text] = value = self._read(text)
        return value


def earliest_day(as_of: date) -> date:
    """The first day of activity that may still be entered; days before it are too late (DOMAIN rule 15)."""
    return minus_months(as_of, ENTRY_WINDOW_MONTHS)


class _Judge:
    """One judging: the given tables, the standing, and what was read before."""

    def __init__(
        self,
        as_of: date,
        people: Mapping[str, Person],
        rates: RateTable,
        centers: Container[str],
        standing: Standing,
    ) -> None:
        self._as_of = as_of
        self._earliest_day = earliest_day(as_of)
        self._people = people
        self._rates = rates
        self._centers = centers
        self._standing = standing
        self._dates = _Memory(read_date)
        self._times = _Memory(read_time)
        self._codes = _Memory(plain_code)
        self._rates_on: _Memory[tuple[str, date], RateVersion | None] = _Memory(lambda key: rates.version_on(*key))

    def judge(self, row: RawRow) -> Judgement:
        known = self._read(row)
        if isinstance(known, Judgement):
            return known
        person = self._people.get(known.member_number)
        outcome, fault = self._refusal(known, person)
        if outcome is not None:
            return _judgement(known, outcome, fault, None if person is None else person.person_id)
        assert person is not None and known.rate is not None  # `_refusal` has turned both away
        used = self._standing.used_units(person.person_id, known.day, known.rate)
        units_left = max(0, known.rate.person_day_cap_units - used)
        # units_max too: an entry above it would be skipped on the chain
        counted_units = min(known.measured.units, units_left, known.rate.units_max)
        outcome = Outcome.OK if counted_units == known.measured.units else Outcome.CAPPED
        judgement = _judgement(known, outcome, None, person.person_id, counted_units)
        self._standing.fold(judgement)
        return judgement

    def _read(self, row: RawRow) -> _Known | Judgement:
        """The row's cells as values, or the judgement `malformed`."""
        record_number = plain_code(row.record_number)
        member_number = plain_code(row.member_number)
        center, programme = self._codes[row.center], self._codes[row.programme]
        day = self._dates[row.activity_day]
        fault: Fault | None
        if row.surplus_cells:
            fault = Fault.ROW_SHIFTED
        elif not record_number:
            fault = Fault.RECORD_NUMBER_EMPTY
        elif "+" in record_number and _LOST_DIGITS.fullmatch(record_number):
            # 2.40401E+11: a spreadsheet has rounded the number, and other records round to the same
            fault = Fault.RECORD_NUMBER_ROUNDED
        elif not member_number:
            fault = Fault.MEMBER_NUMBER_EMPTY
        elif day is None:
            fault = Fault.DATE_UNREADABLE
        else:
            rate = self._rates_on[programme, day]
            measured = self._measured(row, programme, rate)
            if isinstance(measured, _Measured):
                return _Known(row, record_number, member_number, center, programme, day, rate, measured)
            fault = measured
        return Judgement(
            row.line, Outcome.MALFORMED, fault, 0, 0, 0, None, None, center, programme, day, None, None, record_number
        )

    def _measured(self, row: RawRow, programme: str, rate: RateVersion | None) -> _Measured | Fault:
        """The row's units. A programme looks only at its own cells: a session at the times, a count at the quantity.

        Where no version says how to measure (an unknown programme, or a day without one) the row has to be readable
        in one of the ways it could be meant.
        """
        if rate is not None:
            return self._session(row) if rate.measure is Measure.TIME else _count(row)
        measures = self._rates.measures_of(programme)
        readings = [_count(row)] if Measure.COUNT in measures else []
        if Measure.TIME in measures:
            by_times = bool(row.start.strip() or row.end.strip())
            readings.insert(0 if by_times else len(readings), self._session(row))
        return next((one for one in readings if isinstance(one, _Measured)), readings[0])

    def _session(self, row: RawRow) -> _Measured | Fault:
        start, end = self._times[row.start], self._times[row.end]
        if start is None or end is None:
            return Fault.TIME_UNREADABLE
        if end <= start:
            return Fault.END_NOT_AFTER_START
        return _Measured(end - start, start, end)

    def _refusal(self, known: _Known, person: Person | None) -> tuple[Outcome | None, Fault | None]:
        """Why a readable row is not accepted, the first reason that applies, and the cell to blame where it is one."""
        outcome: Outcome | None = None
        if not self._rates.has(known.programme):
            outcome = Outcome.UNKNOWN_PROGRAMME
        elif known.center not in self._centers:
            outcome = Outcome.UNKNOWN_CENTER
        elif known.rate is None and known.day <= self._as_of:
            outcome = Outcome.NOT_IN_FORCE
        elif person is None:
            outcome = Outcome.UNKNOWN_MEMBER
        elif (fault := self._difference(known.row, person)) is not None:
            return Outcome.IDENTITY_MISMATCH, fault
        elif known.day > self._as_of:
            outcome = Outcome.FUTURE_DATE
        elif known.day < self._earliest_day:
            outcome = Outcome.TOO_LATE
        elif known.record_number in self._standing.record_numbers:
            outcome = Outcome.DUPLICATE_RECORD
        elif known.rate is not None and age_on(person.birth_date, known.day) < known.rate.min_age:
            outcome = Outcome.NOT_ELIGIBLE
        elif self._overlaps(known, person):
            outcome = Outcome.OVERLAP
        return outcome, None

    def _overlaps(self, known: _Known, person: Person) -> bool:
        _, start, end = known.measured
        if start is None or end is None:
            return False
        return self._standing.overlaps(person.person_id, known.day, start, end)

    def _difference(self, row: RawRow, person: Person) -> Fault | None:
        if row.name != person.name and plain_name(row.name) != plain_name(person.name):
            return Fault.NAME_DIFFERS
        if self._dates[row.birth_date] != person.birth_date:
            return Fault.BIRTH_DATE_DIFFERS
        return None


def _count(row: RawRow) -> _Measured | Fault:
    quantity = read_quantity(row.quantity)
    return Fault.QUANTITY_UNREADABLE if quantity is None else _Measured(quantity, None, None)


def _judgement(
    known: _Known, outcome: Outcome, fault: Fault | None, person_id: str | None, counted_units: int = 0
) -> Judgement:
    row, record_number, _, center, programme, day, rate, (units, start, end) = known
    coins, rate_id = (0, None) if rate is None else (coins_of(counted_units, rate), rate.rate_id)
    return Judgement(
        row.line, outcome, fault, coins, units, counted_units, rate_id, person_id, center, programme, day, start, end,
        record_number,
    )  # fmt: skip


def judge(
    rows: Iterable[RawRow],
    as_of: date,
    people: Mapping[str, Person],
    rates: RateTable,
    centers: Container[str],
    standing: Standing,
) -> list[Judgement]:
    """One judgement for each row, in order; accepted rows are folded into `standing` as it goes.

    `people` is keyed by the member number's plain form (`plain_code`), and `centers` holds codes in theirs.
    """
    bench = _Judge(as_of, people, rates, centers, standing)
    return [bench.judge(row) for row in rows]
