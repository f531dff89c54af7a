from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger_service.domain.days import (
    add_months,
    age_on,
    civil_day,
    date_of,
    first_day_of_month,
    last_day_of_month,
    minus_months,
    month_number,
)


def test_the_first_civil_day_is_the_first_of_1970() -> None:
    assert civil_day(date(1970, 1, 1)) == 0
    assert civil_day(date(2024, 5, 2)) == 19_845
    assert civil_day(date(1969, 12, 31)) == -1


def test_a_civil_day_comes_back_as_its_date() -> None:
    days = [date(1969, 12, 31), date(2000, 2, 29), date(2024, 2, 29), date(2149, 6, 6)]
    assert [date_of(civil_day(day)) for day in days] == days


def test_months_are_counted_from_january_2020() -> None:
    assert month_number(date(2020, 1, 31)) == 0
    assert month_number(date(2024, 4, 1)) == 51
    assert month_number(date(2019, 12, 31)) == -1


def test_a_month_number_has_its_first_and_last_day() -> None:
    assert (first_day_of_month(49), last_day_of_month(49)) == (date(2024, 2, 1), date(2024, 2, 29))
    assert (first_day_of_month(-1), last_day_of_month(-1)) == (date(2019, 12, 1), date(2019, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 4, 11), 60, date(2029, 4, 11)),
        (date(2024, 11, 30), 3, date(2025, 2, 28)),
        (date(2024, 12, 15), 1, date(2025, 1, 15)),
        (date(2024, 12, 31), 0, date(2024, 12, 31)),
    ],
)
def test_months_added_clamp_to_the_end_of_the_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 5, 2), date(2024, 2, 2)),
        (date(2024, 5, 31), date(2024, 2, 29)),
        (date(2023, 5, 31), date(2023, 2, 28)),
        (date(2024, 5, 29), date(2024, 2, 29)),
        (date(2024, 1, 31), date(2023, 10, 31)),
        (date(2024, 3, 31), date(2023, 12, 31)),
    ],
)
def test_three_months_before_clamp_to_the_end_of_the_month(day: date, expected: date) -> None:
    assert minus_months(day, 3) == expected


@pytest.mark.parametrize(
    ("birth_date", "day", "age"),
    [
        (date(1964, 4, 11), date(2024, 4, 10), 59),
        (date(1964, 4, 11), date(2024, 4, 11), 60),
        (date(1964, 2, 29), date(2023, 2, 28), 58),
        (date(1964, 2, 29), date(2023, 3, 1), 59),
        (date(1964, 2, 29), date(2024, 2, 28), 59),
        (date(1964, 2, 29), date(2024, 2, 29), 60),
        (date(2024, 4, 12), date(2024, 4, 11), -1),
    ],
)
def test_a_year_of_age_begins_on_the_birthday(birth_date: date, day: date, age: int) -> None:
    assert age_on(birth_date, day) == age


def test_every_day_of_a_leap_cycle_has_a_number_of_its_own() -> None:
    days = [date(2023, 12, 31) + timedelta(days=step) for step in range(4 * 366)]
    assert [civil_day(day) for day in days] == list(range(civil_day(days[0]), civil_day(days[-1]) + 1))
