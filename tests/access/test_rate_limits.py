"""Who asks too often waits: by who they are, by where they come from, and sooner where numbers of members can be tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from ledger_service.domain.addresses import network_of
from ledger_service.journal.sessions import KEPT_SECONDS
from ledger_service.services.rate_limits import (
    ADDRESS,
    CALLERS_MAX,
    CODE,
    EXPORT,
    IN_BOOKS,
    LOOKUP,
    PUBLIC,
    READ,
    UPLOAD,
    WRITE,
    RateLimits,
    TooManyRequests,
    forget_counts,
)
from tests.access.conftest import HOST, PIN, Browser, Front, new_app
from tests.access.world import MEMBER, World


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


def let_in(limits: RateLimits, kind: str, caller: str) -> bool:
    try:
        limits.require(kind, caller)
    except TooManyRequests:
        return False
    return True


def test_what_is_counted_in_the_books_is_counted_for_all_processes(either: Front) -> None:
    """Two of them over the same books, many at once: as many are let in as by one, and a refusal takes no turn."""
    context, clock = either.books.context, either.books.clock
    processes = [RateLimits(dict.fromkeys(IN_BOOKS, 6), Moment(), context, 2) for _ in range(2)]

    def asked(kind: str, times: int) -> int:
        with ThreadPoolExecutor(8) as pool:
            return sum(pool.map(lambda place: let_in(processes[place % 2], kind, "somebody"), range(times)))

    for kind in sorted(IN_BOOKS):
        assert asked(kind, 20) == 6, kind
    with pytest.raises(TooManyRequests) as refused:
        processes[0].require(LOOKUP, "somebody")
    assert refused.value.fields["seconds"] == 11
    assert let_in(processes[1], LOOKUP, "somebody else")
    clock.seconds += 10
    assert asked(LOOKUP, 4) == 1
    clock.seconds += 60
    assert asked(LOOKUP, 20) == 6
    clock.seconds += 60
    assert forget_counts(context) == len(IN_BOOKS) + 1
    assert forget_counts(context) == 0


def test_what_each_process_counts_for_itself_is_its_share() -> None:
    moment = Moment()
    shares = [RateLimits({READ: 9, PUBLIC: 1}, moment, None, 3) for _ in range(3)]
    assert [sum(let_in(one, READ, "somebody") for _ in range(9)) for one in shares] == [3, 3, 3]
    assert let_in(shares[0], PUBLIC, "somebody"), "never nothing at all"


def test_failed_attempts_are_kept_while_they_mean_something(either: Front) -> None:
    def guess() -> int:
        body = {"name": "nobody-of-that-name", "password": "a wrong sentence", "code": "000000"}
        return int(either.browser().post("/sessions/staff", body).status_code)

    assert [guess() for _ in range(6)] == [401] * 5 + [429]
    assert forget_counts(either.books.context) == 0
    assert guess() == 429
    either.books.clock.seconds += KEPT_SECONDS + 1
    assert forget_counts(either.books.context) == 2, "of the account and of the address"
    assert guess() == 401


def test_one_machine_does_not_count_as_many_addresses() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::9") != network_of("2001:db8:1:2::9")
    assert network_of("::ffff:203.0.113.9") == network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert [network_of(one) for one in ("local", "", "testclient")] == ["local", "", "testclient"]


def test_an_ipv6_machine_is_limited_whatever_its_address(front: Front) -> None:
    limited(front, **{PUBLIC: 3})
    asked = [
        TestClient(front.app, client=(f"2001:db8::{place}", 1)).get("/api/v1/programmes").status_code
        for place in range(1, 6)
    ]
    assert asked == [200] * 3 + [429] * 2
    guesses = [
        TestClient(new_app(front.books), client=(f"2001:db8::{place:x}", 1), base_url=HOST)
        .post("/api/v1/sessions/resident", json={"card_number": "x", "pin": PIN}, headers={"origin": HOST})
        .status_code
        for place in range(1, 8)
    ]
    assert guesses == [401] * 5 + [429] * 2


@pytest.mark.parametrize(
    ("kind", "name", "method", "path"),
    [
        (UPLOAD, "clerk", "POST", "/imports/preview"),
        (EXPORT, "auditor", "GET", "/access-log.csv"),
        (EXPORT, "coin-office", "GET", "/closes/payments/2024-04/file"),
    ],
)
def test_what_costs_much_is_counted_by_kind(front: Front, kind: str, name: str, method: str, path: str) -> None:
    limited(front, **{kind: 2})
    body = World(front).month("Z1") if kind == UPLOAD else None
    assert [front.ask(method, path, name, body).status_code for _ in range(3)] == [200, 200, 429]
    assert front.ask("GET", "/actors/me", name).status_code == 200


def test_codes_to_pay_with_are_counted_at_both_doors(front: Front) -> None:
    from tests.access.test_sign_on import pages_of

    browser = front.resident(MEMBER)
    limits = RateLimits({CODE: 2}, Moment(), front.books.context)
    browser.client.app = new_app(front.books, rate_limits=limits)
    asked = Browser(TestClient(browser.client.app, base_url=HOST, cookies=browser.client.cookies), browser.form_token)
    assert [asked.post("/payment-codes").status_code for _ in range(3)] == [201, 201, 429]
    pages = TestClient(pages_of(front, rate_limits=limits), base_url=HOST, cookies=browser.client.cookies)
    form = {"form_token": browser.form_token}
    assert pages.post("/me/payment-code", data=form, headers={"origin": HOST}).status_code == 429


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
