"""Passkeys in a real Chromium with a virtual security key: the only two pages that need a script, and what they do with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from ledger_service.adapters.actors import add_actor
from ledger_service.adapters.clock import SystemClock
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.sessions import SessionRow
from ledger_service.services import accounts
from ledger_service.services.passkeys import RelyingParty
from tests.access.serving import whole_app
from tests.books import SAMPLE_AS_OF, Books, SqliteDistrict

PASSWORD = "a long sentence, 2024"


@pytest.fixture
def books(sqlite_district: SqliteDistrict, tmp_path: Path) -> Iterator[Books]:
    with sqlite_district.copy("district", tmp_path) as opened:
        object.__setattr__(opened.context, "clock", SystemClock(SAMPLE_AS_OF, 0))
        yield opened


@pytest.fixture
def address(books: Books) -> Iterator[str]:
    """API and pages over the books, as `localhost`: passkeys are bound to a name, not to a number."""
    config = uvicorn.Config(lambda: None, host="127.0.0.1", port=0, log_config=None, lifespan="off", factory=False)
    server = uvicorn.Server(config)
    config.load()
    sockets = [config.bind_socket()]
    url = f"http://localhost:{sockets[0].getsockname()[1]}"
    party = RelyingParty("localhost", "Boram", (url,))
    config.loaded_app = whole_app(books.context, Argon2Passwords(light=True), party)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield url
    server.should_exit = True
    thread.join()


def enrol(books: Books, name: str) -> str:
    """A clerk with password and second factor; the secret of the latter."""
    chief = Actor(books.actor("chief", Role.ADMIN).id, "chief", frozenset({Role.ADMIN}), frozenset())
    line, _ = add_actor(books.context, "system", name, [Role.CLERK], ["SVC"], None)
    secret = accounts.invite(books.context, chief, line.id)
    factor = accounts.accept_invitation(books.context, Argon2Passwords(light=True), secret, PASSWORD)
    before = books.context.clock.now() - 30
    accounts.confirm_invitation(books.context, secret, pyotp.TOTP(factor.secret).at(before))
    return factor.secret


def with_security_key(page: Page) -> None:
    """A virtual authenticator that knows its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip


def test_a_clerk_adds_a_passkey_and_signs_in_with_it(chromium: Browser, books: Books, address: str) -> None:
    secret = enrol(books, "kim")
    page = chromium.new_page(locale="en-GB", extra_http_headers={"accept-language": "en"})
    with_security_key(page)
    page.goto(f"{address}/sign-in?staff=1")
    page.fill("#name", "kim")
    page.fill("#password", PASSWORD)
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("main button.primary")
    page.goto(f"{address}/account")
    assert page.locator("script[src$='passkey.js']").count() == 0
    page.fill("#password", PASSWORD)
    page.click("text=Add a passkey")
    assert page.locator("script[src$='passkey.js']").count() == 1
    page.fill("#name", "the desk's key")
    page.click("text=Make the passkey")
    page.wait_for_url("**/account?done=added")
    assert "the desk's key" in page.inner_text("main")
    page.click("text=Sign out >> nth=0")
    page.goto(f"{address}/sign-in?staff=1")
    page.click("text=Sign in with a passkey")
    page.click("text=Show the passkey")
    page.wait_for_url("**/centre")
    assert [one.factors for one in sessions(books, "kim")] == ["passkey"]
    page.goto(f"{address}/account")
    page.click("main >> text=Revoke")
    assert "There is no passkey yet" in page.inner_text("main")
    page.context.close()


def test_a_device_without_the_passkey_says_so_and_nothing_is_sent(chromium: Browser, address: str) -> None:
    page = chromium.new_page(extra_http_headers={"accept-language": "en"})
    answer = page.goto(f"{address}/sign-in/passkey")
    assert answer is not None
    assert "; script-src 'self'; " in answer.headers["content-security-policy"]
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no device')) }")
    page.click("text=Show the passkey")
    page.wait_for_selector("#passkey-problem:not([hidden])")
    assert page.url == f"{address}/sign-in/passkey"
    page.context.close()


def sessions(books: Books, name: str) -> list[SessionRow]:
    with books.journal.read() as unit:
        actor = unit.actors.by_name(name)
        assert actor is not None
        return list(unit.sessions.of_actor(actor.id, books.context.clock.now()))
