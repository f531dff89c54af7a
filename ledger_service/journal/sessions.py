"""Sessions, and the count of failed attempts. A session's secret is in a cookie alone; here is its SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ledger_service.domain.actors import Actor
from ledger_service.domain.credentials import lock_seconds
from ledger_service.journal.actors import actor_of_row
from ledger_service.journal.schema import actors, sessions, throttles

KEPT_SECONDS = 30 * 24 * 3600  # of failed attempts, far beyond the longest lock


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. Instants are UTC seconds; it is over when it was idle for `idle_seconds`, at `expires_at`, or once ended. One with a `door` is
    a session at that address only."""

    id: str
    actor_id: str
    assisted_by: str | None
    factors: str
    created_at: int
    seen_at: int
    idle_seconds: int
    expires_at: int
    door: str = ""


def session_hash(secret: str) -> bytes:
    """What is stored of a session's secret. It is 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).digest()


class Sessions:
    """Repository of sessions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: SessionRow, secret_hash: bytes) -> None:
        """Write: a session."""
        values = {name: getattr(row, name) for name in SessionRow.__slots__}
        self._connection.execute(insert(sessions).values(secret_hash=secret_hash, **values))

    def by_secret(self, secret_hash: bytes, now: int, place: str | None = "") -> tuple[Actor, SessionRow] | None:
        """Who a session is of; None where it is over, or somebody's account is. That of a door is there at its own address `place` only, and
        for None, which asks about a session instead of acting in it."""
        row = self._connection.execute(
            select(
                actors,
                *(sessions.c[name].label(f"session_{name}") for name in SessionRow.__slots__),
            )
            .join(actors, actors.c.id == sessions.c.actor_id)
            .where(
                sessions.c.secret_hash == secret_hash,
                sessions.c.ended_at.is_(None),
                sessions.c.expires_at > now,
                sessions.c.seen_at + sessions.c.idle_seconds > now,
                actors.c.revoked_at.is_(None),
            )
        ).one_or_none()
        if row is None:
            return None
        session = SessionRow(*(getattr(row, f"session_{name}") for name in SessionRow.__slots__))
        # Not in SQL: an address may hold what a database refuses.
        if place is not None and session.door not in ("", place):
            return None
        return actor_of_row(row, session.assisted_by), session

    def see(self, session_id: str, now: int) -> None:
        """Write: the session was used."""
        self._connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now))

    def of_actor(self, actor_id: str, now: int) -> list[SessionRow]:
        """The sessions of an actor that are not over, oldest first."""
        rows = self._connection.execute(
            select(*(sessions.c[name] for name in SessionRow.__slots__))
            .where(
                sessions.c.actor_id == actor_id,
                sessions.c.ended_at.is_(None),
                sessions.c.expires_at > now,
                sessions.c.seen_at + sessions.c.idle_seconds > now,
            )
            .order_by(sessions.c.id)
        )
        return [SessionRow(*row) for row in rows]

    def end(self, actor_id: str, session_id: str, now: int) -> bool:
        """Write: end a session of this actor; False where there is none."""
        done = self._connection.execute(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.actor_id == actor_id, sessions.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        return done.rowcount == 1

    def end_all(self, actor_id: str, now: int) -> int:
        """Write: end every session of an actor; how many were open."""
        return self._connection.execute(
            update(sessions).where(sessions.c.actor_id == actor_id, sessions.c.ended_at.is_(None)).values(ended_at=now)
        ).rowcount


class Throttles:
    """Repository of failed attempts. An attempt is counted before its secret is looked at, so that of many guesses at once, in however
    many processes, no more are looked at than may be."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def attempt(self, subject: bytes, failures_max: int, now: int) -> int:
        """Write: count an attempt; 0 where it may be looked at, else the UTC second until which none is."""
        dialect = sqlite_insert if self._connection.dialect.name == "sqlite" else postgres_insert
        self._connection.execute(
            dialect(throttles)
            .values(subject=subject, failures=0, lockouts=0, locked_until=0, changed_at=now)
            .on_conflict_do_nothing()
        )
        row = self._connection.execute(
            select(throttles.c.failures, throttles.c.lockouts, throttles.c.locked_until)
            .where(throttles.c.subject == subject)
            .with_for_update()
        ).one()
        if row.locked_until > now:
            return int(row.locked_until)
        failures, lockouts, until = row.failures + 1, row.lockouts, 0
        if failures >= failures_max:  # this one is still looked at; the next waits
            failures, lockouts, until = 0, lockouts + 1, now + lock_seconds(row.lockouts)
        self._set(subject, failures, lockouts, until, now)
        return 0

    def succeeded(self, subject: bytes, now: int) -> None:
        """Write: the attempt was good, so nothing is held against the subject any more."""
        self._set(subject, 0, 0, 0, now)

    def take_back(self, subject: bytes, now: int) -> None:
        """Write: the last attempt was good and does not count; earlier ones do."""
        self._connection.execute(
            update(throttles)
            .where(throttles.c.subject == subject, throttles.c.failures > 0)
            .values(failures=throttles.c.failures - 1, changed_at=now)
        )

    def forget(self, now: int) -> int:
        """Write: drop what nobody has tried for long; how many. A name that never was leaves a row too."""
        return self._connection.execute(
            delete(throttles).where(throttles.c.changed_at < now - KEPT_SECONDS, throttles.c.locked_until <= now)
        ).rowcount

    def _set(self, subject: bytes, failures: int, lockouts: int, locked_until: int, now: int) -> None:
        self._connection.execute(
            update(throttles)
            .where(throttles.c.subject == subject)
            .values(failures=failures, lockouts=lockouts, locked_until=locked_until, changed_at=now)
        )
