"""Entries rely on orders: none is sealed while an order waits, however many batches the orders take."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger_service.domain.orders import Order, OrderCode
from ledger_service.journal.batches import Batches
from ledger_service.posting import sealer
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import DAY


def test_entries_wait_until_all_order_batches_are_sealed(place: Place) -> None:
    town = place.town
    people = town.found(centres=60, people=2)  # orders for three batches
    poster = place.poster()
    poster.prepare()
    town.credit(50, people, units=5)
    poster.books_pass()
    with town.journal.read() as unit:
        assert unit.orders.unsealed(1)
        assert unit.sealing.desks_with_unsealed() == [50]
    poster.run_until_quiet()
    assert town.available(people) == [50, 50]
    with town.journal.read() as unit:
        first, orders = unit.batches.read(50, 1), unit.posts.tip(0)
        assert unit.posts.skipped_total() == 0
    assert first is not None
    assert orders[0] > 1
    assert [(need.desk, need.seq) for need in first.batch.needs] == [(0, orders[0])]


def test_orders_of_a_day_stand_in_a_batch_of_that_day_however_late_it_is_sealed(sqlite_place: Place) -> None:
    town = sqlite_place.town
    town.found(people=1)
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    for fund in (2, 3):
        town.order(Order(OrderCode.FUND, (fund, 1)))
        town.clock.business_date += timedelta(days=3)
    poster.run_until_quiet()
    with town.journal.read() as unit:
        last = unit.posts.tip(0)[0]
        made = [unit.batches.read(0, seq) for seq in (last - 1, last)]
    assert [one.batch.day for one in made if one is not None] == [DAY, DAY + 3]


def test_an_order_that_is_approved_between_two_reads_holds_the_entries_back(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = sqlite_place.town
    people = town.found(people=1)
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    asked = Batches.unsigned_desks

    def approved_meanwhile(batches: Batches) -> set[int]:
        monkeypatch.setattr(Batches, "unsigned_desks", asked)
        town.order(Order(OrderCode.FUND, (2, 1)))
        return asked(batches)

    monkeypatch.setattr(Batches, "unsigned_desks", approved_meanwhile)
    poster.books_pass()
    with town.journal.read() as unit:
        assert unit.sealing.desks_with_unsealed() == [1]
    poster.run_until_quiet()
    with town.journal.read() as unit:
        batch = unit.batches.read(1, 1)
    assert batch is not None
    assert [(need.desk, need.seq) for need in batch.batch.needs] == [(0, 2)]


def test_orders_that_wait_for_a_signature_from_outside_are_said(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found(people=2)
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.keys.outside.add(0)
    town.order(Order(OrderCode.FUND, (2, 1)))
    poster.run_until_quiet()
    town.order(Order(OrderCode.FUND, (3, 1)))
    town.credit(1, people)
    poster.run_until_quiet()
    assert "office's signature" in poster.findings.all()[sealer.ORDERS_SUBJECT]
    with town.journal.read() as unit:
        status = unit.chain_marks.status()
        assert unit.sealing.desks_with_unsealed() == [1]
    assert status is not None
    assert "office's signature" in (status.detail or "")
    town.keys.outside.clear()
    poster.run_until_quiet()
    assert town.available(people) == [10, 10]
    assert poster.findings.all() == {}
