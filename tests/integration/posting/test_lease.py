"""Several posters on one PostgreSQL: one posts, and one that was taken over from writes nothing more, however late it wakes up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ledger_service.journal.poster_lease import (
    LEASE_SECONDS,
    LeasedJournal,
    NotPosting,
    OneProcess,
    PosterLease,
)
from ledger_service.journal.schema import transactions
from ledger_service.posting.loops import Poster
from ledger_service.posting.stand_by import PosterElsewhere, StandBy
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import SENDER, poster_of

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("town", ["postgres"], indirect=True)]
WAIT_SECONDS = 20
HOUR = 3_600  # a lease that no test outlasts, however slow the machine is


@dataclass
class Standing:
    """A process's clock that never goes back; it stands still until a test moves it."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def lease_of(
    place: Place, holder: str, clock: Standing | None = None, *, lease_seconds: int = LEASE_SECONDS
) -> Iterator[PosterLease]:
    url = place.town.journal.engine.url.render_as_string(hide_password=False)
    lease = PosterLease(url, holder, clock or time.monotonic, lease_seconds=lease_seconds)
    try:
        yield lease
    finally:
        lease.close()


def let_time_pass(place: Place, seconds: int) -> None:
    """As the database's clock sees it, the poster has said nothing for so long."""
    with place.town.journal.write() as unit:
        unit.connection.execute(text("UPDATE posting_lease SET renewed_at = renewed_at - :ms"), {"ms": seconds * 1000})
        unit.commit()


def epoch(place: Place) -> int:
    with place.town.journal.read() as unit:
        return int(unit.connection.execute(text("SELECT epoch FROM posting_lease")).scalar_one())


@pytest.fixture(autouse=True)
def no_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are not renewed by themselves here: each test is a process that has just frozen."""
    monkeypatch.setattr(PosterLease, "_beat", lambda _self, _ending: None)


def test_one_of_two_posts_and_the_other_takes_over_when_it_leaves(place: Place) -> None:
    with lease_of(place, "one") as one, lease_of(place, "two") as two:
        assert one.take()
        assert not two.take()
        one.release()
        assert two.take()
        assert (one.is_held(), two.is_held(), epoch(place)) == (False, True, 2)


def test_a_poster_that_is_silent_for_the_lease_is_taken_over_from_and_one_that_is_not_is_left(place: Place) -> None:
    with lease_of(place, "frozen") as frozen, lease_of(place, "other", lease_seconds=2 * HOUR) as other:
        assert frozen.take()
        let_time_pass(place, HOUR)
        assert not other.take()
        let_time_pass(place, HOUR)
        assert other.take()


def test_who_was_taken_over_from_writes_nothing_though_it_does_not_know_yet(place: Place) -> None:
    still = Standing()
    with (
        lease_of(place, "frozen", still, lease_seconds=HOUR) as frozen,
        lease_of(place, "other", lease_seconds=HOUR) as other,
    ):
        assert frozen.take()
        let_time_pass(place, HOUR)
        assert other.take()
        assert frozen.is_held()  # its own clock stood still, as a virtual machine's may
        with pytest.raises(NotPosting):
            store_one(place, frozen, lambda: None)
        store_one(place, other, lambda: None)


def store_one(place: Place, lease: PosterLease, meanwhile: Callable[[], object]) -> None:
    """Write a transaction under a lease; something happens between the write and the commit."""
    with LeasedJournal(lease).write() as unit:
        unit.transactions.add(SENDER.address, 7, b"\x01" * 32, b"one call", [(1, 1)], 0)
        meanwhile()
        unit.commit()


def stored(place: Place) -> int:
    with place.town.journal.read() as unit:
        return len(unit.transactions.stored(SENDER.address))


def test_a_transaction_that_was_open_when_its_process_froze_is_rolled_back(place: Place) -> None:
    with lease_of(place, "frozen", lease_seconds=HOUR) as frozen, lease_of(place, "other", lease_seconds=HOUR) as other:
        assert frozen.take()

        def freeze() -> None:
            let_time_pass(place, HOUR)
            assert other.take()

        with pytest.raises(DBAPIError):
            store_one(place, frozen, freeze)
        assert stored(place) == 0
        store_one(place, other, lambda: None)
        assert stored(place) == 1


def test_what_a_poster_was_writing_when_it_lost_its_lock_is_rolled_back(place: Place) -> None:
    """Its lock's connection broke and it does not know yet; it was not silent."""
    with lease_of(place, "one", lease_seconds=HOUR) as one, lease_of(place, "two") as two:
        assert one.take()

        def lose() -> None:
            assert one._connection is not None
            one._connection.invalidate()
            assert two.take()

        with pytest.raises(DBAPIError):
            store_one(place, one, lose)
        assert stored(place) == 0


def test_a_process_whose_own_clock_says_that_the_lease_is_over_asks_nobody(place: Place) -> None:
    clock = Standing()
    with lease_of(place, "one", clock) as one:
        assert one.take()
        clock.seconds += LEASE_SECONDS
        assert not one.is_held()
        with pytest.raises(NotPosting):
            store_one(place, one, lambda: None)


def test_a_nonce_is_used_for_one_call(place: Place) -> None:
    """The last guard, behind the lease: the index refuses another first transaction at a nonce, and takes a higher fee."""
    with place.town.journal.write() as unit:
        unit.transactions.add(SENDER.address, 7, b"\x01" * 32, b"one call", [(1, 1)], 0)
        unit.transactions.add(SENDER.address, 7, b"\x02" * 32, b"one call, more", [(1, 1)], 0, replaces=True)
        unit.commit()
    with place.town.journal.read() as unit:
        added = insert(transactions).values(
            sender=SENDER.address, nonce=7, hash=b"\x03" * 32, raw=b"other", state="stored", batches="[]", created_at=0
        )
        with pytest.raises(IntegrityError):
            unit.connection.execute(added)


def test_a_stand_by_posts_what_the_poster_left_and_the_poster_that_wakes_up_stands_by(place: Place) -> None:
    town = place.town
    people = town.found()
    clocks = Standing(), Standing()
    place.poster().prepare()
    with (
        lease_of(place, "first", clocks[0], lease_seconds=HOUR) as one,
        lease_of(place, "second", clocks[1], lease_seconds=HOUR) as two,
        standing_by(place, one) as first,
        standing_by(place, two) as second,
    ):
        first.start()
        wait_for(lambda: first.is_posting)
        second.start()
        let_time_pass(place, HOUR)
        wait_for(lambda: second.is_posting)
        town.credit(1, people)
        wait_for(lambda: town.available(people) == [10] * len(people))
        clocks[0].seconds += HOUR
        wait_for(lambda: not first.is_posting)
        second.stop()
        wait_for(lambda: first.is_posting)
    assert epoch(place) == 3


def test_a_process_that_is_frozen_while_it_starts_stands_by(place: Place) -> None:
    clock = Standing()
    with (
        lease_of(place, "first", clock, lease_seconds=HOUR) as one,
        lease_of(place, "second", lease_seconds=HOUR) as two,
    ):

        def frozen() -> Poster:
            let_time_pass(place, HOUR)
            assert two.take()
            clock.seconds += HOUR
            return poster_of(replace(place.town, journal=LeasedJournal(one)), place.rpc, None)

        first = StandBy(one, frozen)
        try:
            assert first.start() is None
            assert not first.is_posting
        finally:
            first.stop()
        assert epoch(place) == 2


@contextmanager
def standing_by(place: Place, lease: PosterLease) -> Iterator[StandBy]:
    """A process that posts when it may, and is stopped whatever happens."""
    process = StandBy(lease, lambda: poster_of(replace(place.town, journal=LeasedJournal(lease)), place.rpc, None))
    try:
        yield process
    finally:
        process.stop()


def test_a_process_with_a_chain_of_its_own_does_not_stand_by(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger_service.posting.stand_by.START_TRIES_MAX", 1)
    with lease_of(place, "one") as one, lease_of(place, "two") as two:
        assert one.take()
        with pytest.raises(PosterElsewhere):
            StandBy(two, place.poster).start(may_wait=False)
    assert OneProcess().take()


def wait_for(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < deadline, [one.name for one in threading.enumerate()]
        time.sleep(0.02)
    return True
