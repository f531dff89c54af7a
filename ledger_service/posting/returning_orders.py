"""Orders that come back into lost books, and the desks, rates, values, limits and funds that they put in force."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger_service.domain.batches import Batch
from ledger_service.domain.days import civil_day, date_of, first_day_of_month
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.ids import uuid7
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, decode_orders
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.journal.kept_rows import Rows
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.bundles import BundleContent
from ledger_service.posting.keepsakes import rate_from
from ledger_service.posting.ports import PostingContext
from ledger_service.posting.returning_treasury import opened_people, personal_rows, put_personal, put_rows

Names = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Rows of the bundle by table and number; without the bundle there are none, and numbers stand for names."""


@dataclass(frozen=True, slots=True)
class ReturningOrders:
    """A batch of desk 0, ready to be written."""

    batch: Batch
    orders: Sequence[Order]
    content: BundleContent | None
    people: tuple[PersonRow, ...]
    personal: Mapping[str, Rows]

    def write(self, unit: WriteUnit, context: PostingContext) -> None:
        """Write: the orders in their places, and what they put in force. Orders that wait in the books already are placed."""
        if self.content is None:
            self._write_without_bundle(unit, context)
            return
        now = context.clock.now()
        known = unit.returning.known_accounts(row.account for row in self.people)
        unit.accounts.open_many(row.account for row in self.people if row.account not in known)
        unit.people.add_many(self.people, now)
        put_rows(unit, self.content.rows, now)
        proposals = self.content.master["proposals"]
        frozen_by = {row["proposal_id"] for rows in self.personal.values() for row in rows.get("freezes", ())}
        decided = {row["id"] for rows in self.personal.values() for row in rows.get("approvals", ())}
        _add_lost_proposals(unit, context, self.batch.seq, ({*proposals} | frozen_by) - decided)
        put_personal(unit, self.personal, now)
        _add_lost_proposals(unit, context, self.batch.seq, {*proposals})
        self._place(unit, proposals)

    def _place(self, unit: WriteUnit, proposals: Sequence[str]) -> None:
        force = _Force(unit, self.batch.day, _names(self.content))
        for position, (order, proposal_id) in enumerate(zip(self.orders, proposals, strict=True)):
            args = json.dumps([str(value) for value in order.args])
            waiting = unit.returning.waiting_order(proposal_id, order.code, args)
            if waiting is None:
                unit.orders.add_many(proposal_id, [order], self.batch.day)
                waiting = unit.returning.waiting_order(proposal_id, order.code, args)
                force.put(order)
            assert waiting is not None, "it was added"
            unit.returning.place_order(waiting, self.batch.seq, self.batch.day, position)

    def _write_without_bundle(self, unit: WriteUnit, context: PostingContext) -> None:
        waiting = unit.orders.unsealed(len(self.orders))
        if [one.order for one in waiting] == self.orders:
            unit.orders.place(self.batch.seq, self.batch.day, [one.id for one in waiting])
            return
        proposal_id = uuid7(context.clock.now() * 1000, context.random_bytes(10))
        _add_lost_proposals(unit, context, self.batch.seq, {proposal_id})
        self._place(unit, [proposal_id] * len(self.orders))


def prepare_orders(context: PostingContext, batch: Batch, content: BundleContent | None) -> ReturningOrders:
    """Read and open everything before the write lock is taken."""
    orders = decode_orders(batch.annex)
    if content is None:
        return ReturningOrders(batch, orders, None, (), {})
    seals = context.vault.of_many(one["id"] for one in (*content.people, *content.personal))
    opened = opened_people(content, seals)
    with context.journal.read() as unit:
        at_home = unit.returning.people_of(row.account for row in opened)
    people = tuple(row for row in opened if row.account not in at_home)
    return ReturningOrders(batch, orders, content, people, personal_rows(content, seals))


def _add_lost_proposals(unit: WriteUnit, context: PostingContext, seq: int, ids: Collection[str]) -> None:
    """Of a decision that no bundle tells of nothing is left but that it was taken."""
    missing = sorted(set(ids) - unit.returning.known_proposals(ids))
    if missing:
        now = context.clock.now()
        actor_id = uuid7(now * 1000, context.random_bytes(10))
        unit.returning.add_lost_actor(actor_id, now)
        for proposal_id in missing:
            unit.returning.add_proposal(proposal_id, actor_id, f"read back from batch {seq} of the office", now)


def _names(content: BundleContent | None) -> Names:
    master = content.master if content else {}
    return {
        "desks": {one["number"]: one for one in master.get("desks", ())},
        "rates": {one["rate_id"]: one for one in master.get("rates", ())},
        "funds": {one["number"]: one for one in master.get("funds", ())},
        "values": {one["first_day"]: one for one in master.get("values", ())},
    }


class _Force:
    """Puts orders in force, one after the other, as their approval once did."""

    def __init__(self, unit: WriteUnit, day: int, names: Names) -> None:
        self._unit = unit
        self._day = day
        self._names = names

    def put(self, order: Order) -> None:
        """Write: what this order changes in the books."""
        effect = _EFFECTS.get(order.code)
        if effect is not None:
            effect(self._unit, order.args, self._names, self._day)


def _from(unit: WriteUnit, first_day: int, period: date) -> int | None:
    """From when a limit is another one: in setup at once, unless it was to begin later than its period."""
    return first_day if unit.orders.is_sealed() or first_day > civil_day(period) else None


def _desk(unit: WriteUnit, args: Sequence[int], names: Names, _day: int) -> None:
    number, kind, custody = args[:3]
    if unit.master.desk(number) is not None:
        return
    row = names["desks"].get(number, {"code": f"DESK-{number}", "name": f"DESK-{number}", "step_coins": 1})
    unit.master.add_desk(
        number, DeskKind(kind), row["code"], row["name"], custody, row["step_coins"], row.get("dong", "")
    )


def _rotation(unit: WriteUnit, args: Sequence[int], _names: Names, _day: int) -> None:
    number, _first_seq, custody = args[:3]
    unit.master.set_custody(number, custody)


def _rate(unit: WriteUnit, args: Sequence[int], names: Names, _day: int) -> None:
    rate_id, programme, first, last, coins, per_units, units_max, months = args
    if any(rate.rate_id == rate_id for rate in unit.master.rate_versions()):
        if last != OPEN_DAY:
            unit.master.end_rate(rate_id, last)  # the only change that a version knows
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


def _value(unit: WriteUnit, args: Sequence[int], names: Names, _day: int) -> None:
    first_day, krw = args
    row = names["values"].get(first_day, {"choice": "", "basis": ""})
    if all(known != first_day for known, _ in unit.master.coin_values()):
        unit.master.add_coin_value(first_day, krw, row["choice"], row["basis"])


def _limit(unit: WriteUnit, args: Sequence[int], _names: Names, day: int) -> None:
    desk, month, coins, first = args
    unit.limits.set_desk_limit(desk, month, coins, next_day=_from(unit, first, first_day_of_month(month)), today=day)


def _budget(unit: WriteUnit, args: Sequence[int], _names: Names, day: int) -> None:
    year, coins, first = args
    unit.limits.set_budget(year, coins, next_day=_from(unit, first, date(year, 1, 1)), today=day)


def _cap(unit: WriteUnit, args: Sequence[int], _names: Names, day: int) -> None:
    year, coins, first = args
    unit.limits.set_person_cap(year, coins, next_day=_from(unit, first, date(year, 1, 1)), today=day)


def _fund(unit: WriteUnit, args: Sequence[int], names: Names, day: int) -> None:
    number, active = args
    row = names["funds"].get(number, {"code": f"FUND-{number}", "name": f"FUND-{number}", "body": "?", "ended": day})
    if any(fund.number == number for fund in unit.master.funds()):
        if not active:
            unit.master.end_fund(number, row["ended"] or day)
        return
    unit.master.add_fund(number, row["code"], row["name"], row["body"], row.get("goal"))
    unit.entries.raise_counter("fund", number)


def _freeze(unit: WriteUnit, args: Sequence[int], _names: Names, _day: int) -> None:
    _set_frozen(unit, args, frozen=True)


def _unfreeze(unit: WriteUnit, args: Sequence[int], _names: Names, _day: int) -> None:
    _set_frozen(unit, args, frozen=False)


def _set_frozen(unit: WriteUnit, args: Sequence[int], *, frozen: bool) -> None:
    account = args[0].to_bytes(20, "big")
    if not unit.returning.known_accounts([account]):
        unit.accounts.open_many([account])
    unit.accounts.freeze(account, frozen=frozen)


_EFFECTS: dict[int, Callable[[WriteUnit, Sequence[int], Names, int], None]] = {
    OrderCode.REGISTER_DESK: _desk,
    OrderCode.ROTATE_KEYS: _rotation,
    OrderCode.RATE: _rate,
    OrderCode.COIN_VALUE: _value,
    OrderCode.DESK_LIMIT: _limit,
    OrderCode.BUDGET: _budget,
    OrderCode.PERSON_CAP: _cap,
    OrderCode.FUND: _fund,
    OrderCode.FREEZE: _freeze,
    OrderCode.UNFREEZE: _unfreeze,
}
