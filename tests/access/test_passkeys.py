"""Passkeys of staff: what a device signs is good once, here, for this browser, and only while its counter grows."""

from __future__ import annotations

import copy
import re
from typing import Any

import pyotp
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from ledger_service.domain.credentials import LOCK_SECONDS
from ledger_service.journal.schema import used_challenges
from ledger_service.services.passkeys import CHALLENGE_SECONDS, RelyingParty
from ledger_service.web.pages import PAGES
from tests.access.conftest import HOST, PASSWORD, Browser, Front, new_app
from tests.access.device import PRESENT, Device
from tests.access.test_sign_on import pages_of
from tests.access.world import MEMBER

DOMAIN = "boram.example"


def add(front: Front, browser: Browser, device: Device) -> Any:
    asked = browser.post("/sessions/passkeys/options", {"password": PASSWORD})
    assert asked.status_code == 200, asked.text
    made = {"challenge": asked.json()["challenge"], "credential": device.create(asked.json()["options"]), "name": "key"}
    return browser.post("/sessions/passkeys", made)


def enrolled(front: Front) -> tuple[Browser, Device]:
    """The clerk with a passkey, and the session in which it was added."""
    front.enrol("clerk")
    browser, device = front.sign_in("clerk"), Device(HOST, DOMAIN)
    answer = add(front, browser, device)
    assert answer.status_code == 201, answer.text
    return browser, device


def asked_of(browser: Browser) -> dict[str, Any]:
    answer = browser.post("/sessions/passkey/options")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def show(browser: Browser, device: Device, asked: dict[str, Any]) -> Any:
    shown = {"challenge": asked["challenge"], "credential": device.get(asked["options"])}
    return browser.post("/sessions/passkey", shown)


def test_a_passkey_stands_for_password_and_code(either: Front) -> None:
    first, device = enrolled(either)
    browser = either.browser()
    answer = show(browser, device, asked_of(browser))
    assert answer.status_code == 201, answer.text
    assert answer.json()["actor"]["name"] == "clerk"
    assert [one["factors"] for one in browser.get("/sessions").json()] == ["password totp", "passkey"]
    (line,) = browser.get("/sessions/passkeys").json()
    assert line["used_at"] == either.books.clock.now()
    assert first.post(f"/sessions/passkeys/{line['id']}/revoke").status_code == 200
    again = either.browser()
    assert show(again, device, asked_of(again)).status_code == 401, "revoked"
    assert first.post(f"/sessions/passkeys/{line['id']}/revoke").status_code == 404


def test_a_challenge_is_good_once(either: Front) -> None:
    _, device = enrolled(either)
    browser = either.browser()
    asked = asked_of(browser)
    answer = {"challenge": asked["challenge"], "credential": device.get(asked["options"])}
    assert browser.post("/sessions/passkey", copy.deepcopy(answer)).status_code == 201
    device.count += 1
    assert browser.post("/sessions/passkey", answer).status_code == 401, "the same bytes"
    assert show(browser, device, asked).status_code == 401, "a new signature over the same challenge"


@pytest.mark.parametrize("part", [10**30, {"deep": [10**30]}], ids=["a long number", "inside"])
def test_an_answer_with_what_no_device_says_is_refused_like_any_other(front: Front, part: Any) -> None:
    browser = front.browser()
    challenge = browser.post("/sessions/passkey/options").json()["challenge"]
    shown = {"challenge": challenge, "credential": {"rawId": part, "id": part}}
    assert browser.post("/sessions/passkey", shown).status_code == 401


def test_a_challenge_is_for_one_browser_and_five_minutes(front: Front) -> None:
    _, device = enrolled(front)
    browser, other = front.browser(), front.browser()
    asked, others = asked_of(browser), asked_of(other)
    assert show(other, device, asked).status_code == 401, "another browser's"
    invented = asked | {"challenge": asked["challenge"].replace(".", "x.", 1)}
    assert show(browser, device, invented).status_code == 401
    front.books.clock.seconds += CHALLENGE_SECONDS
    assert show(other, device, others).status_code == 401, "too late"


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://boram.example.evil.kr"},
        {"origin": "http://boram.example"},
        {"domain": "evil.kr"},
        {"flags": PRESENT},
    ],
)
def test_an_answer_for_another_place_or_without_its_owner_is_refused(front: Front, wrong: dict[str, Any]) -> None:
    session, device = enrolled(front)
    for name, value in wrong.items():
        setattr(device, name, value)
    browser = front.browser()
    refused = show(browser, device, asked_of(browser))
    assert refused.status_code == 401
    assert refused.json()["code"] == "sign_in_failed", "what was wrong is not said"
    other = Device(HOST, DOMAIN)
    for name, value in wrong.items():
        setattr(other, name, value)
    is_elsewhere = "flags" not in wrong
    assert add(front, session, other).status_code == (422 if is_elsewhere else 201)
    assert show(browser, other, asked_of(browser)).status_code == 401


def beside_password(browser: Browser, device: Device, **more: Any) -> Any:
    asked = asked_of(browser)
    shown = {"challenge": asked["challenge"], "credential": device.get(asked["options"])}
    return browser.post("/sessions/staff/passkey", {"name": "clerk", "password": PASSWORD} | shown | more)


def test_a_key_that_does_not_know_its_owner_signs_in_beside_the_password_only(either: Front) -> None:
    either.enrol("clerk")
    session, key = either.sign_in("clerk"), Device(HOST, DOMAIN, flags=PRESENT)
    assert add(either, session, key).status_code == 201
    browser = either.browser()
    assert show(browser, key, asked_of(browser)).status_code == 401, "alone it is one factor"
    answer = beside_password(browser, key)
    assert answer.status_code == 201, answer.text
    assert "password passkey" in {one["factors"] for one in browser.get("/sessions").json()}
    wrong = beside_password(either.browser(), key, password="not this one either")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in_failed")
    absent = Device(HOST, DOMAIN, id=key.id, key=key.key, count=key.count, flags=0)
    assert beside_password(either.browser(), absent).status_code == 401, "nobody touched it"


def test_beside_the_password_a_passkey_is_of_that_account_and_answers_once(front: Front) -> None:
    _, device = enrolled(front)
    front.enrol("approver")
    others = Device(HOST, DOMAIN)
    session = front.sign_in("approver")
    assert add(front, session, others).status_code == 201
    assert beside_password(front.browser(), others).status_code == 401, "somebody else's"
    browser, asked = front.browser(), {}
    asked = asked_of(browser)
    shown = {"challenge": asked["challenge"], "credential": device.get(asked["options"])}
    body = {"name": "clerk", "password": PASSWORD} | shown
    assert front.browser().post("/sessions/staff/passkey", body).status_code == 401, "asked in another browser"
    assert browser.post("/sessions/staff/passkey", body).status_code == 201
    assert browser.post("/sessions/staff/passkey", body).status_code == 401, "again"
    assert show(browser, device, asked).status_code == 401, "alone, after it was used"
    for _ in range(5):
        beside_password(front.browser(), others)
    assert beside_password(front.browser(), device).status_code == 429, "counted for the account"
    known = {"name": "clerk", "password": PASSWORD, "code": front.code("clerk")}
    assert front.browser().post("/sessions/staff", known).status_code == 429, "whatever the second factor"


def invited(front: Front, password: str = PASSWORD) -> tuple[str, str]:
    """The clerk's invitation, taken up as far as the password; and the secret for one-time codes, which is not confirmed."""
    secret = front.ask("POST", f"/actors/{front.id_of('clerk')}/invitation", "admin").json()["secret"]
    accepted = front.browser().post("/invitations/accept", {"secret": secret, "password": password})
    return str(secret), str(accepted.json()["secret"])


def test_an_invitation_is_taken_up_with_a_passkey_and_no_one_time_code(either: Front) -> None:
    secret, told = invited(either)
    browser, device = either.browser(), Device(HOST, DOMAIN)
    asked = browser.post("/invitations/passkey/options", {"secret": secret}).json()
    made = {
        "secret": secret,
        "challenge": asked["challenge"],
        "credential": device.create(asked["options"]),
        "name": "k",
    }
    assert either.browser().post("/sessions/staff/passkey", {
        "name": "clerk", "password": PASSWORD, "challenge": "1.x.y", "credential": {},
    }).status_code == 401, "not before it is confirmed"  # fmt: skip
    answer = browser.post("/invitations/passkey", made)
    assert (answer.status_code, answer.json()["name"]) == (200, "clerk")
    assert browser.post("/invitations/passkey", made).status_code == 401, "an invitation is used once"
    assert show(browser, device, asked_of(browser)).status_code == 201
    assert beside_password(either.browser(), device).status_code == 201
    code = pyotp.TOTP(told).at(either.books.clock.now())
    by_code = {"name": "clerk", "password": PASSWORD, "code": code}
    assert either.browser().post("/sessions/staff", by_code).status_code == 401, "what was shown is worth nothing"


def test_a_passkey_takes_up_only_an_invitation_whose_password_is_set(front: Front) -> None:
    front.enrol("clerk")
    secret = front.ask("POST", f"/actors/{front.id_of('clerk')}/invitation", "admin").json()["secret"]
    refused = front.browser().post("/invitations/passkey/options", {"secret": secret})
    assert (refused.status_code, refused.json()["code"]) == (409, "password_first")
    assert front.browser().post("/invitations/passkey/options", {"secret": "x"}).status_code == 401
    first, _ = invited(front)
    asked = front.browser().post("/invitations/passkey/options", {"secret": first}).json()
    credential = Device(HOST, DOMAIN).create(asked["options"])
    second, _ = invited(front)
    made = {"challenge": asked["challenge"], "credential": credential}
    assert front.browser().post("/invitations/passkey", made | {"secret": first}).status_code == 401, "over"
    assert front.browser().post("/invitations/passkey", made | {"secret": second}).status_code == 422, (
        "another's question"
    )


def test_a_copied_device_is_refused(front: Front) -> None:
    _, device = enrolled(front)
    copied = copy.copy(device)
    browser = front.browser()
    assert show(browser, device, asked_of(browser)).status_code == 201
    assert show(browser, device, asked_of(browser)).status_code == 201
    thief = front.browser()
    assert show(thief, copied, asked_of(thief)).status_code == 401, "its counter is behind"


def test_a_signature_of_another_key_is_refused(front: Front) -> None:
    _, device = enrolled(front)
    browser = front.browser()
    forged = Device(HOST, DOMAIN, id=device.id)
    assert show(browser, forged, asked_of(browser)).status_code == 401
    for _ in range(4):
        show(browser, forged, asked_of(browser))
    assert show(browser, device, asked_of(browser)).status_code == 429, "counted like guesses"
    front.books.clock.seconds += LOCK_SECONDS
    assert show(browser, device, asked_of(browser)).status_code == 201


def test_adding_one_wants_a_session_of_staff_and_the_password(front: Front) -> None:
    session, device = enrolled(front)
    assert session.post("/sessions/passkeys/options", {"password": "not this one"}).status_code == 401
    assert front.ask("POST", "/sessions/passkeys/options", "clerk", {"password": PASSWORD}).status_code == 404
    assert front.resident(MEMBER).post("/sessions/passkeys/options", {"password": PASSWORD}).status_code == 403
    asked = session.post("/sessions/passkeys/options", {"password": PASSWORD}).json()
    assert asked["options"]["excludeCredentials"][0]["id"]
    made = {"challenge": asked["challenge"], "credential": Device(HOST, DOMAIN).create(asked["options"])}
    other = front.sign_in("clerk")
    assert other.post("/sessions/passkeys", made).status_code == 422, "begun in another session"
    assert session.post("/sessions/passkeys", made).status_code == 201
    made["credential"] = Device(HOST, DOMAIN).create(asked["options"])
    assert session.post("/sessions/passkeys", made).status_code == 422, "used up"
    assert add(front, session, device).status_code == 409, "a device's key is added once"


def test_who_is_revoked_or_invited_anew_has_no_passkey_any_more(front: Front) -> None:
    _, device = enrolled(front)
    front.enrol("clerk")
    browser = front.browser()
    assert show(browser, device, asked_of(browser)).status_code == 401
    session = front.sign_in("clerk")
    newer = Device(HOST, DOMAIN)
    assert add(front, session, newer).status_code == 201
    assert front.ask("POST", f"/actors/{front.id_of('clerk')}/revoke", "admin").status_code == 200
    assert show(browser, newer, asked_of(browser)).status_code == 401


def test_used_challenges_are_forgotten_when_they_are_over(front: Front) -> None:
    _, device = enrolled(front)
    for _ in range(3):
        browser = front.browser()
        assert show(browser, device, asked_of(browser)).status_code == 201
        front.books.clock.seconds += CHALLENGE_SECONDS + 1
    with front.books.engine.connect() as connection:
        assert len(connection.execute(select(used_challenges)).all()) == 1


@pytest.mark.parametrize("credential", [{}, {"rawId": 7}, {"rawId": "%%"}, {"id": "a", "rawId": "YQ", "type": "x"}])
def test_nonsense_is_refused_like_a_wrong_key(front: Front, credential: dict[str, Any]) -> None:
    browser = front.browser()
    answer = browser.post("/sessions/passkey", {"challenge": asked_of(browser)["challenge"], "credential": credential})
    assert answer.status_code == 401


def test_without_a_public_address_there_are_none(front: Front) -> None:
    app = new_app(front.books, has_passkeys=False)
    assert front.browser(app).post("/sessions/passkey/options").json()["code"] == "passkeys_off"


def test_scripts_are_files_of_ours_and_only_the_pages_of_passkeys_have_theirs(front: Front) -> None:
    front.enrol("clerk")
    party = RelyingParty(DOMAIN, "Boram", (HOST,))
    own = {"origin": HOST, "sec-fetch-site": "same-origin"}
    client = TestClient(pages_of(front, relying_party=party), base_url=HOST, headers=own)
    sign_in = {"name": "clerk", "password": PASSWORD, "code": front.code("clerk")}
    pages = [client.get("/sign-in/passkey"), client.post("/sign-in/staff", data=sign_in)]
    pages += [client.get(path) for (method, path) in PAGES if method == "GET" and "{" not in path]
    token = re.search('name="form_token" value="([^"]+)"', client.get("/account").text)
    assert token is not None
    fields = {"form_token": token[1], "password": PASSWORD}
    pages.append(client.post("/account/passkeys/begin", data=fields))
    with_script = {page.url.path for page in pages if "passkey.js" in page.text}
    assert with_script == {"/sign-in/passkey", "/account/passkeys/begin"}
    for page in pages:
        policy = page.headers.get("content-security-policy", "")
        assert "unsafe" not in policy
        assert all(source.startswith("/assets/") for source in re.findall(r'<script[^>]* src="([^"]*)"', page.text))
        assert not re.search(r"<script(?![^>]* src=)", page.text), "none in the page itself"
