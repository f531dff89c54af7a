"""What a resident does in a row at one venue reaches the chain in an order in which the chain applies all of it."""

from __future__ import annotations

from tests.integration.posting.conftest import Place


def test_a_charge_that_spends_a_refund_waits_for_it(place: Place) -> None:
    town = place.town
    payer, other = town.found(people=2)
    poster = place.poster()
    poster.prepare()
    town.credit(1, [payer, other], units=4)
    poster.run_until_quiet()
    charge = town.redeem(101, payer, 40)
    town.refund(101, payer, 40, charge)  # its charge has no place yet: it waits,
    town.redeem(101, payer, 40)  # and this one spends what it gives back
    town.redeem(101, other, 30)  # which is nobody else's matter
    poster.books_pass()
    with town.journal.read() as unit:
        assert [(row.account, row.coins) for row in unit.entries.of_batch(101, 1)] == [
            (payer.account, 40),
            (other.account, 30),
        ]
    poster.run_until_quiet()
    assert town.available([payer, other]) == [0, 10]
    with town.journal.read() as unit:
        assert unit.posts.skipped_total() == 0
        assert unit.sealing.desks_with_unsealed() == []


def test_charges_and_refunds_in_a_row_all_apply(sqlite_place: Place) -> None:
    town = sqlite_place.town
    (payer,) = town.found(people=1)
    poster = sqlite_place.poster()
    poster.prepare()
    town.credit(1, [payer], units=5)
    poster.run_until_quiet()
    for _ in range(4):
        town.refund(101, payer, 50, town.redeem(101, payer, 50))
    town.redeem(101, payer, 20)
    poster.run_until_quiet()
    assert town.available([payer]) == [30]
    assert town.account(payer).refunding == 0
    with town.journal.read() as unit:
        assert unit.posts.skipped_total() == 0


def test_a_charge_whose_coins_came_from_too_many_desks_is_said_and_holds_nobody_else(sqlite_place: Place) -> None:
    town = sqlite_place.town
    collector, other = town.found(centres=64, people=2)
    poster = sqlite_place.poster()
    poster.prepare()
    for desk in range(1, 65):
        town.credit(desk, [collector])
    town.credit(1, [other])
    poster.run_until_quiet()
    town.redeem(101, collector, 10)
    town.redeem(101, other, 10)
    poster.run_until_quiet()
    assert town.available([other]) == [0]
    assert "charges of 1 accounts" in poster.findings.all()["needs 101"]
    with town.journal.read() as unit:
        assert [row.account for row in unit.entries.of_batch(101, 1)] == [other.account]
        assert unit.sealing.desks_with_unsealed() == [101]
