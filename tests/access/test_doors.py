"""The page at a centre's door: its session is one at its own address, and nobody's anywhere else. Behind the real door of pages and API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from ledger_service.domain.entries import DeskKind
from ledger_service.journal.schema import audit_log, sessions
from ledger_service.services.sign_in import ABSOLUTE_SECONDS
from tests.access.conftest import PASSWORD, PIN, Front
from tests.access.test_canary_pages import Town, Walker, town_of
from tests.web.site import forms

MEMBER = "S100000"
COOKIE = "__Host-boram"


@pytest.fixture
def town(front: Front) -> Town:
    return town_of(front)


def path_of(front: Front) -> str:
    return f"/kiosk/{front.books.desk(DeskKind.CENTRE, 'SVC')}/VOL"


def open_door(town: Town, walker: Walker | None = None) -> Walker:
    """A device at which the clerk pressed the activity."""
    device = walker or town.staff("clerk")
    chosen = next(one for one in forms(device.get("/kiosk").text) if one.fields.get("programme") == "VOL")
    answer = device.client.post(chosen.action, data=chosen.fields)
    assert (answer.status_code, answer.url.path) == (200, path_of(town.front)), answer.text
    return device


def is_nobody(walker: Walker, path: str) -> bool:
    answer: Any = walker.client.get(path, follow_redirects=False)
    return bool(answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?back="))


def test_a_door_is_nobody_on_every_other_page_and_over_the_api(either: Front) -> None:
    town = town_of(either)
    device, path = open_door(town), path_of(either)
    assert device.get(path).status_code == 200
    other = f"/kiosk/{either.books.desk(DeskKind.CENTRE, 'YJSW')}/VOL"
    hidden = ("/centre", "/approvals", "/account", "/kiosk", "/me", other, path + "x", path.replace("VOL", "vol"))
    assert [one for one in hidden if not is_nobody(device, one)] == []
    assert is_nobody(device, path + "%00"), "and no error of the database"
    for asked in ("/actors/me", "/sessions", "/approvals"):
        assert device.client.get("/api/v1" + asked).status_code == 401
    token = forms(device.get(path).text)[0].fields["form_token"]
    for posted in ("/account/sign-out", "/sign-out", "/session/go-on"):
        answer = device.client.post(posted, data={"form_token": token}, follow_redirects=False)
        assert answer.headers.get("location", "").startswith("/sign-in"), posted
    assert device.get(path).status_code == 200, "nothing of that ended it"


def test_opening_a_door_ends_the_clerks_session_there_and_no_other(town: Town) -> None:
    elsewhere, here = town.staff("clerk"), town.staff("clerk")
    kept = here.client.cookies[COOKIE]
    device = open_door(town, here)
    assert device.client.cookies[COOKIE] != kept
    thief = town.nobody()
    thief.client.cookies.set(COOKIE, kept, domain="boram.example", path="/")
    assert is_nobody(thief, "/centre"), "it is over in the books"
    assert elsewhere.get("/centre").status_code == 200


def test_a_session_that_is_over_opens_no_door(town: Town) -> None:
    clerk = town.staff("clerk")
    chosen = next(one for one in forms(clerk.get("/kiosk").text) if one.fields.get("programme") == "VOL")
    sent = [clerk.client.cookies[COOKIE]] * 2
    places = []
    for secret in sent:  # pressed twice
        walker = town.nobody()
        walker.client.cookies.set(COOKIE, secret, domain="boram.example", path="/")
        answer = walker.client.post(chosen.action, data=chosen.fields, follow_redirects=False)
        places.append(answer.headers["location"].partition("?")[0])
    assert places == [path_of(town.front), "/sign-in"]
    with town.front.books.engine.connect() as connection:
        assert len(connection.execute(select(sessions).where(sessions.c.door != "")).all()) == 1


def test_who_was_helped_at_the_device_is_not_there_any_more(town: Town) -> None:
    clerk = town.staff("clerk")
    clerk.send(clerk.get("/assist"), "/assist", card_number=town.front.card(MEMBER), pin=PIN)
    assert clerk.get("/me").status_code == 200
    assert clerk.get("/kiosk").status_code == 403, "the resident's session goes first"
    town.front.books.clock.seconds += 10 * 60
    device = open_door(town, clerk)
    assert COOKIE + "-assisted" not in device.client.cookies


def test_a_door_waits_for_hours_and_ends_after_twelve(town: Town) -> None:
    device, path, clock = open_door(town), path_of(town.front), town.front.books.clock
    clock.seconds += 31 * 60
    assert device.get(path).status_code == 200
    clock.seconds += 8 * 3600
    page = device.get(path)
    assert f'src="/session/clock?back={path}"' in page.text
    shown = device.get(f"/session/clock?back={path}")
    assert ("이 화면은" in shown.text, 'role="alert"' in shown.text) == (True, False)
    clock.seconds += ABSOLUTE_SECONDS - (8 * 3600 + 31 * 60) - 60
    assert "직원에게 알려 주세요" in device.get("/session/clock").text
    assert device.get(path).status_code == 200
    clock.seconds += 60
    assert is_nobody(device, path)
    assert 'name="pin"' not in device.get(path).text, "no resident is asked for their PIN at a door"
    assert f"/sign-in?staff=1&amp;back={path.replace('/', '%2F')}" in device.get(f"/session/clock?back={path}").text
    assert "evil.example" not in device.get("/session/clock?back=https://evil.example/").text


def test_signing_in_there_again_replaces_the_door_and_leads_to_choosing_anew(town: Town) -> None:
    device, path, front = open_door(town), path_of(town.front), town.front
    front.books.clock.seconds += 60
    typed = {"name": "clerk", "password": PASSWORD, "code": front.code("clerk"), "back": path}
    answer = device.client.post("/sign-in/staff", data=typed)
    assert (answer.status_code, answer.url.path) == (200, "/kiosk")
    assert "문 앞 출석 화면" not in device.get("/account").text, "the door is over in the books, too"


def test_a_door_is_ended_from_the_account_page_by_its_clerk_alone(town: Town) -> None:
    device, path = open_door(town), path_of(town.front)
    clerk = town.staff("clerk")
    listed = clerk.get("/account")
    assert "문 앞 출석 화면" in listed.text
    (end,) = [one for one in forms(listed.text) if "/sessions/" in one.action]
    other = town.staff("counter")
    token = forms(other.get("/account").text)[0].fields["form_token"]
    assert other.client.post(end.action, data={"form_token": token}).status_code == 404
    assert device.get(path).status_code == 200
    assert "끝냈습니다." in clerk.client.post(end.action, data=end.fields).text
    assert is_nobody(device, path)


def test_only_a_clerk_of_the_centre_opens_its_door(town: Town) -> None:
    desk = town.front.books.desk(DeskKind.CENTRE, "SVC")
    for name, status in (("approver", 403), ("other-clerk", 403), ("coin-office", 403)):
        walker = town.staff(name)
        token = forms(walker.get("/account").text)[0].fields["form_token"]
        fields = {"form_token": token, "desk": str(desk), "programme": "VOL"}
        assert walker.client.post("/kiosk", data=fields).status_code == status, name
    clerk = town.staff("clerk")
    typed = {"desk": str(desk), "programme": "VOL"}
    assert clerk.client.post("/kiosk", data=typed).status_code == 403, "no form of ours"
    typed["form_token"] = forms(clerk.get("/kiosk").text)[0].fields["form_token"]
    refused = clerk.client.post("/kiosk", data=typed | {"programme": "PET"})
    assert (refused.status_code, "시간으로 재는 활동을 골라 주세요" in refused.text) == (422, True)
    assert clerk.client.post("/kiosk", data=typed | {"desk": "9999"}).status_code == 403
    assert clerk.get("/centre").status_code == 200, "what was refused ended nothing"


def test_the_audit_log_says_who_opened_which_door(town: Town) -> None:
    open_door(town)
    with town.front.books.engine.connect() as connection:
        (door,) = connection.execute(select(sessions).where(sessions.c.door != "")).all()
        rows = connection.execute(select(audit_log).order_by(audit_log.c.id.desc()).limit(2)).all()
    assert [(row.action, row.actor_id) for row in rows] == [("sign in", door.actor_id), ("sign out", door.actor_id)]
    assert (rows[0].subject, json.loads(rows[0].detail)["door"]) == (door.id, path_of(town.front))
    assert door.idle_seconds == ABSOLUTE_SECONDS
