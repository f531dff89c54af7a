"""The threads: work wakes them, trouble does not end them, and stopping leaves nothing behind."""

from __future__ import annotations

import os
import threading
from datetime import timedelta

from sqlalchemy import update

from ledger_service.chain.reader import ChainMoved
from ledger_service.domain.orders import Order, OrderCode
from ledger_service.journal.schema import orders
from ledger_service.posting.loops import MOVES_MAX, PostingLoops
from ledger_service.posting.sealed_json import LEFT_OVER_SECONDS
from ledger_service.reads.status import readiness, status
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import DAY, MONTH

WAIT_SECONDS = 20


class Told:
    """A kill point that only tells that it was reached."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.reached = threading.Event()

    def reach(self, name: str) -> None:
        if name == self.point:
            self.reached.set()


def test_what_is_accepted_becomes_final_while_the_loops_run(place: Place) -> None:
    town = place.town
    people = town.found()
    place.poster().prepare()
    place.poster().run_until_quiet()
    told = Told("before_mark")
    town.kill_points = told
    loops = PostingLoops(place.poster())
    loops.start()
    town.credit(1, people)
    loops.wake()
    assert told.reached.wait(WAIT_SECONDS)
    loops.stop()
    assert town.available(people) == [10] * len(people)
    assert [thread for thread in threading.enumerate() if thread.name.startswith("posting-")] == []


def test_a_chain_that_is_down_is_said_in_the_status_and_does_not_end_the_loops(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    sqlite_place.poster().prepare()
    sqlite_place.poster().run_until_quiet()
    poster = sqlite_place.stranger_poster()
    poster.prepare()
    loops = PostingLoops(poster)
    sqlite_place.anvil.stop()
    assert loops.try_pass(loops.chain_pass) is None
    with town.journal.read() as unit:
        status = unit.chain_marks.status()
    assert status is not None
    assert status.state == "chain_down"
    town.credit(1, people)
    assert loops.try_pass(loops.books_pass) == 2  # credits are accepted, sealed and signed meanwhile
    loops.stop()


def test_a_start_drops_what_a_killed_poster_left_half_written(sqlite_place: Place) -> None:
    poster = sqlite_place.poster()
    left_over = poster.context.bundles_folder / "1" / ".1-0011223344556677.json.half.tmp"
    left_over.parent.mkdir(parents=True)
    left_over.write_bytes(b"half")
    begun = left_over.stat().st_mtime - LEFT_OVER_SECONDS - 60
    os.utime(left_over, (begun, begun))
    poster.prepare()
    assert list(left_over.parent.iterdir()) == []


def test_a_books_loop_that_fails_is_not_hidden_by_a_chain_loop_that_runs(place: Place) -> None:
    town = place.town
    people = town.found(people=2)
    place.poster().prepare()
    place.poster().run_until_quiet()
    poster = place.poster()
    loops = PostingLoops(poster)

    def ready() -> tuple[bool, str]:
        found = readiness(town.journal, town.clock.now())
        return found.ready, found.chain

    def passes() -> list[int | None]:
        return [loops.try_pass(one_pass) for one_pass in (loops.books_pass, loops.chain_pass)]

    passes()
    assert ready() == (True, "ready")
    town.order(Order(OrderCode.DESK_LIMIT, (1, MONTH, 5, DAY)))
    with town.journal.write() as unit:
        unit.connection.execute(update(orders).where(orders.c.seq.is_(None)).values(args="broken"))  # cannot be read
        unit.commit()
    town.credit(1, people)
    assert passes()[0] is None
    assert ready() == (False, "failing")
    town.clock.seconds += 61
    passes()
    found = readiness(town.journal, town.clock.now())
    assert "waited for the chain for 61 s" in (found.detail or "")
    assert status(town.journal, town.clock.now(), town.clock.today()).oldest_unposted_seconds == 61
    loops.stop()


def test_blocks_that_are_replaced_in_pass_after_pass_are_said(sqlite_place: Place) -> None:
    town = sqlite_place.town
    poster = sqlite_place.poster()
    poster.prepare()
    loops = PostingLoops(poster)

    def moved() -> int:
        raise ChainMoved("block 7 is not, or no longer, on the chain")

    assert [loops.try_pass(moved) for _ in range(MOVES_MAX)] == [0] * (MOVES_MAX - 1) + [None]
    found = readiness(town.journal, town.clock.now())
    assert (found.ready, found.chain) == (False, "chain_lies")
    assert loops.try_pass(loops.chain_pass) is not None
    assert loops.try_pass(moved) == 0
    loops.stop()


def test_a_loop_that_hangs_is_not_hidden_by_the_other(sqlite_place: Place) -> None:
    town = sqlite_place.town
    town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    loops = PostingLoops(poster)
    loops.try_pass(loops.books_pass)
    for _ in range(8):
        town.clock.seconds += 10
        loops.try_pass(loops.chain_pass)
    assert readiness(town.journal, town.clock.now()).chain == "silent"
    loops.try_pass(loops.books_pass)
    town.clock.seconds += 10
    loops.try_pass(loops.chain_pass)
    assert readiness(town.journal, town.clock.now()).chain == "ready"
    loops.stop()


def test_a_batch_that_stays_refused_is_said_with_the_reason_until_it_lands(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.clock.business_date += timedelta(days=301)  # the ledger is open for 300
    town.credit(1, people)
    for _ in range(4):
        poster.books_pass()
        poster.chain_pass()
    assert "bad_day" in poster.findings.all()["batch 1/1"]
    town.order(Order(OrderCode.OPEN_UNTIL, (DAY + 600,)))
    poster.run_until_quiet()
    assert not [subject for subject in poster.findings.all() if subject.startswith("batch")]
    with town.journal.read() as unit:
        assert unit.backlog.batches_by_state() == {}
