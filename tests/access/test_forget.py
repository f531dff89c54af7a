"""Forgetting: nobody can read anything of the person any more, every sum still holds, and an old copy of the books is held to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select, text

from ledger_service.journal.engine import open_engine
from ledger_service.journal.schema import cards, entries, persons
from ledger_service.journal.vault import PersonForgotten
from ledger_service.services.forget import forget_again
from tests.access.conftest import PIN, Front
from tests.access.world import MEMBER, OTHER, World
from tests.books import open_books


def forget(front: Front, member: str = MEMBER) -> tuple[int, str]:
    answer = front.ask("POST", f"/residents/{front.books.person(member)}/forget", "registrar")
    return answer.status_code, answer.json().get("code", "")


def spend_all(front: Front) -> World:
    """Coins earned, spent and final: everything is settled."""
    world = World(front)
    body = {"person_id": world.person, "desk": world.gym, "coins": 1_000}
    world.done("POST", "/redemptions", "counter", body)
    with front.books.engine.begin() as connection:  # what the follower writes
        connection.execute(
            text(
                "INSERT INTO batches (desk, seq, day, previous_head, evidence_root, needs, words, annex, head, audit_head, coins,"
                " gas_max, state, sealed_at) VALUES (:desk, 1, 1, :z, :z, '[]', :z, :z, :z, :z, 1000, 1, 'final', 1)"
            ),
            {"desk": world.gym, "z": bytes(32)},
        )
        connection.execute(text("UPDATE entries SET seq = 1, position = 0"))
    return world


def test_a_forgotten_person_is_nobody_and_the_sums_hold(either: Front) -> None:
    front = either
    card = front.card(MEMBER)
    person = front.books.person(MEMBER)
    one = spend_all(front).member
    identity = {"name": one["이름"], "birth_date": one["생년월일"]}
    [found] = front.ask("POST", "/residents/find", "registrar", identity).json()["residents"]
    assert (found["person_id"], found["residence"]) == (person, one["동"])
    before = front.ask("GET", "/totals", "auditor").json()
    assert forget(front) == (200, "")
    assert front.ask("GET", f"/residents/{person}", "clerk").json()["code"] == "person_forgotten"
    assert front.ask("POST", "/residents/lookup", "clerk", {"member_number": MEMBER}).status_code == 404
    assert front.ask("POST", "/residents/find", "registrar", identity).status_code == 404
    assert front.browser().post("/sessions/resident", {"card_number": card, "pin": PIN}).status_code == 401
    assert front.ask("GET", "/totals", "auditor").json() == before
    with pytest.raises(PersonForgotten):
        front.books.context.vault.of(person)
    with front.books.engine.connect() as connection:
        row = connection.execute(select(persons).where(persons.c.id == person)).one()
        assert (row.name_sealed, row.phone_sealed, row.member_number_sealed, row.identity_index) == (
            b"",
            None,
            b"",
            None,
        )
        assert connection.execute(select(cards).where(cards.c.person_id == person)).all() == []
        assert len(connection.execute(select(entries).where(entries.c.person_id == person)).all()) == 1


def test_the_same_number_can_be_opened_again_as_somebody_new(front: Front) -> None:
    spend_all(front)
    before = front.books.person(MEMBER)
    forget(front)
    new = {"member_number": MEMBER, "name": "다시온분", "birth_date": "1963-02-09"}
    opened = front.ask("POST", "/residents", "registrar", new)
    assert opened.status_code == 201
    assert opened.json()["person_id"] != before


def test_what_is_open_is_named_and_nothing_is_changed(front: Front) -> None:
    world = World(front)
    world.sign_up()
    world.done("POST", "/records", "clerk", world.record())
    answer = front.ask("POST", f"/residents/{world.person}/forget", "registrar")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_settled")
    assert answer.json()["fields"] == {"coins": 1_000, "holds": 1, "sign_ups": 1, "records": 1}
    assert front.ask("GET", f"/residents/{world.person}", "clerk").status_code == 200


def test_holds_at_a_counter_are_released(front: Front) -> None:
    world = World(front)
    world.hold()
    assert "holds" not in front.ask("POST", f"/residents/{world.person}/forget", "registrar").json()["fields"]


def test_only_a_registrar_forgets(front: Front) -> None:
    path = f"/residents/{front.books.person(MEMBER)}/forget"
    for name in ("clerk", "approver", "counter", "coin-office", "auditor", "admin"):
        assert front.ask("POST", path, name).status_code == 403


def test_books_from_an_old_backup_forget_again(front: Front, tmp_path: Path) -> None:
    spend_all(front)
    person = front.books.person(MEMBER)
    front.books.engine.dispose()
    old = tmp_path / "backup.db"
    with front.books.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(tmp_path / "district-books.db", old)
    assert forget(front) == (200, "")
    engine = open_engine(f"sqlite:///{old}")
    restored = open_books(engine, front.books.context.vault._engine)
    with engine.connect() as connection:
        assert connection.execute(select(persons.c.name_sealed).where(persons.c.id == person)).scalar_one() != b""
    assert forget_again(restored.context) == 1
    assert forget_again(restored.context) == 0
    with engine.connect() as connection:
        columns = select(persons.c.name_sealed, persons.c.identity_index)
        assert tuple(connection.execute(columns.where(persons.c.id == person)).one()) == (b"", None)
    engine.dispose()


def test_a_resident_takes_their_own_data_away(front: Front) -> None:
    world = World(front)
    world.charge()
    browser = front.resident(MEMBER)
    path = f"/residents/{world.person}/own-data"
    assert browser.get(path).json()["code"] == "reason_missing"
    told = browser.get(path, **{"access-reason": "mine"}).json()
    assert (told["member_number"], told["name"], len(told["entries"])) == (MEMBER, world.member["이름"], 1)
    assert told["looks"]
    other = front.books.person(OTHER)
    assert browser.get(f"/residents/{other}/own-data", **{"access-reason": "theirs"}).status_code == 404
