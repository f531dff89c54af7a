"""Who holds a token, and who there is."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.actors import TokenUse
from ledger_service.journal.sessions import SessionRow, session_hash
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault


@dataclass(frozen=True, slots=True)
class ActorLine:
    """Somebody who may act: id, sign-in name, roles, the numbers of their desks, the person they are, if any."""

    id: str
    name: str
    roles: list[str]
    desks: list[int]
    person_id: str | None


def actor_of_token(journal: Journal, vault: Vault, token: str, now: int) -> TokenUse | None:
    """Who a bearer token stands for, unless revoked or over."""
    with journal.read() as unit:
        return unit.actors.by_token_hash(vault.token_hash(token), now)


def actor_of_session(
    journal: Journal, secret: str, now: int, place: str | None = ""
) -> tuple[Actor, SessionRow] | None:
    """Who a session's secret stands for, unless it is over; that of a door at its address `place` only, or for None."""
    with journal.read() as unit:
        return unit.sessions.by_secret(session_hash(secret), now, place)


def actor_of_name(journal: Journal, name: str) -> Actor | None:
    """The actor of a sign-in name, unless revoked."""
    with journal.read() as unit:
        return unit.actors.by_name(name)


def actor_lines(journal: Journal) -> list[ActorLine]:
    """Every actor that is not revoked, by name."""
    with journal.read() as unit:
        return [line_of(actor) for actor in unit.actors.all()]


def line_of(actor: Actor) -> ActorLine:
    """An actor as it is shown."""
    return ActorLine(actor.id, actor.name, sorted(actor.roles), sorted(actor.desks), actor.person_id)


@dataclass(frozen=True, slots=True)
class AccountLine:
    """Somebody of the staff as an administrator sees them: whether they set password and second factor, and whether the district's sign-on
    knows them."""

    id: str
    name: str
    roles: list[str]
    signs_in: bool
    has_sign_on: bool


def account_lines(journal: Journal) -> list[AccountLine]:
    """Everybody but residents, by name."""
    with journal.read() as unit:
        confirmed, known = unit.credentials.confirmed(), unit.sign_on.accounts()
        found = [one for one in unit.actors.all() if not one.has(Role.RESIDENT)]
    return [AccountLine(one.id, one.name, sorted(one.roles), one.id in confirmed, one.id in known) for one in found]


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A bearer token as it is shown: never its secret. Instants are UTC seconds."""

    id: str
    label: str
    scopes: list[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None


def token_lines(journal: Journal, actor_id: str) -> list[TokenLine]:
    """The tokens of an actor, oldest first."""
    with journal.read() as unit:
        rows = unit.actors.tokens_of(actor_id)
    return [
        TokenLine(one.id, one.label, list(one.scopes), one.created_at, one.expires_at, one.revoked_at, one.used_at)
        for one in rows
    ]


def sessions_of(journal: Journal, actor_id: str, now: int) -> list[SessionRow]:
    """The open sessions of an actor, oldest first."""
    with journal.read() as unit:
        return unit.sessions.of_actor(actor_id, now)
