"""A database of PostgreSQL for a moment: beside the books, filled to be looked into, and dropped again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from ledger_service.errors import Unavailable
from ledger_service.journal.engine import open_engine
from ledger_service.journal.locks import SCRATCH_LOCK

_FORBIDDEN = "42501"  # insufficient_privilege


class NoScratch(Unavailable):
    """No database could be made to look into a dump. Nothing was changed."""

    code = "no_scratch"


@contextmanager
def scratch_database(books_url: str) -> Iterator[Engine]:
    """An empty database on the server of `books_url`, which has to be one. Raises NoScratch.

    Its name follows from the database it lies beside, and one process at a time has it: what one that was killed left behind is dropped by the next.
    """
    url = make_url(books_url)
    if url.get_backend_name() != "postgresql":
        raise NoScratch(
            "a dump of PostgreSQL is opened by a server only: let BORAM_DATABASE_URL name one",
            "PostgreSQL 백업은 서버가 있어야 열 수 있습니다. BORAM_DATABASE_URL을 PostgreSQL로 지정하세요",
        )
    server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:  # held meanwhile: the lock is its session's, however long the restore takes
        connection.execute(text("SET idle_session_timeout = 0"))
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": SCRATCH_LOCK}).scalar_one():
            raise NoScratch(
                "another process looks into a backup on this server: try again when it is done",
                "다른 프로세스가 백업을 점검하고 있습니다. 끝난 뒤 다시 실행하세요",
            )
        number = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
        name = f"boram_verify_{number}"
        _make(connection, name, url)
        engine = open_engine(url.set(database=name).render_as_string(hide_password=False))
        try:
            yield engine
        finally:
            engine.dispose()
            _drop(connection, name)


def _make(connection: Connection, name: str, url: URL) -> None:
    try:
        _drop(connection, name)
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _FORBIDDEN:
            raise
        raise NoScratch(
            f"the role {url.username} may not make a database to restore the dump into: ALTER ROLE {url.username} CREATEDB, then try again",
            f"{url.username} 역할에 백업을 풀어 볼 데이터베이스를 만들 권한이 없습니다. ALTER ROLE {url.username} CREATEDB 실행 후 다시 하세요",
        ) from None


def _drop(connection: Connection, name: str) -> None:
    connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
