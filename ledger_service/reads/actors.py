"""Who holds a token, and who there is."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.domain.actors import Actor
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


def actor_of_token(journal: Journal, vault: Vault, token: str) -> Actor | None:
    """The actor of a bearer token, unless revoked."""
    with journal.read() as unit:
        return unit.actors.by_token_hash(vault.token_hash(token))


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
