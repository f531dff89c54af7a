"""Two operating system processes over one PostgreSQL: what is counted or used up in one is in the other."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from uuid import uuid4

import httpx
import pyotp
import pytest
from sqlalchemy import create_engine, make_url, text

from ledger_service.adapters.actors import add_actor
from ledger_service.adapters.clock import SystemClock
from ledger_service.adapters.home import Home, write_secret
from ledger_service.adapters.keys import FIRST_KEYS, KeyFolder
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.credentials import FAILURES_MAX
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.services import accounts, cards
from ledger_service.services.context import Context
from scripts.running import RunningBoram, start
from tests.books import SAMPLE_AS_OF, Books, open_books

pytestmark = pytest.mark.postgres

MEMBER, OTHER, THIRD = "S100000", "S100013", "S100019"
PASSWORD, PIN = "a long sentence, 2024", "271828"
PASSPHRASE = b"a passphrase of tests"
AT_ONCE = 24
LOOKUPS = 6  # a minute
NOBODY_POSTS = "http://127.0.0.1:1"


@dataclass
class Door:
    """One process, and who comes to it from where."""

    http: httpx.Client
    address: str

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=self._own(headers))

    def post(self, path: str, body: Any = None, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body, data=form, headers=self._own(headers))

    def _own(self, headers: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"x-forwarded-for": self.address, "origin": str(self.http.base_url).rstrip("/"), **named}


@dataclass
class Two:
    """Two API processes, and the books that they share, opened here too."""

    books: Books
    apis: list[RunningBoram]

    @property
    def context(self) -> Context:
        return self.books.context

    def race(self, ask: Callable[[Door, int], httpx.Response], times: int = AT_ONCE) -> list[httpx.Response]:
        """At the same moment, in turn at both processes, each from an address of its own: nothing is counted for an address here."""
        doors = [Door(self.apis[place % 2].http, f"203.0.{next(_ADDRESSES)}") for place in range(times)]
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(ask, doors, range(times)))

    def card(self, member: str) -> str:
        registrar = self.books.actor("registrar", Role.REGISTRAR)
        return cards.issue_card(self.context, Argon2Passwords(light=True), registrar, self.books.person(member), PIN)

    def enrol(self, name: str, *roles: Role, desks: tuple[str, ...] = ()) -> str:
        """Somebody of the staff with password and second factor; the secret of the latter."""
        line, _ = add_actor(self.context, "system", name, list(roles), list(desks), None)
        passwords = Argon2Passwords(light=True)
        secret = accounts.invite(self.context, self.books.actor("chief", Role.ADMIN), line.id)
        factor = accounts.accept_invitation(self.context, passwords, secret, PASSWORD)
        step_before = self.context.clock.now() - 30  # so that the present code is not used up
        accounts.confirm_invitation(self.context, secret, pyotp.TOTP(factor.secret).at(step_before))
        return factor.secret


_ADDRESSES = (f"{number // 250}.{number % 250 + 1}" for number in range(10_000))


@pytest.fixture(scope="module")
def two(postgres_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("two")
    server = make_url(postgres_uri).set(drivername="postgresql+psycopg")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    names = [f"two_{part}_{os.urandom(4).hex()}" for part in ("books", "keys")]
    with admin.connect() as connection:
        for name in names:
            connection.execute(text(f"CREATE DATABASE {name}"))
    urls = [server.set(database=name).render_as_string(hide_password=False) for name in names]
    home = Home(folder / "home")
    home.prepare()
    write_secret(home.secrets / "master.key", (b"\x07" * 32).hex().encode())
    write_secret(home.secrets / "passphrase", PASSPHRASE)
    KeyFolder(home.keys, PASSPHRASE.decode(), os.urandom, light=True, embedded=True).create_missing(FIRST_KEYS)
    with ExitStack() as stack:
        engines = [open_engine(url) for url in urls]
        for engine in engines:
            stack.callback(engine.dispose)
        migrate(engines[0])
        books = open_books(*engines)
        books.load_district()
        books.context = replace(books.context, clock=SystemClock(SAMPLE_AS_OF, 0))
        books.actor("somebody", Role.OFFICE)
        apis = []
        for _ in range(2):
            api = start(
                folder / "home", alive_is_enough=True, role="api", environment="test", business_date="2024-05-02",
                database_url=urls[0], keys_url=urls[1], rpc_url=NOBODY_POSTS, chain_id="31337", proxy="127.0.0.1",
                rate_lookups=str(LOOKUPS), api_processes="2",
            )  # fmt: skip
            stack.callback(api.stop)
            api.http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each request says who it is
            apis.append(api)
        assert apis[0].process.pid != apis[1].process.pid
        yield Two(books, apis)
    with admin.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_many_guesses_in_both_five_are_looked_at_and_then_both_are_locked(two: Two) -> None:
    card = two.card(MEMBER)
    secret = two.enrol("guessed", Role.CLERK, desks=("SVC",))

    def pin(door: Door, place: int) -> httpx.Response:
        body = {"card_number": card, "pin": f"{100_000 + place}"}
        return door.post("/api/v1/sessions/resident", body)

    def password(door: Door, place: int) -> httpx.Response:
        body = {"name": "guessed", "password": f"a wrong sentence {place}", "code": "000000"}
        return door.post("/api/v1/sessions/staff", body)

    for guess in (pin, password):
        assert statuses(two.race(guess)) == {401: FAILURES_MAX, 429: AT_ONCE - FAILURES_MAX}
    right = {"card_number": card, "pin": PIN}
    code = pyotp.TOTP(secret).now()
    known = {"name": "guessed", "password": PASSWORD, "code": code}
    for path, body in (("resident", right), ("staff", known)):
        locked = two.race(lambda door, _, path=path, body=body: door.post(f"/api/v1/sessions/{path}", body), 4)
        assert statuses(locked) == {429: 4}, "the right secret, at either of them"
        assert all(int(answer.headers["retry-after"]) > 0 for answer in locked)


def test_a_one_time_password_signs_in_once(two: Two) -> None:
    secret = two.enrol("raced", Role.CLERK, desks=("SVC",))
    body = {"name": "raced", "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
    answers = two.race(lambda door, _: door.post("/api/v1/sessions/staff", body), FAILURES_MAX - 1)
    assert statuses(answers) == {201: 1, 401: FAILURES_MAX - 2}


def test_a_code_by_phone_signs_in_once(two: Two) -> None:
    card = two.card(OTHER)
    cards.send_phone_code(two.context, "203.0.113.255", card)
    with two.books.journal.read() as unit:
        (waiting,) = unit.messages.waiting(10)
    said = two.context.vault.of(waiting.person_id).open("message", waiting.text_sealed)
    body = {"card_number": card, "phone_code": next(part for part in said.split() if part.isdigit())}
    answers = two.race(lambda door, _: door.post("/api/v1/sessions/resident", body), FAILURES_MAX - 1)
    assert statuses(answers) == {201: 1, 401: FAILURES_MAX - 2}


def resident_of(two: Two, member: str) -> Actor:
    person_id = two.books.person(member)
    two.card(member)
    with two.books.journal.read() as unit:
        actor = unit.actors.of_person(person_id)
    assert actor is not None
    return actor


def test_a_payment_code_pays_once(two: Two) -> None:
    two.books.grant(THIRD, 100)
    code = cards.offer_payment(two.context, resident_of(two, THIRD)).code
    _, token = add_actor(two.context, "system", "counter", [Role.VENUE], ["GYM"], None)
    desk = two.books.desk(DeskKind.VENUE, "GYM")

    def pay(door: Door, _place: int) -> httpx.Response:
        body = {"payment_code": code, "desk": desk, "coins": 7}
        return door.post("/api/v1/redemptions", body, authorization=f"Bearer {token}", idempotency_key=str(uuid4()))

    answers = two.race(pay)
    assert statuses(answers)[201] == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} == {"consent_refused"}
    assert two.books.account(THIRD).debited == 7


def test_a_form_does_its_thing_once(two: Two) -> None:
    two.books.grant(OTHER, 100)
    secret = session_of(two, two.card(OTHER))
    form_token = two.context.vault.form_token(secret)
    form = {"form_token": form_token, "key": str(uuid4()), "fund": "WARM", "coins": "9"}
    stale = form | {"form_token": two.context.vault.form_token("another session")}

    def give(fields: dict[str, str]) -> Callable[[Door, int], httpx.Response]:
        def send(door: Door, _place: int) -> httpx.Response:
            return door.post("/donate", form=fields, cookie=f"boram-on-loopback={secret}")

        return send

    assert statuses(two.race(give(stale), 4)) == {403: 4}
    answers = two.race(give(form))
    assert statuses(answers) == {303: AT_ONCE}
    assert len({answer.headers["location"] for answer in answers}) == 1, "the same receipt"
    assert two.books.account(OTHER).debited == 9


def session_of(two: Two, card: str) -> str:
    body = {"card_number": card, "pin": PIN}
    (answer,) = two.race(lambda door, _: door.post("/api/v1/sessions/resident", body), 1)
    assert answer.status_code == 201, answer.text
    return str(answer.cookies["boram-on-loopback"])


def test_a_session_that_is_ended_at_one_is_over_at_the_other(two: Two) -> None:
    secret = session_of(two, two.card(MEMBER))
    cookie, form_token = f"boram-on-loopback={secret}", two.context.vault.form_token(secret)
    (ended,) = two.race(lambda door, _: door.post("/api/v1/sessions/end", cookie=cookie, x_form_token=form_token), 1)
    assert ended.status_code == 200
    assert statuses(two.race(lambda door, _: door.get("/api/v1/sessions/current", cookie=cookie), 2)) == {401: 2}


def test_member_numbers_that_are_tried_at_both_are_counted_together(two: Two) -> None:
    _, token = add_actor(two.context, "system", "curious", [Role.CLERK], ["SVC"], None)

    def look(door: Door, place: int) -> httpx.Response:
        body = {"member_number": f"S{200_000 + place}"}
        return door.post("/api/v1/residents/lookup", body, authorization=f"Bearer {token}")

    began = time.monotonic()
    first = [look(Door(two.apis[0].http, "203.0.113.7"), place).status_code for place in range(LOOKUPS)]
    assert first == [404] * LOOKUPS, "the whole limit at one of them, not its share"
    answers = two.race(look)
    more = int((time.monotonic() - began + 1) * LOOKUPS / 60)  # a slow machine is let in again meanwhile
    counted = statuses(answers)
    assert counted[404] <= more, "and then nothing at either"
    assert counted[404] + counted[429] == AT_ONCE
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 429)
