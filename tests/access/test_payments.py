"""A resident's word at the counter: used once, for one desk and amount, and kept as the entry's evidence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from ledger_service.domain.credentials import PAYMENT_CODE_SIGNS
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.schema import consents, entries, idempotency
from tests.access.conftest import PIN, Front

MEMBER, OTHER = "S100000", "S100013"


def charge(front: Front, name: str = "counter", code: str = "GYM", coins: int = 10, **word: Any) -> Any:
    desk = front.books.desk(DeskKind.VENUE, code)
    return front.ask("POST", "/redemptions", name, {"desk": desk, "coins": coins} | word)


def offered(front: Front, member: str = MEMBER) -> str:
    code = front.resident(member).post("/payment-codes").json()["code"]
    assert len(code) == PAYMENT_CODE_SIGNS
    return str(code)


def test_a_payment_code_pays_once_and_is_the_evidence(either: Front) -> None:
    either.books.grant(MEMBER, 100)
    code = offered(either)
    paid = charge(either, payment_code=code)
    assert paid.status_code == 201, paid.text
    assert charge(either, payment_code=code).json()["code"] == "consent_refused"
    with either.books.engine.connect() as connection:
        consent = connection.execute(select(consents).where(consents.c.kind == "payment_code")).one()
        entry = connection.execute(select(entries).where(entries.c.journal_no == paid.json()["journal_no"])).one()
    assert (entry.consent, consent.coins) == (consent.id, 10)
    assert consent.desk == either.books.desk(DeskKind.VENUE, "GYM")
    assert code not in repr(consent)


def test_a_code_for_one_place_and_amount_is_good_for_no_other(either: Front) -> None:
    either.books.grant(MEMBER, 100)
    gym = either.books.desk(DeskKind.VENUE, "GYM")
    browser = either.resident(MEMBER)
    code = browser.post("/payment-codes", {"desk": gym, "coins": 10}).json()["code"]
    for name, place, coins in (("hall", "HALL", 10), ("counter", "GYM", 20), ("counter", "GYM", 1)):
        assert charge(either, name, place, coins, payment_code=code).json()["code"] == "consent_refused"
    assert charge(either, "counter", "GYM", 10, payment_code=code).status_code == 201
    centre = either.books.desk(DeskKind.CENTRE, "SVC")
    assert browser.post("/payment-codes", {"desk": centre}).status_code == 404
    assert browser.post("/payment-codes", {"coins": 0}).status_code == 422
    half = browser.post("/payment-codes", {"coins": 10}).json()["code"]
    assert charge(either, "hall", "HALL", 20, payment_code=half).json()["code"] == "consent_refused"
    assert charge(either, "hall", "HALL", 10, payment_code=half).status_code == 201
    assert either.books.account(MEMBER).debited == 20


def test_of_a_hundred_replays_at_once_one_pays(either: Front) -> None:
    either.books.grant(MEMBER, 1000)
    code = offered(either)
    venues = [("counter", "GYM"), ("hall", "HALL")]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda place: charge(either, *venues[place % 2], payment_code=code), range(100)))
    assert [one.status_code for one in answers].count(201) == 1
    assert {one.json()["code"] for one in answers if one.status_code != 201} == {"consent_refused"}
    assert either.books.account(MEMBER).debited == 10


def test_a_code_is_over_after_90_seconds_and_with_the_next_one(front: Front) -> None:
    front.books.grant(MEMBER, 100)
    browser = front.resident(MEMBER)
    first, second = (browser.post("/payment-codes").json()["code"] for _ in range(2))
    assert charge(front, payment_code=first).status_code == 409
    front.books.clock.seconds += 90
    assert charge(front, payment_code=second).status_code == 409


def test_a_charge_that_fails_leaves_the_code_usable(either: Front) -> None:
    either.books.grant(MEMBER, 10)
    code = offered(either)
    assert charge(either, coins=11, payment_code=code).json()["code"] == "insufficient_coins"
    assert charge(either, coins=10, payment_code=code).status_code == 201


def test_the_same_request_again_gives_the_same_answer(front: Front) -> None:
    front.books.grant(MEMBER, 100)
    key, code = str(uuid4()), offered(front)
    body = {"desk": front.books.desk(DeskKind.VENUE, "GYM"), "coins": 10, "payment_code": code}
    first = front.ask("POST", "/redemptions", "counter", body, **{"idempotency-key": key})
    again = front.ask("POST", "/redemptions", "counter", body, **{"idempotency-key": key})
    assert first.json() == again.json()


def test_card_and_pin_pay_at_the_counter(either: Front) -> None:
    either.books.grant(MEMBER, 100)
    card = either.card(MEMBER)
    key = str(uuid4())
    body = {"desk": either.books.desk(DeskKind.VENUE, "GYM"), "coins": 10, "card_number": card, "pin": PIN}
    paid = either.ask("POST", "/redemptions", "counter", body, **{"idempotency-key": key})
    assert paid.status_code == 201, paid.text
    again = either.ask("POST", "/redemptions", "counter", body, **{"idempotency-key": key})
    assert again.json() == paid.json()
    assert charge(either, card_number=card, pin="314159").status_code == 401
    with either.books.engine.connect() as connection:
        assert connection.execute(select(consents.c.kind)).scalars().all() == ["card_pin"]
        assert len(connection.execute(select(idempotency.c.body_hash)).all()) >= 1
    assert either.books.account(MEMBER).debited == 10


def test_the_stored_hash_of_a_request_says_nothing_of_its_pin(front: Front) -> None:
    front.books.grant(MEMBER, 100)
    card = front.card(MEMBER)
    hashes = []
    for member_pin in (PIN, "141421"):
        new = front.ask("POST", f"/residents/{front.books.person(MEMBER)}/cards", "registrar", {"pin": member_pin})
        card = new.json()["card_number"]
        paid = charge(front, card_number=card, pin=member_pin, person_id=front.books.person(MEMBER))
        assert paid.status_code == 201
        hashes.append(card)
    assert hashes[0] != hashes[1]
    key = str(uuid4())
    body = {"desk": front.books.desk(DeskKind.VENUE, "GYM"), "coins": 10, "card_number": card}
    for pin in ("141421", "１４１４２１"):  # the same PIN, typed otherwise: the same request
        answer = front.ask("POST", "/redemptions", "counter", body | {"pin": pin}, **{"idempotency-key": key})
        assert answer.status_code == 201


def test_another_residents_code_or_card_is_refused(front: Front) -> None:
    front.books.grant(OTHER, 100)
    person = front.books.person(MEMBER)
    assert charge(front, payment_code=offered(front, OTHER), person_id=person).json()["code"] == "consent_refused"
    assert charge(front, card_number=front.card(OTHER), pin=PIN, person_id=person).json()["code"] == "consent_refused"
    assert front.books.account(OTHER).debited == 0


def test_without_a_word_the_evidence_says_so(front: Front) -> None:
    front.books.grant(MEMBER, 100)
    paid = charge(front, person_id=front.books.person(MEMBER))
    assert charge(front).status_code == 409
    with front.books.engine.connect() as connection:
        entry = connection.execute(
            select(entries.c.consent).where(entries.c.journal_no == paid.json()["journal_no"])
        ).one()
    assert entry.consent is None
