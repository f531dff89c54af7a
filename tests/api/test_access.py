"""Who may call what: the table is the whole truth, and it is enforced on every route for every role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from ledger_service.api.access import ACCESS
from ledger_service.bootstrap.surfaces import app_of
from ledger_service.domain.actors import Role
from tests.api.conftest import Caller, District

SOMEBODY = str(uuid4())
FILLED = {
    "journal_no": "1",
    "kind": "members",
    "finding_id": "1",
    "month": "2024-04",
    "code": "LOVE",
    "desk": "1",
}
STAFF = {
    Role.CLERK: "clerk",
    Role.APPROVER: "approver",
    Role.VENUE: "counter",
    Role.OFFICE: "office",
    Role.REGISTRAR: "registrar",
    Role.AUDITOR: "auditor",
    Role.ADMIN: "admin",
    Role.RESIDENT: "resident",
}
COLUMNS = ["resident", "clerk", "approver", "venue", "office", "registrar", "auditor", "admin"]
TABLE = Path(__file__).parents[2] / "docs" / "access.md"
As = Callable[[str | None], Caller]


def routes(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            found |= {(method, route.path) for method in route.original_route.methods}
    return found


def url(path: str) -> str:
    for part in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{part}}}", FILLED.get(part, SOMEBODY))
    return path


def call(district: District, method: str, path: str, name: str | None) -> int:
    caller = district.caller(name)
    client = TestClient(district.app, raise_server_exceptions=False)
    return client.request(method, url(path), headers=caller.headers("")).status_code


def reviewed() -> dict[tuple[str, str], tuple[list[str], str]]:
    """docs/access.md: the cells of each route, nobody first, then by role; and what it wants."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert rows[0] == ["", "route", "anonymous", *COLUMNS, "wants"]
    return {(row[0], row[1].strip("`")): (row[2:-1], row[-1]) for row in rows[1:]}


def test_the_reviewed_table_says_what_the_code_says() -> None:
    table = reviewed()
    assert set(table) == set(ACCESS), "docs/access.md has a row for each route, and none more"
    for route, rule in ACCESS.items():
        cells, wants = table[route]
        let_in = [cell in ("yes", "own") for cell in cells]
        assert let_in == [rule.roles is None, *(rule.roles is None or role in rule.roles for role in COLUMNS)], route
        named = {"key": rule.keyed, "file": rule.upload, "reason": rule.reasoned, "gate": rule.checks_secret}
        assert wants == (", ".join(name for name, is_wanted in named.items() if is_wanted) or "–"), route


def test_the_table_has_exactly_the_routes_that_there_are(district: District) -> None:
    assert routes(district.app) == set(ACCESS)


@pytest.mark.parametrize(("method", "path"), sorted(ACCESS))
def test_a_route_lets_in_whom_its_row_names_and_nobody_else(district: District, method: str, path: str) -> None:
    rule = ACCESS[method, path]
    anonymous = call(district, method, path, None)
    assert (anonymous == 401) is (rule.roles is not None)
    for role, name in STAFF.items():
        status = call(district, method, path, name)
        if rule.roles is None or role in rule.roles:
            assert status not in (401, 403), f"{role} is let in"
        else:
            assert status == 403, f"{role} is turned away"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nobody", "Basic YTpi", "Bearer " + "x" * 300])
def test_a_token_that_nobody_holds_is_401(district: District, header: str) -> None:
    client = TestClient(district.app)
    answer = client.get("/api/v1/actors/me", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthorized"


def test_a_route_that_somebody_adds_past_the_guard_is_refused_to_everybody(district: District) -> None:
    app = app_of(district.installation)

    @app.get("/api/v1/secret")
    def secret() -> str:
        return "all of it"

    @app.get("/api/v1/public")
    def public() -> str:
        return "all of it"

    for path in ("/api/v1/secret", "/api/v1/public"):
        answer = TestClient(app).get(path, headers=district.caller("admin").headers())
        assert answer.status_code == 403


def test_a_resident_sees_only_their_own(as_: As, district: District, resident: str) -> None:
    me = as_("resident").get("/actors/me").json()["person_id"]
    for path in ("", "/balance", "/entries"):
        assert as_("resident").get(f"/residents/{me}{path}").status_code == 200
        assert as_("resident").get(f"/residents/{resident}{path}").status_code == 404
    gift = {"person_id": resident, "fund": "LOVE", "coins": 1}
    assert as_("resident").post("/donations", gift).status_code == 404


def test_staff_who_see_a_balance_do_not_see_the_lines(as_: As, resident: str) -> None:
    for name in ("clerk", "approver", "counter", "office"):
        assert as_(name).get(f"/residents/{resident}/balance").status_code == 200
    for name in ("clerk", "approver", "counter"):
        assert as_(name).get(f"/residents/{resident}/entries").status_code == 403
    for name in ("office", "auditor"):
        assert as_(name).get(f"/residents/{resident}/entries").status_code == 200
    assert as_("auditor").get(f"/residents/{resident}/balance").status_code == 403


def test_a_body_is_not_read_before_the_caller_is_known(district: District) -> None:
    answer = TestClient(district.app).post("/api/v1/imports", content=b"x" * 10_000_000)
    assert answer.status_code == 401
