"""A copy of the books at one moment, taken while others write, and what such a copy has to hold."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Engine, func, inspect, select, text

from ledger_service.errors import Unavailable
from ledger_service.journal.batches import BatchRow
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import is_current
from ledger_service.journal.schema import entries
from ledger_service.journal.unit import Journal, Unit

SAID_LENGTH_MAX = 300
ROWS_A_PAGE = 50


class CopyFailed(Unavailable):
    """The database's own tool could not copy the books, or bring them back."""

    code = "copy_failed"


@dataclass(frozen=True, slots=True)
class DeskTip:
    """The last batch that the books have sealed for a desk."""

    desk: int
    seq: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What the books hold at one moment. The chain's id is 0, and its contract empty, before the first connect."""

    chain_id: int
    contract: bytes
    entries: int
    desks: tuple[DeskTip, ...]


def copy_books(engine: Engine, target: Path) -> Contents:
    """Write the books of one moment into a file, a database of SQLite or a dump of PostgreSQL; what they held at that moment. Raises CopyFailed."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
        copied = open_engine(f"sqlite:///{target}")
        try:
            return contents_of(Journal(copied))
        finally:
            copied.dispose()
    with Journal(engine).read_moment() as unit:
        # A long dump must not end this session, whose moment it is.
        unit.connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        moment = unit.connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        _run("pg_dump", engine.url, ["--format=custom", "--no-owner", f"--snapshot={moment}", f"--file={target}"])
        return _contents(unit)


def load_books(engine: Engine, source: Path) -> None:
    """Bring a dump back into an empty PostgreSQL database, whole or not at all. Raises CopyFailed."""
    _run("pg_restore", engine.url, ["--no-owner", "--exit-on-error", "--single-transaction", str(source)])


def is_empty(engine: Engine) -> bool:
    """Whether the database has no table."""
    return not inspect(engine).get_table_names()


def faults_of(engine: Engine) -> list[str]:
    """What the database says against itself: nothing where it is whole and of this version."""
    found = []
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            said = connection.execute(text("PRAGMA integrity_check")).scalars().all()
            found += [str(one) for one in said if one != "ok"]
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
            found += [f"a row of {row[0]} names one of {row[2]} that is not there" for row in orphans]
    if not is_current(engine):
        found.append("its schema is of another version of boram")
    return found


def contents_of(journal: Journal) -> Contents:
    """What the books hold, all of one moment."""
    with journal.read_moment() as unit:
        return _contents(unit)


def every_batch(journal: Journal) -> Iterator[BatchRow]:
    """Every batch by desk and sequence."""
    with journal.read() as unit:
        for desk in unit.master.desks():
            after = 0
            while rows := unit.batches.of_desk(desk.number, after, ROWS_A_PAGE):
                yield from rows
                after = rows[-1].batch.seq


def _contents(unit: Unit) -> Contents:
    identity = unit.chain_marks.identity()
    return Contents(
        chain_id=identity.chain_id if identity else 0,
        contract=identity.contract if identity else b"",
        entries=unit.connection.execute(select(func.count()).select_from(entries)).scalar_one(),
        desks=tuple(DeskTip(desk.number, desk.sealed_seq, desk.sealed_head) for desk in unit.master.desks()),
    )


def _run(tool: str, url: URL, arguments: list[str]) -> None:
    if shutil.which(tool) is None:
        raise CopyFailed(
            f"{tool} is not on PATH: install the PostgreSQL client of the server's version, then try again",
            f"{tool} 명령이 없습니다. 서버 버전에 맞는 PostgreSQL 클라이언트를 설치한 뒤 다시 실행하세요",
        )
    # The password goes through the environment: a command line can be read by others.
    target = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(
        [tool, f"--dbname={target}", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:SAID_LENGTH_MAX]
        raise CopyFailed(f"{tool} failed: {said}", f"{tool} 실행에 실패했습니다: {said}")
