"""What was signed and never reached the chain before the books were lost comes back from its bundles, and is posted as it is; else it is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger_service.domain.orders import Order, OrderCode
from ledger_service.journal.people import PersonRow
from ledger_service.posting.bundles import write_bundles
from ledger_service.posting.desk_signatures import evidence_of
from ledger_service.posting.keepsakes import keepsakes_of
from ledger_service.posting.loops import IDLE_LOOKS_MAX, Poster
from ledger_service.posting.read_back import JOURNAL_GAP, NOT_TAKEN
from ledger_service.posting.resealing import free_from
from tests.integration.posting.conftest import Place
from tests.integration.posting.losing import Losing, rows_of
from tests.integration.posting.strangers import post_as_stranger
from tests.integration.posting.test_lost_books import DEPTH_TWO, begin, hold
from tests.integration.posting.test_lost_books import losing as losing
from tests.integration.posting.test_lost_books import sqlite_losing as sqlite_losing
from tests.integration.posting.test_lost_chain import coins_on_chain, places
from tests.integration.posting.town import desk_signer


def while_the_node_is_down(place: Place, poster: Poster, people: list[PersonRow]) -> None:
    """Two batches each of a centre and of a venue: credits, charges, a refund. All signed, none sent."""
    town = place.town
    for _ in range(2):
        town.credit(1, people)
        charge = town.redeem(101, people[0], 3)
        poster.books_pass()
    town.refund(101, people[0], 1, charge)
    poster.books_pass()


def bundle(place: Place, desk: int, seq: int) -> Path:
    (file,) = (place.town.folder / "bundles" / str(desk)).glob(f"{seq}-*.json")
    return file


def heads(place: Place) -> dict[tuple[int, int], bytes]:
    with place.town.journal.read() as unit:
        rows = [row for desk in unit.master.desks() for row in unit.batches.of_desk(desk.number, 0, 99)]
    return {row.key: row.head for row in rows}


def tips(place: Place) -> dict[int, int]:
    with place.town.journal.read() as unit:
        return {desk.number: desk.sealed_seq for desk in unit.master.desks()}


@pytest.mark.parametrize("is_empty", [False, True])
def test_what_was_signed_and_not_sent_comes_back_and_is_posted_as_it_is(
    place: Place, losing: Losing, *, is_empty: bool
) -> None:
    poster, people = begin(place)
    old = losing.nothing() if is_empty else losing.backup()
    while_the_node_is_down(place, poster, people)
    late = old.stranger_poster()
    late.prepare()
    assert heads(old) == heads(place)
    expected, found = rows_of(place.town), rows_of(old.town)
    assert {name: found[name] for name in ("entries", "people", "accounts")} == {
        name: expected[name] for name in ("entries", "people", "accounts")
    }
    assert [row[1:] for row in found["charges"]] == [(3, 0), (3, 1)]
    assert late.read_back.report.not_landed == 5
    assert "5 of them signed and not on the chain" in late.findings.all()["read back"]
    poster.run_until_quiet()  # the process that lost its books has sent them meanwhile: the same heads
    late.run_until_quiet()
    assert places(old.town) == places(place.town)
    assert old.town.available(people) == coins_on_chain(late, people)
    assert set(late.findings.all()) == {"read back"}
    again = old.stranger_poster()  # and a start afterwards finds nothing to do
    again.prepare()
    assert again.read_back.report.batches == 0


def test_a_batch_that_was_in_the_pool_when_the_books_were_lost_is_ours_when_it_lands(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.books_pass()
    with sqlite_place.town.journal.read() as unit:
        (row,) = unit.posts.to_post(9)
    late = old.stranger_poster()
    late.prepare()
    post_as_stranger(late, [row.signed])
    old.town.credit(1, people)
    late.run_until_quiet()
    assert old.town.available(people) == coins_on_chain(late, people) == [50] * len(people)
    assert set(late.findings.all()) == {"read back"}


def test_orders_and_what_relies_on_them_come_back_in_the_order_of_sealing(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    """Somebody gives to a project that ends afterwards: with the orders first the gift would be skipped."""
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    town = sqlite_place.town
    town.donate(people[0], 5)
    poster.books_pass()
    town.order(Order(OrderCode.FUND, (1, 0)))
    poster.books_pass()
    town.credit(1, people[1:])
    poster.books_pass()
    late = old.stranger_poster()
    late.prepare()
    late.run_until_quiet()
    assert heads(old) == heads(sqlite_place)
    with old.town.journal.read() as unit:
        assert unit.posts.skipped_total() == 0
        assert [fund.ended_day for fund in unit.master.funds()] != [None]
    assert old.town.available(people) == coins_on_chain(late, people) == [25] + [40] * (len(people) - 1)


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_charge_that_spends_what_only_a_bundle_credits_waits_until_that_is_final(
    sqlite_place: Place, sqlite_losing: Losing, *, is_empty: bool
) -> None:
    """The chain went with the books: what it had lies in the bundles."""
    poster, people = begin(sqlite_place)
    old = sqlite_losing.nothing() if is_empty else sqlite_losing.backup()
    sqlite_place.town.credit(1, people[:1], units=5)
    poster.run_until_quiet()
    sqlite_place.town.redeem(101, people[0], 70)
    poster.run_until_quiet()
    sqlite_place.anvil.restart()
    late = old.poster()
    late.chain.rpc.url = sqlite_place.anvil.url
    late.prepare(sleep=lambda _: None)
    late.run_until_quiet()
    assert heads(old) == heads(sqlite_place)
    assert old.town.available(people[:1]) == coins_on_chain(late, people[:1]) == [10]
    assert set(late.findings.all()) == {"read back"}


def test_an_open_hold_does_not_end_for_a_charge_whose_coins_come_first(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    held = hold(sqlite_place.town, people[0], 20)
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people[:1], units=5)
    poster.run_until_quiet()
    sqlite_place.town.redeem(101, people[0], 25)
    poster.run_until_quiet()
    sqlite_place.anvil.restart()
    late = old.poster()
    late.chain.rpc.url = sqlite_place.anvil.url
    late.prepare(sleep=lambda _: None)
    with old.town.journal.read() as unit:
        row = unit.spending.hold(held)
    assert row is not None
    assert row.state == "held"
    assert old.town.account(people[0]).held == 20


def break_it(place: Place) -> str:
    file = bundle(place, 1, 2)
    file.write_bytes(file.read_bytes()[:-9])
    return "does not open"


def lose_it(place: Place) -> str:
    bundle(place, 1, 2).unlink()
    return "its bundle is missing, and that of batch 3 is there"


def exchange_it(place: Place) -> str:
    """The file of another batch under its name."""
    bundle(place, 1, 2).write_bytes(bundle(place, 1, 3).read_bytes())
    return "holds batch 3 of desk 1"


def rewrite(place: Place, signatures: tuple[bytes, ...]) -> None:
    """The same batch with other signatures."""
    with place.town.journal.read() as unit:
        row = unit.batches.read(1, 2)
    assert row is not None
    context = place.stranger_poster().context
    evidence = evidence_of(context, row)
    with place.town.journal.read() as unit:
        kept = keepsakes_of(unit, row, evidence.entries)
    write_bundles(context.bundles_folder, context.vault, os.urandom, [(row, signatures, evidence, kept)])


def unsign_it(place: Place) -> str:
    rewrite(place, ())
    return "its bundle has no signature"


def forge_it(place: Place) -> str:
    with place.town.journal.read() as unit:
        row = unit.batches.read(1, 2)
    assert row is not None
    rewrite(place, (desk_signer(2).sign_digest(row.head),))
    return "its signatures are not those of the desk's keys"


@pytest.mark.parametrize(
    "harm",
    [
        break_it, lose_it, forge_it,
        pytest.param(exchange_it, marks=pytest.mark.slow), pytest.param(unsign_it, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_with_what_follows_and_its_desk_waits(
    sqlite_place: Place, sqlite_losing: Losing, harm: Callable[[Place], str], tmp_path: Path
) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    while_the_node_is_down(sqlite_place, poster, people)
    shutil.copy(bundle(sqlite_place, 1, 2), tmp_path)
    why = harm(sqlite_place)
    late = old.stranger_poster()
    late.prepare()
    said = late.findings.all()["desk 1"]
    assert said.startswith(f"{NOT_TAKEN}batch 2 of desk 1 ")
    assert why in said
    assert tips(old) == {**tips(sqlite_place), 1: 1}, "the others go on"
    old.town.credit(1, people)
    late.run_until_quiet()
    assert tips(old)[1] == 1, "nothing is sealed at its place"
    (copy,) = tmp_path.glob("2-*.json")
    shutil.copy(copy, sqlite_place.town.folder / "bundles" / "1")
    again = old.stranger_poster()
    again.prepare()
    again.run_until_quiet()
    assert "desk 1" not in again.findings.all()
    assert old.town.available(people) == coins_on_chain(again, people)
    assert tips(old)[1] == 4


def test_without_a_copy_the_desk_goes_on_once_its_later_bundles_are_moved_away(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    while_the_node_is_down(sqlite_place, poster, people)
    lose_it(sqlite_place)
    old.stranger_poster().prepare()
    bundle(sqlite_place, 1, 3).unlink()
    again = old.stranger_poster()
    again.prepare()
    assert "desk 1" not in again.findings.all()
    old.town.credit(1, people)
    again.run_until_quiet()
    assert tips(old)[1] == 2


def seal_apart(place: Place, people: list[PersonRow]) -> None:
    """As a process would that read nothing back."""
    with place.town.journal.write() as unit:
        unit.entries.next_numbers("journal", 1_000)
        unit.commit()
    place.town.credit(1, people)
    poster = place.stranger_poster()
    poster.gate.open()
    poster.books_pass()


def test_a_bundle_that_follows_another_batch_than_the_chain_has_is_named(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    first, second = sqlite_losing.backup(), sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    seal_apart(first, people)
    seal_apart(first, people)
    late = second.stranger_poster()
    late.prepare()
    assert "it does not follow the last batch" in late.findings.all()["desk 1"]
    assert tips(second)[1] == 2


def test_two_batches_that_claim_the_same_place_are_named_and_neither_is_taken(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    first, second = sqlite_losing.backup(), sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.books_pass()
    seal_apart(first, people)
    late = second.stranger_poster()
    late.prepare()
    assert "there are two bundles of it" in late.findings.all()["desk 1"]
    assert tips(second)[1] == 1


def test_a_desk_that_went_on_after_it_was_taken_apart_is_not_held_up_by_its_old_bundles(
    sqlite_place: Place,
) -> None:
    """What was sealed anew or withdrawn lies in bundles of which the books know every entry."""
    poster, people = begin(sqlite_place)
    sqlite_place.town.credit(1, people)
    poster.books_pass()
    sqlite_place.town.credit(1, people)
    poster.books_pass()
    with sqlite_place.town.journal.write() as unit:
        free_from(unit, 1, 2)
        unit.commit()
    bundle(sqlite_place, 1, 2).unlink()
    again = sqlite_place.stranger_poster()
    again.prepare()
    assert again.findings.all() == {}
    again.run_until_quiet()
    assert sqlite_place.town.available(people) == coins_on_chain(again, people) == [50] * len(people)


def test_a_desk_with_bundles_beyond_the_chain_seals_nothing_before_they_are_taken(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    """Another desk's batch is not final yet, so nothing is taken yet; a process that did not prepare must not seal at their place."""
    poster, people = begin(sqlite_place)
    sqlite_place.rpc.call("anvil_mine", ["0x3"])
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    sqlite_place.town.credit(2, people)
    poster.books_pass()
    late = old.stranger_poster(DEPTH_TWO)
    with old.town.journal.write() as unit:
        unit.entries.next_numbers("journal", 1_000)
        unit.commit()
    old.town.credit(2, people)
    old.town.credit(3, people)
    late.books_pass()
    assert tips(old) == {**tips(sqlite_place), 1: 1, 2: 1, 3: 2}
    sqlite_place.rpc.call("anvil_mine", ["0x3"])
    late.chain_pass()
    late.books_pass()
    assert heads(old)[2, 2] == heads(sqlite_place)[2, 2]


def last_number(place: Place) -> int:
    with place.town.journal.read() as unit:
        return unit.entries.last_number("journal")


def test_numbers_are_not_given_again_where_only_words_came_back(sqlite_place: Place, sqlite_losing: Losing) -> None:
    """The disk is lost, and the bundles since the backup with it; the chain has what was credited."""
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    given = sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    file = bundle(sqlite_place, 1, 2)
    hidden = file.rename(file.with_suffix(".away"))
    shutil.rmtree(sqlite_place.town.folder / "bundles" / "log")
    late = old.stranger_poster()
    late.prepare()
    assert old.town.credit(2, people)[0] > given[-1]
    late.run_until_quiet()
    hidden.rename(file)
    late.run_until_quiet()
    assert "desk 1" not in late.findings.all()
    assert old.town.available(people) == coins_on_chain(late, people) == [50] * len(people)


def test_numbers_are_not_given_again_where_only_bundles_came_back(sqlite_place: Place, sqlite_losing: Losing) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    given = sqlite_place.town.credit(1, people)
    poster.books_pass()
    shutil.rmtree(sqlite_place.town.folder / "bundles" / "log")
    old.stranger_poster().prepare()
    assert last_number(old) == given[-1] + JOURNAL_GAP


def test_numbers_are_not_given_again_by_books_that_were_restored_and_miss_nothing_else(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    begin(sqlite_place)
    old = sqlite_losing.backup()
    before = last_number(old)
    with old.town.journal.write() as unit:
        unit.returning.begin_from_a_backup()  # as boram restore says it
        unit.commit()
    old.stranger_poster().prepare()
    assert last_number(old) == before + JOURNAL_GAP
    old.stranger_poster().prepare()
    assert last_number(old) == before + JOURNAL_GAP, "once"


def test_a_start_does_not_wait_for_ever_for_a_batch_that_does_not_land(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    """What a charge needs is taken and waits to be posted, and no transaction goes out."""
    poster, people = begin(sqlite_place)
    old = sqlite_losing.nothing()
    sqlite_place.town.redeem(101, people[0], 20)
    poster.run_until_quiet()
    sqlite_place.anvil.restart()
    late, looks = old.poster(), []
    late.chain.rpc.url = sqlite_place.anvil.url
    send = late.sender.send_step
    late.sender.send_step = lambda: 0  # type: ignore[method-assign]
    late.prepare(sleep=looks.append)
    assert len(looks) == IDLE_LOOKS_MAX
    assert "which is not final" in late.findings.all()["desk 101"]
    late.sender.send_step = send  # type: ignore[method-assign]
    late.run_until_quiet()
    again = old.poster()  # another start, once that is posted, takes it
    again.prepare()
    again.run_until_quiet()
    assert heads(old) == heads(sqlite_place)
    assert set(again.findings.all()) == {"read back"}
