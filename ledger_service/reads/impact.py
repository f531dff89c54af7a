"""What the coins did for the district: sums by programme, month, venue and fund, without a cell that stands for fewer than five people.

They scan the entries: the pages keep an answer for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select

from ledger_service.domain.days import date_of, first_day_of_month, month_number
from ledger_service.domain.disclosure import PEOPLE_LEAST, hidden_cells
from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import entries
from ledger_service.journal.unit import Journal, Unit

BY_MONTH = (Kind.CREDIT, Kind.REDEEM, Kind.DONATE, Kind.EXPIRE)


@dataclass(frozen=True, slots=True)
class Deed:
    """What residents did in one programme. None: fewer than five people, or it would give such a cell away."""

    programme: str
    name: str
    unit: str
    units: int | None
    coins: int | None
    people: int | None


@dataclass(frozen=True, slots=True)
class MonthSum:
    """Coins of one month, by the day on which they were accepted. None as above."""

    month: date
    credited: int | None
    spent: int | None
    donated: int | None
    expired: int | None


@dataclass(frozen=True, slots=True)
class PlaceSum:
    """Coins spent at a venue, or given to a fund. None as above."""

    name: str
    coins: int | None


@dataclass(frozen=True, slots=True)
class Impact:
    """Sums of what was accepted and not skipped. The totals are None while they stand for fewer than five people."""

    credited: int | None
    spent: int | None
    refunded: int | None
    donated: int | None
    people: int | None
    deeds: list[Deed]
    months: list[MonthSum]
    venues: list[PlaceSum]
    funds: list[PlaceSum]


@dataclass(frozen=True, slots=True)
class _Cell:
    coins: int
    units: int
    people: int


def impact(journal: Journal) -> Impact:
    """All of it, from one moment of the books."""
    with journal.read() as unit:
        kinds = _cells(unit, entries.c.kind)
        rates = {rate.rate_id: rate for rate in unit.master.rate_versions()}
        by_rate = _cells(unit, entries.c.ref, kind=Kind.CREDIT)
        by_day = {kind: _cells(unit, entries.c.accepted_day, kind=kind) for kind in BY_MONTH}
        by_desk = _cells(unit, entries.c.desk, kind=Kind.REDEEM)
        by_fund = _cells(unit, entries.c.ref, kind=Kind.DONATE)
        people_of_programme = _people_of(unit, {rate_id: rate.programme for rate_id, rate in rates.items()}, by_rate)
        people_of_month = {kind: _people_by_month(unit, kind) for kind in by_day}
        people = unit.connection.execute(
            select(func.count(entries.c.person_id.distinct())).where(_APPLIED)
        ).scalar_one()
        desks = {desk.number: desk.name for desk in unit.master.desks()}
        funds = {fund.number: fund.name for fund in unit.master.funds()}
    hidden = hidden_cells(people_of_programme)
    deeds = []
    for programme, count in people_of_programme.items():
        versions = [rate for rate in rates.values() if rate.programme == programme]
        cells = [by_rate[rate.rate_id] for rate in versions if rate.rate_id in by_rate]
        shown = programme not in hidden
        deeds.append(
            Deed(
                programme,
                versions[-1].name,
                versions[-1].unit,
                sum(cell.units for cell in cells) if shown else None,
                sum(cell.coins for cell in cells) if shown else None,
                count if shown else None,
            )
        )
    deeds.sort(key=lambda deed: (-(deed.coins or 0), deed.name))
    return Impact(
        credited=_total(kinds, Kind.CREDIT),
        spent=_total(kinds, Kind.REDEEM),
        refunded=_total(kinds, Kind.REFUND),
        donated=_total(kinds, Kind.DONATE),
        people=people if people >= PEOPLE_LEAST else None,
        deeds=deeds,
        months=_months(by_day, people_of_month),
        venues=_places(by_desk, desks),
        funds=_places(by_fund, funds),
    )


_APPLIED = entries.c.skip_reason.is_(None)


def _cells(unit: Unit, column: ColumnElement[int], kind: Kind | None = None) -> dict[int, _Cell]:
    query = select(
        column, func.sum(entries.c.coins), func.sum(entries.c.units), func.count(entries.c.person_id.distinct())
    ).where(_APPLIED)
    if kind is not None:
        query = query.where(entries.c.kind == int(kind))
    return {row[0]: _Cell(int(row[1]), int(row[2]), row[3]) for row in unit.connection.execute(query.group_by(column))}


def _people_of(unit: Unit, programme_of: Mapping[int, str], by_rate: Mapping[int, _Cell]) -> dict[str, int]:
    """People by programme: those of its versions counted once."""
    rate_ids: dict[str, list[int]] = {}
    for rate_id in by_rate:
        rate_ids.setdefault(programme_of[rate_id], []).append(rate_id)
    counts = {}
    for programme, ids in rate_ids.items():
        if len(ids) == 1:
            counts[programme] = by_rate[ids[0]].people
            continue
        query = select(func.count(entries.c.person_id.distinct())).where(
            _APPLIED, entries.c.kind == int(Kind.CREDIT), entries.c.ref.in_(ids)
        )
        counts[programme] = int(unit.connection.execute(query).scalar_one())
    return counts


def _people_by_month(unit: Unit, kind: Kind) -> dict[int, int]:
    rows = unit.connection.execute(
        select(entries.c.accepted_day, entries.c.person_id).where(_APPLIED, entries.c.kind == int(kind)).distinct()
    )
    people: dict[int, set[str]] = {}
    for day, person_id in rows:
        people.setdefault(month_number(date_of(day)), set()).add(person_id)
    return {month: len(found) for month, found in people.items()}


def _months(by_day: Mapping[Kind, Mapping[int, _Cell]], people: Mapping[Kind, Mapping[int, int]]) -> list[MonthSum]:
    coins: dict[Kind, dict[int, int]] = {}
    for kind, cells in by_day.items():
        sums = coins.setdefault(kind, {})
        for day, cell in cells.items():
            month = month_number(date_of(day))
            sums[month] = sums.get(month, 0) + cell.coins
    hidden = {kind: hidden_cells(counts) for kind, counts in people.items()}
    months = sorted({month for sums in coins.values() for month in sums})

    def shown(kind: Kind, month: int) -> int | None:
        return None if month in hidden[kind] else coins[kind].get(month, 0)

    return [MonthSum(first_day_of_month(month), *(shown(kind, month) for kind in BY_MONTH)) for month in months]


def _places(cells: Mapping[int, _Cell], names: Mapping[int, str]) -> list[PlaceSum]:
    hidden = hidden_cells({number: cell.people for number, cell in cells.items()})
    found = [PlaceSum(names[number], None if number in hidden else cell.coins) for number, cell in cells.items()]
    return sorted(found, key=lambda place: (-(place.coins or 0), place.name))


def _total(kinds: Mapping[int, _Cell], kind: Kind) -> int | None:
    cell = kinds.get(kind)
    if cell is None:
        return 0
    return cell.coins if cell.people >= PEOPLE_LEAST else None
