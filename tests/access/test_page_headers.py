"""What every page, file and download carries; whose bytes are read at all; and who somebody is after another was helped at the same machine."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select

from ledger_service.journal.schema import entries
from ledger_service.web.app import UPLOADS_AT_ONCE
from ledger_service.web.pages import PAGES
from ledger_service.web.pages.offline import POLICY as WORKER_POLICY
from ledger_service.web.pages.security import FRAMED
from ledger_service.web.visit import POLICY
from tests.access.conftest import HOST, PIN, Front
from tests.access.test_canary_pages import Town, Walker, town_of
from tests.access.test_headers import SNAPSHOT
from tests.access.world import MEMBER, OTHER, World
from tests.web.site import form

FREE = ("content-security-policy", "referrer-policy", "x-frame-options")


def check(answer: httpx.Response) -> None:
    found = {name: answer.headers.get(name) for name in SNAPSHOT}
    for name in SNAPSHOT.keys() - set(FREE) - ({"cache-control"} if answer.url.path == "/offline-worker.js" else set()):
        assert found[name] == SNAPSHOT[name], (answer.url, name)
    is_html = answer.headers.get("content-type", "").startswith("text/html")
    is_clock = answer.url.path == "/session/clock" and is_html
    assert found["x-frame-options"] == ("SAMEORIGIN" if is_clock else "DENY"), answer.url
    is_worker = answer.url.path == "/offline-worker.js"
    policies = (
        (FRAMED,)
        if is_clock
        else (WORKER_POLICY,)
        if is_worker
        else (POLICY,)
        if is_html
        else (POLICY, SNAPSHOT[FREE[0]])
    )
    assert found["content-security-policy"] in policies, answer.url
    assert found["referrer-policy"] == ("same-origin" if is_html else "no-referrer"), answer.url
    if not is_html and not is_worker and answer.status_code == 200:
        assert answer.headers["content-disposition"].startswith("attachment; filename="), answer.url
    assert "server" not in answer.headers


def opened(town: Town) -> Iterator[httpx.Response]:
    """Every page without an id as everybody, and with what is theirs: files, receipts, what is not there."""
    world = World(town.front)
    world.charge()
    gift = world.gift()
    with town.front.books.engine.connect() as connection:
        numbers = connection.execute(select(entries.c.journal_no)).scalars().all()
    paths = [path for (method, path) in PAGES if method == "GET" and "{" not in path]
    paths += [f"/receipts/{number}{end}" for number in numbers for end in ("", "/pdf", "/certificate")]
    paths += ["/office/payments/2024-04", "/nothing", f"/closes/{gift}/statement", "/assets/x/nothing"]
    walkers = [
        town.nobody(),
        town.resident(MEMBER),
        *(town.staff(name) for name in ("clerk", "coin-office", "registrar")),
    ]
    for walker in walkers:
        for path in paths:
            yield walker.get(path)
    yield town.nobody().client.request("PUT", "/rates")
    yield town.nobody().client.post("/rates")


def test_every_page_and_file_answers_with_the_same_strict_headers(front: Front) -> None:
    kinds: set[str] = set()
    for answer in opened(town_of(front)):
        check(answer)
        kinds.add(answer.headers.get("content-type", "").partition(";")[0])
        for cookie in answer.headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-"), cookie
            assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(
                cookie.replace("samesite", "SameSite").split("; ")
            ), cookie
    assert {"text/html", "application/pdf", "text/csv"} <= kinds


def test_nothing_of_a_strangers_file_is_read_and_few_are_at_once(front: Front) -> None:
    town = town_of(front)

    def endless() -> Iterator[bytes]:
        raise AssertionError("the body was asked for")
        yield b""

    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": "1000000"}
    for walker, status in ((town.nobody(), 303), (town.resident(OTHER), 403)):
        answer = walker.client.post("/centre/file", content=endless(), headers=headers, follow_redirects=False)
        assert answer.status_code == status
    clerk = town.staff("clerk")
    file = {"file": ("month.csv", World(front).month("H1"), "text/csv")}

    def send() -> int:
        filled = form(clerk.get("/centre/file"), "/centre/file")
        return int(clerk.client.post("/centre/file", data=filled.fields, files=file).status_code)

    slots = town.uploads
    for _ in range(UPLOADS_AT_ONCE):
        assert slots.acquire(blocking=False)
    assert send() == 503
    for _ in range(UPLOADS_AT_ONCE):
        slots.release()
    assert send() == 200
    assert [slots.acquire(blocking=False) for _ in range(UPLOADS_AT_ONCE)] == [True] * UPLOADS_AT_ONCE, "given back"


@pytest.mark.parametrize("door", ["page", "api"])
def test_who_signs_in_is_not_the_resident_who_was_helped_there_before(front: Front, door: str) -> None:
    town = town_of(front)
    walker: Walker = town.staff("clerk")
    helped = walker.send(walker.get("/assist"), "/assist", card_number=front.card(MEMBER), pin=PIN)
    assert helped.url.path == "/me"
    card = front.card(OTHER)
    mine = {"card_number": card, "pin": PIN}
    if door == "page":
        token = form(helped, "/me/payment-code").fields["form_token"]
        assert walker.client.post("/sign-in/resident", data=mine).status_code == 403, "a form of no page of ours"
        walker.client.post("/sign-in/resident", data=mine | {"form_token": token})
    else:
        walker.client.post("/api/v1/sessions/resident", json=mine, headers={"origin": HOST})
    me = walker.client.get("/api/v1/actors/me").json()
    assert me["person_id"] == front.books.person(OTHER)


def test_a_part_that_asks_for_itself_does_not_keep_a_session_open(front: Front) -> None:
    town = town_of(front)
    clerk = town.staff("clerk")
    for _ in range(2):
        front.books.clock.seconds += 20 * 60
        answer = clerk.get("/approvals/none/recorded")
    assert answer.status_code == 401, "half an hour went by without a use"
    again = town.staff("clerk")
    for _ in range(2):
        front.books.clock.seconds += 20 * 60
        answer = again.get("/approvals/none")
    assert answer.status_code == 404


def test_a_state_that_has_not_changed_is_not_told_again_and_is_asked_for_less_later(front: Front) -> None:
    town, world = town_of(front), World(front)
    world.charge()
    with front.books.engine.connect() as connection:
        number = connection.execute(select(func.max(entries.c.journal_no))).scalar_one()
    nobody = town.nobody()
    assert nobody.get(f"/proof/{number}/state").status_code == 204
    front.books.clock.seconds += 90
    late = nobody.get(f"/proof/{number}/state")
    assert 'hx-trigger="every 15s"' in late.text
    assert f'hx-get="/proof/{number}/state?slowly=1"' in late.text
    assert nobody.get(f"/proof/{number}/state?slowly=1").status_code == 204


def test_a_script_is_told_that_the_session_is_over_instead_of_being_sent_to_sign_in(front: Front) -> None:
    town = town_of(front)
    for path, files in (("/centre/act", None), ("/centre/file", {"file": ("a.csv", b"a", "text/csv")})):
        answer = town.nobody().client.post(path, files=files, headers={"hx-request": "true"}, follow_redirects=False)
        assert answer.status_code == 401
        assert 'class="lead"' in answer.text
