"""The table of posting/gas.py against the real contract: never too little, and not so much that transactions stay half empty."""

from __future__ import annotations

import pytest

from ledger_service.chain.transactions import receipts_of
from ledger_service.posting.gas import TRANSACTION_BASE
from tests.integration.posting.conftest import Place

FULL = 500


def gas_of(place: Place, desk: int, seq: int) -> tuple[int, int]:
    """What a batch used and its bound; it was alone in its transaction."""
    with place.town.journal.read() as unit:
        row = unit.batches.read(desk, seq)
    assert row is not None
    assert row.transaction_hash is not None
    (receipt,) = receipts_of(place.rpc, [row.transaction_hash])
    assert receipt is not None
    assert row.skipped == 0
    return receipt.gas_used, row.gas_max + TRANSACTION_BASE


def check(place: Place, desk: int, seq: int, slack: float) -> None:
    used, bound = gas_of(place, desk, seq)
    assert used < bound <= slack * used


def test_every_kind_of_batch_costs_less_than_its_bound(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found(people=FULL, centres=30)
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    check(sqlite_place, 0, 1, 3.5)
    town.credit(1, people, units=30)  # every account is new
    poster.run_until_quiet()
    check(sqlite_place, 1, 1, 1.15)
    town.credit(1, people, units=30)
    poster.run_until_quiet()
    check(sqlite_place, 1, 2, 1.3)
    charges = [town.redeem(101, person, 40) for person in people]
    poster.run_until_quiet()
    check(sqlite_place, 101, 1, 1.5)
    for person in people:
        town.donate(person, 3)
    poster.run_until_quiet()
    check(sqlite_place, 200, 1, 1.5)
    for person, charge in zip(people, charges, strict=True):
        town.refund(101, person, 7, charge)
    poster.run_until_quiet()
    check(sqlite_place, 101, 2, 1.8)
    assert town.available(people) == [600 - 40 - 3 + 7] * FULL


def test_the_treasurys_batches_cost_less_than_their_bounds(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found(people=FULL, centres=30)
    poster = sqlite_place.poster()
    poster.prepare()
    credits = town.credit(1, people, units=30)
    poster.run_until_quiet()
    town.expire(people, 7)
    poster.run_until_quiet()
    check(sqlite_place, 200, 1, 1.6)
    for person, journal_no in zip(people[:150], credits, strict=False):
        town.correct(person, 300, journal_no)  # 293 are left, 7 become debt
    poster.run_until_quiet()
    check(sqlite_place, 200, 2, 1.6)
    town.credit(1, people, units=1)
    poster.run_until_quiet()
    for person in people[:150]:
        town.set_off(person, 7)
    poster.run_until_quiet()
    check(sqlite_place, 200, 3, 1.8)


@pytest.mark.parametrize("count", [1, 2])
def test_a_small_batch_costs_less_than_its_bound(sqlite_place: Place, count: int) -> None:
    town = sqlite_place.town
    people = town.found(people=count)
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    poster.run_until_quiet()
    check(sqlite_place, 1, 1, 3.0)
