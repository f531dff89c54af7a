"""Engines of the books: SQLite with what makes it durable and serial, or PostgreSQL."""

from __future__ import annotations

from typing import Any

import pysqlite3
from sqlalchemy import Connection, Engine, create_engine, event, make_url

SQLITE_BUSY_TIMEOUT_MS = 30_000
# Before 3.51.3 a checkpoint that meets a writer in another process can lose WAL frames.
SQLITE_VERSION_MIN = (3, 51, 3)
POSTGRES_CONNECTIONS_MAX = 20  # of one process and database: several processes share a server that takes 100 by default
# A peer that is gone without a word is noticed within some 10 s, not after two hours.
POSTGRES_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


def open_engine(
    url: str, *, application_name: str = "boram", connections_max: int = POSTGRES_CONNECTIONS_MAX
) -> Engine:
    """An engine for `url` (`sqlite:///path` or `postgresql+psycopg://…`).

    On SQLite every connection has WAL, synchronous=FULL and foreign keys, and a transaction begins when SQLAlchemy says so; a write
    transaction of journal/unit.py is BEGIN IMMEDIATE (SQLAlchemy's defaults lose a concurrent update on SQLite).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=connections_max,
            max_overflow=0,
            connect_args={"application_name": application_name, **POSTGRES_KEEPALIVES},
        )
    if pysqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
        raise RuntimeError(f"SQLite {pysqlite3.sqlite_version} can corrupt a WAL database; install pysqlite3 >= 0.6.1")
    engine = create_engine(parsed, module=pysqlite3, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("boram_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def driver_mark(connection: Connection) -> str:
    """What stands for a value in a statement written by hand.

    Such statements are for thousands of rows under the write lock: SQLAlchemy takes ten times as long to arrange the parameters.
    """
    return "?" if connection.dialect.name == "sqlite" else "%s"
