"""A stolen key: somebody else's batch stands at our sequence. The desk stops; once adopted, books and chain agree and nothing of ours is lost."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from ledger_service.chain.signing import LocalSigner
from ledger_service.domain.batches import Batch, SignedBatch
from ledger_service.domain.entries import Entry, Kind
from ledger_service.journal.people import PersonRow
from ledger_service.posting.loops import Poster
from ledger_service.posting.three_way import OUTSIDE
from ledger_service.reads.outside import outside_entries
from tests.integration.posting.conftest import Place
from tests.integration.posting.strangers import post_as_stranger
from tests.integration.posting.test_lost_chain import UNITS_ABOVE_MAX, coins_on_chain, places
from tests.integration.posting.town import DAY, RATE_COINS, signer

THIEF = b"\x0a" * 20


def steal(poster: Poster, desk: int, entries: Sequence[Entry], key: LocalSigner | None = None) -> None:
    """A batch signed with a desk's key elsewhere (its first one), at the next sequence of the chain, posted by a stranger."""
    domain = poster.context.domain
    tip = poster.chain.contract.tips([desk], "latest")[desk]
    words = b"".join(entry.pack() for entry in entries)
    batch = Batch(desk, tip.next_seq, DAY, tip.head, os.urandom(32), (), words, b"")
    signed = SignedBatch(batch, ((key or signer(f"desk {desk}")).sign_digest(batch.digest(domain)),))
    post_as_stranger(poster, [signed])


def credit_to(account: bytes, units: int = 7) -> Entry:
    return Entry(account, Kind.CREDIT, 1, units, DAY, 999_999)


def begin(place: Place) -> tuple[Poster, list[PersonRow]]:
    people = place.town.found()
    poster = place.poster()
    poster.prepare()
    place.town.credit(1, people)
    poster.run_until_quiet()
    return poster, people


def adopt(place: Place, desk: int) -> None:
    """What two people of the office decide (services/setup.py)."""
    with place.town.journal.write() as unit:
        unit.master.set_adopting(desk, adopting=True)
        unit.commit()


def serious(poster: Poster) -> set[str]:
    """What was found, but for skips and what the three-way check says of batches from outside. It counts them, and finds no difference."""
    return {subject for subject in poster.findings.all() if not subject.startswith("skip") and subject != OUTSIDE}


def test_our_batch_that_lost_its_place_is_sealed_anew_and_the_other_one_counts(place: Place) -> None:
    poster, people = begin(place)
    town = place.town
    town.credit(1, people)
    while poster.books_pass():
        pass
    steal(poster, 1, [credit_to(THIEF), credit_to(people[0].account), credit_to(THIEF, UNITS_ABOVE_MAX)])
    poster.run_until_quiet()
    assert "another one than in the books" in poster.findings.all()["desk 1"]
    town.credit(1, people[:5])
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people), "a stopped desk neither seals nor settles"
    adopt(place, 1)
    poster.run_until_quiet()
    assert serious(poster) == set()
    assert town.available(people)[0] == 10 + 10 + 10 + 7 * RATE_COINS
    assert town.available(people) == coins_on_chain(poster, people)
    with town.journal.read() as unit:
        assert unit.sealing.desks_with_unsealed() == []
        assert [row.state for row in unit.batches.of_desk(1, 0, 9)] == ["final"] * 3, "theirs between ours"
        (thief,) = [unit.accounts.read(THIEF)]
    assert thief is not None
    assert thief.credited == 7 * RATE_COINS
    with town.journal.write() as unit:
        unit.checks.ask(town.new_id(), DAY, None, town.clock.now())
        unit.commit()
    poster.run_until_quiet()
    told = poster.findings.all()[OUTSIDE]
    assert "batch 2 of desk 1 (foreign): credit 140" in told
    assert "not compared" not in told
    with town.journal.read() as unit:
        (check, *_) = unit.checks.latest(1)
    assert check.state == "holds", check.detail
    listed = [(one.seq, one.index, one.state, one.credited, one.person_id) for one in outside_entries(town.journal)]
    assert listed == [(2, 0, "foreign", 70, None), (2, 1, "foreign", 70, people[0].id), (2, 2, "foreign", 0, None)]
    before = places(town)
    place.anvil.restart()  # and a chain made again has the foreign batch, with its skip
    poster.chain_pass()
    poster.run_until_quiet()
    assert places(town) == before
    assert town.available(people) == coins_on_chain(poster, people)
    assert serious(poster) == set()


def test_a_batch_at_a_free_sequence_waits_for_its_bundle_or_for_two_people(sqlite_place: Place) -> None:
    poster, people = begin(sqlite_place)
    steal(poster, 1, [credit_to(THIEF)])
    poster.run_until_quiet()
    assert "is missing" in poster.findings.all()["desk 1"]
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    assert sqlite_place.town.available(people) == [10] * len(people)
    adopt(sqlite_place, 1)
    poster.run_until_quiet()
    assert serious(poster) == set()
    assert sqlite_place.town.available(people) == [20] * len(people) == coins_on_chain(poster, people)
    assert [one.state for one in outside_entries(sqlite_place.town.journal)] == ["foreign"]


def test_a_stolen_venue_key_takes_coins_and_the_balance_follows_the_chain(sqlite_place: Place) -> None:
    poster, people = begin(sqlite_place)
    steal(poster, 101, [Entry(people[0].account, Kind.REDEEM, 0, 4, DAY, 999_999)])
    poster.run_until_quiet()
    adopt(sqlite_place, 101)
    poster.run_until_quiet()
    assert serious(poster) == set()
    assert sqlite_place.town.available(people)[0] == 6 == coins_on_chain(poster, people)[0]
    assert [one.debited for one in outside_entries(sqlite_place.town.journal)] == [4]


def test_what_was_final_in_the_books_is_never_taken_apart(sqlite_place: Place) -> None:
    poster, people = begin(sqlite_place)
    sqlite_place.rpc.call("anvil_reorg", [1, []])  # our final batch is gone, and the thief is quicker
    steal(poster, 1, [credit_to(THIEF)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(poster.sender, "send_step", lambda: 0)
        poster.chain_pass()
    adopt(sqlite_place, 1)
    poster.chain_pass()
    assert "cannot be adopted" in poster.findings.all()["desk 1"]
    assert sqlite_place.town.available(people) == [10] * len(people)


def test_a_restart_between_taking_apart_and_taking_over_ends_the_same(sqlite_place: Place) -> None:
    poster, people = begin(sqlite_place)
    town = sqlite_place.town
    town.credit(1, people)
    while poster.books_pass():
        pass
    steal(poster, 1, [credit_to(THIEF)])
    poster.run_until_quiet()
    adopt(sqlite_place, 1)

    class Killed(Exception):
        pass

    def die(*_arguments: object, **_named: object) -> int:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(poster.follower, "bring_in", die)
        with pytest.raises(Killed):
            poster.chain_pass()
    again = sqlite_place.poster()
    again.prepare()
    again.run_until_quiet()
    assert serious(again) == set()
    assert town.available(people) == [20] * len(people) == coins_on_chain(again, people)
