"""The threads: work wakes them, trouble does not end them, and stopping leaves nothing behind."""

from __future__ import annotations

import threading

import pytest

from ledger_service.posting.loops import PostingLoops
from tests.integration.posting.conftest import Place

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


@pytest.mark.postgres
@pytest.mark.parametrize("town", ["postgres"], indirect=True)
def test_one_process_posts_at_a_time(place: Place) -> None:
    place.town.found()
    place.poster().prepare()
    first, second = PostingLoops(place.poster()), PostingLoops(place.poster())
    assert first.books_pass() > 0
    assert second.books_pass() == 0
    assert first.chain_pass() > 0
    first.stop()
    place.town.credit(1, place.town.move_in(3))
    assert second.books_pass() > 0
    second.stop()
