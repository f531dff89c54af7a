"""Books, a chain of their own for each test, and a poster between them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ledger_service.chain.anvil import EmbeddedChain, find_anvil
from ledger_service.chain.rpc import Rpc
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import Finality
from tests.books import SAMPLES, Books
from tests.integration.posting.hall import Hall, open_for_business, open_hall
from tests.integration.posting.town import AT_ONCE, Town, open_town, poster_of, sqlite_engines

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def anvil(tmp_path: Path) -> Iterator[EmbeddedChain]:
    """An empty chain."""
    with EmbeddedChain(find_anvil(ROOT), tmp_path / "anvil.log") as chain:
        yield chain


@pytest.fixture
def rpc(anvil: EmbeddedChain) -> Iterator[Rpc]:
    with Rpc(anvil.url) as client:
        yield client


@pytest.fixture
def sqlite_town(tmp_path: Path) -> Iterator[Town]:
    """Empty books on SQLite."""
    books, keys = sqlite_engines(tmp_path)
    migrate(books)
    yield open_town(tmp_path, books, keys)
    books.dispose()
    keys.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """Empty books, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_town")
        return
    uri = request.getfixturevalue("postgres_uri").replace("postgresql://", "postgresql+psycopg://")
    server = create_engine(uri, isolation_level="AUTOCOMMIT")
    database = f"posting_{os.urandom(6).hex()}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {database}"))
    books = open_engine(server.url.set(database=database).render_as_string(hide_password=False))
    keys = open_engine(f"sqlite:///{tmp_path}/keys.db")
    migrate(books)
    yield open_town(tmp_path, books, keys)
    books.dispose()
    keys.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {database}"))
    server.dispose()


@dataclass
class Place:
    """A town and its chain."""

    town: Town
    anvil: EmbeddedChain
    rpc: Rpc

    def poster(self, finality: Finality = AT_ONCE) -> Poster:
        """A poster as a fresh process has it."""
        return poster_of(self.town, self.rpc, self.anvil, finality=finality)

    def stranger_poster(self, finality: Finality = AT_ONCE) -> Poster:
        """A poster to which this is a chain that others run."""
        return poster_of(self.town, self.rpc, None, finality=finality)


@pytest.fixture
def place(town: Town, anvil: EmbeddedChain, rpc: Rpc) -> Place:
    return Place(town, anvil, rpc)


@pytest.fixture
def sqlite_place(sqlite_town: Town, anvil: EmbeddedChain, rpc: Rpc) -> Place:
    return Place(sqlite_town, anvil, rpc)


@pytest.fixture
def bare_hall(books: Books, anvil: EmbeddedChain, rpc: Rpc, tmp_path: Path) -> Hall:
    """Empty books behind the real services, in setup, and a chain."""
    with (SAMPLES / "members.csv").open(encoding="utf-8-sig") as file:
        members = list(csv.DictReader(file))
    return open_hall(books, anvil, rpc, tmp_path, members)


@pytest.fixture
def hall(bare_hall: Hall) -> Hall:
    """The sample district, open for business on 2024-05-02."""
    open_for_business(bare_hall)
    return bare_hall
