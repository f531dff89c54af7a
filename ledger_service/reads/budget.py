"""The meter of what may be issued: appropriated, reserved, issued, left; by programme and by centre (DOMAIN rules 8 and 9).

What waits for approval is reserved, so that nothing that a person was shown as accepted can lack a budget later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from ledger_service.domain.alarms import Alarms
from ledger_service.domain.days import civil_day, date_of, last_day_of_month, month_number
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.journal.limits import LimitRow
from ledger_service.journal.schema import approvals, entries, rates, records
from ledger_service.journal.unit import Journal, Unit


@dataclass(frozen=True, slots=True)
class ProgrammeUse:
    """Coins of one programme in the year: accepted (`issued`), and waiting for approval (`reserved`). `basis`: the ordinance's article."""

    programme: str
    name: str
    basis: str
    issued: int
    reserved: int


@dataclass(frozen=True, slots=True)
class CentreUse:
    """Coins of one centre in the month: its allotment, what waits for approval, what was accepted, what is left."""

    code: str
    name: str
    allotment: int
    reserved: int
    issued: int
    left: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The year's budget in coins and won (at today's value), and what outstanding coins are worth. `alarms` are reached thresholds."""

    year: int
    month: str
    appropriated: int
    reserved: int
    issued: int
    left: int
    krw_per_coin: int
    left_krw: int
    issued_krw: int
    outstanding: int
    outstanding_krw: int
    next_appropriated: int | None
    next_day: date | None
    programmes: list[ProgrammeUse]
    centres: list[CentreUse]
    alarms: list[str]
    alarms_ko: list[str]


def budget(journal: Journal, today: date, thresholds: Alarms) -> Budget:
    """The meter on a day. Budget and allotments count by the day of acceptance, as the contract does."""
    with journal.read() as unit:
        year, month = today.year, month_number(today)
        limit = unit.limits.budget(year, day=civil_day(today))
        ahead = unit.limits.ahead("budgets", year=year)
        value = unit.master.coin_value(civil_day(today)) or 0
        programmes = _programmes(unit, today)
        issued_by_desk = _issued_by_desk(unit, today)
        centres = [
            _centre(desk.code, desk.name, unit.limits.desk_limit(desk.number, month, day=civil_day(today)), issued_by_desk.get(desk.number, 0))
            for desk in unit.master.desks()
            if desk.kind is DeskKind.CENTRE
        ]  # fmt: skip
        outstanding = unit.checks.people_coins()
    issued = sum(one.issued for one in programmes)
    raised = thresholds.raised(outstanding * value, issued * value, year)
    is_ahead = ahead is not None and ahead[0] > civil_day(today)
    return Budget(
        year=year,
        month=f"{today:%Y-%m}",
        appropriated=limit.coins,
        reserved=limit.reserved - issued,
        issued=issued,
        left=limit.left,
        krw_per_coin=value,
        left_krw=limit.left * value,
        issued_krw=issued * value,
        outstanding=outstanding,
        outstanding_krw=outstanding * value,
        next_appropriated=ahead[1] if ahead and is_ahead else None,
        next_day=date_of(ahead[0]) if ahead and is_ahead else None,
        programmes=programmes,
        centres=centres,
        alarms=[english for english, _ in raised],
        alarms_ko=[korean for _, korean in raised],
    )


def _centre(code: str, name: str, limit: LimitRow, issued: int) -> CentreUse:
    return CentreUse(code, name, limit.coins, limit.reserved - issued, issued, limit.left)


def _programmes(unit: Unit, today: date) -> list[ProgrammeUse]:
    first, last = civil_day(date(today.year, 1, 1)), civil_day(date(today.year, 12, 31))
    issued = unit.connection.execute(
        select(entries.c.ref, func.sum(entries.c.coins))
        .where(entries.c.kind == Kind.CREDIT, entries.c.skip_reason.is_(None))
        .where(entries.c.accepted_day.between(first, last))
        .group_by(entries.c.ref)
    )
    waiting = unit.connection.execute(
        select(records.c.rate_id, func.sum(records.c.coins))
        .join(approvals, approvals.c.id == records.c.import_id)
        .where(approvals.c.status == "waiting", ~records.c.withdrawn)
        .group_by(records.c.rate_id)
    )
    issued_of = {int(row[0]): int(row[1]) for row in issued}
    waiting_of = {int(row[0]): int(row[1]) for row in waiting}
    versions = unit.connection.execute(
        select(rates.c.id, rates.c.programme, rates.c.name, rates.c.basis).order_by(rates.c.programme, rates.c.id)
    ).all()
    found: dict[str, ProgrammeUse] = {}
    for row in versions:
        before = found.get(row.programme)
        found[row.programme] = ProgrammeUse(
            row.programme,
            row.name,
            row.basis or (before.basis if before else ""),
            issued_of.get(row.id, 0) + (before.issued if before else 0),
            waiting_of.get(row.id, 0) + (before.reserved if before else 0),
        )
    return list(found.values())


def _issued_by_desk(unit: Unit, today: date) -> dict[int, int]:
    first, last = civil_day(today.replace(day=1)), civil_day(last_day_of_month(month_number(today)))
    rows = unit.connection.execute(
        select(entries.c.desk, func.sum(entries.c.coins))
        .where(entries.c.kind == Kind.CREDIT, entries.c.skip_reason.is_(None))
        .where(entries.c.accepted_day.between(first, last))
        .group_by(entries.c.desk)
    )
    return {int(row[0]): int(row[1]) for row in rows}
