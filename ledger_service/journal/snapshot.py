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
from ledger_service.journal.migrate import is_current
from ledger_service.journal.schema import entries
from ledger_service.journal.unit import Journal

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


def copy_books(engine: Engine, target: Path) -> None:
    """Write the books of one moment into a file: a database of SQLite, a dump of PostgreSQL. Raises CopyFailed."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
        return
    _run("pg_dump", engine.url, ["--format=custom", "--no-owner", f"--file={target}"])


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


def tips(journal: Journal) -> list[DeskTip]:
    """Where every desk stands in the books."""
    with journal.read() as unit:
        return [DeskTip(desk.number, desk.sealed_seq, desk.sealed_head) for desk in unit.master.desks()]


def count_entries(journal: Journal) -> int:
    """All entries, sealed or not."""
    with journal.read() as unit:
        return unit.connection.execute(select(func.count()).select_from(entries)).scalar_one()


def every_batch(journal: Journal) -> Iterator[BatchRow]:
    """Every batch by desk and sequence."""
    with journal.read() as unit:
        for desk in unit.master.desks():
            after = 0
            while rows := unit.batches.of_desk(desk.number, after, ROWS_A_PAGE):
                yield from rows
                after = rows[-1].batch.seq


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
