"""Books from an old backup, or gone: everything comes back from the chain and the bundles before anything is signed, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from ledger_service.journal.people import PersonRow
from ledger_service.journal.spending import HoldRow
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import Finality
from ledger_service.posting.three_way import OUTSIDE, SUBJECT
from ledger_service.services.context import BooksBehind
from tests.integration.posting.conftest import Place
from tests.integration.posting.hall import Hall
from tests.integration.posting.losing import Losing, lost_books, rows_of
from tests.integration.posting.test_lost_chain import UNITS_ABOVE_MAX, coins_on_chain, places
from tests.integration.posting.town import DAY, Town

DEPTH_TWO = Finality(confirmations=2)


@pytest.fixture
def losing(place: Place) -> Iterator[Losing]:
    with lost_books(place) as ways:
        yield ways


@pytest.fixture
def sqlite_losing(sqlite_place: Place) -> Iterator[Losing]:
    with lost_books(sqlite_place) as ways:
        yield ways


def begin(place: Place) -> tuple[Poster, list[PersonRow]]:
    """A chain that others run, and a first round of credits."""
    people = place.town.found()
    place.poster().prepare()
    poster = place.stranger_poster()
    poster.prepare()
    for desk in (3, 1, 2):
        place.town.credit(desk, people)
        poster.run_until_quiet()
    return poster, people


def go_on(town: Town, poster: Poster, people: Sequence[PersonRow]) -> list[PersonRow]:
    """Somebody new, a skipped credit, charges, a refund, a donation: all final at the end."""
    fresh = town.move_in(2)
    town.credit(1, [*people, *fresh], units=2)
    town.credit(2, people[:1], units=UNITS_ABOVE_MAX)
    poster.run_until_quiet()
    charge = town.redeem(101, people[0], 10)
    town.redeem(101, people[1], 50)
    poster.run_until_quiet()
    town.refund(101, people[0], 5, charge)
    town.donate(people[2], 7)
    poster.run_until_quiet()
    return [*people, *fresh]


def check_the_same(before: Place, after: Place, poster: Poster, people: Sequence[PersonRow]) -> None:
    assert places(after.town) == places(before.town), poster.findings.all()
    expected, found = rows_of(before.town), rows_of(after.town)
    for name in ("entries", "people", "accounts", "outside"):
        assert found[name] == expected[name], name
    assert after.town.available(people) == coins_on_chain(poster, people)
    assert {key for key in poster.findings.all() if not key.startswith(("skip", "read back"))} == set()


def test_books_that_are_gone_come_back_whole(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    people = go_on(place.town, poster, people)
    lost = losing.nothing()
    poster = lost.stranger_poster()
    poster.prepare()
    check_the_same(place, lost, poster, people)
    found = rows_of(lost.town)
    assert [row[1:] for row in found["charges"]] == [(10, 5), (50, 0)]
    assert [row[1] for row in found["refunds"]] == [5]
    assert "read back" in poster.findings.all()
    lost.town.credit(3, people)  # and they are books that work
    poster.run_until_quiet()
    assert lost.town.available(people) == coins_on_chain(poster, people)


def test_an_old_backup_reads_what_came_after_it(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    place.town.credit(3, people[:4])  # accepted before the backup, sealed after it
    old = losing.backup()
    people = go_on(place.town, poster, people)
    poster = old.stranger_poster()
    poster.prepare()
    check_the_same(place, old, poster, people)
    old.town.credit(3, people)
    poster.run_until_quiet()
    assert old.town.available(people) == coins_on_chain(poster, people)


def test_numbers_of_what_was_accepted_and_never_sealed_are_not_given_again(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    (promised,) = sqlite_place.town.credit(1, people[:1])  # somebody has its receipt
    poster = old.stranger_poster()
    poster.prepare()
    assert old.town.credit(1, people[:1]) > [promised]


def test_nothing_is_sealed_or_signed_before_the_chain_was_read(sqlite_place: Place, sqlite_losing: Losing) -> None:
    poster, people = begin(sqlite_place)
    sqlite_place.town.credit(1, people)
    old = sqlite_losing.backup()
    poster.run_until_quiet()
    late = old.stranger_poster()  # as a process that takes posting over, and did not prepare
    late.books_pass()
    late.run_until_quiet()
    assert places(old.town) == places(sqlite_place.town)
    assert old.town.available(people) == [40] * len(people) == coins_on_chain(late, people)


def test_a_start_waits_until_what_the_books_miss_is_final(sqlite_place: Place, sqlite_losing: Losing) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    late, waited = old.stranger_poster(DEPTH_TWO), []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        sqlite_place.rpc.call("anvil_mine", ["0x1"])

    late.prepare(sleep=sleep)
    assert len(waited) == 2
    check_the_same(sqlite_place, old, late, people)


def test_a_desk_whose_last_batch_is_not_final_waits_with_its_next_one(
    sqlite_place: Place, sqlite_losing: Losing
) -> None:
    poster, people = begin(sqlite_place)
    sqlite_place.rpc.call("anvil_mine", ["0x3"])
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    with old.town.journal.write() as unit:
        unit.entries.next_numbers("journal", 1_000)
        unit.commit()
    late = old.stranger_poster(DEPTH_TWO)  # a process that takes posting over, and did not prepare
    old.town.credit(1, people)
    old.town.credit(2, people)
    late.books_pass()
    with old.town.journal.read() as unit:
        assert [row.key for row in unit.posts.to_post(9)] == [(2, 2)], "desk 1 waits, desk 2 does not"
    sqlite_place.rpc.call("anvil_mine", ["0x3"])
    for _ in range(4):
        late.chain_pass()
        late.books_pass()
        sqlite_place.rpc.call("anvil_mine", ["0x1"])
    late.run_until_quiet()
    assert old.town.available(people) == [60] * len(people)
    assert coins_on_chain(late, people) == [60] * len(people)


def hold(town: Town, person: PersonRow, coins: int) -> str:
    """An open hold at the venue, as a service makes it."""
    hold_id = town.new_id()
    with town.journal.write() as unit:
        assert unit.accounts.hold(person.account, coins)
        unit.spending.add_hold(
            HoldRow(
                hold_id, person.account, person.id, 101, coins, "counter", "held", town.clerk, town.clock.now(),
                town.clock.now() + 90, DAY,
            )
        )  # fmt: skip
        unit.commit()
    return hold_id


def test_a_hold_of_the_backup_whose_coins_were_spent_is_ended(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    released = hold(place.town, people[0], 20)
    old = losing.backup()
    with place.town.journal.write() as unit:
        unit.spending.end_hold(released, "released")
        unit.accounts.release(people[0].account, 20)
        unit.commit()
    place.town.redeem(101, people[0], 25)
    poster.run_until_quiet()
    late = old.stranger_poster()
    late.prepare()
    account = old.town.account(people[0])
    assert (account.available, account.held, account.debited) == (5, 0, 25)
    with old.town.journal.read() as unit:
        ended = unit.spending.hold(released)
    assert ended is not None
    assert ended.state == "released"
    assert late.read_back.report.holds_ended == 1


def test_a_missing_bundle_is_named_balances_follow_and_its_return_brings_the_entries(
    place: Place, losing: Losing
) -> None:
    poster, people = begin(place)
    town = place.town
    town.credit(1, people, units=3)
    poster.run_until_quiet()
    people = go_on(town, poster, people)
    (file,) = (town.folder / "bundles" / "1").glob("2-*.json")
    hidden = file.rename(file.with_suffix(".away"))
    lost = losing.nothing()
    poster = lost.stranger_poster()
    poster.prepare()
    assert places(lost.town) == places(town)
    assert lost.town.available(people) == coins_on_chain(poster, people)
    assert file.name in poster.findings.all()["desk 1"]
    lost.town.clerk = town.clerk
    lost.town.credit(1, people)
    lost.town.credit(2, people)
    poster.run_until_quiet()
    with lost.town.journal.read() as unit:
        assert unit.sealing.desks_with_unsealed() == [1]
    hidden.rename(file)
    poster.run_until_quiet()
    assert "desk 1" not in poster.findings.all()
    assert lost.town.available(people) == coins_on_chain(poster, people)
    found, expected = rows_of(lost.town), rows_of(town)
    assert found["outside"] == []
    with lost.town.journal.read() as unit, town.journal.read() as old:
        back, once = unit.batches.read(1, 2), old.batches.read(1, 2)
    assert back is not None
    assert once is not None
    assert back.audit_head == once.audit_head
    assert set(expected["entries"]) <= set(found["entries"])


@pytest.mark.parametrize("has_refund", [False, True])
def test_what_a_missing_bundle_of_a_venue_moved_is_counted_by_the_three_way_check(
    sqlite_place: Place, sqlite_losing: Losing, *, has_refund: bool
) -> None:
    """A refund moves more than its words say: then balances are not compared, and that is said."""
    poster, people = begin(sqlite_place)
    town = sqlite_place.town
    charge = town.redeem(101, people[0], 4)
    poster.run_until_quiet()
    if has_refund:
        town.refund(101, people[0], 3, charge)
        poster.run_until_quiet()
    for file in (town.folder / "bundles" / "101").glob("*.json"):
        file.rename(file.with_suffix(".away"))
    lost = sqlite_losing.nothing()
    poster = lost.stranger_poster()
    poster.prepare()
    poster.run_until_quiet()
    assert SUBJECT not in poster.findings.all()
    said = poster.findings.all()[OUTSIDE]
    assert "batch 1 of desk 101 (missing): redeem 4" in said
    assert ("balances are not compared, because of batch 2 of desk 101" in said) is has_refund


def test_a_bundle_of_another_master_key_counts_as_missing(sqlite_place: Place, sqlite_losing: Losing) -> None:
    poster, people = begin(sqlite_place)
    (file,) = (sqlite_place.town.folder / "bundles" / "1").glob("1-*.json")
    file.write_bytes(file.read_bytes().replace(b'"seq":1', b'"seq":9'))
    lost = sqlite_losing.nothing()
    poster = lost.stranger_poster()
    poster.prepare()
    assert file.name in poster.findings.all()["desk 1"]
    assert lost.town.available(people) == coins_on_chain(poster, people)


def test_books_that_went_on_by_themselves_are_stopped_and_not_mixed(sqlite_place: Place, sqlite_losing: Losing) -> None:
    poster, people = begin(sqlite_place)
    old = sqlite_losing.backup()
    sqlite_place.town.credit(1, people)
    poster.run_until_quiet()
    old.town.credit(1, people)  # other entries with the same journal numbers, accepted before the chain was read
    with old.town.journal.write() as unit:
        unit.connection.exec_driver_sql("UPDATE entries SET record_key = randomblob(32) WHERE seq IS NULL")
        unit.commit()
    late = old.stranger_poster()
    late.prepare()
    late.run_until_quiet()
    assert "another one in the books" in late.findings.all()["desk 1"]
    assert len(places(old.town)) == len(places(sqlite_place.town)) - 1


def test_books_of_a_backup_accept_nothing_until_posting_has_read_what_they_miss(hall: Hall) -> None:
    """Another process may serve before a poster has come that far (several processes on one PostgreSQL)."""
    hall.earn([0], "2024-05-01")
    hall.settle()
    with hall.books.journal.write() as unit:
        unit.returning.begin_from_a_backup()
        unit.commit()
    with pytest.raises(BooksBehind):
        hall.charge("GYM", 0, 10)
    with pytest.raises(BooksBehind):
        hall.earn([1], "2024-05-01")
    hall.poster.catch_up()
    hall.charge("GYM", 0, 10)
    hall.earn([1], "2024-05-01")
