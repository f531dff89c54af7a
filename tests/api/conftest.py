"""A small district behind the real application: books, keys and an embedded chain in a temporary home, set up over the API.

It is made once; a test takes a resident of its own (`resident`), so that tests do not meet.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, make_url, text
from starlette.testclient import TestClient

from ledger_service.bootstrap.installation import Installation, installed
from ledger_service.bootstrap.surfaces import app_of
from ledger_service.chain.anvil import EmbeddedChain, find_anvil
from ledger_service.commands import up
from ledger_service.config import read_settings
from ledger_service.posting.loops import Poster

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples"
DATA = ROOT / "scripts" / "demo_data"
BUSINESS_DATE = "2024-05-02"
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
CREDITED_RESIDENTS = 60
COINS_EACH = 40  # eight hours of volunteering at five coins
UPLOAD_BYTES_MAX = 512 * 1024
CENTRES = ("SVC", "YJSW", "JWSW")


@dataclass(frozen=True)
class Caller:
    """Somebody's view of the API. Each POST has an idempotency key of its own unless one is given."""

    app: FastAPI
    token: str | None

    def get(self, path: str, **query: Any) -> Any:
        return self._client().get(f"/api/v1{path}", params=query, headers=self.headers())

    def post(self, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> Any:
        return self._client().post(f"/api/v1{path}", json=body, headers=self.headers(key) | headers)

    def upload(self, path: str, data: bytes, *, key: str | None = "", **form: str) -> Any:
        file = {"file": ("month.csv", data)}
        return self._client().post(f"/api/v1{path}", files=file, data=form, headers=self.headers(key))

    def headers(self, key: str | None = None) -> dict[str, str]:
        found = {"accept-language": "en", "access-reason": "a test"}
        if self.token is not None:
            found["authorization"] = f"Bearer {self.token}"
        if key is not None:
            found["idempotency-key"] = key or str(uuid4())
        return found

    def _client(self) -> TestClient:
        return TestClient(self.app, raise_server_exceptions=False)


@dataclass
class District:
    """The application, its people, and the hand that posts."""

    installation: Installation
    app: FastAPI
    poster: Poster
    tokens: dict[str, str] = field(default_factory=dict)
    residents: Iterator[str] = field(default_factory=lambda: iter(()))

    def caller(self, name: str | None) -> Caller:
        return Caller(self.app, None if name is None else self.tokens[name])

    def add(self, name: str, roles: list[str], desks: list[str] | None = None, person_id: str | None = None) -> Caller:
        body = {"name": name, "roles": roles, "desks": desks or [], "person_id": person_id}
        added = self.caller("admin").post("/actors", body, key=None)
        assert added.status_code == 201, added.text
        self.tokens[name] = added.json()["token"]
        return self.caller(name)

    def post_all(self) -> None:
        self.poster.run_until_quiet()

    def desk(self, code: str, kind: str = "venue") -> int:
        desks = self.caller("office").get("/desks").json()["desks"]
        return int(next(one["number"] for one in desks if (one["code"], one["kind"]) == (code, kind)))

    def person(self, member: str) -> str:
        found = self.caller("office").post("/residents/lookup", {"member_number": member}, key=None)
        return str(found.json()["person_id"])


def members() -> list[dict[str, str]]:
    with (SAMPLES / "members.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def act(
    number: str, member: dict[str, str], day: str = "2024-04-11", centre: str = "SVC", hours: str = "09:00,17:00"
) -> str:
    identity = f"{member['회원번호']},{member['이름']},{member['생년월일']}"
    return f"{number},{identity},{centre},VOL,{day},{hours},,"


def month(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow])]
)
def district(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    home = tmp_path_factory.mktemp("api") / "home"
    urls = _postgres_urls(request.getfixturevalue("postgres_uri")) if request.param == "postgres" else {}
    settings = read_settings(
        home=home,
        environment="test",
        business_date=BUSINESS_DATE,
        import_bytes_max=UPLOAD_BYTES_MAX,
        dong_plan=DATA / "dongs.csv",
        **urls,
    )
    with (
        installed(settings) as installation,
        EmbeddedChain(find_anvil(ROOT), home / "chain.log") as embedded,
        up.chain_access(installation, embedded) as access,
    ):
        poster = Poster(up.posting_context(installation), access)
        poster.prepare()
        made = District(installation, app_of(installation), poster)
        made.tokens["admin"] = (home / "tokens" / "admin").read_text()
        _set_up(made)
        yield made


def _postgres_urls(uri: str) -> dict[str, str]:
    """Two fresh databases on the tests' server: the pages' tests make a district of their own beside that of the API's."""
    server = make_url(uri).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    own = uuid4().hex[:8]
    names = {"database_url": f"api_books_{own}", "keys_url": f"api_keys_{own}"}
    with engine.connect() as connection:
        for name in names.values():
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return {setting: server.set(database=name).render_as_string(hide_password=False) for setting, name in names.items()}


def _set_up(district: District) -> None:
    office, second = district.add("office", ["office"]), district.add("office-2", ["office"])
    for kind, folder in (
        ("members", SAMPLES), ("centers", SAMPLES), ("venues", DATA), ("programmes", SAMPLES), ("funds", DATA),
        ("values", DATA), ("limits", DATA), ("courses", DATA),
    ):  # fmt: skip
        loaded = office.upload(f"/master/{kind}", (folder / f"{kind}.csv").read_bytes())
        assert loaded.status_code == 201, loaded.text
        if loaded.json()["id"] is not None:
            assert second.post(f"/approvals/{loaded.json()['id']}/approve").status_code == 200
    opening = office.post("/orders/opening").json()
    assert second.post(f"/approvals/{opening['id']}/approve").status_code == 200
    district.post_all()
    district.add("clerk", ["clerk"], list(CENTRES))
    district.add("approver", ["approver"], list(CENTRES))
    district.add("counter", ["venue"], ["SENIOR", "POOL", "BANPO1"])
    district.add("other-counter", ["venue"], ["venue:YOUTH"])
    district.add("auditor", ["auditor"])
    district.add("registrar", ["registrar"])
    people = members()[:CREDITED_RESIDENTS]
    file = month(*(act(f"SET-{place}", one, centre=CENTRES[place % 3]) for place, one in enumerate(people)))
    submitted = district.caller("clerk").upload("/imports", file)
    assert submitted.json()["coins"] == CREDITED_RESIDENTS * COINS_EACH, submitted.text
    assert district.caller("approver").post(f"/approvals/{submitted.json()['id']}/approve").status_code == 200
    district.post_all()
    district.residents = (district.person(one["회원번호"]) for one in people)
    district.add("resident", ["resident"], person_id=next(district.residents))


@pytest.fixture
def resident(district: District) -> str:
    """Somebody with COINS_EACH coins whom no other test knows."""
    return next(district.residents)


_fresh = itertools.count(CREDITED_RESIDENTS)


@pytest.fixture
def newcomer() -> dict[str, str]:
    """A member without a record, whom no other test knows: their row of the members' file."""
    return members()[next(_fresh)]


@pytest.fixture
def as_(district: District) -> Callable[[str | None], Caller]:
    """The API as somebody; None is anonymous."""
    return district.caller
