"""The API against its own description: schemathesis makes up requests from it, and no answer may be one that it does not tell of."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from ledger_service.api.access import ACCESS
from tests.api.conftest import District
from tests.api.test_access import STAFF, url

EXAMPLES = 4  # of each operation in every run; the long run takes EXAMPLES_LONG
EXAMPLES_LONG = 300
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DESCRIBED = sorted(
    (method, path) for method, path in ACCESS if path not in ("/docs", "/api/v1/openapi.json", "/readyz")
)  # /readyz is 503 here, as described: nobody posts


def values_of(district: District) -> dict[str, list[Any]]:
    """Ids that exist, so that not every request ends at a 404."""
    office = district.caller("office")
    person = district.person("S100000")
    desk = district.desk("SENIOR")
    charged = district.caller("counter").post("/redemptions", {"person_id": person, "desk": desk, "coins": 1}).json()
    hold = district.caller("counter").post("/holds", {"person_id": person, "desk": desk, "coins": 1}).json()
    approvals = office.get("/approvals", status="approved").json()["approvals"]
    return {
        "person_id": [person],
        "desk": [desk],
        "redemption_id": [charged["id"]],
        "hold_id": [hold["id"], charged["hold_id"]],
        "approval_id": [one["id"] for one in approvals[:2]],
        "import_id": [one["id"] for one in approvals if one["kind"] == "import"][:2],
        "journal_no": [1, charged["journal_no"]],
        "course_id": [office.get("/courses").json()["courses"][0]["id"]],
    }


@pytest.fixture(scope="module")
def known(district: District) -> dict[str, list[Any]]:
    return values_of(district)


def modes_of(operation: Any) -> list[GenerationMode]:
    """What fits the description, and what does not; something that takes nothing has nothing that does not fit."""
    takes = operation.path_parameters or operation.query or operation.body
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if takes else [GenerationMode.POSITIVE]


def ask(district: District, known: dict[str, list[Any]], method: str, path: str, examples: int) -> Counter[int]:
    """Requests of one operation, as everybody in turn, half of them with ids that exist; the statuses that came."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", district.app)
    operation = schema[path][method]
    client = TestClient(district.app, raise_server_exceptions=False)
    seen: Counter[int] = Counter()
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes_of(operation)))

    roles = ACCESS[method, path].roles
    let_in = [name for role, name in STAFF.items() if roles is None or role in roles]
    callers = st.one_of(st.sampled_from(let_in), st.sampled_from([*STAFF.values(), None]))

    @given(case=cases, who=callers, data=st.data())
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=examples == EXAMPLES, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def run(case: schemathesis.Case, who: str | None, data: st.DataObject) -> None:
        real = data.draw(st.booleans())
        if real:
            for place in (case.path_parameters, case.query, case.body):
                if isinstance(place, dict):
                    for name in place.keys() & known.keys():
                        if known[name]:
                            place[name] = data.draw(st.sampled_from(known[name]))
        headers = district.caller(who).headers(str(uuid4()) if real else None)
        response = case.call(session=client, headers=headers)
        case.validate_response(response, checks=CHECKS)
        # Nobody posts while this runs, so a charge may be told that the ledger is behind: said so, it is no fault of ours.
        assert response.status_code < 500 or response.json()["code"] == "ledger_behind", response.text
        seen[response.status_code] += 1

    run()
    return seen


@pytest.mark.parametrize(("method", "path"), DESCRIBED)
def test_every_answer_is_one_that_the_description_tells_of(
    district: District, known: dict[str, list[Any]], method: str, path: str
) -> None:
    ask(district, known, method, path, EXAMPLES)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"null", b"[]", b"--b\r\nNone--b--\r\n", b"x" * 600_000])
def test_a_body_that_is_none_is_answered_as_described(district: District, body: bytes) -> None:
    described = district.app.openapi()["paths"]
    client = TestClient(district.app, raise_server_exceptions=False)
    for method, path in DESCRIBED:
        if "requestBody" not in described[path][method.lower()]:
            continue
        roles = ACCESS[method, path].roles or frozenset(STAFF)
        caller = district.caller(next(name for role, name in STAFF.items() if role in roles))
        for kind in ("application/json", "multipart/form-data; boundary=b"):
            headers = caller.headers(str(uuid4())) | {"content-type": kind}
            answer = client.request(method, url(path), content=body, headers=headers)
            assert str(answer.status_code) in described[path][method.lower()]["responses"], (method, path, answer.text)
            assert answer.status_code < 500


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("method", "path"), DESCRIBED)
def test_every_answer_is_one_that_the_description_tells_of_at_length(
    district: District, known: dict[str, list[Any]], method: str, path: str
) -> None:
    seen = ask(district, known, method, path, EXAMPLES_LONG)
    sys.stdout.write(f"{method} {path}: {dict(sorted(seen.items()))}\n")  # shown with pytest -s
