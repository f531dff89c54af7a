"""Civil days and months, in the two numberings of the ledger.

A civil day is the number of days since 1970-01-01 in the district's calendar (Asia/Seoul); a month number counts months
since January 2020. Month arithmetic clamps to the month's end: one month after 31 January is the last day of February.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_FIRST_MONTH_YEAR = 2020

# The days that the ledger speaks of: months count from the first, and the last is well within 16 bits of civil days.
FIRST_DAY = date(2020, 1, 1)
LAST_DAY = date(2100, 1, 1)


def civil_day(day: date) -> int:
    """Days since 1970-01-01; negative before it."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(civil_day_number: int) -> date:
    """The date of a civil day number."""
    return date.fromordinal(civil_day_number + _EPOCH_ORDINAL)


def month_number(day: date) -> int:
    """Months since January 2020; negative before it."""
    return (day.year - _FIRST_MONTH_YEAR) * 12 + day.month - 1


def first_day_of_month(month: int) -> date:
    """The first day of a month number."""
    return date(_FIRST_MONTH_YEAR + month // 12, month % 12 + 1, 1)


def last_day_of_month(month: int) -> date:
    """The last day of a month number."""
    return first_day_of_month(month + 1) - timedelta(days=1)


def read_month(text: str) -> int:
    """The month number of `2024-05`; ValueError where it is no month that the ledger speaks of."""
    day = date.fromisoformat(f"{text}-01")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{text} is not within {FIRST_DAY} to {LAST_DAY}")
    return month_number(day)


def month_name(month: int) -> str:
    """`2024-05`."""
    return f"{first_day_of_month(month):%Y-%m}"


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` later, or that month's last day where it has no such day."""
    first = first_day_of_month(month_number(day) + months)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def minus_months(day: date, months: int) -> date:
    """The same day of the month, `months` earlier, or that month's last day where it has no such day."""
    return add_months(day, -months)


SEOUL_AHEAD_SECONDS = 9 * 3600  # of UTC, all the year
DAY_SECONDS = 86_400
_SATURDAY = 5


def working_days_since(then: int, now: int) -> int:
    """Mondays to Fridays in Seoul after the day of `then`, up to that of `now` (UTC seconds). Holidays are not known, and count."""
    first, last = (date_of((seconds + SEOUL_AHEAD_SECONDS) // DAY_SECONDS) for seconds in (then, now))
    return sum((first + timedelta(days=past)).weekday() < _SATURDAY for past in range(1, (last - first).days + 1))


def age_on(birth_date: date, day: date) -> int:
    """Full years of age on a day; negative before birth.

    Who is born on 29 February is a year older on 1 March of a common year (Civil Act, article 160: a period ends with
    the last day of February where its own last day is missing).
    """
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday
