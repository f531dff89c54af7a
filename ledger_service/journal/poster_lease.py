"""Who posts. Of several processes on PostgreSQL one does, the others stand by; on SQLite there is one process.

The poster holds an advisory lock on a connection of its own and says every second in `posting_lease` that it lives. A poster that dies loses
the lock with its connection. One that is frozen keeps it: after LEASE_SECONDS of silence, by the database's clock, a stand-by ends its sessions
and takes over. Each take-over counts the epoch up, and a poster writes under its own epoch only (`LeasedJournal`): one that wakes up too late
writes nothing. What it may still send is what it had stored, and those bytes are the same whoever sends them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ledger_service.errors import Unavailable
from ledger_service.journal.engine import open_engine
from ledger_service.journal.locks import POSTER_LOCK
from ledger_service.journal.unit import Journal, WriteUnit

LEASE_SECONDS = 5  # of silence, after which a stand-by takes over
RENEW_SECONDS = 1
GONE_MS_MAX = 1_000  # a session that is told to end takes a moment to let its lock go
STATEMENT_SECONDS_MAX = 3
POSTER_CONNECTIONS_MAX = 4
_APPLICATION = "boram-post-"

_log = logging.getLogger(__name__)


class NotPosting(Unavailable):
    """Another process has taken over posting; what this one was about to write is not written."""

    code = "not_posting"

    def __init__(self) -> None:
        super().__init__(
            "another process has taken over posting: this one stands by", "다른 프로세스가 원장 기록을 넘겨받았습니다"
        )


class Lease(Protocol):
    """The right to post."""

    def take(self) -> bool:
        """Become the poster; False while another process is."""
        ...

    def is_held(self) -> bool:
        """Whether this process still is the poster, as far as it knows."""
        ...

    def release(self) -> None:
        """Let another process post."""
        ...

    def close(self) -> None:
        """Release, for good."""
        ...


class OneProcess:
    """The lease of books that one process alone works on."""

    def take(self) -> bool:
        """Nobody else could."""
        return True

    def is_held(self) -> bool:
        """For ever."""
        return True

    def release(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """Nothing is open."""


class PosterLease:
    """The lease on PostgreSQL. `holder` is unique to this process; `monotonic` gives seconds that never go back."""

    def __init__(
        self, url: str, holder: str, monotonic: Callable[[], float], *, lease_seconds: int = LEASE_SECONDS
    ) -> None:
        name = _APPLICATION + holder
        self.engine = open_engine(url, application_name=name, connections_max=POSTER_CONNECTIONS_MAX)
        self._lock_engine = open_engine(url, application_name=name, connections_max=1)
        self._holder = holder
        self._monotonic = monotonic
        self._lease_seconds = lease_seconds
        self._mutex = threading.Lock()
        self._connection: Connection | None = None
        self._epoch = 0
        self._renewed = 0.0
        self._ending = threading.Event()
        self._heart: threading.Thread | None = None

    def take(self) -> bool:
        """Become the poster: at once where nobody is, after a lease's seconds of silence of whoever is."""
        self.release()
        connection = self._lock_engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            connection.execute(text(f"SET statement_timeout = '{STATEMENT_SECONDS_MAX}s'"))
            if not _try_lock(connection):
                if not self._is_silent(connection):
                    connection.close()
                    return False
                self._end_sessions_of_holder(connection)
                if not _try_lock(connection):
                    connection.close()
                    return False
            epoch = self._next_epoch(connection)
        except BaseException:
            _end(connection)
            raise
        with self._mutex:
            self._connection, self._epoch, self._renewed = connection, epoch, self._monotonic()
        self._ending = threading.Event()
        self._heart = threading.Thread(target=self._beat, args=[self._ending], name="posting-lease", daemon=True)
        self._heart.start()
        return True

    def is_held(self) -> bool:
        """Whether the lease was renewed so lately that nobody can have taken over."""
        with self._mutex:
            return self._connection is not None and self._monotonic() - self._renewed < self._lease_seconds

    def release(self) -> None:
        """Let another process post, at once: the lock is let go, and the session ends."""
        self._ending.set()
        if self._heart is not None:
            self._heart.join()
            self._heart = None
        with self._mutex:
            connection, self._connection = self._connection, None
        if connection is not None:
            _unlock(connection)
            _end(connection)

    def close(self) -> None:
        """Release, and leave the server."""
        self.release()
        self.engine.dispose()
        self._lock_engine.dispose()

    def require(self, connection: Connection) -> None:
        """NotPosting unless this epoch still is the one; no take-over then, until the connection's transaction has ended."""
        if not self.is_held():
            raise NotPosting
        now = connection.execute(text("SELECT epoch FROM posting_lease WHERE id = 1 FOR KEY SHARE")).scalar_one()
        if now != self._epoch:
            raise NotPosting

    def _beat(self, ending: threading.Event) -> None:
        while not ending.wait(RENEW_SECONDS):
            if not self._renew():
                return

    def _renew(self) -> bool:
        """Say that this process lives; False where it is the poster no more."""
        connection, epoch = self._connection, self._epoch
        if connection is None:
            return False
        began = self._monotonic()
        try:
            done = connection.execute(
                text(
                    "UPDATE posting_lease SET renewed_at = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) "
                    "WHERE id = 1 AND epoch = :epoch"
                ),
                {"epoch": epoch},
            )
            renewed = done.rowcount == 1
        except SQLAlchemyError as error:
            _log.warning("the lease could not be renewed", exc_info=error)
            renewed = False
        with self._mutex:
            if renewed:
                self._renewed = began  # from before the question: the database's clock is later, never earlier
            elif self._connection is connection:
                self._connection = None
        if not renewed:
            _end(connection)
        return renewed

    def _next_epoch(self, connection: Connection) -> int:
        """Count up, after whoever held the lease before can write no more."""
        self._end_sessions_of_holder(connection)
        connection.execute(
            text(
                "INSERT INTO posting_lease (id, epoch, holder, renewed_at) VALUES (1, 0, '', 0) ON CONFLICT DO NOTHING"
            )
        )
        # FOR UPDATE waits for the transactions that `require` let pass; a frozen one was ended above.
        taken = text(
            "WITH held AS (SELECT id FROM posting_lease WHERE id = 1 FOR UPDATE) "
            "UPDATE posting_lease SET epoch = epoch + 1, holder = :holder, "
            "renewed_at = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) "
            "FROM held WHERE posting_lease.id = held.id RETURNING posting_lease.epoch"
        )
        return int(connection.execute(taken, {"holder": self._holder}).scalar_one())

    def _is_silent(self, connection: Connection) -> bool:
        now, renewed = connection.execute(
            text(
                "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), "
                "(SELECT renewed_at FROM posting_lease WHERE id = 1)"
            )
        ).one()
        return renewed is not None and now - renewed >= self._lease_seconds * 1000

    def _end_sessions_of_holder(self, connection: Connection) -> None:
        """End every session of the process that holds the lease, and wait until they are gone: it has been silent, or has lost its lock already."""
        ended = connection.execute(
            text(
                "SELECT count(pg_terminate_backend(pid, :patience)) FROM pg_stat_activity, posting_lease "
                "WHERE datname = current_database() AND application_name = :prefix || holder AND holder <> :me"
            ),
            {"prefix": _APPLICATION, "me": self._holder, "patience": GONE_MS_MAX},
        ).scalar_one()
        if ended:
            _log.warning("posting is taken over from a process that has gone silent")


class LeasedJournal(Journal):
    """The books for posting: a unit that writes does so under the lease, or not at all."""

    def __init__(self, lease: PosterLease) -> None:
        super().__init__(lease.engine)
        self._lease = lease

    @contextmanager
    def write(self) -> Iterator[WriteUnit]:
        """As Journal.write. Raises NotPosting where another process posts."""
        with super().write() as unit:
            self._lease.require(unit.connection)
            yield unit


def _try_lock(connection: Connection) -> bool:
    taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": POSTER_LOCK}).scalar_one()
    return bool(taken)


def _unlock(connection: Connection) -> None:
    """The server notices the end of a session a moment later, and lets its locks go then only."""
    with suppress(SQLAlchemyError):
        connection.execute(text("SELECT pg_advisory_unlock_all()"))


def _end(connection: Connection) -> None:
    """Close the session itself, not only give the connection back: an advisory lock lives as long as its session."""
    connection.invalidate()
    connection.close()


def poster_books(engine: Engine, holder: str, monotonic: Callable[[], float]) -> tuple[Lease, Journal | None]:
    """The lease on these books, and the journal to post with; None: the one that the process has."""
    if engine.dialect.name == "sqlite":
        return OneProcess(), None
    lease = PosterLease(engine.url.render_as_string(hide_password=False), holder, monotonic)
    return lease, LeasedJournal(lease)
