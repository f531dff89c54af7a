"""`make year`: live through a year, or its first months, and exit 0 where every sum agrees."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from scripts.year import looks, months
from scripts.year.district import ROOT, YEAR, Year, new_year
from scripts.year.months import day_of

MONTHS = 12
TOLD_AHEAD = {11: "expiry_60", 12: "expiry_30"}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make year", description=__doc__)
    parser.add_argument(
        "--months", type=int, default=MONTHS, choices=range(1, MONTHS + 1), help="live only the first ones"
    )
    parser.add_argument("--home", type=Path, default=ROOT / "var" / "year")
    asked = parser.parse_args()
    year = live(asked.home, asked.months)
    return 1 if year.differs else 0


def live(home: Path, months_lived: int = MONTHS) -> Year:
    """The year in an empty home; what differs stands in it."""
    if home.exists():
        shutil.rmtree(home)
    begun = time.monotonic()
    year = new_year(home)
    for month in range(1, months_lived + 1):
        before = dict(year.reckoning.sums)
        with year.on(day_of(month)):
            if month == 1:
                months.set_up(year)
            else:
                looks.close(year, month - 1)
            if month in TOLD_AHEAD:
                months.expect_notices(year, day_of(month), TOLD_AHEAD[month])
            months.live(year, month)
            looks.compare(year, f"{YEAR}-{month:02d}", month, before)
    if months_lived == MONTHS:
        december(year)
    with year.on(day_of(months_lived + 1)):
        looks.close(year, months_lived)
        looks.audit(year)
    looks.show(year, time.monotonic() - begun)
    return year


def december(year: Year) -> None:
    """People are told a last time, then what counted up to the fifteenth expires."""
    before = dict(year.reckoning.sums)
    told, run = day_of(12).replace(day=9), day_of(12).replace(day=20)
    with year.on(told):
        months.expect_notices(year, told, "expiry_7")
    with year.on(run):
        months.expire(year, run)
        row = year.rows.pop()
        looks.compare(year, row[0], 12, before)
        fresh = year.rows.pop()
        year.rows.append(
            [row[0], *(_added(one, other) for one, other in zip(row[1:-2], fresh[1:-2], strict=True)), *fresh[-2:]]
        )


def _added(one: str, other: str) -> str:
    return f"{int(one.replace(',', '')) + int(other.replace(',', '')):,}"


if __name__ == "__main__":
    raise SystemExit(main())
