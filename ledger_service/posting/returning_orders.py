"""Orders that come back into lost books, and the desks, rates, values, limits and funds that they put in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ledger_service.domain.batches import Batch
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.ids import uuid7
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, decode_orders
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.bundles import BundleContent
from ledger_service.posting.keepsakes import rate_from
from ledger_service.posting.ports import PostingContext

Names = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Rows of the bundle by table and number; without the bundle there are none, and numbers stand for names."""


def take_orders(
    unit: WriteUnit, context: PostingContext, batch: Batch, content: BundleContent | None
) -> Sequence[Order]:
    """Write: the orders of a batch in their places, and what they put in force. Orders that wait in the books already are placed."""
    orders = decode_orders(batch.annex)
    waiting = unit.orders.unsealed(len(orders))
    if [one.order for one in waiting] == orders:
        unit.orders.place(batch.seq, [one.id for one in waiting])
        return orders
    actor_id, proposal_id = (uuid7(context.clock.now() * 1000, context.random_bytes(10)) for _ in range(2))
    unit.returning.add_lost_actor(actor_id, context.clock.now())
    unit.returning.add_approval(proposal_id, "orders", actor_id, None, context.clock.now())
    unit.orders.propose(proposal_id, f"read back from batch {batch.seq} of the office", {"steps": []})
    unit.orders.add_many(proposal_id, orders)
    unit.orders.place(batch.seq, unit.orders.ids_of(proposal_id))
    names = _names(content)
    for order in orders:
        effect = _EFFECTS.get(order.code)
        if effect is not None:
            effect(unit, order.args, names)
    return orders


def _names(content: BundleContent | None) -> Names:
    master = content.master if content else {}
    return {
        "desks": {one["number"]: one for one in master.get("desks", ())},
        "rates": {one["rate_id"]: one for one in master.get("rates", ())},
        "funds": {one["number"]: one for one in master.get("funds", ())},
    }


def _desk(unit: WriteUnit, args: Sequence[int], names: Names) -> None:
    number, kind, custody = args[:3]
    if unit.master.desk(number) is not None:
        return
    row = names["desks"].get(number, {"code": f"DESK-{number}", "name": f"DESK-{number}", "step_coins": 1})
    unit.master.add_desk(number, DeskKind(kind), row["code"], row["name"], custody, row["step_coins"])


def _rotation(unit: WriteUnit, args: Sequence[int], _names: Names) -> None:
    number, _first_seq, custody = args[:3]
    unit.master.set_custody(number, custody)


def _rate(unit: WriteUnit, args: Sequence[int], names: Names) -> None:
    rate_id, programme, first, last, coins, per_units, units_max, months = args
    if any(rate.rate_id == rate_id for rate in unit.master.rate_versions()):
        return
    if rate_id in names["rates"]:
        unit.master.add_rate(rate_from(names["rates"][rate_id]))
        return
    code = programme.to_bytes(32, "big").rstrip(b"\0").decode()
    unit.master.add_rate(
        RateVersion(
            rate_id=rate_id, programme=code, name=code, unit="?", coins=coins, per_units=per_units, first_day=date_of(first),
            last_day=None if last == OPEN_DAY else date_of(last), daily_cap_units=units_max, min_age=0,
            measure=Measure.COUNT, units_max=units_max, expiry_months=months,
        )
    )  # fmt: skip


def _value(unit: WriteUnit, args: Sequence[int], _names: Names) -> None:
    first_day, krw = args
    if all(known != first_day for known, _ in unit.master.coin_values()):
        unit.master.add_coin_value(first_day, krw)


def _limit(unit: WriteUnit, args: Sequence[int], _names: Names) -> None:
    desk, month, coins, _ = args
    unit.limits.set_desk_limit(desk, month, coins)


def _budget(unit: WriteUnit, args: Sequence[int], _names: Names) -> None:
    year, coins, _ = args
    unit.limits.set_budget(year, coins)


def _cap(unit: WriteUnit, args: Sequence[int], _names: Names) -> None:
    year, coins, _ = args
    unit.limits.set_person_cap(year, coins)


def _fund(unit: WriteUnit, args: Sequence[int], names: Names) -> None:
    number, active = args
    if any(fund.number == number for fund in unit.master.funds()) or not active:
        return
    row = names["funds"].get(number, {"code": f"FUND-{number}", "name": f"FUND-{number}", "body": "?"})
    unit.master.add_fund(number, row["code"], row["name"], row["body"])
    unit.returning.raise_counter("fund", number)


_EFFECTS: dict[int, Callable[[WriteUnit, Sequence[int], Names], None]] = {
    OrderCode.REGISTER_DESK: _desk,
    OrderCode.ROTATE_KEYS: _rotation,
    OrderCode.RATE: _rate,
    OrderCode.COIN_VALUE: _value,
    OrderCode.DESK_LIMIT: _limit,
    OrderCode.BUDGET: _budget,
    OrderCode.PERSON_CAP: _cap,
    OrderCode.FUND: _fund,
}
