"""Being told before a session ends, and what residents do for their own safety. Behind the real door."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.testclient import TestClient

from ledger_service.services.cards import issue_card
from ledger_service.services.secret_gate import SecretGate
from ledger_service.services.sign_in import IDLE_SECONDS, assist, open_session
from ledger_service.web.app import create_pages
from ledger_service.web.ports import WebPorts
from ledger_service.web.sessions import SessionDoor
from tests.books import MovableClock
from tests.web.month import BRAND, PASSWORDS, Month
from tests.web.site import forms

PIN, COOKIE = "314159", "boram"


def signed_in(quiet: Month) -> tuple[TestClient, str, Callable[[], TestClient]]:
    """A resident's browser behind the real door, their card, and a way to make more browsers."""
    books = quiet.hall.books
    pages = create_pages(
        WebPorts(
            context=books.context, door=SessionDoor(books.context, PASSWORDS, COOKIE, False), brand=BRAND,
            service_key=bytes(20), upload_bytes_max=1_000, monotonic=lambda: 0.0, secret_gate=SecretGate(),
            passwords=PASSWORDS,
        )
    )  # fmt: skip
    card = issue_card(books.context, PASSWORDS, books.actors["registrar"], quiet.hall.person(0), PIN)

    def browser() -> TestClient:
        client = TestClient(pages, headers={"origin": "http://testserver"})
        assert client.post("/sign-in/resident", data={"card_number": card, "pin": PIN}).url.path == "/me"
        return client

    return browser(), card, browser


def clock_of(quiet: Month) -> MovableClock:
    return quiet.hall.books.clock


def test_a_warning_comes_before_the_end_and_one_button_goes_on(quiet: Month) -> None:
    mine, _, _ = signed_in(quiet)
    assert '<iframe class="session-clock" src="/session/clock"' in mine.get("/me").text
    shown = mine.get("/session/clock")
    assert ('role="alert"' in shown.text, shown.headers["refresh"]) == (False, str(IDLE_SECONDS - 300))
    assert "frame-ancestors 'self'" in shown.headers["content-security-policy"]
    clock_of(quiet).seconds += IDLE_SECONDS - 300
    warned = mine.get("/session/clock")
    assert "적던 것은 그대로 있습니다" in warned.text, "asking for the time did not begin it anew"
    assert warned.headers["refresh"] == "301"
    (button,) = forms(warned.text)
    assert mine.post(button.action, data=button.fields).url.path == "/session/clock"
    clock_of(quiet).seconds += 301
    assert 'role="alert"' not in mine.get("/session/clock").text
    clock_of(quiet).seconds += IDLE_SECONDS
    over = mine.get("/session/clock")
    assert ("로그인이 끝났습니다." in over.text, "refresh" in over.headers) == (True, False)
    assert mine.get("/me", follow_redirects=False).status_code == 303


def test_another_site_cannot_make_a_session_go_on(quiet: Month) -> None:
    mine, _, _ = signed_in(quiet)
    clock_of(quiet).seconds += IDLE_SECONDS - 100
    (button,) = forms(mine.get("/session/clock").text)
    assert mine.post(button.action, data={"form_token": "x"}).status_code == 403


def test_a_pin_is_changed_by_the_old_one_and_no_page_gives_one_back(quiet: Month) -> None:
    mine, card, _ = signed_in(quiet)
    page = next(one for one in forms(mine.get("/me/security").text) if one.action.endswith("/pin"))
    wrong = mine.post(page.action, data=page.fields | {"card_number": card, "pin": "271828", "new_pin": "161803"})
    assert (wrong.status_code, "271828" in wrong.text, "161803" in wrong.text) == (401, False, False)
    weak = mine.post(page.action, data=page.fields | {"card_number": card, "pin": PIN, "new_pin": "123456"})
    assert weak.status_code == 422
    assert (
        "바꾸었습니다"
        in mine.post(page.action, data=page.fields | {"card_number": card, "pin": PIN, "new_pin": "161803"}).text
    )
    fresh = TestClient(mine.app, headers={"origin": "http://testserver"})
    assert fresh.post("/sign-in/resident", data={"card_number": card, "pin": PIN}).status_code == 401
    assert fresh.post("/sign-in/resident", data={"card_number": card, "pin": "161803"}).url.path == "/me"


def test_other_sessions_are_seen_and_ended_and_a_lost_card_ends_all(quiet: Month) -> None:
    mine, card, browser = signed_in(quiet)
    other = browser()
    listed = mine.get("/me/security")
    assert "다른 기기" in listed.text
    one = next(found for found in forms(listed.text) if re.search(r"/sessions/[0-9a-f-]{36}/end", found.action))
    assert mine.post(one.action, data=one.fields).status_code == 200
    assert other.get("/me", follow_redirects=False).status_code == 303
    assert mine.get("/me").status_code == 200
    block = next(found for found in forms(mine.get("/me/security").text) if found.action.endswith("/block"))
    assert mine.post(block.action, data=block.fields).url.path == "/"
    assert mine.get("/me", follow_redirects=False).status_code == 303
    fresh = TestClient(mine.app, headers={"origin": "http://testserver"})
    assert fresh.post("/sign-in/resident", data={"card_number": card, "pin": PIN}).status_code == 401


def test_anothers_session_is_not_there_to_end(quiet: Month) -> None:
    mine, _, _ = signed_in(quiet)
    books = quiet.hall.books
    with books.journal.write() as unit:
        theirs = open_session(books.context, unit, books.actors["clerk"], "password totp").session.id
        unit.commit()
    token = forms(mine.get("/me/security").text)[0].fields
    assert mine.post(f"/me/security/sessions/{theirs}/end", data=token).status_code == 404


def test_at_a_desk_the_warning_comes_within_its_five_minutes(quiet: Month) -> None:
    mine, card, _ = signed_in(quiet)
    books = quiet.hall.books
    assisted = assist(books.context, PASSWORDS, books.actors["clerk"], "local", card, PIN)
    desk = TestClient(mine.app)
    desk.cookies.set(COOKIE + "-assisted", assisted.secret)
    assert desk.get("/session/clock").headers["refresh"] == "200"
