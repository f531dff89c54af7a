"""Proving who one is: a second factor for staff, card and PIN for residents, and what guessing costs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from ledger_service.adapters.passwords import AT_ONCE, Argon2Passwords
from ledger_service.adapters.sms import SmsFile
from ledger_service.domain.credentials import FAILURES_MAX, LOCK_SECONDS
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.engine import open_engine
from ledger_service.journal.schema import audit_log, credentials, messages, sessions
from ledger_service.services.messages import TRIES_MAX, send_messages
from tests.access.conftest import HOST, PASSWORD, PIN, Front, new_app
from tests.books import Books, open_books

MEMBER, OTHER = "S100000", "S100013"


@contextmanager
def another_process(front: Front) -> Iterator[Books]:
    """The same books through an engine of its own, as another process would have them."""
    books = front.books
    engine = open_engine(books.engine.url.render_as_string(hide_password=False))
    other = open_books(engine, books.context.vault._engine)
    other.clock.seconds = books.clock.seconds
    yield other
    engine.dispose()


def test_staff_sign_in_with_password_and_second_factor(either: Front) -> None:
    either.enrol("clerk")
    browser = either.sign_in("clerk")
    assert browser.get("/actors/me").json()["name"] == "clerk"
    assert browser.get("/sessions").json()[0]["factors"] == "password totp"


def test_nobody_signs_in_before_the_second_factor_was_shown(front: Front) -> None:
    secret = front.ask("POST", f"/actors/{front.id_of('clerk')}/invitation", "admin").json()["secret"]
    factor = front.browser().post("/invitations/accept", {"secret": secret, "password": PASSWORD}).json()
    front.totp["clerk"] = factor["secret"]
    answer = front.browser().post(
        "/sessions/staff", {"name": "clerk", "password": PASSWORD, "code": front.code("clerk")}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("wrong", ["name", "password", "code"])
def test_whatever_is_wrong_the_answer_is_the_same(front: Front, wrong: str) -> None:
    front.enrol("clerk")
    right = {"name": "clerk", "password": PASSWORD, "code": front.code("clerk")}
    answer = front.browser().post("/sessions/staff", right | {wrong: "000000"})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")
    assert "set-cookie" not in answer.headers
    nobody = front.browser().post("/sessions/staff", right | {"name": "nobody-at-all"})
    assert nobody.json()["detail"] == answer.json()["detail"]


def test_the_same_work_is_done_for_who_is_unknown(front: Front) -> None:
    front.enrol("clerk")
    card = front.card(MEMBER)
    checked: list[bool] = []

    class Counting(Argon2Passwords):
        def verify(self, stored: str | None, secret: str) -> bool:
            checked.append(stored is not None)
            return super().verify(stored, secret)

    front.app = new_app(front.books, passwords=Counting(light=True))
    for name in ("clerk", "nobody"):
        front.browser().post("/sessions/staff", {"name": name, "password": "x", "code": "1"})
    for number in (card, "2222-2222-2222-2", "not a card"):
        front.browser().post("/sessions/resident", {"card_number": number, "pin": "1"})
    for name in ("clerk", "nobody"):  # and with a device, whose answer is looked at after the password
        shown = {"password": "x", "challenge": "1.x.y", "credential": {}}
        front.browser().post("/sessions/staff/passkey", {"name": name} | shown)
    assert checked == [True, False, True, False, False, True, False]


def test_a_one_time_password_is_taken_once(front: Front) -> None:
    front.enrol("clerk")
    code = front.code("clerk")
    body = {"name": "clerk", "password": PASSWORD, "code": code}
    assert front.browser().post("/sessions/staff", body).status_code == 201
    assert front.browser().post("/sessions/staff", body).status_code == 401


def test_of_many_replays_of_a_one_time_password_one_signs_in(either: Front) -> None:
    either.enrol("clerk")
    body = {"name": "clerk", "password": PASSWORD, "code": either.code("clerk")}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: either.browser().post("/sessions/staff", body).status_code, range(8)))
    assert answers.count(201) == 1


def test_a_resident_signs_in_with_card_and_pin(front: Front) -> None:
    browser = front.resident(MEMBER)
    me = browser.get("/actors/me").json()
    assert (me["roles"], me["person_id"]) == (["resident"], front.books.person(MEMBER))
    assert browser.get(f"/residents/{me['person_id']}/balance").status_code == 200


def test_a_card_number_is_read_as_people_type_it(front: Front) -> None:
    card = front.card(MEMBER)
    typed = card.lower().replace("-", " ")
    assert front.browser().post("/sessions/resident", {"card_number": typed, "pin": "２７１８２８"}).status_code == 201


def test_a_new_card_ends_the_old_one_and_its_sessions(front: Front) -> None:
    old = front.card(MEMBER)
    browser = front.browser()
    browser.post("/sessions/resident", {"card_number": old, "pin": PIN})
    front.card(MEMBER)
    assert browser.get("/actors/me").status_code == 401
    assert front.browser().post("/sessions/resident", {"card_number": old, "pin": PIN}).status_code == 401


def test_a_lost_card_is_blocked_by_its_owner(either: Front) -> None:
    browser = either.resident(MEMBER)
    person = either.books.person(MEMBER)
    assert browser.post(f"/residents/{person}/cards/block").status_code == 200
    assert browser.get("/actors/me").status_code == 401


@pytest.mark.parametrize(
    "pin", ["000000", "123456", "987654", "123123", "121212", "12345", "1234567", "abcdef", "٣٤٥٦٧٨"]
)
def test_a_pin_that_everybody_takes_is_refused(front: Front, pin: str) -> None:
    answer = front.ask("POST", f"/residents/{front.books.person(MEMBER)}/cards", "registrar", {"pin": pin})
    assert (answer.status_code, answer.json()["code"]) == (422, "weak_secret")


@pytest.mark.parametrize("password", ["short", "password1234", "aaaaaaaaaaaaaa", "x" * 200, "my name is clerk!"])
def test_a_password_that_others_guess_is_refused(front: Front, password: str) -> None:
    secret = front.ask("POST", f"/actors/{front.id_of('clerk')}/invitation", "admin").json()["secret"]
    answer = front.browser().post("/invitations/accept", {"secret": secret, "password": password})
    assert answer.status_code == 422


def test_an_invitation_is_used_once_and_ends_after_three_days(front: Front) -> None:
    path = f"/actors/{front.id_of('clerk')}/invitation"
    first, second = (front.ask("POST", path, "admin").json()["secret"] for _ in range(2))
    accept = {"password": PASSWORD}
    assert front.browser().post("/invitations/accept", accept | {"secret": first}).json()["code"] == "invitation_over"
    front.books.clock.seconds += 72 * 3600
    assert front.browser().post("/invitations/accept", accept | {"secret": second}).json()["code"] == "invitation_over"


def test_guessing_is_counted_in_the_books_and_locks_for_longer_each_time(either: Front) -> None:
    card = either.card(MEMBER)

    def guess(pin: str, app: object = None) -> int:
        browser = either.browser(app)  # type: ignore[arg-type]
        return browser.post("/sessions/resident", {"card_number": card, "pin": pin}).status_code

    assert [guess("314159") for _ in range(FAILURES_MAX)] == [401] * FAILURES_MAX
    assert guess(PIN) == 429, "locked, also for the right PIN"
    with another_process(either) as restarted:
        assert guess(PIN, new_app(restarted)) == 429, "the lock is in the books: a restart does not lift it"
    either.books.clock.seconds += LOCK_SECONDS
    assert [guess("314159") for _ in range(FAILURES_MAX)] == [401] * FAILURES_MAX
    either.books.clock.seconds += LOCK_SECONDS
    assert guess(PIN) == 429, "the second lock lasts twice as long"
    either.books.clock.seconds += LOCK_SECONDS
    assert guess(PIN) == 201
    assert guess("314159") == 401, "and then all is forgiven"


def test_a_locked_name_is_locked_whether_it_exists_or_not(front: Front) -> None:
    front.enrol("clerk")
    for name in ("clerk", "nobody"):
        body = {"name": name, "password": "wrong", "code": "000000"}
        seen = [front.browser().post("/sessions/staff", body).status_code for _ in range(FAILURES_MAX + 1)]
        assert seen == [401] * FAILURES_MAX + [429]


def test_an_address_that_tries_many_cards_is_locked(front: Front) -> None:
    seen = []
    for place in range(52):
        card = f"{place:013d}"
        seen.append(front.browser().post("/sessions/resident", {"card_number": card, "pin": PIN}).status_code)
    assert seen == [401] * 50 + [429] * 2
    assert (
        front.browser().post("/sessions/resident", {"card_number": front.card(MEMBER), "pin": PIN}).status_code == 429
    )


def test_parallel_guesses_in_two_processes_are_no_more_than_five(either: Front) -> None:
    card = either.card(MEMBER)
    looked_at: list[int] = []

    class Counting(Argon2Passwords):
        def verify(self, stored: str | None, secret: str) -> bool:
            looked_at.append(1)
            return super().verify(stored, secret)

    with another_process(either) as other:
        if other.engine.dialect.name == "sqlite":  # which takes one process: a second one is refused at its start
            other = either.books
        apps = [new_app(books, passwords=Counting(light=True)) for books in (either.books, other)]

        def guess(place: int) -> int:
            body = {"card_number": card, "pin": f"{place:06d}"}
            return int(either.browser(apps[place % 2]).post("/sessions/resident", body).status_code)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(guess, range(100_000, 100_040)))
    assert len(looked_at) == FAILURES_MAX
    assert answers.count(401) == FAILURES_MAX
    assert answers.count(429) == 40 - FAILURES_MAX


def test_few_slow_hashes_are_computed_at_once() -> None:
    at_once, most, lock = 0, 0, threading.Lock()
    passwords = Argon2Passwords(light=True)
    hasher = passwords._hasher

    class Watching:
        def verify(self, stored: str, secret: str) -> bool:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            try:
                return hasher.verify(stored, secret)
            finally:
                with lock:
                    at_once -= 1

    passwords._hasher = Watching()  # type: ignore[assignment]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: passwords.verify(None, "x"), range(200)))
    assert most <= AT_ONCE


def test_charges_by_card_wait_at_the_gate_and_those_by_code_do_not(front: Front) -> None:
    """In one event loop, as in a service: while both places are taken nobody computes a hash, however the card is spelt."""
    gate = front.app.state.ports.secret_gate
    desk = front.books.desk(DeskKind.VENUE, "GYM")
    card, waiting = front.card(MEMBER), '{"desk": %d, "coins": 1, "card\\u005fnumber": "%s", "pin": "000000"}'
    headers = {"authorization": f"Bearer {front.tokens['counter']}", "content-type": "application/json"}

    async def ask(client: httpx.AsyncClient, body: str) -> int:
        sent = headers | {"idempotency-key": str(uuid4())}
        return (await client.post("/api/v1/redemptions", content=body, headers=sent)).status_code

    async def run() -> tuple[int, bool, list[int]]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(front.app), base_url=HOST) as client:
            async with gate.place(), gate.place():
                by_card = [asyncio.create_task(ask(client, waiting % (desk, card))) for _ in range(3)]
                for _ in range(10):  # by then those by card would be through
                    by_code = await ask(client, f'{{"desk": {desk}, "coins": 1, "payment_code": "x"}}')
                none_yet = not any(one.done() for one in by_card)
            return by_code, none_yet, await asyncio.gather(*by_card)

    by_code, none_yet, by_card = asyncio.run(run())
    assert (by_code, none_yet, by_card) == (409, True, [401] * 3)


def test_codes_by_phone(either: Front) -> None:
    card = either.card(MEMBER)
    unknown = either.browser().post("/sessions/phone-code", {"card_number": "2222-2222-2222-2"})
    known = either.browser().post("/sessions/phone-code", {"card_number": card})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, known.content)
    vault = either.books.context.vault
    with either.books.journal.read() as unit:
        waiting = unit.messages.waiting(10)
    assert len(waiting) == 1
    text = vault.of(waiting[0].person_id).open("message", waiting[0].text_sealed)
    digits = next(part for part in text.split() if part.isdigit())
    assert "http" not in text
    wrong = {"card_number": card, "phone_code": f"{(int(digits) + 1) % 10**6:06d}"}
    assert either.browser().post("/sessions/resident", wrong).status_code == 401
    right = {"card_number": card, "phone_code": digits}
    assert either.browser().post("/sessions/resident", right).status_code == 201
    assert either.browser().post("/sessions/resident", right).status_code == 401, "once"


def test_no_more_codes_are_sent_than_few(front: Front) -> None:
    card = front.card(MEMBER)
    seen = [front.browser().post("/sessions/phone-code", {"card_number": card}).status_code for _ in range(6)]
    assert seen == [202] * 5 + [429]


def test_assisted_entry_names_both_and_ends_soon(either: Front) -> None:
    either.enrol("counter")
    card = either.card(MEMBER)
    browser = either.sign_in("counter")
    body = {"card_number": card, "pin": PIN}
    assert browser.post("/sessions/assisted", body).json()["assisted_by"] == either.id_of("counter")
    assert browser.get("/actors/me").json()["person_id"] == either.books.person(MEMBER)
    either.books.grant(MEMBER, 10)
    gift = {"person_id": either.books.person(MEMBER), "fund": "WARM", "coins": 3}
    assert browser.post("/donations", gift, idempotency_key="one").status_code == 201
    with either.books.engine.connect() as connection:
        detail = connection.execute(select(audit_log.c.detail).where(audit_log.c.action == "donate")).scalar_one()
    assert either.id_of("counter") in detail
    either.books.clock.seconds += 301
    assert browser.get("/actors/me").json()["name"] == "counter", "the member of staff goes on"


def test_what_is_stored_says_nothing_of_secrets(front: Front) -> None:
    front.enrol("clerk")
    browser = front.sign_in("clerk")
    cookie = browser.client.cookies["__Host-boram"]
    with front.books.engine.connect() as connection:
        stored = repr(connection.execute(select(credentials)).all()) + repr(connection.execute(select(sessions)).all())
    assert cookie not in stored
    assert front.totp["clerk"] not in stored
    assert PASSWORD not in stored
    assert "$argon2id$" in stored


def test_changing_a_password_wants_the_old_one_and_ends_every_session(front: Front) -> None:
    front.enrol("clerk")
    one, two = front.sign_in("clerk"), front.sign_in("clerk")
    new = "another long sentence"
    wrong = one.post("/sessions/password", {"password": "wrong", "new_password": new})
    assert wrong.status_code == 401
    assert one.post("/sessions/password", {"password": PASSWORD, "new_password": new}).status_code == 200
    assert [browser.get("/actors/me").status_code for browser in (one, two)] == [401, 401]
    front.sign_in("clerk", new)


def test_a_resident_changes_the_pin_of_their_own_card_only(front: Front) -> None:
    mine = front.card(MEMBER)
    browser = front.browser()
    browser.post("/sessions/resident", {"card_number": mine, "pin": PIN})
    other = front.card(OTHER)
    taken = browser.post("/sessions/pin", {"card_number": other, "pin": PIN, "new_pin": "141421"})
    assert taken.status_code == 403
    assert browser.post("/sessions/pin", {"card_number": mine, "pin": PIN, "new_pin": "141421"}).status_code == 200
    assert front.browser().post("/sessions/resident", {"card_number": mine, "pin": PIN}).status_code == 401


def test_who_opens_residents_does_not_credit_them(front: Front) -> None:
    body = {"name": "both", "roles": ["registrar", "clerk"], "desks": ["SVC"]}
    answer = front.ask("POST", "/actors", "admin", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "roles_apart")
    new = {"member_number": "S999999", "name": "새주민", "birth_date": "1960-01-01", "phone": "010-1234-5678"}
    assert front.ask("POST", "/residents", "coin-office", new).status_code == 403
    opened = front.ask("POST", "/residents", "registrar", new)
    assert opened.status_code == 201
    assert front.ask("POST", "/residents", "registrar", new).json()["code"] == "resident_known"
    person = opened.json()["person_id"]
    assert front.ask("GET", f"/residents/{person}", "registrar").json()["name"] == "새주민"
    assert front.ask("GET", f"/residents/{person}/balance", "registrar").status_code == 403


def test_nobody_changes_their_own_rights(front: Front) -> None:
    me = front.id_of("admin")
    for path, body in (
        ("roles", {"roles": ["admin", "auditor"]}),
        ("revoke", None),
        ("tokens", {"label": "x", "scopes": ["*"], "days": 1}),
    ):
        answer = front.ask("POST", f"/actors/{me}/{path}", "admin", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "own_account"), path


def test_other_roles_end_the_sessions_and_hold_at_once(either: Front) -> None:
    either.enrol("clerk")
    browser = either.sign_in("clerk")
    changed = either.ask(
        "POST", f"/actors/{either.id_of('clerk')}/roles", "admin", {"roles": ["venue"], "desks": ["GYM"]}
    )
    assert changed.json()["roles"] == ["venue"]
    assert browser.get("/actors/me").status_code == 401
    assert either.ask("GET", "/approvals", "clerk").status_code == 403, "the token has the new roles, too"


def test_who_is_revoked_acts_no_more(front: Front) -> None:
    front.enrol("clerk")
    browser = front.sign_in("clerk")
    assert front.ask("POST", f"/actors/{front.id_of('clerk')}/revoke", "admin").status_code == 200
    assert browser.get("/actors/me").status_code == 401
    assert front.ask("GET", "/actors/me", "clerk").status_code == 401
    body = {"name": "clerk", "password": PASSWORD, "code": front.code("clerk")}
    assert front.browser().post("/sessions/staff", body).status_code == 401


def test_a_token_is_good_for_its_scopes_until_its_day(either: Front) -> None:
    clerk = either.id_of("clerk")
    body = {"label": "kiosk", "scopes": ["read:approvals", "write:records"], "days": 30}
    made = either.ask("POST", f"/actors/{clerk}/tokens", "admin", body).json()
    either.tokens["kiosk"] = made["token"]
    assert either.ask("GET", "/approvals", "kiosk").status_code == 200
    for method, path in (("GET", "/desks"), ("POST", "/imports"), ("GET", "/actors/me")):
        answer = either.ask(method, path, "kiosk")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert either.ask("POST", "/records", "kiosk").status_code == 422, "let in"
    either.books.clock.seconds += 30 * 86_400
    assert either.ask("GET", "/approvals", "kiosk").status_code == 401
    unknown = either.ask("POST", f"/actors/{clerk}/tokens", "admin", body | {"scopes": ["write:everything"]})
    assert unknown.status_code == 422


def test_a_token_says_when_it_was_used_last(either: Front) -> None:
    actor = either.id_of("clerk")
    body = {"label": "kiosk", "scopes": ["read"], "days": 30}
    either.tokens["kiosk"] = either.ask("POST", f"/actors/{actor}/tokens", "admin", body).json()["token"]

    def used() -> int | None:
        lines = either.ask("GET", f"/actors/{actor}/tokens", "auditor").json()
        return next(int(one["used_at"]) if one["used_at"] else None for one in lines if one["label"] == "kiosk")

    assert used() is None
    assert either.ask("GET", "/actors/me", "kiosk").status_code == 200
    first = used()
    assert first == either.books.clock.now()
    either.books.clock.seconds += 30
    either.ask("GET", "/actors/me", "kiosk")
    assert used() == first, "not every request writes"
    either.books.clock.seconds += 30
    either.ask("GET", "/actors/me", "kiosk")
    assert used() == first + 60


def test_a_revoked_token_is_worth_nothing(front: Front) -> None:
    clerk = front.id_of("clerk")
    body = {"label": "kiosk", "scopes": ["*"], "days": 1}
    made = front.ask("POST", f"/actors/{clerk}/tokens", "admin", body).json()
    front.tokens["kiosk"] = made["token"]
    assert made["id"] in [one["id"] for one in front.ask("GET", f"/actors/{clerk}/tokens", "auditor").json()]
    assert front.ask("POST", f"/actors/{clerk}/tokens/{made['id']}/revoke", "admin").status_code == 200
    assert front.ask("GET", "/actors/me", "kiosk").status_code == 401


def test_a_message_goes_out_once_and_its_text_is_gone(front: Front, tmp_path: Path) -> None:
    front.browser().post("/sessions/phone-code", {"card_number": front.card(MEMBER)})
    out = tmp_path / "messages.jsonl"
    assert send_messages(front.books.context, SmsFile(out)) == 1
    assert send_messages(front.books.context, SmsFile(out)) == 0
    [line] = out.read_text().splitlines()
    assert "010-" in json.loads(line)["phone"]
    assert out.stat().st_mode & 0o777 == 0o600
    with front.books.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(messages.c.state, messages.c.text_sealed))] == [
            ("sent", None)
        ]


def test_a_message_that_the_gateway_does_not_take_is_tried_again_and_then_given_up(
    front: Front, tmp_path: Path
) -> None:
    front.browser().post("/sessions/phone-code", {"card_number": front.card(MEMBER)})
    nowhere = SmsFile(tmp_path / "no folder" / "messages.jsonl")
    for _ in range(TRIES_MAX + 1):
        assert send_messages(front.books.context, nowhere) == 0
    assert send_messages(front.books.context, SmsFile(tmp_path / "messages.jsonl")) == 0
    with front.books.engine.connect() as connection:
        assert connection.execute(select(messages.c.state)).scalar_one() == "failed"
