"""Actors and their bearer tokens: staff, machines and residents, found by name or by the keyed hash of a token."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.schema import actors, api_tokens

ALL_SCOPES = "*"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A bearer token without its secret. `scopes` are what it may be used for, `expires_at` UTC seconds."""

    id: str
    actor_id: str
    label: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None = None


@dataclass(frozen=True, slots=True)
class TokenUse:
    """Who a bearer token stands for, what it is for, and when it was seen last."""

    actor: Actor
    scopes: tuple[str, ...]
    token_id: str
    used_at: int | None


_BY_TOKEN = (
    select(actors, api_tokens.c.scopes, api_tokens.c.id.label("token_id"), api_tokens.c.used_at)
    .join(api_tokens, api_tokens.c.actor_id == actors.c.id)
    .where(
        api_tokens.c.token_hash == bindparam("hash"),
        api_tokens.c.revoked_at.is_(None),
        api_tokens.c.expires_at.is_(None) | (api_tokens.c.expires_at > bindparam("now")),
        actors.c.revoked_at.is_(None),
    )
)


class Actors:
    """Repository of actors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, actor: Actor, token_hash: bytes | None, now: int) -> None:
        """Write: a new actor, and a token of theirs that is good for all they may do."""
        self._connection.execute(
            insert(actors).values(
                id=actor.id,
                name=actor.name,
                roles=_joined(actor.roles),
                desks=_joined(str(desk) for desk in sorted(actor.desks)),
                person_id=actor.person_id,
                created_at=now,
            )
        )
        if token_hash is not None:
            first = TokenRow(actor.id, actor.id, "first", (ALL_SCOPES,), now, None, None)
            self.add_token(first, token_hash)

    def add_token(self, token: TokenRow, token_hash: bytes) -> None:
        """Write: a bearer token of an actor."""
        self._connection.execute(
            insert(api_tokens).values(
                id=token.id,
                actor_id=token.actor_id,
                label=token.label,
                token_hash=token_hash,
                scopes=",".join(token.scopes),
                created_at=token.created_at,
                expires_at=token.expires_at,
            )
        )

    def see_token(self, token_id: str, now: int) -> None:
        """Write: a token was used."""
        self._connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(used_at=now))

    def by_token_hash(self, token_hash: bytes, now: int) -> TokenUse | None:
        """The actor of a token and what the token is for, unless either was revoked or the token has expired."""
        row = self._connection.execute(_BY_TOKEN, {"hash": token_hash, "now": now}).one_or_none()
        return TokenUse(_actor(row), tuple(_split(row.scopes)), row.token_id, row.used_at) if row else None

    def by_id(self, actor_id: str) -> Actor | None:
        """One actor, unless revoked."""
        return self._one(actors.c.id == actor_id)

    def by_name(self, name: str) -> Actor | None:
        """The actor of a name, unless revoked."""
        return self._one(actors.c.name == name)

    def of_person(self, person_id: str) -> Actor | None:
        """The account of a resident, unless revoked."""
        row = self._connection.execute(
            select(actors)
            .where(actors.c.person_id == person_id, actors.c.revoked_at.is_(None))
            .order_by(actors.c.created_at, actors.c.id)
        ).first()
        return _actor(row) if row else None

    def all(self) -> list[Actor]:
        """Every actor that is not revoked, by name."""
        rows = self._connection.execute(select(actors).where(actors.c.revoked_at.is_(None)).order_by(actors.c.name))
        return [_actor(row) for row in rows]

    def change(self, actor_id: str, roles: Collection[Role], desks: Collection[int]) -> None:
        """Write: other roles and desks."""
        self._connection.execute(
            update(actors)
            .where(actors.c.id == actor_id)
            .values(roles=_joined(roles), desks=_joined(str(desk) for desk in sorted(desks)))
        )

    def revoke(self, actor_id: str, now: int) -> None:
        """Write: an actor acts no more; their name is never given again."""
        self._connection.execute(update(actors).where(actors.c.id == actor_id).values(revoked_at=now))

    def tokens_of(self, actor_id: str) -> list[TokenRow]:
        """The tokens of an actor, revoked ones too, oldest first."""
        rows = self._connection.execute(
            select(api_tokens)
            .where(api_tokens.c.actor_id == actor_id)
            .order_by(api_tokens.c.created_at, api_tokens.c.id)
        )
        return [_token(row) for row in rows]

    def revoke_token(self, actor_id: str, token_id: str, now: int) -> bool:
        """Write: a token is worth nothing from now on; False where there is none that was."""
        done = self._connection.execute(
            update(api_tokens)
            .where(api_tokens.c.id == token_id, api_tokens.c.actor_id == actor_id, api_tokens.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return done.rowcount == 1

    def _one(self, condition: object) -> Actor | None:
        row = self._connection.execute(
            select(actors).where(condition, actors.c.revoked_at.is_(None))  # type: ignore[arg-type]
        ).one_or_none()
        return _actor(row) if row else None


def actor_of_row(row: Row[tuple[object, ...]], assisted_by: str | None = None) -> Actor:
    """The actor of a row that has the columns of `actors`."""
    return Actor(
        row.id,
        row.name,
        frozenset(Role(role) for role in _split(row.roles)),
        frozenset(int(desk) for desk in _split(row.desks)),
        row.person_id,
        assisted_by,
    )


def _actor(row: Row[tuple[object, ...]]) -> Actor:
    return actor_of_row(row)


def _token(row: Row[tuple[object, ...]]) -> TokenRow:
    return TokenRow(
        row.id,
        row.actor_id,
        row.label,
        tuple(_split(row.scopes)),
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.used_at,
    )


def _joined(parts: Iterable[str]) -> str:
    return ",".join(sorted(parts))


def _split(text: str) -> Iterable[str]:
    return (part for part in text.split(",") if part)
