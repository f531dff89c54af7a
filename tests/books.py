"""A district's books for tests: real SQLite or PostgreSQL behind the real services, with a clock that the test moves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, text

from ledger_service.chain.signing import LocalSigner
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.hashing import keccak
from ledger_service.domain.ids import uuid7
from ledger_service.domain.kill_points import NoKillPoints
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.services import loading, setup
from ledger_service.services.context import Context

SAMPLES = Path(__file__).parent / "samples"
SAMPLE_AS_OF = date(2024, 5, 2)


@dataclass
class MovableClock:
    """Both clocks stand still until a test moves them."""

    seconds: int = 1_714_600_000
    business_date: date = SAMPLE_AS_OF

    def now(self) -> int:
        return self.seconds

    def today(self) -> date:
        return self.business_date


class NumberedDeskKeys:
    """Keys that the number of their desk gives."""

    def create(self, desk: int, version: int = 1) -> bytes:
        return self.signer(desk, version).address

    def holds(self, desk: int, address: bytes) -> bool:
        return any(self.create(desk, version) == address for version in range(1, 10))

    @staticmethod
    @cache
    def signer(desk: int, version: int = 1) -> LocalSigner:
        """The key itself."""
        return LocalSigner(keccak(f"test desk {desk} key {version}".encode()))


class UnsignedReceipts:
    """Receipts without a chain: the fields are tested elsewhere."""

    def sign(self, *_fields: object) -> bytes:
        return bytes(65)


@dataclass
class Books:
    """The services' context of one district, and its people."""

    context: Context
    clock: MovableClock
    engine: Engine
    actors: dict[str, Actor] = field(default_factory=dict)
    woken: list[None] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        return self.context.journal

    def actor(self, name: str, *roles: Role, desks: frozenset[int] = frozenset()) -> Actor:
        """A stored actor; the same name gives the same one."""
        if name not in self.actors:
            actor = Actor(self.context.new_id(), name, frozenset(roles), desks)
            with self.journal.write() as unit:
                unit.actors.add(actor, self.context.vault.token_hash(name), self.clock.now())
                unit.commit()
            self.actors[name] = actor
        return self.actors[name]

    def recall_actors(self) -> None:
        """Know the actors that the books hold already."""
        with self.journal.read() as unit:
            self.actors = {actor.name: actor for actor in unit.actors.all()}

    @property
    def office(self) -> Actor:
        return self.actor("office", Role.OFFICE)

    @property
    def second(self) -> Actor:
        return self.actor("second", Role.OFFICE)

    def load(self, kind: str, data: bytes) -> None:
        """Propose a master file and let a second person approve it."""
        proposal = setup.propose_file(self.context, self.office, None, kind, data)
        setup.approve_orders(self.context, self.second, None, proposal["id"])

    def desk(self, kind: DeskKind, code: str) -> int:
        """The number of a desk."""
        with self.journal.read() as unit:
            found = unit.master.desk_of_code(kind, code)
        assert found is not None
        return found.number

    def person(self, member_number: str) -> str:
        """The id of a member."""
        with self.journal.read() as unit:
            return unit.people.by_member_index([self.context.vault.member_index(member_number)])[0].id

    def account(self, member_number: str) -> Any:
        """The account row of a member."""
        with self.journal.read() as unit:
            person = unit.people.by_id(self.person(member_number))
            assert person is not None
            return unit.accounts.read(person.account)

    def grant(self, member_number: str, coins: int) -> None:
        """Final coins without a chain: what the follower writes for a final credit batch."""
        account = self.account(member_number).address
        with self.journal.write() as unit:
            unit.accounts.settle(credits={account: coins}, refunds={}, refused_refunds={}, refused_debits={})
            unit.commit()

    def load_district(self, year: int = 2024, budget: int = 1_000_000) -> None:
        """The sample's members, centres and programmes, with two venues, a fund, values, limits and courses."""
        loading.load_members(self.context, self.office, None, (SAMPLES / "members.csv").read_bytes())
        self.load("centers", (SAMPLES / "centers.csv").read_bytes())
        self.load("programmes", (SAMPLES / "programmes.csv").read_bytes())
        self.load("venues", b"code,name,step_coins\nGYM,gym,1\nHALL,hall,10\n")
        self.load("funds", b"code,name,body\nWARM,winter,chest\n")
        self.load("values", b"effective_from,krw\n2022-01-01,200\n2023-07-03,100\n")
        centres = [line.split(",")[0] for line in (SAMPLES / "centers.csv").read_text("utf-8-sig").splitlines()[1:]]
        months = [f"{year}-{month:02d}" for month in range(1, 13)]
        rows = [f"centre,{code},{month},100000" for code in centres for month in months]
        rows += [f"venue,{code},{month},100000" for code in ("GYM", "HALL") for month in months]
        rows += [f"treasury,TREASURY,{month},100000" for month in months]
        rows += [f"budget,,{year},{budget}", f"person,,{year},2000"]
        self.load("limits", "\n".join(["limit,code,period,coins", *rows]).encode())
        courses = "code,venue,name,first_day,last_day,seats,price_krw\nYOGA,HALL,yoga,2024-06-01,2024-08-31,2,20500\n"
        loading.load_courses(self.context, self.office, None, courses.encode())


def open_books(engine: Engine, keys: Engine) -> Books:
    """Empty books with the schema of this version."""
    clock = MovableClock()
    journal = Journal(engine)
    woken: list[None] = []
    context = Context(
        journal=journal,
        vault=Vault(b"\x07" * 32, keys, os.urandom),
        clock=clock,
        new_id=lambda: uuid7(clock.now() * 1000, os.urandom(10)),
        random_bytes=os.urandom,
        desk_keys=NumberedDeskKeys(),
        receipts=UnsignedReceipts(),
        kill_points=NoKillPoints(),
        wake=lambda: woken.append(None),
    )
    return Books(context, clock, engine, woken=woken)


class SqliteDistrict:
    """Where empty books and the sample district are kept as files, to be copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("empty", "district"):
            with self._open(folder, name) as books:
                migrate(books.engine)
                if name == "district":
                    books.load_district()

    @contextmanager
    def copy(self, name: str, folder: Path) -> Iterator[Books]:
        """Books of a test's own, `empty` or `district`."""
        for part in ("books", "keys"):
            shutil.copy(self._folder / f"{name}-{part}.db", folder / f"{name}-{part}.db")
        with self._open(folder, name) as books:
            books.recall_actors()
            yield books

    @contextmanager
    def _open(self, folder: Path, name: str) -> Iterator[Books]:
        engine = open_engine(f"sqlite:///{folder}/{name}-books.db")
        keys = open_engine(f"sqlite:///{folder}/{name}-keys.db")
        yield open_books(engine, keys)
        engine.dispose()
        keys.dispose()


class PostgresDistrict:
    """The same on a running PostgreSQL: a database each, copied as a template. The keys stay in SQLite, apart."""

    def __init__(self, server_uri: str, folder: Path) -> None:
        self._folder = folder
        uri = server_uri.replace("postgresql://", "postgresql+psycopg://")
        self._server = create_engine(uri, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        for name in ("empty", "district"):
            self._execute(f"CREATE DATABASE {name}")
            with self._open(folder, name, name) as books:
                migrate(books.engine)
                if name == "district":
                    books.load_district()

    @contextmanager
    def copy(self, name: str, folder: Path) -> Iterator[Books]:
        """Books of a test's own, `empty` or `district`."""
        database = f"{name}_{os.urandom(6).hex()}"
        shutil.copy(self._folder / f"{name}-keys.db", folder / f"{name}-keys.db")
        self._execute(f"CREATE DATABASE {database} TEMPLATE {name}")
        with self._open(folder, name, database) as books:
            books.recall_actors()
            yield books
        self._execute(f"DROP DATABASE {database}")

    def close(self) -> None:
        """Leave the server."""
        self._server.dispose()

    def _execute(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.execute(text(statement))

    @contextmanager
    def _open(self, folder: Path, name: str, database: str) -> Iterator[Books]:
        engine = open_engine(self._server.url.set(database=database).render_as_string(hide_password=False))
        keys = open_engine(f"sqlite:///{folder}/{name}-keys.db")
        yield open_books(engine, keys)
        engine.dispose()
        keys.dispose()
