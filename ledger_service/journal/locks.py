"""Locks that hold between processes: an advisory lock of PostgreSQL behind a lock of this process's threads.

On SQLite there is one process (adapters/home.py sees to that), and the threads' lock is enough.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from ledger_service.errors import Unavailable

POSTER_LOCK = 0x426F72616D  # "Boram", and what it is for beside it
INTAKE_LOCK = POSTER_LOCK + 1
START_LOCK = POSTER_LOCK + 2
SCRATCH_LOCK = POSTER_LOCK + 3
INTAKE_WAIT_SECONDS = 120
START_WAIT_SECONDS = 60
WRITE_WAIT_SECONDS = 30
IDLE_SECONDS_MAX = 300  # of a process that was frozen while it held the lock: the database ends its session then
_LOCK_NOT_AVAILABLE = "55P03"


class TakesTooLong(Unavailable):
    """Another process has held a lock for too long; nothing was done."""

    code = "takes_too_long"

    @classmethod
    def of(cls, what: tuple[str, str], seconds: int) -> TakesTooLong:
        """`what` in English and in Korean, with its particle."""
        english, korean = what
        return cls(
            f"{english} has taken more than {seconds} s: send the same again later",
            f"{korean} {seconds}초 넘게 걸리고 있습니다. 나중에 다시 해 주세요",
        )


class BetweenProcesses:
    """One thread of all processes on these books at a time. Reusable, not reentrant.

    A lock that is lost with its connection is not noticed here: what is done under it is checked once more when it is written.
    """

    def __init__(self, engine: Engine, key: int, wait_seconds: int, what: tuple[str, str]) -> None:
        self._threads = threading.Lock()
        self._key = key
        self._wait_seconds = wait_seconds
        self._what = what
        self._engine = None if engine.dialect.name == "sqlite" else create_engine(engine.url, poolclass=NullPool)
        self._connection: Connection | None = None

    def __enter__(self) -> None:
        if not self._threads.acquire(timeout=self._wait_seconds):
            raise self._too_long()
        try:
            if self._engine is not None:
                self._connection = self._locked(self._engine)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()  # ends the session, and the lock with it
        finally:
            self._threads.release()

    def _locked(self, engine: Engine) -> Connection:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            connection.execute(text(f"SET lock_timeout = '{self._wait_seconds}s'"))
            connection.execute(text(f"SET idle_session_timeout = '{IDLE_SECONDS_MAX}s'"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": self._key})
        except DBAPIError as error:
            connection.close()
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise self._too_long() from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _too_long(self) -> TakesTooLong:
        return TakesTooLong.of(self._what, self._wait_seconds)


class WriteTurns:
    """SQLite's one writer at a time, among this process's threads: waiting here is quick, waiting on its busy handler is not."""

    def __init__(self, wait_seconds: int) -> None:
        self._lock = threading.Lock()
        self._wait_seconds = wait_seconds

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._wait_seconds):
            raise TakesTooLong.of(("another change", "다른 처리가"), self._wait_seconds)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def intake_lock(engine: Engine) -> BetweenProcesses:
    """One submission at a time is judged against the books, so that its verdict still holds when it is stored."""
    return BetweenProcesses(engine, INTAKE_LOCK, INTAKE_WAIT_SECONDS, ("another file", "다른 파일을 처리하는 데"))


@contextmanager
def starting(engine: Engine) -> Iterator[None]:
    """One process at a time brings a database to this version and writes its first rows."""
    with BetweenProcesses(engine, START_LOCK, START_WAIT_SECONDS, ("another start", "다른 시작 작업이")):
        yield
