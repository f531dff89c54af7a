"""Reserving what a credit or debit uses up of the limits. The same rules for a submission, its approval and its withdrawal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.days import civil_day, month_number
from ledger_service.errors import Refused
from ledger_service.journal.records import ReservedRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.lines import named_lines


class AllotmentExceeded(Refused):
    """A desk's monthly allotment does not cover it. Fields: desk, month, left, wanted, lines."""

    code = "allotment_exceeded"


class BudgetExceeded(Refused):
    """The fiscal year's budget does not cover it. Fields: year, left, wanted, lines."""

    code = "budget_exceeded"


class PersonCapExceeded(Refused):
    """Somebody would earn more than one person may in a month. Fields: month, cap, lines."""

    code = "person_cap_exceeded"


@dataclass(frozen=True, slots=True)
class Claim:
    """Coins that a submission wants to issue, and the lines behind them (for naming them in a refusal)."""

    by_desk: Mapping[int, int]
    by_account: Mapping[bytes, int]
    rows_by_desk: Mapping[int, list[tuple[int, int]]]  # (line, coins) in file order
    rows_by_account: Mapping[bytes, list[tuple[int, int]]]

    @classmethod
    def of(cls, rows: Sequence[ReservedRow]) -> Claim:
        """What these accepted rows ask for together."""
        by_desk: Counter[int] = Counter()
        by_account: Counter[bytes] = Counter()
        rows_by_desk: dict[int, list[tuple[int, int]]] = {}
        rows_by_account: dict[bytes, list[tuple[int, int]]] = {}
        for row in rows:
            by_desk[row.desk] += row.coins
            by_account[row.account] += row.coins
            rows_by_desk.setdefault(row.desk, []).append((row.line, row.coins))
            rows_by_account.setdefault(row.account, []).append((row.line, row.coins))
        return cls(by_desk, by_account, rows_by_desk, rows_by_account)

    @property
    def coins(self) -> int:
        """The sum."""
        return sum(self.by_desk.values())


def reserve_credit(unit: WriteUnit, claim: Claim, day: date) -> None:
    """Reserve allotments, the year's budget and the persons' caps, or refuse and name the rows. DOMAIN rules 9 and 17.

    Where it refuses, some is reserved already: the unit must not be committed.
    """
    month = month_number(day)
    for desk, coins in sorted(claim.by_desk.items()):
        if coins and not unit.limits.reserve_desk(desk, month, coins, day=civil_day(day)):
            left = unit.limits.desk_limit(desk, month, day=civil_day(day)).left
            lines = _lines_beyond(claim.rows_by_desk[desk], left)
            raise AllotmentExceeded(
                f"desk {desk} may still issue {in_coins(left)} in {day:%Y-%m}, this asks for {coins:,} (lines {named_lines(lines)}): "
                "submit fewer rows, or ask the coin office to raise the allotment",
                f"이번 달({day:%Y-%m}) 남은 발행 한도는 {in_coins_ko(left)}인데 {in_coins_ko(coins)}이 필요합니다(줄 {named_lines(lines)}). "
                "행을 줄이거나 코인 담당 부서에 한도 증액을 요청하세요",
                desk=desk,
                month=month,
                left=left,
                wanted=coins,
                lines=lines,
            )
    if claim.coins and not unit.limits.reserve_budget(day.year, claim.coins, day=civil_day(day)):
        left = unit.limits.budget(day.year, day=civil_day(day)).left
        lines = _lines_beyond(sorted(row for rows in claim.rows_by_desk.values() for row in rows), left)
        raise BudgetExceeded(
            f"the budget of {day.year} has {in_coins(left)} left, this asks for {claim.coins:,} (lines {named_lines(lines)})",
            f"{day.year}년 예산이 {in_coins_ko(left)} 남았는데 {in_coins_ko(claim.coins)}이 필요합니다(줄 {named_lines(lines)})",
            year=day.year,
            left=left,
            wanted=claim.coins,
            lines=lines,
        )
    _reserve_persons(unit, claim, day)


def return_credit(unit: WriteUnit, claim: Claim, day: date) -> None:
    """Give back what `reserve_credit` took on that day."""
    month = month_number(day)
    for desk, coins in sorted(claim.by_desk.items()):
        if coins:
            unit.limits.reserve_desk(desk, month, -coins)
    if claim.coins:
        unit.limits.reserve_budget(day.year, -claim.coins)
    unit.limits.return_person_months(month, claim.by_account)


def reserve_move(unit: WriteUnit, desk: int, coins: int, day: date) -> None:
    """Reserve what a venue takes or the treasury moves of its month's limit."""
    month = month_number(day)
    if not unit.limits.reserve_desk(desk, month, coins, day=civil_day(day)):
        left = unit.limits.desk_limit(desk, month, day=civil_day(day)).left
        raise AllotmentExceeded(
            f"this desk may still take {in_coins(left)} in {day:%Y-%m}: ask the coin office to raise its limit",
            f"이번 달({day:%Y-%m})에 더 받을 수 있는 코인은 {in_coins_ko(left)}입니다. 코인 담당 부서에 한도 증액을 요청하세요",
            desk=desk,
            month=month,
            left=left,
            wanted=coins,
        )


def return_move(unit: WriteUnit, desk: int, coins: int, day: date) -> None:
    """Give back what `reserve_move` took on that day."""
    unit.limits.reserve_desk(desk, month_number(day), -coins)


def _reserve_persons(unit: WriteUnit, claim: Claim, day: date) -> None:
    cap = unit.limits.person_cap(day.year, day=civil_day(day))
    month = month_number(day)
    unit.limits.add_person_months(month, claim.by_account)
    earned = unit.limits.person_months(month, claim.by_account)
    over = [account for account, coins in earned.items() if coins > cap]
    if over:
        lines = sorted(
            line
            for account in over
            for line in _lines_beyond(claim.rows_by_account[account], cap - earned[account] + claim.by_account[account])
        )
        raise PersonCapExceeded(
            f"one person may earn {in_coins(cap)} in {day:%Y-%m}; {len(over):,} would pass that (lines {named_lines(lines)})",
            f"한 사람이 한 달({day:%Y-%m})에 받을 수 있는 코인은 {in_coins_ko(cap)}입니다. {len(over):,}명이 넘습니다(줄 {named_lines(lines)})",
            month=month,
            cap=cap,
            lines=lines,
        )


def _lines_beyond(rows: list[tuple[int, int]], left: int) -> list[int]:
    """The lines from the first on that does not fit into what is left, in file order."""
    beyond = []
    for line, coins in rows:
        left -= coins
        if left < 0:
            beyond.append(line)
    return beyond
