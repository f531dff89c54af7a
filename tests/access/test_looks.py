"""The access log: who looked at whom, when, from where and why. Every route that touches a resident writes a row."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ledger_service.api.access import ACCESS, PREFIX
from ledger_service.api.looking import people_in
from ledger_service.domain.cells import exported_cell
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.schema import access_log
from ledger_service.posting.audit_chain import chain_logs, look_hash
from tests.access.conftest import PIN, Front
from tests.access.world import World

# Routes that touch nobody's data: no resident is fetched, named in the request or named in the answer.
TOUCHES_NOBODY = {
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/docs"), ("GET", f"{PREFIX}/openapi.json"),
    ("GET", f"{PREFIX}/courses"), ("GET", f"{PREFIX}/programmes"), ("GET", f"{PREFIX}/batches"), ("GET", f"{PREFIX}/desks"),
    ("GET", f"{PREFIX}/totals"), ("GET", f"{PREFIX}/status"),
}  # fmt: skip


# Nothing is in it without a chain; whom the answer names, the guard reads from the answer (the test of `people_in` below).
EMPTY_HERE = {("GET", f"{PREFIX}/outside-entries")}


def rows(front: Front) -> list[Any]:
    with front.books.engine.connect() as connection:
        return list(connection.execute(select(access_log).order_by(access_log.c.id)))


def test_a_look_has_who_whom_when_where_and_why(either: Front) -> None:
    person = either.books.person("S100000")
    either.ask("GET", f"/residents/{person}", "clerk", **{"access-reason": "%EB%AC%B8%EC%9D%98%20%EC%A0%84%ED%99%94"})
    [row] = rows(either)
    assert (row.actor_id, row.person_id, row.at) == (either.id_of("clerk"), person, either.books.clock.now())
    assert (row.action, row.reason, row.address) == ("GET /api/v1/residents/{person_id}", "문의 전화", "testclient")


def test_every_route_that_names_a_resident_writes_a_row(front: Front) -> None:
    world = World(front)
    missing = []
    for (method, path), (name, target, body) in world.touching().items():
        before = len(rows(front))
        answer = front.ask(method, target, name, body)
        assert answer.status_code < 300, (method, path, answer.text)
        if len(rows(front)) == before:
            missing.append((method, path))
    assert missing == []


def test_every_route_that_could_touch_a_resident_is_in_that_test(front: Front) -> None:
    """By its description: a route whose path, body or answer has a person's id."""
    document = front.app.openapi()
    schemas = document["components"]["schemas"]

    def names_a_person(schema: Any, seen: frozenset[str] = frozenset()) -> bool:
        text = repr(schema)
        if "'person_id'" in text:
            return True
        names = set(re.findall(r"#/components/schemas/(\w+)", text)) - seen
        return any(names_a_person(schemas[name], seen | names) for name in names)

    tested, untested = set(World(front).touching()) | EMPTY_HERE, set[tuple[str, str]]()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            known = path == f"{PREFIX}/actors" or path.startswith(
                tuple(f"{PREFIX}/{one}" for one in ("sessions", "invitations", "actors/"))
            )
            if not known and ("{person_id}" in path or names_a_person(operation)):
                untested |= {(method.upper(), path)} - tested
    assert untested == set(), "each has a row in World.touching"


def test_the_open_routes_touch_nobody(front: Front) -> None:
    for method, path in sorted(TOUCHES_NOBODY):
        assert (method, path) in ACCESS
        front.ask(method, path.removeprefix(PREFIX), "coin-office")
    assert rows(front) == []


def test_a_command_and_its_row_are_one_transaction(front: Front) -> None:
    front.books.grant("S100000", 5)
    body = {"person_id": front.books.person("S100000"), "desk": front.books.desk(DeskKind.VENUE, "GYM"), "coins": 9}
    assert front.ask("POST", "/redemptions", "counter", body).status_code == 409
    assert len(rows(front)) == 1, "who was refused has looked, too"


def test_a_person_that_one_may_not_see_was_not_looked_at(front: Front) -> None:
    browser = front.resident("S100000")
    before = len(rows(front))
    assert browser.get(f"/residents/{front.books.person('S100013')}/balance").status_code == 404
    assert len(rows(front)) == before


def test_a_resident_sees_who_looked(front: Front) -> None:
    browser = front.resident("S100000")
    person = front.books.person("S100000")
    front.ask("GET", f"/residents/{person}", "clerk")
    looks = browser.get(f"/residents/{person}/looks").json()["looks"]
    assert front.id_of("clerk") in [one["actor_id"] for one in looks]
    assert browser.get(f"/residents/{front.books.person('S100013')}/looks").status_code == 404


@pytest.mark.parametrize("path", ["/access-log", "/access-log.csv", "/books"])
def test_what_is_taken_away_wants_a_reason_and_leaves_a_row(front: Front, path: str) -> None:
    refused = front.ask("GET", path, "auditor", **{"access-reason": ""})
    assert (refused.status_code, refused.json()["code"]) == (400, "reason_missing")
    assert rows(front) == []
    front.ask("GET", path, "auditor", **{"access-reason": "yearly audit"})
    assert [(row.people, row.reason) for row in rows(front)] == [(0, "yearly audit")]


def test_the_log_is_chained_and_its_head_is_in_the_audit_log(either: Front) -> None:
    person = either.books.person("S100000")
    for _ in range(3):
        either.ask("GET", f"/residents/{person}", "clerk")
    chain_logs(either.books.journal, 1)
    with either.books.journal.read() as unit:
        chained = unit.access_log.page(None, 0, 100)
        head = bytes(32)
        for row in chained:
            head = look_hash(head, row)
            assert row.hash == head
        assert unit.access_log.tail() == (len(chained), head)
        last = unit.connection.exec_driver_sql(
            "SELECT detail FROM audit_log WHERE action = 'chain access log' ORDER BY id DESC"
        ).scalar()
    assert f'"0x{head.hex()}"' in last
    before = len(chained)
    chain_logs(either.books.journal, 2)
    with either.books.journal.read() as unit:
        assert len(unit.access_log.page(None, 0, 100)) == before


def test_the_file_for_a_spreadsheet_has_no_formula(front: Front) -> None:
    person = front.books.person("S100000")
    front.ask("GET", f"/residents/{person}", "clerk", **{"access-reason": "%3DHYPERLINK(1)"})
    text = front.ask("GET", "/access-log.csv", "auditor").text
    assert text.startswith("\ufeffid,at,actor_id")
    assert ",'=HYPERLINK(1)," in text


@given(st.text(max_size=20))
def test_no_text_becomes_a_formula(text: str) -> None:
    cell = exported_cell(text)
    assert cell.lstrip()[:1] not in set("=+-@＝＋－＠")
    assert cell[:1] not in set("\t\r\n\0")
    assert cell in (text, f"'{text}")


@given(st.sampled_from("=+-@＝＋－＠\t\r\n"), st.text(max_size=5), st.sampled_from(["", " ", "\u3000", "\xa0"]))
def test_what_begins_like_a_formula_does_not_any_more(sign: str, rest: str, space: str) -> None:
    assert exported_cell(space + sign + rest).startswith("'")


def test_a_resident_is_looked_at_by_who_assists(front: Front) -> None:
    front.enrol("counter")
    card = front.card("S100000")
    browser = front.sign_in("counter")
    browser.post("/sessions/assisted", {"card_number": card, "pin": PIN})
    person = front.books.person("S100000")
    browser.get(f"/residents/{person}/balance")
    assert rows(front)[-1].assisted_by == front.id_of("counter")


def test_whom_an_answer_names_is_read_from_it() -> None:
    nested = b'{"lines": [{"person_id": "a", "of": {"person_id": "b"}}, {"person_id": null}], "person_id": "c"}'
    assert sorted(people_in(nested)) == ["a", "b", "c"]
    assert people_in(b'{"name": "person_id"}') == []
    assert people_in(b"") == []
