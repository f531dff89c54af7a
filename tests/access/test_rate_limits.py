"""Who asks too often waits: by who they are, by where they come from, and sooner where numbers of members can be tried."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from ledger_service.services.rate_limits import (
    ADDRESS,
    CALLERS_MAX,
    LOOKUP,
    PUBLIC,
    READ,
    WRITE,
    RateLimits,
    TooManyRequests,
)
from tests.access.conftest import Front, new_app
from tests.access.world import MEMBER


class Moment:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def limited(front: Front, **a_minute: int) -> Moment:
    moment = Moment()
    front.app = new_app(front.books, rate_limits=RateLimits(a_minute, moment))
    return moment


def test_a_minutes_worth_at_once_and_then_the_steady_rate() -> None:
    moment = Moment()
    limits = RateLimits({READ: 6}, moment)
    for _ in range(6):
        limits.require(READ, "somebody")
    with pytest.raises(TooManyRequests) as refused:
        limits.require(READ, "somebody")
    assert refused.value.fields["seconds"] == 11
    limits.require(READ, "somebody else")
    limits.require(WRITE, "somebody")
    moment.seconds += 11
    limits.require(READ, "somebody")
    with pytest.raises(TooManyRequests):
        limits.require(READ, "somebody")
    moment.seconds += 600
    for _ in range(6):
        limits.require(READ, "somebody")
    with pytest.raises(TooManyRequests):
        limits.require(READ, "somebody")


def test_however_many_ask_few_are_remembered() -> None:
    limits = RateLimits({READ: 6}, Moment())
    for number in range(CALLERS_MAX + 100):
        limits.require(READ, str(number))
    assert len(limits._arrivals) == CALLERS_MAX


def test_member_numbers_are_not_tried_by_the_thousand(front: Front) -> None:
    moment = limited(front, **{LOOKUP: 5, WRITE: 100})
    numbers = [f"S{100_000 + step}" for step in range(8)]
    tried = [front.ask("POST", "/residents/lookup", "clerk", {"member_number": one}).status_code for one in numbers]
    assert tried.count(429) == 3
    refused = front.ask("POST", "/residents/lookup", "clerk", {"member_number": MEMBER})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) == refused.json()["fields"]["seconds"] > 0
    assert front.ask("POST", "/residents/lookup", "approver", {"member_number": MEMBER}).status_code == 200
    assert front.ask("GET", "/actors/me", "clerk").status_code == 200, "nothing else is stopped by it"
    moment.seconds += 60
    assert front.ask("POST", "/residents/lookup", "clerk", {"member_number": MEMBER}).status_code == 200


def test_reads_and_writes_are_counted_for_whoever_asks_in_every_session(front: Front) -> None:
    limited(front, **{READ: 4, WRITE: 2})
    assert [front.ask("GET", "/actors/me", "clerk").status_code for _ in range(5)] == [200] * 4 + [429]
    assert front.ask("GET", "/actors/me", "approver").status_code == 200
    writes = [front.ask("POST", "/sessions/end-all", "clerk").status_code for _ in range(3)]
    assert writes == [200, 200, 429]


def test_whoever_says_nothing_of_themselves_is_counted_by_address(front: Front) -> None:
    limited(front, **{PUBLIC: 3})
    assert [front.ask("GET", "/programmes", None).status_code for _ in range(4)] == [200] * 3 + [429]
    assert front.ask("GET", "/programmes", "clerk").status_code == 429, "a public page is the same for everybody"
    assert front.ask("GET", "/desks", "clerk").status_code == 200
    assert front.ask("GET", "/healthz", None).status_code == 200, "who watches may ask all the time"


def test_tokens_are_not_guessed_at_speed(front: Front) -> None:
    limited(front, **{PUBLIC: 3})
    client = TestClient(front.app)
    asked = [
        client.get("/api/v1/desks", headers={"authorization": f"Bearer boram_{number}"}).status_code
        for number in range(5)
    ]
    assert asked == [401] * 3 + [429] * 2


def test_an_address_has_a_limit_whoever_comes_from_it(front: Front) -> None:
    limited(front, **{ADDRESS: 2})
    asked = [front.ask("GET", "/actors/me", name).status_code for name in ("clerk", "approver", "auditor")]
    assert asked == [200, 200, 429]


def test_the_pages_have_them_too(front: Front) -> None:
    from tests.access.test_sign_on import pages_of

    pages = TestClient(pages_of(front, rate_limits=RateLimits({PUBLIC: 2}, Moment())), base_url="https://boram.example")
    assert [pages.get("/rates").status_code for _ in range(3)] == [200, 200, 429]
    assert int(pages.get("/rates").headers["retry-after"]) > 0
