"""What is in force, as rows of the master files that would propose or load it: to be changed, and uploaded again. Unchanged they do nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ledger_service.domain.days import civil_day, date_of, month_name, month_number
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import NotFound
from ledger_service.journal.unit import Journal, Unit

Cells = dict[str, object]
"""One row: column → cell, empty where it is missing."""

COURSES_MAX = 10_000  # of a file

_KINDS = {"centre": DeskKind.CENTRE, "venue": DeskKind.VENUE, "treasury": DeskKind.TREASURY}


def master_rows_in_force(journal: Journal, kind: str, today: date) -> list[Cells]:
    """The rows of a kind of master file; limits are those of today's month and year. Raises NotFound where it is no such file."""
    rows = _ROWS.get(kind)
    if rows is None:
        raise NotFound(f"there is no file {kind}", "해당 파일이 없습니다")
    with journal.read() as unit:
        return rows(unit, today)


def courses_to_come(journal: Journal, today: date, desk: int | None) -> list[Cells]:
    """The courses that are not over, as rows of courses.csv: of one venue or of all. Loaded unchanged they add nothing."""
    with journal.read() as unit:
        rows = unit.courses.not_over(civil_day(today), COURSES_MAX, desk)
        codes = {one.number: one.code for one in unit.master.desks()}
    return [
        {
            "code": one.code,
            "venue": codes[one.desk],
            "name": one.name,
            "first_day": date_of(one.first_day).isoformat(),
            "last_day": date_of(one.last_day).isoformat(),
            "seats": one.seats,
            "price_krw": one.price_krw,
        }
        for one in rows
    ]


def _programmes(unit: Unit, _today: date) -> list[Cells]:
    return [
        {
            "code": rate.programme,
            "name": rate.name,
            "unit": rate.unit,
            "coins": rate.coins,
            "per_units": rate.per_units,
            "effective_from": rate.first_day.isoformat(),
            "effective_to": rate.last_day.isoformat() if rate.last_day else "",
            "daily_cap_units": rate.daily_cap_units,
            "min_age": rate.min_age,
            "measure": rate.measure.value,
            "basis": rate.basis,
        }
        for rate in unit.master.rate_versions()
    ]


def _values(unit: Unit, _today: date) -> list[Cells]:
    return [
        {"effective_from": date_of(first_day).isoformat(), "krw": krw, "choice": choice, "basis": basis}
        for first_day, krw, choice, basis in sorted(unit.master.value_changes())
    ]


def _limits(unit: Unit, today: date) -> list[Cells]:
    year, month = today.year, month_number(today)
    limits = unit.limits
    found = [
        ("budget", "", str(year), limits.budget(year).coins, limits.ahead("budgets", year=year)),
        ("person", "", str(year), limits.person_cap(year), limits.ahead("person_caps", year=year)),
    ]
    for name, kind in _KINDS.items():
        found += [
            (
                name,
                desk.code,
                month_name(month),
                limits.desk_limit(desk.number, month).coins,
                limits.ahead("desk_limits", desk=desk.number, month=month),
            )
            for desk in unit.master.desks()
            if desk.kind is kind
        ]
    return [
        {
            "limit": limit,
            "code": code,
            "period": period,
            "coins": coins,
            "effective_from": date_of(ahead[0]).isoformat() if ahead else "",
        }
        for limit, code, period, coins, ahead in found
    ]


def _funds(unit: Unit, _today: date) -> list[Cells]:
    return [
        {
            "code": fund.code,
            "name": fund.name,
            "body": fund.body,
            "goal_coins": "" if fund.goal_coins is None else fund.goal_coins,
        }
        for fund in unit.master.funds()
        if fund.active
    ]


def _desks(kind: DeskKind) -> Callable[[Unit, date], list[Cells]]:
    return lambda unit, _today: [
        {"code": desk.code, "name": desk.name, "step_coins": desk.step_coins, "dong": desk.dong}
        for desk in unit.master.desks()
        if desk.kind is kind
    ]


_ROWS: dict[str, Callable[[Unit, date], list[Cells]]] = {
    "programmes": _programmes,
    "values": _values,
    "limits": _limits,
    "funds": _funds,
    "centers": _desks(DeskKind.CENTRE),
    "venues": _desks(DeskKind.VENUE),
}
