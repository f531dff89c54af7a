"""Month closes as venues, the coin office and accountants see them: the list, one statement, and what is to be paid."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

from sqlalchemy import select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.closes import Movement
from ledger_service.domain.days import civil_day, date_of, first_day_of_month, last_day_of_month, month_name
from ledger_service.domain.entries import Kind
from ledger_service.errors import NotFound
from ledger_service.journal.closes import OVER, CloseRow
from ledger_service.journal.schema import actors, approvals
from ledger_service.journal.unit import Journal, Unit

PAID_STATES = ("closed",)
UNPAID_STATES = ("prepared", "confirmed", "approved")


@dataclass(frozen=True, slots=True)
class CloseLine:
    """One close. opening + taken - refunded + reissued = coins, and in won opening + taken - refunded = krw.

    `state`: prepared, confirmed (by the venue), approved (by the coin office), closed (final on the chain), rejected, skipped.
    """

    id: str
    month: str
    payee_kind: str
    code: str
    name: str
    body: str | None
    state: str
    opening_coins: int
    opening_krw: int
    charges: int
    taken_coins: int
    taken_krw: int
    refunds: int
    refunded_coins: int
    refunded_krw: int
    reissued_coins: int
    coins: int
    krw: int
    prepared_by: str
    confirmed_by: str | None
    confirmed_at: int | None
    approved_by: str | None
    approved_at: int | None
    journal_no: int | None


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a close: what was taken, and what was refunded that day (of this month's charges or earlier ones)."""

    day: date
    charges: int
    taken_coins: int
    taken_krw: int
    refunds: int
    refunded_coins: int
    refunded_krw: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A close with its days, and where the chain has it."""

    close: CloseLine
    first_day: date
    last_day: date
    days: list[DayLine]
    last_seq: int
    last_head: str | None
    entry: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """What one payee gets for a month. A listed body gets one sum for its projects."""

    month: str
    payee_kind: str
    payee: str
    codes: list[str]
    coins: int
    krw: int
    close_ids: list[str]


@dataclass(frozen=True, slots=True)
class Payments:
    """The payments of a month, and how many of its closes are not final and therefore not in it."""

    month: str
    payments: list[Payment]
    not_final: int


def closes_of_month(journal: Journal, actor: Actor, month: int) -> list[CloseLine]:
    """The closes of a month that are this actor's to see."""
    with journal.read() as unit:
        names = _Names(unit)
        return [names.line(row) for row in unit.closes.of_month(month) if _may_see(actor, row)]


def statement(journal: Journal, actor: Actor, close_id: str) -> Statement:
    """One close with its days."""
    with journal.read() as unit:
        row = unit.closes.read(close_id)
        if row is None or not _may_see(actor, row):
            raise NotFound(f"there is no close {close_id}", "해당 정산이 없습니다")
        entry = unit.entries.read(row.journal_no) if row.journal_no is not None else None
        batch = unit.batches.read(row.desk, row.last_seq) if row.desk is not None else None
        return Statement(
            close=_Names(unit).line(row),
            first_day=first_day_of_month(row.month),
            last_day=last_day_of_month(row.month),
            days=_days(_movements_of(unit, row)),
            last_seq=row.last_seq,
            last_head="0x" + batch.head.hex() if batch is not None else None,
            entry=f"{entry.desk}/{entry.seq}/{entry.position}" if entry is not None and entry.seq is not None else None,
        )


def payments(journal: Journal, month: int) -> Payments:
    """What is to be paid for a month: closes that are final, one line a payee, nothing where nothing is due."""
    with journal.read() as unit:
        names = _Names(unit)
        rows = unit.closes.of_month(month)
        lines = [names.line(row) for row in rows if row.state in PAID_STATES and row.krw]
    by_payee: defaultdict[tuple[str, str], list[CloseLine]] = defaultdict(list)
    for line in lines:
        by_payee[line.payee_kind, line.code if line.body is None else line.body].append(line)
    return Payments(
        month_name(month),
        [
            Payment(
                month=month_name(month),
                payee_kind=kind,
                payee=group[0].body or group[0].name,
                codes=[one.code for one in group],
                coins=sum(one.coins for one in group),
                krw=sum(one.krw for one in group),
                close_ids=[one.id for one in group],
            )
            for (kind, _), group in by_payee.items()
        ],
        sum(row.state in UNPAID_STATES for row in rows),
    )


def _may_see(actor: Actor, row: CloseRow) -> bool:
    return actor.has(Role.OFFICE, Role.AUDITOR) or (row.desk is not None and row.desk in actor.desks)


def _movements_of(unit: Unit, row: CloseRow) -> list[Movement]:
    """The entries that a close's month shows."""
    if row.desk is not None:
        seq_before = unit.closes.last_seq_until(row.desk, civil_day(first_day_of_month(row.month)) - 1)
        moved = unit.closes.venue_movements(row.desk)
        return [one for one in moved if one.kind != Kind.MONTH_CLOSE and seq_before < one.seq <= row.last_seq]
    assert row.fund is not None
    if row.journal_no is None or row.state in (*OVER, "approved"):
        return unit.closes.gifts_to_close(row.fund)
    at_its_close = list(unit.closes.fund_movements(row.fund))
    closes = [place for place, one in enumerate(at_its_close) if one.kind == Kind.MONTH_CLOSE]
    place = next(at for at in closes if at_its_close[at].day == civil_day(last_day_of_month(row.month)))
    before = takewhile(lambda one: one.kind != Kind.MONTH_CLOSE, reversed(at_its_close[:place]))
    return list(reversed([*before]))


def _days(moved: list[Movement]) -> list[DayLine]:
    by_day: defaultdict[int, list[int]] = defaultdict(lambda: [0] * 6)
    for one in moved:
        at = 3 if one.kind == Kind.REFUND else 0
        sums = by_day[one.day]
        sums[at] += 1
        sums[at + 1] += one.coins
        sums[at + 2] += one.krw
    return [DayLine(date_of(day), *sums) for day, sums in sorted(by_day.items())]


class _Names:
    """Who and what the numbers of a close stand for."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._desks = {desk.number: desk for desk in unit.master.desks()}
        self._funds = {fund.number: fund for fund in unit.master.funds()}
        self._actors = {row.id: row.name for row in unit.connection.execute(select(actors.c.id, actors.c.name))}

    def line(self, row: CloseRow) -> CloseLine:
        payee = self._desks[row.desk] if row.desk is not None else self._funds[row.fund or 0]
        approval = self._unit.connection.execute(
            select(approvals.c.decided_by, approvals.c.decided_at).where(
                approvals.c.id == row.id, approvals.c.status == "approved"
            )
        ).one_or_none()
        return CloseLine(
            id=row.id,
            month=month_name(row.month),
            payee_kind="venue" if row.desk is not None else "fund",
            code=payee.code,
            name=payee.name,
            body=getattr(payee, "body", None),
            state=row.state,
            opening_coins=row.opening_coins,
            opening_krw=row.opening_krw,
            charges=row.charges,
            taken_coins=row.taken_coins,
            taken_krw=row.taken_krw,
            refunds=row.refunds,
            refunded_coins=row.refunded_coins,
            refunded_krw=row.refunded_krw,
            reissued_coins=row.reissued_coins,
            coins=row.coins,
            krw=row.krw,
            prepared_by=self._actors[row.prepared_by],
            confirmed_by=self._actors[row.confirmed_by] if row.confirmed_by else None,
            confirmed_at=row.confirmed_at,
            approved_by=self._actors[approval.decided_by] if approval else None,
            approved_at=approval.decided_at if approval else None,
            journal_no=row.journal_no,
        )
