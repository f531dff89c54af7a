"""The API over a district's books, without a chain: who may do what, and how they prove who they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyotp
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ledger_service.adapters.actors import add_actor
from ledger_service.adapters.databases import DATABASE_ERRORS
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.api.app import create_app
from ledger_service.api.ports import Ports
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.batches import Domain
from ledger_service.services.passkeys import RelyingParty
from ledger_service.services.rate_limits import NO_LIMITS, RateLimits
from ledger_service.services.secret_gate import SecretGate
from tests.books import Books, SqliteDistrict

HOST = "https://boram.example"
PASSWORD = "a long sentence, 2024"
PIN = "271828"


def new_app(
    books: Books,
    *,
    is_loopback_demo: bool = False,
    has_passkeys: bool = True,
    sign_on: Any = None,
    rate_limits: RateLimits = NO_LIMITS,
    passwords: Argon2Passwords | None = None,
) -> FastAPI:
    """The application over books; two of them are what two processes would be."""
    moments = iter(range(10**9))
    return create_app(
        Ports(
            context=books.context,
            add_actor=lambda by, *rest: add_actor(books.context, by.id, *rest),
            new_request_id=lambda: uuid4().hex[:16],
            monotonic=lambda: next(moments) / 1000,
            upload_bytes_max=1 << 20,
            service_key=bytes(20),
            domain=Domain(31_337, b"\x11" * 20),
            passwords=passwords or Argon2Passwords(light=True),
            secret_gate=SecretGate(),
            relying_party=RelyingParty("boram.example", "Boram", (HOST,)) if has_passkeys else None,
            sign_on=sign_on,
            rate_limits=rate_limits,
            is_loopback_demo=is_loopback_demo,
            database_errors=DATABASE_ERRORS,
        )
    )


@dataclass
class Browser:
    """Somebody at a browser: it keeps cookies, says where a request comes from, and sends the form token it was given."""

    client: TestClient
    form_token: str = ""

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"origin": HOST, "sec-fetch-site": "same-origin", "x-form-token": self.form_token}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        answer = self.client.post(f"/api/v1{path}", json=body, headers=sent)
        if answer.status_code == 201 and "form_token" in answer.json():
            self.form_token = answer.json()["form_token"]
        return answer


@dataclass
class Front:
    """The application, its books, and those who come to it."""

    books: Books
    app: FastAPI
    tokens: dict[str, str] = field(default_factory=dict)
    totp: dict[str, str] = field(default_factory=dict)

    def browser(self, app: FastAPI | None = None) -> Browser:
        return Browser(TestClient(app or self.app, base_url=HOST, raise_server_exceptions=False))

    def ask(self, method: str, path: str, name: str | None, body: Any = None, **headers: str) -> Any:
        """By bearer token."""
        client = TestClient(self.app, base_url=HOST, raise_server_exceptions=False)
        sent = {"accept-language": "en", "idempotency-key": str(uuid4()), "access-reason": "a test"} | headers
        if name is not None:
            sent["authorization"] = f"Bearer {self.tokens[name]}"
        url = path if path.startswith(("/healthz", "/readyz", "/metrics", "/docs")) else f"/api/v1{path}"
        if isinstance(body, bytes):
            return client.request(method, url, files={"file": ("month.csv", body)}, headers=sent)
        return client.request(method, url, json=body, headers=sent)

    def add(self, name: str, *roles: Role, desks: tuple[str, ...] = (), person_id: str | None = None) -> str:
        """Somebody with a token; their id."""
        line, token = add_actor(self.books.context, "system", name, list(roles), list(desks), person_id)
        self.tokens[name] = token
        return line.id

    def code(self, name: str) -> str:
        return str(pyotp.TOTP(self.totp[name]).at(self.books.clock.now()))

    def enrol(self, name: str, password: str = PASSWORD) -> None:
        """Invited, password set, second factor shown: ready to sign in."""
        invited = self.ask("POST", f"/actors/{self.id_of(name)}/invitation", "admin")
        secret = invited.json()["secret"]
        factor = self.browser().post("/invitations/accept", {"secret": secret, "password": password})
        assert factor.status_code == 200, factor.text
        self.totp[name] = factor.json()["secret"]
        confirmed = self.browser().post("/invitations/confirm", {"secret": secret, "code": self.code(name)})
        assert confirmed.status_code == 200, confirmed.text
        self.books.clock.seconds += 30  # the code that was shown is used up

    def sign_in(self, name: str, password: str = PASSWORD, app: FastAPI | None = None) -> Browser:
        browser = self.browser(app)
        answer = browser.post("/sessions/staff", {"name": name, "password": password, "code": self.code(name)})
        assert answer.status_code == 201, answer.text
        self.books.clock.seconds += 30
        return browser

    def card(self, member: str, pin: str = PIN) -> str:
        """A card for a member of the sample."""
        issued = self.ask("POST", f"/residents/{self.books.person(member)}/cards", "registrar", {"pin": pin})
        assert issued.status_code == 201, issued.text
        return str(issued.json()["card_number"])

    def resident(self, member: str) -> Browser:
        """A member who has signed in by card and PIN."""
        browser = self.browser()
        answer = browser.post("/sessions/resident", {"card_number": self.card(member), "pin": PIN})
        assert answer.status_code == 201, answer.text
        return browser

    def id_of(self, name: str) -> str:
        with self.books.journal.read() as unit:
            found = unit.actors.by_name(name)
        assert isinstance(found, Actor)
        return found.id


def open_front(books: Books) -> Front:
    front = Front(books, new_app(books))
    for name, roles, desks in (
        ("admin", (Role.ADMIN,), ()),
        ("registrar", (Role.REGISTRAR,), ()),
        ("auditor", (Role.AUDITOR,), ()),
        ("clerk", (Role.CLERK,), ("SVC",)),
        ("approver", (Role.APPROVER,), ("SVC",)),
        ("other-clerk", (Role.CLERK, Role.APPROVER), ("YJSW",)),
        ("counter", (Role.VENUE,), ("GYM",)),
        ("hall", (Role.VENUE,), ("HALL",)),
        ("coin-office", (Role.OFFICE,), ()),
    ):
        front.add(name, *roles, desks=desks)
    return front


@pytest.fixture
def front(sqlite_district: SqliteDistrict, tmp_path: Path) -> Iterator[Front]:
    """The sample district's front door, on SQLite."""
    with sqlite_district.copy("district", tmp_path) as books:
        yield open_front(books)


@pytest.fixture
def either(district: Books) -> Front:
    """The same on SQLite and on PostgreSQL: for what hangs on SQL."""
    return open_front(district)
