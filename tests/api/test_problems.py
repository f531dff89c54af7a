"""Every failure is one problem document with a stable code; what was sent is never said back."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.testclient import TestClient

import ledger_service
from ledger_service.api.app import create_app
from ledger_service.errors import BoramError
from tests.api.conftest import Caller, District, month

As = Callable[[str | None], Caller]
MEMBERS = {"type", "title", "status", "code", "detail", "detail_ko", "fields", "request_id"}


def errors(root: type[BoramError] = BoramError) -> Iterator[type[BoramError]]:
    yield root
    for error in root.__subclasses__():
        yield from errors(error)


def test_every_error_has_a_code_of_its_own_and_a_status() -> None:
    for module in pkgutil.walk_packages(ledger_service.__path__, "ledger_service."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    codes: dict[str, type[BoramError]] = {}
    for error in set(errors()):
        assert "code" in vars(error), f"{error.__name__} has no code of its own"
        assert codes.setdefault(error.code, error) is error, f"{error.code} means two things"
        assert 400 <= error.status <= 599
        assert error.code.replace("_", "").isalnum()


def test_a_problem_has_its_members_and_its_media_type(as_: As, resident: str, district: District) -> None:
    body = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 10_000}
    answer = as_("counter").post("/redemptions", body)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == MEMBERS
    assert problem["code"] == "insufficient_coins"
    assert problem["status"] == 409
    assert problem["fields"] == {"available": 40, "wanted": 10_000, "field": "coins"}
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("", "ko"), ("ko", "ko"), ("en", "en"), ("en-GB, ko;q=0.5", "en"), ("ko, en;q=0.5", "ko"), ("fr", "ko")],
)
def test_the_language_is_korean_unless_english_is_asked_for_first(as_: As, wanted: str, language: str) -> None:
    headers = as_("office").headers() | {"accept-language": wanted}
    answer = TestClient(as_("office").app).get("/api/v1/nothing", headers=headers)
    assert answer.headers["content-language"] == language
    problem = answer.json()
    assert problem["detail"].isascii() is (language == "en")
    assert not problem["detail_ko"].isascii()


def test_wrong_input_is_named_by_its_place_and_never_repeated(as_: As) -> None:
    answer = as_("clerk").post("/residents/lookup", {"member_number": ["S100215-secret"]}, key=None)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert answer.json()["fields"]["errors"][0]["where"] == ["body", "member_number"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b"", b'{"coins": NaN}', b"\xff\xfe", b'{"person_id": "\\ud800", "desk": 1, "coins": 1}'],
)
def test_a_body_that_is_no_request_is_a_problem(as_: As, body: bytes) -> None:
    headers = as_("counter").headers("") | {"content-type": "application/json"}
    client = TestClient(as_("counter").app, raise_server_exceptions=False)
    answer = client.post("/api/v1/redemptions", content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_route_and_no_method_are_problems(as_: As) -> None:
    client = TestClient(as_(None).app)
    assert client.get("/api/v1/nowhere").json()["code"] == "no_such_route"
    answer = client.delete("/api/v1/batches")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


def test_a_method_that_nobody_knows_is_no_label_of_its_own(as_: As) -> None:
    client = TestClient(as_(None).app)
    for method in ("FOOBAR1", "GETT", "X" * 300):
        assert client.request(method, "/api/v1/courses").status_code == 405
    metrics = TestClient(as_(None).app, client=("127.0.0.1", 1)).get("/metrics").text
    assert 'method="OTHER"' in metrics
    assert not any(f'method="{method}' in metrics for method in ("FOOBAR", "GETT", "XX"))


class BrokenClock:
    """A fault of ours, with somebody's name in its words."""

    def now(self) -> int:
        raise RuntimeError("the name is 하하린")

    def today(self) -> date:
        raise RuntimeError("the name is 하하린")


def test_our_own_fault_says_a_number_and_nothing_else(
    as_: As, district: District, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = district.app.state.ports
    app = create_app(replace(ports, context=replace(ports.context, clock=BrokenClock())))
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.get("/api/v1/desks", headers=as_("office").headers())
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["code"] == "internal"
    assert problem["request_id"] in problem["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    said = capsys.readouterr()
    assert "하하린" not in answer.text + said.out + said.err


class FailingClock:
    """A day on which the database gives up."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def now(self) -> int:
        raise self._error

    def today(self) -> date:
        raise self._error


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_database_that_gives_up_is_503_and_the_same_request_can_be_sent_again(
    as_: As, district: District, resident: str, capsys: pytest.CaptureFixture[str], kind: type[DBAPIError]
) -> None:
    ports = district.app.state.ports
    clock = FailingClock(kind("UPDATE … 하하린", {}, Exception("deadlock detected 하하린")))
    app = create_app(replace(ports, context=replace(ports.context, clock=clock)))
    caller = replace(as_("counter"), app=app)
    body = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 1}
    failed = caller.post("/redemptions", body, key=f"deadlock-{kind.__name__}")
    assert (failed.status_code, failed.json()["code"]) == (503, "unavailable"), failed.text
    assert "send the same request again" in failed.json()["detail"]
    assert failed.headers["retry-after"]
    said = capsys.readouterr()
    assert "하하린" not in failed.text + said.out + said.err
    assert as_("counter").post("/redemptions", body, key=f"deadlock-{kind.__name__}").status_code == 201


def test_a_body_above_the_bound_is_413(as_: As, resident: str) -> None:
    answer = as_("counter").post("/redemptions", {"person_id": resident, "desk": 9, "coins": 1, "more": "x" * 70_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_that_says_nothing_of_its_length_is_bounded_too(as_: As) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 1_000

    client = TestClient(as_("counter").app, raise_server_exceptions=False)
    answer = client.post("/api/v1/redemptions", content=endless(), headers=as_("counter").headers(""))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


NUL = "a\x00b"


@pytest.mark.parametrize(
    ("who", "path", "body"),
    [
        ("counter", "/donations", {"person_id": "018f3a5e-7c1b-7c6e-9a44-3f2b8d0c1e55", "fund": NUL, "coins": 1}),
        ("clerk", "/residents/lookup", {"member_number": NUL}),
        ("approver", "/approvals/018f3a5e-7c1b-7c6e-9a44-3f2b8d0c1e55/reject", {"reason": "a\nb"}),
        ("admin", "/actors", {"name": "many", "roles": ["clerk"], "desks": ["SVC", NUL]}),
    ],
)
def test_a_control_character_in_a_body_is_422(as_: As, who: str, path: str, body: dict[str, object]) -> None:
    answer = as_(who).post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert "control character" in answer.json()["detail"]
    assert "제어 문자" in answer.json()["detail_ko"]


@pytest.mark.parametrize(("who", "path"), [(None, "/courses"), ("clerk", "/approvals")])
def test_a_control_character_in_a_query_is_422(as_: As, who: str | None, path: str) -> None:
    answer = as_(who).get(path, after="\x00")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert "control character" in answer.json()["detail"]


@pytest.mark.parametrize("form", [{"source": NUL}, {"as_of": "2024-05-01", "as_of_reason": NUL}])
def test_a_control_character_in_a_form_is_422(as_: As, form: dict[str, str]) -> None:
    answer = as_("approver").upload("/imports", b"x", **form)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert "control character" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/imports", "/imports/preview"])
@pytest.mark.parametrize("as_of", ["0001-01-01", "2019-12-31", "2100-01-02", "9999-12-31"])
def test_an_import_day_outside_the_ledger_is_422_with_its_bounds(as_: As, path: str, as_of: str) -> None:
    answer = as_("approver").upload(path, month(), as_of=as_of, **({"as_of_reason": "x"} if path == "/imports" else {}))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert "as_of" in answer.json()["detail"]
    assert ("2020-01-01" in answer.json()["detail"]) or ("2100-01-01" in answer.json()["detail"])
