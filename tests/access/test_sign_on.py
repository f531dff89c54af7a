"""A district's own sign-on: who somebody is comes from its provider, by real signatures; what they may do never does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.adapters.sign_on import OpenIdProvider
from ledger_service.domain.actors import Role
from ledger_service.services.secret_gate import SecretGate
from ledger_service.services.sign_on import STATE_SECONDS
from ledger_service.web.app import create_pages
from ledger_service.web.brand import Brand
from ledger_service.web.ports import WebPorts
from ledger_service.web.sessions import SessionDoor
from tests.access.conftest import HOST, PASSWORD, Front, new_app
from tests.access.provider import CLIENT, SECRET
from tests.access.world import MEMBER
from tests.web.site import form

RETURN = f"{HOST}/sign-in/district/return"
SUBJECT = "kim@district"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A running provider."""
    process = subprocess.Popen([sys.executable, "-m", "tests.access.provider"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.stdout.close()
    process.wait(10)


def pages_of(front: Front, **ports: Any) -> Any:
    """The pages over a front door's books, with the door of production."""
    passwords = Argon2Passwords(light=True)
    return create_pages(
        WebPorts(
            context=front.books.context,
            door=SessionDoor(front.books.context, passwords, "__Host-boram", True),
            brand=Brand("서초구", "Seocho-gu", "보람코인", "Boram coin", "#0b50d0", "02-000-0000"),
            service_key=bytes(20),
            upload_bytes_max=1 << 20,
            monotonic=time.monotonic,
            secret_gate=SecretGate(),
            passwords=passwords,
            **ports,
        )
    )


class District:
    """A front door with the district's sign-on beside the others."""

    def __init__(self, front: Front, issuer: str) -> None:
        self.front, self.issuer = front, issuer
        front.books.clock.seconds = int(time.time())  # tokens have times
        self.provider = OpenIdProvider(issuer, CLIENT, SECRET, RETURN)
        self.pages = pages_of(front, sign_on=self.provider)
        front.app = new_app(front.books, sign_on=self.provider)
        self.tell()

    def tell(self, **control: Any) -> None:
        """What the provider's next tokens are like."""
        httpx.post(f"{self.issuer}/control", json=control).raise_for_status()

    def register(self, name: str = "clerk", subject: str = SUBJECT) -> Any:
        return self.front.ask("POST", f"/actors/{self.front.id_of(name)}/sign-on", "admin", {"subject": subject})

    def browser(self) -> TestClient:
        return TestClient(self.pages, base_url=HOST, follow_redirects=False, headers={"accept-language": "en"})

    def depart(self, browser: TestClient) -> str:
        """Where the provider sends this browser back to."""
        to = browser.get("/sign-in/district")
        assert to.status_code == 303, to.text
        back = httpx.get(to.headers["location"])
        return str(back.headers["location"])

    def sign_in(self, browser: TestClient | None = None) -> Any:
        browser = browser or self.browser()
        return browser.get(self.depart(browser))


@pytest.fixture
def district(front: Front, issuer: str) -> District:
    return District(front, issuer)


def test_a_registered_subject_signs_in_to_its_account_and_to_no_more(district: District) -> None:
    assert district.register().status_code == 200
    browser = district.browser()
    answer = district.sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/centre")
    assert browser.get("/centre").status_code == 200
    assert browser.get("/office").status_code == 403, "roles are the account's"
    with district.front.books.journal.read() as unit:
        (session,) = unit.sessions.of_actor(district.front.id_of("clerk"), district.front.books.clock.now())
    assert session.factors == "district"


def test_it_is_asked_with_code_state_nonce_and_a_challenge(district: District) -> None:
    to = district.browser().get("/sign-in/district").headers["location"]
    asked = parse_qs(urlsplit(to).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [RETURN]
    assert asked["scope"] == ["openid"]
    assert len({*asked["state"], *asked["nonce"], *asked["code_challenge"]}) == 3


def test_an_unknown_subject_gets_nothing(district: District) -> None:
    before = len(district.front.ask("GET", "/actors", "admin").json())
    assert district.sign_in().status_code == 401
    district.register()
    district.tell(claims={"sub": "KIM@district"})
    assert district.sign_in().status_code == 401
    assert len(district.front.ask("GET", "/actors", "admin").json()) == before, "no account is made"


@pytest.mark.parametrize(
    "control",
    [
        {"key": "foreign", "kid": "first"},
        {"key": "foreign"},
        {"key": "none"},
        {"key": "public key as secret"},
        {"clock": -3600},
        {"claims": {"aud": "another service"}},
        {"claims": {"aud": [CLIENT, "another service"]}},
        {"claims": {"azp": "another service"}},
        {"claims": {"iss": "https://elsewhere.example"}},
        {"claims": {"nonce": "an older one"}},
        {"claims": {"nonce": None}},
        {"claims": {"exp": None}},
        {"claims": {"sub": None}},
        {"claims": {"sub": 7}},
    ],
    ids=str,
)
def test_a_token_that_is_forged_late_or_for_somebody_else_is_refused(district: District, control: Any) -> None:
    district.register()
    district.tell(**control)
    answer = district.sign_in()
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers or "__Host-boram=" not in answer.headers["set-cookie"]
    district.tell()
    assert district.sign_in().status_code == 303


def test_a_state_is_for_one_browser_once_and_ten_minutes(district: District) -> None:
    district.register()
    browser, other = district.browser(), district.browser()
    back = district.depart(browser)
    assert other.get(back).status_code == 401, "another browser"
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 401, "again"
    twice = district.browser()
    to = twice.get("/sign-in/district").headers["location"]
    first, second = (
        str(httpx.get(to).headers["location"]) for _ in range(2)
    )  # two codes of the provider for one state
    assert twice.get(first).status_code == 303
    assert district.browser().get(second).status_code == 401
    assert twice.get(second).status_code == 401, "a state is used once, whatever the code"
    fresh = district.browser()
    code = parse_qs(urlsplit(district.depart(other)).query)["code"][0]
    state = parse_qs(urlsplit(district.depart(fresh)).query)["state"][0]
    assert fresh.get(f"/sign-in/district/return?code={code}&state={state}").status_code == 401, "a code of another's"
    late = district.browser()
    back = district.depart(late)
    district.front.books.clock.seconds += STATE_SECONDS
    assert late.get(back).status_code == 401


def test_new_keys_of_the_provider_are_found(district: District) -> None:
    district.register()
    assert district.sign_in().status_code == 303
    moments = iter(range(0, 10_000, 100))
    district.provider._monotonic = lambda: time.monotonic() + next(moments)
    district.tell(key="second", published=["first", "second"])
    assert district.sign_in().status_code == 303


def test_a_provider_that_is_away_or_says_another_name_leaves_the_other_ways(front: Front, issuer: str) -> None:
    away = District(front, issuer)
    away.provider._issuer = "http://127.0.0.1:1"
    assert away.browser().get("/sign-in/district").status_code == 503
    other = District(front, issuer)
    other.tell(issuer="https://elsewhere.example")
    assert other.browser().get("/sign-in/district").status_code == 503
    other.tell()


def test_only_an_administrator_registers_and_a_subject_opens_one_account(district: District) -> None:
    clerk = district.front.id_of("clerk")
    assert district.front.ask("POST", f"/actors/{clerk}/sign-on", "approver", {"subject": "x"}).status_code == 403
    admin = district.front.id_of("admin")
    assert district.front.ask("POST", f"/actors/{admin}/sign-on", "admin", {"subject": "x"}).status_code == 409
    assert district.register("clerk").status_code == 200
    assert district.register("approver").status_code == 409
    person = district.front.books.person(MEMBER)
    district.front.card(MEMBER)
    with district.front.books.journal.read() as unit:
        resident = unit.actors.of_person(person)
    assert resident is not None
    assert district.front.ask("POST", f"/actors/{resident.id}/sign-on", "admin", {"subject": "y"}).status_code == 422
    browser = district.browser()
    district.sign_in(browser)
    assert district.front.ask("POST", f"/actors/{clerk}/sign-on/remove", "admin").status_code == 200
    assert browser.get("/centre").status_code == 303, "its sessions end"
    assert district.sign_in().status_code == 401


def test_without_a_provider_there_is_none(front: Front) -> None:
    answer = front.ask("POST", f"/actors/{front.id_of('clerk')}/sign-on", "admin", {"subject": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "sign_on_off")


def test_an_administrator_registers_on_a_page(district: District) -> None:
    front = district.front
    front.add("chief", Role.ADMIN)
    front.enrol("chief")
    own = {"origin": HOST, "sec-fetch-site": "same-origin", "accept-language": "en"}
    admin = TestClient(district.pages, base_url=HOST, headers=own)
    admin.post("/sign-in/staff", data={"name": "chief", "password": PASSWORD, "code": front.code("chief")})
    address = f"/staff/{front.id_of('clerk')}"

    def send(action: str, **typed: str) -> Any:
        filled = form(admin.get(address), action)
        return admin.post(filled.action, data=filled.fields | typed)

    registered = send("/sign-on", subject=SUBJECT)
    assert "registered" in registered.text
    assert SUBJECT not in admin.get(address).text, "the books do not hold it"
    assert SUBJECT not in str(registered.url)
    assert district.sign_in().status_code == 303
    assert send("/sign-on/remove").status_code == 200
    assert district.sign_in().status_code == 401
