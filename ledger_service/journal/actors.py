"""Actors: staff, machines and residents, found by the keyed hash of their token."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Row, insert, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.schema import actors


class Actors:
    """Repository of actors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, actor: Actor, token_hash: bytes, now: int) -> None:
        """Write: a new actor."""
        self._connection.execute(
            insert(actors).values(
                id=actor.id,
                name=actor.name,
                token_hash=token_hash,
                roles=",".join(sorted(actor.roles)),
                desks=",".join(str(desk) for desk in sorted(actor.desks)),
                person_id=actor.person_id,
                created_at=now,
            )
        )

    def by_token_hash(self, token_hash: bytes) -> Actor | None:
        """The actor of a token, unless revoked."""
        return self._one(actors.c.token_hash == token_hash)

    def by_name(self, name: str) -> Actor | None:
        """The actor of a name, unless revoked."""
        return self._one(actors.c.name == name)

    def all(self) -> list[Actor]:
        """Every actor that is not revoked, by name."""
        rows = self._connection.execute(select(actors).where(actors.c.revoked_at.is_(None)).order_by(actors.c.name))
        return [_actor(row) for row in rows]

    def _one(self, condition: object) -> Actor | None:
        row = self._connection.execute(
            select(actors).where(condition, actors.c.revoked_at.is_(None))  # type: ignore[arg-type]
        ).one_or_none()
        return _actor(row) if row else None


def _actor(row: Row[tuple[object, ...]]) -> Actor:
    return Actor(
        row.id,
        row.name,
        frozenset(Role(role) for role in _split(row.roles)),
        frozenset(int(desk) for desk in _split(row.desks)),
        row.person_id,
    )


def _split(text: str) -> Iterable[str]:
    return (part for part in text.split(",") if part)
