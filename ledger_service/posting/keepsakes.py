"""What a bundle keeps besides its batch, so that lost books can be read back: acts, the rows of people, names of desks and rates.

What says something of a person is sealed under that person's key, within the bundle's own seal: forgetting the person destroys it here too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.orders import Order, OrderCode
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.journal.batches import BatchRow
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.kept_rows import Rows
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit
from ledger_service.posting.evidence_leaves import people_of


@dataclass(frozen=True, slots=True)
class Keepsakes:
    """`acts` by journal number; `people` whose accounts come to the chain with this batch; `master` of the orders of desk 0.

    `rows` are whole rows that are nobody's, `personal` those of a person, each by table.
    """

    acts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    people: Sequence[PersonRow] = ()
    master: Mapping[str, Any] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)
    personal: Sequence[tuple[str, Rows]] = ()


def keepsakes_of(unit: Unit, row: BatchRow, entries: Sequence[EntryRow]) -> Keepsakes:
    """What the books know of a batch and the chain does not."""
    if row.batch.desk == OFFICE_DESK:
        proposals, shared, personal = unit.treasury_keepsakes.of_orders(row.batch.seq)
        return Keepsakes(
            people=unit.keepsakes.newcomers({person_id for person_id, _ in personal}),
            master={
                **_master(unit, [one.order for one in unit.orders.of_batch(row.batch.seq)]), "proposals": proposals,
            },
            rows=shared,
            personal=personal,
        )  # fmt: skip
    personal = unit.treasury_keepsakes.loose(*row.key)
    acts = unit.keepsakes.acts_of(entries)
    for number, kept in unit.treasury_keepsakes.of_entries(entries).items():
        acts[number] = {**acts.get(number, {}), "rows": kept}
    return Keepsakes(
        acts,
        unit.keepsakes.newcomers({*people_of(entries), *(person_id for person_id, _ in personal)}),
        rows=unit.treasury_keepsakes.shared(entries),
        personal=personal,
    )


def person_text(person: PersonRow) -> str:
    """A person's row as text; its columns stay sealed."""
    return json.dumps(
        {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in ((name, getattr(person, name)) for name in PersonRow.__slots__)
        },
        separators=(",", ":"),
    )


def person_from(text: str) -> PersonRow:
    """The row that `person_text` wrote."""
    values: dict[str, Any] = {
        name: value if name == "id" or value is None else bytes.fromhex(value)
        for name, value in json.loads(text).items()
    }
    return PersonRow(**values)


def rate_text(rate: RateVersion) -> dict[str, Any]:
    """A rate version as JSON."""
    return {
        **{name: getattr(rate, name) for name in RateVersion.__slots__},
        "first_day": rate.first_day.isoformat(),
        "last_day": rate.last_day.isoformat() if rate.last_day else None,
        "measure": rate.measure.value,
    }


def rate_from(values: Mapping[str, Any]) -> RateVersion:
    """The rate version that `rate_text` wrote."""
    return RateVersion(
        **{
            **values,
            "first_day": date.fromisoformat(values["first_day"]),
            "last_day": date.fromisoformat(values["last_day"]) if values["last_day"] else None,
            "measure": Measure(values["measure"]),
        }
    )


def _master(unit: Unit, orders: Sequence[Order]) -> dict[str, Any]:
    """Rows of desks, rates and funds whose names an order does not carry."""
    numbers = {code: {order.args[0] for order in orders if order.code == code} for code in _NAMED}
    return {
        "desks": [
            {
                "number": desk.number,
                "code": desk.code,
                "name": desk.name,
                "step_coins": desk.step_coins,
                "dong": desk.dong,
            }
            for desk in unit.master.desks()
            if desk.number in numbers[OrderCode.REGISTER_DESK]
        ],
        "rates": [rate_text(rate) for rate in unit.master.rate_versions() if rate.rate_id in numbers[OrderCode.RATE]],
        "funds": [
            {
                "number": fund.number,
                "code": fund.code,
                "name": fund.name,
                "body": fund.body,
                "ended": fund.ended_day,
                "goal": fund.goal_coins,
            }
            for fund in unit.master.funds()
            if fund.number in numbers[OrderCode.FUND]
        ],
        "values": [
            {"first_day": first_day, "choice": choice, "basis": basis}
            for first_day, _, choice, basis in unit.master.value_changes()
            if first_day in numbers[OrderCode.COIN_VALUE]
        ],
    }


_NAMED = (OrderCode.REGISTER_DESK, OrderCode.RATE, OrderCode.FUND, OrderCode.COIN_VALUE)
