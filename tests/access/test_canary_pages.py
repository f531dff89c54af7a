"""The same run over the pages: a marked resident's life at the real door, and what everybody else and every error page then shows."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from ledger_service.adapters.logs import logging_to
from ledger_service.api.app import create_app
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.schema import attendances, helpers, objections
from ledger_service.web.pages import PAGES
from tests.access.conftest import HOST, PASSWORD, PIN, Front
from tests.access.test_sign_on import pages_of
from tests.access.world import MEMBER, OTHER
from tests.web.site import form

NAME, PHONE, NUMBER, STREET, BORN = "카나리아순", "010-7313-8642", "CANARY77731", "카나리아동", "1957-09-23"
CANARY_PIN, WRONG_PIN, SAID = "735918", "846029", "카나리아의 하소연"
SIGN_IN_PAGE = "/sign-in"


@dataclass
class Walker:
    """Somebody at a browser of their own; every address that they open or are sent to is kept."""

    app: Any
    addresses: list[str]
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        own = {"origin": HOST, "sec-fetch-site": "same-origin"}
        self.client = TestClient(self.app, base_url=HOST, headers=own, raise_server_exceptions=False)

    def get(self, path: str) -> httpx.Response:
        return self._kept(self.client.get(path))

    def send(self, page: httpx.Response, action: str, **typed: str) -> httpx.Response:
        filled = form(page, action)
        return self._kept(self.client.post(filled.action, data=filled.fields | typed))

    def _kept(self, answer: Any) -> httpx.Response:
        for one in (*answer.history, answer):
            self.addresses += [str(one.url), one.headers.get("location", "")]
        found: httpx.Response = answer
        return found

    def sign_in(self, **typed: str) -> Walker:
        door = "/sign-in/staff" if "name" in typed else "/sign-in/resident"
        page = self.get(f"{SIGN_IN_PAGE}?staff=1" if "name" in typed else SIGN_IN_PAGE)
        answer = self._kept(self.client.post(door, data=typed))
        assert (page.status_code, answer.status_code) == (200, 200), answer.text
        return self


@dataclass
class Town:
    """API and pages over one district, and what a marked resident did there."""

    front: Front
    app: Any
    uploads: Any
    addresses: list[str] = field(default_factory=list)

    def nobody(self) -> Walker:
        return Walker(self.app, self.addresses)

    def staff(self, name: str) -> Walker:
        if name not in self.front.totp:
            if name == "admin":
                return self.nobody()
            self.front.enrol(name)
        self.front.books.clock.seconds += 30
        return self.nobody().sign_in(name=name, password=PASSWORD, code=self.front.code(name))

    def resident(self, member: str) -> Walker:
        return self.nobody().sign_in(card_number=self.front.card(member), pin=PIN)


def live(town: Town) -> tuple[list[str], list[str]]:
    """The resident's life on the pages; (secrets, addresses of what is theirs)."""
    front, registrar = town.front, town.staff("registrar")
    opened = registrar.send(
        registrar.get("/registrar"),
        "/open",
        member_number=NUMBER,
        name=NAME,
        birth_date=BORN,
        phone=PHONE,
        residence=STREET,
    )
    searched = registrar.send(
        registrar.get("/registrar"), "/registrar/search", searched_name=NAME, searched_birth_date=BORN
    )
    assert NUMBER in registrar.send(searched, "/registrar/choose").text, "found by a document"
    made = registrar.send(opened, "/registrar/cards", pin=CANARY_PIN)
    card = re.search(r'<strong class="big-code">([^<]+)</strong>', made.text)
    assert card is not None, made.text
    front.books.grant(NUMBER, 100)
    me = town.nobody().sign_in(card_number=card[1], pin=CANARY_PIN)
    assert NAME in me.get("/me").text, "it is there to be found"
    paying = me.send(me.get("/me"), "/me/payment-code")
    code = re.search(r'<strong class="big-code">([^<]+)</strong>', paying.text)
    gym, counter = front.books.desk(DeskKind.VENUE, "GYM"), town.staff("counter")
    asked = counter.send(counter.get(f"/desk/{gym}"), "/charge/confirm", code=card[1], coins="5")
    refused = counter.send(asked, "/charge", pin=WRONG_PIN)
    charged = counter.send(refused, "/charge", pin=CANARY_PIN)
    assert "/charges/" in str(charged.url), charged.text
    given = me.send(me.send(me.get("/donate"), "/donate/confirm", fund="WARM", coins="2"), "/donate")
    receipts = re.findall(r"/receipts/\d+", str(given.url) + me.get("/me/lines").text)
    me.send(me.get("/me/objections"), "/me/objections", text=f"{SAID} {PHONE}")
    other = front.books.person(OTHER)
    named = front.ask("GET", f"/residents/{other}", "clerk").json()
    front.card(OTHER)
    until = (front.books.clock.today() + timedelta(days=9)).isoformat()
    helped = me.send(
        me.get("/me/helpers"), "/me/helpers", member_number=OTHER, name=named["name"], until=until, may_sign_up="yes"
    )
    assert helped.status_code == 200, helped.text
    own = [f"{one}{end}" for one in sorted(set(receipts)) for end in ("", "/pdf", "/certificate")]
    for path in own + [path for (method, path) in PAGES if method == "GET" and "{" not in path]:
        me.get(path)
    printed = me.get(f"{min(receipts)}/pdf")
    assert printed.headers["content-type"] == "application/pdf"
    for mark in (PHONE, NUMBER, BORN, STREET, CANARY_PIN, card[1]):
        assert mark not in text_of(printed.content), f"a receipt says no more than it has to: {mark}"
    with front.books.journal.read() as unit:
        for table, path in ((objections, "/office/objections/{}"), (helpers, "/helping/{}")):
            own += [path.format(row.id) for row in unit.connection.execute(select(table))]
        own += [f"/centre/attendance/{row.id}" for row in unit.connection.execute(select(attendances))]
    own.append(str(charged.url.path))
    secrets = [card[1], card[1].replace("-", ""), *([code[1]] if code else []), *me.client.cookies.values()]
    return secrets, own


def text_of(pdf: bytes) -> str:
    tool = shutil.which("pdftotext")
    if tool is None:
        return pdf.decode("latin-1")
    return subprocess.run([tool, "-", "-"], input=pdf, check=True, capture_output=True).stdout.decode()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log as a service writes it."""
    file = tmp_path / "service.log"
    with logging_to(file):
        yield file


def town_of(front: Front, **ports: Any) -> Town:
    pages = pages_of(front, **ports)
    return Town(front, create_app(front.app.state.ports, pages), pages.state.uploads)


def test_a_marked_resident_is_on_no_page_address_or_error_of_others(front: Front, log: Path) -> None:
    town = town_of(front)
    secrets, own = live(town)
    marks = [NAME, PHONE, PHONE.replace("-", ""), NUMBER, STREET, BORN, CANARY_PIN, WRONG_PIN, SAID, *secrets]
    strangers = {
        "nobody": town.nobody(), "another resident": town.resident(MEMBER), "another counter": town.staff("hall"),
        "another centre": town.staff("other-clerk"), "the auditor": town.staff("auditor"),
    }  # fmt: skip
    everywhere = [path for (method, path) in PAGES if method == "GET" and "{" not in path]
    shown = 0
    for who, walker in strangers.items():
        for path in [*everywhere, *own, f"/nothing/{'x' * 40}"]:
            answer = walker.get(path)
            text = text_of(answer.content) if answer.content[:4] == b"%PDF" else unescape(answer.text)
            assert answer.status_code == 404 if path.startswith("/nothing") else answer.status_code < 500, (who, path)
            shown += answer.status_code == 200
            assert not [mark for mark in marks if mark in text], (who, path)
    assert shown > 80, "pages, not only refusals"
    lines = log.read_text()
    assert lines.count('"route"') > 200
    addresses = "\n".join(town.addresses)
    assert len(town.addresses) > 500
    for where, text in (("the log", lines), ("an address", addresses)):
        assert not [mark for mark in marks if mark in text], where


def test_what_fails_says_nothing_of_whom_it_was_about(front: Front, log: Path) -> None:
    """An error whose words are personal, at the worst place: in the page, in the API, and in the log only its kind and its places."""

    class Broken:
        def now(self) -> int:
            return front.books.clock.now()

        def today(self) -> Any:
            raise RuntimeError(f"{NAME} {PHONE} {CANARY_PIN}")

    context = replace(front.books.context, clock=Broken())
    broken = create_app(
        replace(front.app.state.ports, context=context),
        pages_of(replace(front, books=replace(front.books, context=context))),
    )
    token = {"authorization": f"Bearer {front.tokens['coin-office']}"}
    client = TestClient(broken, base_url=HOST, raise_server_exceptions=False)
    answers = [client.get("/rates"), client.get("/courses"), client.get("/api/v1/budget", headers=token)]
    assert {answer.status_code for answer in answers} == {500}
    said = "".join(answer.text for answer in answers) + log.read_text()
    assert "RuntimeError" in log.read_text()
    for mark in (NAME, PHONE, CANARY_PIN, "Traceback"):
        assert mark not in said
