"""The step of a proposal that sets a limit: a desk's month, a year's budget, a person's cap (DOMAIN rules 9 and 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import Order, OrderCode
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context
from ledger_service.services.steps import NOTICE_DAYS, AlreadyThere, Step, require_notice


class BelowReserved(Refused):
    """A limit below what was promised already. Fields: reserved."""

    code = "below_reserved"


def set_limit(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    period, coins = date.fromisoformat(step["first_day"]), step["coins"]
    effective = step.get("effective_from")
    first = date.fromisoformat(effective) if effective else period
    limit = _limit_of(unit, step, period)
    if unit.orders.is_sealed() and limit.as_of(first) == coins:
        return []
    require_notice(context, unit, first, NOTICE_DAYS)
    today, first_day = civil_day(context.clock.today()), civil_day(first)
    if limit.ahead is not None and limit.ahead > today and unit.orders.is_sealed():
        raise AlreadyThere(
            f"the limit {step['limit']} {step['code']} changes on {date_of(limit.ahead)} already: wait until then",
            f"{step['limit']} {step['code']} 한도는 {date_of(limit.ahead)}에 이미 바뀔 예정입니다. 그 뒤에 다시 하세요",
            kind="LIMIT", code=step["code"],
        )  # fmt: skip
    if coins < limit.reserved:
        raise BelowReserved(
            f"{in_coins(limit.reserved)} of this limit are promised already: it cannot be {coins:,}",
            f"이 한도에서 이미 {in_coins_ko(limit.reserved)}이 사용되었거나 예약되어 {in_coins_ko(coins)}으로 줄일 수 없습니다",
            reserved=limit.reserved,
        )
    if not (
        unit.orders.is_sealed() or effective
    ):  # in force from now on, on the chain too: a month to come is no version ahead
        limit.put(coins, None, today)
        return [Order(limit.code, (*limit.key, coins, min(first_day, today)))]
    limit.put(coins, first_day, today)
    return [Order(limit.code, (*limit.key, coins, first_day))]


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit as the books have it. `ahead` is the first day of its last version; `put` writes another."""

    code: OrderCode
    key: tuple[int, ...]
    reserved: int
    ahead: int | None
    as_of: Callable[[date], int]
    put: Callable[[int, int | None, int], None]


def _limit_of(unit: WriteUnit, step: Step, period: date) -> _Limit:
    limits, year = unit.limits, period.year

    def ahead(table: str, **key: int) -> int | None:
        found = limits.ahead(table, **key)
        return found[0] if found else None

    if step["limit"] == "budget":
        return _Limit(
            OrderCode.BUDGET, (year,), limits.budget(year).reserved, ahead("budgets", year=year),
            lambda day: limits.budget(year, day=civil_day(day)).coins,
            lambda coins, day, today: limits.set_budget(year, coins, next_day=day, today=today),
        )  # fmt: skip
    if step["limit"] == "person":
        return _Limit(
            OrderCode.PERSON_CAP, (year,), 0, ahead("person_caps", year=year),
            lambda day: limits.person_cap(year, day=civil_day(day)),
            lambda coins, day, today: limits.set_person_cap(year, coins, next_day=day, today=today),
        )  # fmt: skip
    desk = unit.master.desk_of_code(DeskKind[step["limit"].upper()], step["code"])
    if desk is None:
        raise NotFound(f"there is no {step['limit']} {step['code']}", f"{step['code']} 기관이 없습니다")
    number, month = desk.number, month_number(period)
    return _Limit(
        OrderCode.DESK_LIMIT, (number, month), limits.desk_limit(number, month).reserved,
        ahead("desk_limits", desk=number, month=month),
        lambda day: limits.desk_limit(number, month, day=civil_day(day)).coins,
        lambda coins, day, today: limits.set_desk_limit(number, month, coins, next_day=day, today=today),
    )  # fmt: skip
