"""Many at once: whoever comes waits for a turn, or is told to send the same again. Nobody is told that we failed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter
from sqlalchemy import event, text
from starlette.testclient import TestClient

from ledger_service.domain.entries import DeskKind
from ledger_service.journal.engine import open_engine
from ledger_service.journal.unit import Journal
from tests.access.conftest import HOST, Front, new_app

MEMBER = "S100000"
AT_ONCE = 40
BUSY_MS = 50


@contextmanager
def somebody_writes(front: Front) -> Iterator[None]:
    """Another connection holds the database's one place for a writer."""
    other = open_engine(front.books.engine.url.render_as_string(hide_password=False))
    with other.execution_options(boram_write=True).begin():
        yield
    other.dispose()


def impatient(front: Front) -> FastAPI:
    """The application over the same books, but waiting is over soon."""
    engine = open_engine(front.books.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:  # the pool gives this one again
        connection.execute(text(f"PRAGMA busy_timeout = {BUSY_MS}"))
    journal = Journal(engine, write_wait_seconds=0)
    return new_app(replace(front.books, context=replace(front.books.context, journal=journal), engine=engine))


def charge(front: Front, app: FastAPI, key: str) -> Any:
    body = {
        "person_id": front.books.person(MEMBER), "desk": front.books.desk(DeskKind.VENUE, "GYM"), "coins": 1,
    }  # fmt: skip
    headers = {"authorization": f"Bearer {front.tokens['counter']}", "idempotency-key": key}
    client = TestClient(app, base_url=HOST, raise_server_exceptions=False)
    return client.post("/api/v1/redemptions", json=body, headers=headers)


def debited(front: Front) -> int:
    return int(front.books.account(MEMBER).debited)


def test_a_database_that_stays_locked_is_a_503_and_the_same_charge_can_be_sent_again(front: Front) -> None:
    front.books.grant(MEMBER, 10)
    app, key = impatient(front), str(uuid4())
    with somebody_writes(front):
        refused = charge(front, app, key)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "unavailable", "5")
    assert [charge(front, app, key).status_code for _ in range(2)] == [201, 201]
    assert debited(front) == 1


@contextmanager
def small_disk(front: Front) -> Iterator[tuple[FastAPI, Callable[[int], None]]]:
    """The application over the same books with room for no more pages than a limit; and what sets it. SQLite says what a full disk says."""
    engine = open_engine(front.books.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        size = int(connection.execute(text("PRAGMA page_count")).scalar_one())

    def allow(more: int) -> None:
        engine.dispose()
        event.listen(engine, "connect", lambda one, _: one.execute(f"PRAGMA max_page_count = {size + more}"))

    allow(0)
    journal = Journal(engine)
    yield new_app(replace(front.books, context=replace(front.books.context, journal=journal), engine=engine)), allow
    engine.dispose()


def test_a_full_disk_is_a_503_before_anything_is_acknowledged_and_charges_go_on_when_there_is_room(
    front: Front,
) -> None:
    front.books.grant(MEMBER, 1_000)
    with small_disk(front) as (app, allow):
        keys = [str(uuid4()) for _ in range(60)]
        answers = {key: charge(front, app, key) for key in keys}
        taken = [key for key, answer in answers.items() if answer.status_code == 201]
        refused = [answer for answer in answers.values() if answer.status_code != 201]
        assert refused, "the disk was full"
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(503, "unavailable")}
        assert all(one.headers["retry-after"] for one in refused)
        assert debited(front) == len(taken), "what was acknowledged is there, and nothing else"
        with front.books.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        allow(1_000)
        assert {charge(front, app, key).status_code for key in keys} == {201}
        assert debited(front) == len(keys), "sent again, each is charged once"


def test_who_waits_for_a_turn_too_long_is_told_so(front: Front) -> None:
    front.books.grant(MEMBER, 10)
    app, key = impatient(front), str(uuid4())
    with app.state.ports.context.journal.write():
        refused = charge(front, app, key)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "takes_too_long", "5")
    assert charge(front, app, key).status_code == 201
    assert debited(front) == 1


def test_forty_charges_at_once_each_get_their_turn(either: Front) -> None:
    either.books.grant(MEMBER, AT_ONCE - 10)
    app = new_app(either.books)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: charge(either, app, str(uuid4())).status_code, range(AT_ONCE)))
    assert (answers.count(201), answers.count(409)) == (AT_ONCE - 10, 10)
    assert debited(either) == AT_ONCE - 10


@pytest.mark.parametrize("path", ["/api/v1/redemptions", "/nothing"])
def test_a_request_finds_its_route_made(front: Front, path: str) -> None:
    """Making one changes what the whole process warns of, for a moment: two threads that do so at once trip over each other."""

    def adapters() -> int:
        return sum(isinstance(one, TypeAdapter) for one in gc.get_objects())

    app = new_app(front.books)
    made = adapters()
    TestClient(app, base_url=HOST).post(path, json={})
    assert adapters() == made
