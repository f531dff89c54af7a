"""Sessions and what keeps other sites out of them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.access.conftest import HOST, PASSWORD, PIN, Browser, Front, new_app

MEMBER, OTHER = "S100000", "S100013"


def cookie_of(browser: Browser) -> str:
    return str(browser.client.cookies["__Host-boram"])


def test_the_cookie_is_the_hosts_alone(front: Front) -> None:
    card = front.card(MEMBER)
    answer = front.browser().post("/sessions/resident", {"card_number": card, "pin": PIN})
    name, *flags = [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]
    assert name.startswith("__host-boram=")
    assert len(name.partition("=")[2]) == 43, "256 bits"
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(flags)
    assert not any(flag.startswith("domain") for flag in flags)


def test_a_demo_on_the_loopback_has_a_cookie_that_plain_http_keeps(front: Front) -> None:
    card = front.card(MEMBER)
    app = new_app(front.books, is_loopback_demo=True)
    client = TestClient(app, base_url="http://127.0.0.1:8080")
    answer = client.post("/api/v1/sessions/resident", json={"card_number": card, "pin": PIN})
    flags = answer.headers["set-cookie"].lower()
    assert flags.startswith("boram-on-loopback=")
    assert "secure" not in flags
    assert "httponly" in flags
    assert client.get("/api/v1/actors/me").status_code == 200


def test_only_the_hash_is_stored_and_the_id_is_new_at_each_sign_in(front: Front) -> None:
    front.enrol("clerk")
    first = front.sign_in("clerk")
    before = cookie_of(first)
    answer = first.post("/sessions/staff", {"name": "clerk", "password": PASSWORD, "code": front.code("clerk")})
    assert answer.status_code == 201
    assert cookie_of(first) != before
    planted = front.browser()
    planted.client.cookies.set("__Host-boram", "A" * 43, domain="boram.example", path="/")
    assert planted.get("/actors/me").status_code == 401


def test_a_session_ends_after_half_an_hour_of_silence(either: Front) -> None:
    browser = either.resident(MEMBER)
    for _ in range(3):
        either.books.clock.seconds += 29 * 60
        assert browser.get("/actors/me").status_code == 200
    either.books.clock.seconds += 30 * 60
    assert browser.get("/actors/me").status_code == 401


def test_a_session_ends_after_twelve_hours_however_busy(front: Front) -> None:
    browser = front.resident(MEMBER)
    for _ in range(12 * 3 - 1):
        front.books.clock.seconds += 20 * 60
        assert browser.get("/actors/me").status_code == 200
    front.books.clock.seconds += 20 * 60
    assert browser.get("/actors/me").status_code == 401


def test_signing_out_ends_the_session_on_the_server(front: Front) -> None:
    browser = front.resident(MEMBER)
    kept = cookie_of(browser)
    assert browser.post("/sessions/end").status_code == 200
    thief = front.browser()
    thief.client.cookies.set("__Host-boram", kept, domain="boram.example", path="/")
    assert thief.get("/actors/me").status_code == 401


def test_one_session_or_all_can_be_ended(either: Front) -> None:
    either.enrol("clerk")
    one, two, three = (either.sign_in("clerk") for _ in range(3))
    lines = one.get("/sessions").json()
    assert len(lines) == 3
    ended = next(line["id"] for line in two.get("/sessions").json() if line["is_this"])
    assert one.post(f"/sessions/{ended}/end").status_code == 200
    assert [browser.get("/actors/me").status_code for browser in (one, two, three)] == [200, 401, 200]
    assert one.post("/sessions/end-all").status_code == 200
    assert [browser.get("/actors/me").status_code for browser in (one, three)] == [401, 401]


def test_nobody_ends_another_persons_session(front: Front) -> None:
    front.enrol("clerk")
    front.enrol("counter")
    clerk, counter = front.sign_in("clerk"), front.sign_in("counter")
    theirs = clerk.get("/sessions").json()[0]["id"]
    assert counter.post(f"/sessions/{theirs}/end").status_code == 404
    assert front.ask("POST", f"/actors/{front.id_of('clerk')}/sessions/end", "admin").status_code == 200
    assert clerk.get("/actors/me").status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"sec_fetch_site": "cross-site"}, "cross_site"),
        ({"sec_fetch_site": "same-site"}, "cross_site"),
        ({"sec_fetch_site": "", "origin": "https://evil.example"}, "cross_site"),
        ({"sec_fetch_site": "", "origin": "null"}, "cross_site"),
        ({"sec_fetch_site": "", "origin": ""}, "cross_site"),
        ({"x_form_token": ""}, "form_token_missing"),
        ({"x_form_token": "0" * 64}, "form_token_missing"),
    ],
    ids=["cross-site", "same-site", "other origin", "null origin", "neither", "no token", "wrong token"],
)
def test_another_site_cannot_use_a_session(front: Front, headers: dict[str, str], code: str) -> None:
    browser = front.resident(MEMBER)
    refused = browser.post("/sessions/end-all", None, **headers)
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert browser.get("/actors/me").status_code == 200, "nothing changed"


def test_the_form_token_of_another_session_is_refused(front: Front) -> None:
    mine, theirs = front.resident(MEMBER), front.resident(OTHER)
    assert mine.post("/sessions/end-all", None, x_form_token=theirs.form_token).status_code == 403
    assert mine.post("/sessions/end-all").status_code == 200


def test_a_forms_field_carries_the_token_too(front: Front) -> None:
    browser = front.resident(MEMBER)
    url = "/api/v1/sessions/end"
    headers = {"origin": HOST, "sec-fetch-site": "same-origin"}
    assert browser.client.post(url, data={"form_token": "no"}, headers=headers).status_code == 403
    assert browser.client.post(url, data={"form_token": browser.form_token}, headers=headers).status_code == 200


def test_the_form_token_can_be_asked_for_again(front: Front) -> None:
    browser = front.resident(MEMBER)
    assert browser.get("/sessions/current").json()["form_token"] == browser.form_token
    assert front.ask("GET", "/sessions/current", "clerk").status_code == 404


def test_signing_somebody_in_from_another_site_is_refused(front: Front) -> None:
    card = front.card(MEMBER)
    browser = front.browser()
    body = {"card_number": card, "pin": PIN}
    assert browser.post("/sessions/resident", body, sec_fetch_site="cross-site").status_code == 403


def test_a_bearer_token_needs_no_form_token_wherever_it_comes_from(front: Front) -> None:
    assert front.ask("POST", "/sessions/end-all", "clerk").status_code == 200
    elsewhere = {"origin": "https://other.example", "sec-fetch-site": "cross-site"}
    assert front.ask("POST", "/sessions/end-all", "clerk", **elsewhere).status_code == 200


def test_a_bearer_token_beside_a_cookie_is_what_counts(front: Front) -> None:
    browser = front.resident(MEMBER)
    answer = browser.post("/sessions/end-all", None, authorization="Bearer nobody", sec_fetch_site="cross-site")
    assert answer.status_code == 401
    assert browser.get("/actors/me").status_code == 200


def test_a_cookie_of_a_session_is_not_a_bearer_token(front: Front) -> None:
    browser = front.resident(MEMBER)
    client = TestClient(front.app, base_url=HOST)
    answer = client.get("/api/v1/actors/me", headers={"authorization": f"Bearer {cookie_of(browser)}"})
    assert answer.status_code == 401
