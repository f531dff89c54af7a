"""Programmes and their rates: a way to earn coins, and its versions by the day of the activity.

A version counts from its first to its last day, both included, and the versions of one programme never share a day.
Coins are whole: `coins_of` rounds down, once for each record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import pairwise

from ledger_service.domain.entries import UNITS_MAX
from ledger_service.errors import Invalid

RATE_ID_MAX = 2**16 - 1
TIMED_DAILY_CAP_MINUTES = 480  # DOMAIN rule 14: eight hours a person and day, over all centres and timed programmes
EXPIRY_MONTHS_DEFAULT = 60
EXPIRY_MONTHS_MAX = 1_200


class Measure(Enum):
    """How an act is measured."""

    TIME = "time"  # a session with a start and an end; units are minutes
    COUNT = "count"  # a quantity; units are what the programme names (bottle, item, session)


class RateInvalid(Invalid):
    """One field of a rate version is outside its bounds. Fields: programme, field, bounds."""

    code = "rate_invalid"

    def __init__(self, programme: str, field: str, bounds: str) -> None:
        super().__init__(
            f"Rate of programme '{programme}': {field} must be {bounds}.",
            f"활동 '{programme}'의 적립 기준: {field} 값은 {bounds} 범위여야 합니다.",
            programme=programme,
            field=field,
            bounds=bounds,
        )


class RatesOverlap(Invalid):
    """Two versions of one programme are in force on the same day. Fields: programme, first_day of each."""

    code = "rates_overlap"

    def __init__(self, earlier: RateVersion, later: RateVersion) -> None:
        super().__init__(
            f"Programme '{earlier.programme}': the version from {earlier.first_day} is still in force when the one "
            f"from {later.first_day} begins. End the earlier version on the day before.",
            f"활동 '{earlier.programme}': {earlier.first_day} 기준이 끝나기 전에 {later.first_day} 기준이 시작됩니다. "
            f"앞선 기준의 종료일을 전날로 고쳐 주세요.",
            programme=earlier.programme,
            earlier_first_day=earlier.first_day.isoformat(),
            later_first_day=later.first_day.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class RateVersion:
    """`coins` for every `per_units` units of an act done from `first_day` to `last_day` (None: open)."""

    rate_id: int
    programme: str
    name: str
    unit: str
    coins: int
    per_units: int
    first_day: date
    last_day: date | None
    daily_cap_units: int
    min_age: int
    measure: Measure
    units_max: int
    expiry_months: int
    basis: str = ""
    """The ordinance's article by which it earns, and its date (DOMAIN rule 1)."""

    def __post_init__(self) -> None:
        if not self.programme:
            raise RateInvalid(self.programme, "code", "filled in")
        self._within("rate_id", self.rate_id, 1, RATE_ID_MAX)
        self._within("coins", self.coins, 1, UNITS_MAX)
        self._within("per_units", self.per_units, 1, UNITS_MAX)
        self._within("daily_cap_units", self.daily_cap_units, 1, UNITS_MAX)
        self._within("min_age", self.min_age, 0, 150)
        self._within("units_max", self.units_max, 1, UNITS_MAX)
        self._within("expiry_months", self.expiry_months, 1, EXPIRY_MONTHS_MAX)
        if self.last_day is not None and self.last_day < self.first_day:
            raise RateInvalid(self.programme, "effective_to", f"{self.first_day} or later")

    def _within(self, field: str, value: int, least: int, most: int) -> None:
        if not least <= value <= most:
            raise RateInvalid(self.programme, field, f"{least}-{most}")

    def in_force_on(self, day: date) -> bool:
        """Whether an act of this day earns by this version."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)

    @property
    def person_day_cap_units(self) -> int:
        """What a person may be credited in a day: for a timed programme the minutes that all of them share."""
        return TIMED_DAILY_CAP_MINUTES if self.measure is Measure.TIME else self.daily_cap_units


def coins_of(units: int, rate: RateVersion) -> int:
    """Whole coins for these units, rounded down."""
    return units * rate.coins // rate.per_units


class RateTable:
    """All rate versions, looked up by programme and day. Raises RatesOverlap where two share a day."""

    __slots__ = ("_first_days", "_versions")

    def __init__(self, versions: Iterable[RateVersion]) -> None:
        self._versions: dict[str, tuple[RateVersion, ...]] = {}
        for version in sorted(versions, key=lambda one: one.first_day):
            self._versions[version.programme] = (*self._versions.get(version.programme, ()), version)
        for of_programme in self._versions.values():
            for earlier, later in pairwise(of_programme):
                if earlier.last_day is None or earlier.last_day >= later.first_day:
                    raise RatesOverlap(earlier, later)
        self._first_days = {code: [one.first_day for one in all_of] for code, all_of in self._versions.items()}

    def __iter__(self) -> Iterator[RateVersion]:
        """Every version, by programme and first day."""
        for of_programme in self._versions.values():
            yield from of_programme

    def has(self, programme: str) -> bool:
        """Whether there is a programme of this code, in force or not."""
        return programme in self._versions

    def versions_of(self, programme: str) -> tuple[RateVersion, ...]:
        """A programme's versions, earliest first; empty where there is no such programme."""
        return self._versions.get(programme, ())

    def measures_of(self, programme: str) -> frozenset[Measure]:
        """How the programme has ever been measured; every measure for a programme that does not exist."""
        return frozenset(one.measure for one in self.versions_of(programme)) or frozenset(Measure)

    def version_on(self, programme: str, day: date) -> RateVersion | None:
        """The version in force on a day, the day of the activity."""
        first_days = self._first_days.get(programme)
        if first_days is None:
            return None
        position = bisect_right(first_days, day) - 1
        if position < 0:
            return None
        version = self._versions[programme][position]
        return version if version.in_force_on(day) else None
