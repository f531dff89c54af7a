"""A chain that is wiped, truncated, forked or replaced: noticed by the next pass, healed or stopped, and restored to the same places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ledger_service.chain.deploy import ensure_factory
from ledger_service.chain.hexes import hex_of
from ledger_service.chain.identity import NotOurChain
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.people import PersonRow
from ledger_service.posting.loops import Poster
from ledger_service.posting.rebuild import RebuildDiffers, post_again, restore
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import SENDER, Town

ROUNDS = 3
UNITS_ABOVE_MAX = 1_001


def no_progress(_doing: str, _done: int, _total: int) -> None:
    pass


def places(town: Town) -> list[tuple[int | None, BatchKey, bytes, int | None]]:
    with town.journal.read() as unit:
        return [(row.post_number, row.key, row.head, row.skipped) for row in unit.posts.in_post_order(0, 1_000)]


def coins_on_chain(poster: Poster, people: Sequence[PersonRow]) -> list[int]:
    return [slot.coins for slot in poster.chain.contract.slots_of([one.account for one in people], "latest")]


def a_history(place: Place) -> tuple[Poster, list[PersonRow]]:
    """Credits by three desks in turn, a charge, a refund and a skipped credit, on a chain that others run."""
    town = place.town
    people = town.found()
    place.poster().prepare()
    poster = place.stranger_poster()
    poster.prepare()
    for round_ in range(ROUNDS):
        for desk in (3, 1, 2):
            town.credit(desk, people[round_:])
            poster.run_until_quiet()
    town.credit(1, people[:1], units=UNITS_ABOVE_MAX)
    poster.run_until_quiet()
    charge = town.redeem(101, people[0], 10)
    poster.run_until_quiet()
    town.refund(101, people[0], 5, charge)
    poster.run_until_quiet()
    assert [skipped for _, _, _, skipped in places(town)].count(1) == 1
    return poster, people


def empty_chain(place: Place) -> None:
    """Another chain with the same id, on which the usual factory and the sender's funds are there."""
    place.anvil.restart()
    ensure_factory(place.rpc)
    place.rpc.call("anvil_setBalance", [hex_of(SENDER.address), hex(10**24)])


def post_all_again(poster: Poster) -> int:
    return post_again(poster.context, poster.chain_pass, no_progress, lambda: False)


@pytest.mark.parametrize("how", [("anvil_rollback", [5]), ("anvil_reorg", [5, []])], ids=["truncated", "forked"])
def test_an_external_chain_that_lost_its_last_blocks_heals_in_the_same_order(
    place: Place, how: tuple[str, Any]
) -> None:
    poster, people = a_history(place)
    before, available = places(place.town), place.town.available(people)
    place.rpc.call(*how)
    poster.chain_pass()
    poster.run_until_quiet()
    assert places(place.town) == before
    assert place.town.available(people) == available == coins_on_chain(poster, people)
    assert "reorg" in poster.findings.all(), "what was final was gone: a person has to know"


def test_an_external_chain_without_the_contract_stops_all_writing(sqlite_place: Place) -> None:
    poster, people = a_history(sqlite_place)
    before = places(sqlite_place.town)
    empty_chain(sqlite_place)
    sqlite_place.town.credit(1, people)
    poster.books_pass()
    with pytest.raises(NotOurChain):
        poster.chain_pass()
    assert sqlite_place.rpc.call("eth_getTransactionCount", [hex_of(SENDER.address), "latest"]) == "0x0"
    assert places(sqlite_place.town) == before


def test_a_replaced_chain_is_restored_to_the_same_address_places_skips_and_balances(place: Place) -> None:
    poster, people = a_history(place)
    before, available = places(place.town), place.town.available(people)
    empty_chain(place)
    for desk in (2, 3):  # new batches wait with the old ones, and must not come in between
        place.town.credit(desk, people)
    while poster.books_pass():
        pass
    assert restore(poster.context, poster.chain)
    assert post_all_again(poster) == len(before)
    assert places(place.town)[: len(before)] == before
    new = len(places(place.town)) - len(before)  # of the two that waited, each of ten coins a person
    assert poster.chain.contract.totals("latest").supply == sum(available) + 5 + new * 10 * len(people)
    poster.run_until_quiet()
    assert place.town.available(people) == [coins + 20 for coins in available] == coins_on_chain(poster, people)
    assert {key for key in poster.findings.all() if not key.startswith("skip")} == set()


def test_what_had_a_place_comes_before_what_is_new_however_much_it_is(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger_service.posting.sender.BATCHES_A_STEP", 4)
    poster, people = a_history(sqlite_place)
    before = places(sqlite_place.town)
    empty_chain(sqlite_place)
    sqlite_place.town.credit(2, people)
    while poster.books_pass():
        pass
    restore(poster.context, poster.chain)
    post_all_again(poster)
    poster.run_until_quiet()
    assert places(sqlite_place.town)[: len(before)] == before
    assert len(places(sqlite_place.town)) == len(before) + 1


def test_a_restore_that_was_cut_short_goes_on_where_it_was(sqlite_place: Place) -> None:
    poster, people = a_history(sqlite_place)
    before, available = places(sqlite_place.town), sqlite_place.town.available(people)
    empty_chain(sqlite_place)
    restore(poster.context, poster.chain)
    poster.sender.send_step()  # sent, and the process is gone before it could see what became of it
    again = sqlite_place.stranger_poster()
    assert restore(again.context, again.chain) == [], "the chain is ours by now"
    assert post_all_again(again) == len(before)
    assert places(sqlite_place.town) == before
    assert sqlite_place.town.available(people) == available == coins_on_chain(again, people)


def test_the_right_chain_is_left_alone(sqlite_place: Place) -> None:
    poster, _ = a_history(sqlite_place)
    block = sqlite_place.rpc.call("eth_blockNumber")
    assert restore(poster.context, poster.chain) == []
    assert post_all_again(poster) == 0
    assert sqlite_place.rpc.call("eth_blockNumber") == block


def test_a_chain_that_takes_nothing_is_said_and_not_waited_for_for_ever(sqlite_place: Place) -> None:
    poster, _ = a_history(sqlite_place)
    empty_chain(sqlite_place)
    restore(poster.context, poster.chain)
    with pytest.raises(RebuildDiffers, match="do not land"):
        post_again(poster.context, lambda: 0, no_progress, lambda: False)


@pytest.mark.parametrize("how", [("anvil_rollback", [3]), ("anvil_reorg", [3, []]), ("anvil_reset", [])])
def test_the_embedded_chain_heals_by_itself(sqlite_place: Place, how: tuple[str, Any]) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    for desk in (3, 1, 2):
        town.credit(desk, people)
        poster.run_until_quiet()
    before = places(town)
    sqlite_place.rpc.call(*how)
    poster.chain_pass()
    poster.run_until_quiet()
    assert places(town) == before
    assert town.available(people) == [30] * len(people) == coins_on_chain(poster, people)
