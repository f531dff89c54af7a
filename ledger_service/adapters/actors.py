"""Adding those who may act, and their bearer tokens. A token is told once and stored as a keyed hash."""

from __future__ import annotations

from collections.abc import Sequence

from ledger_service.domain.actors import Actor, Role, require_compatible
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.reads.actors import ActorLine, line_of
from ledger_service.services.accounts import TOKEN_PREFIX, desk_numbers
from ledger_service.services.context import Context
from ledger_service.services.sign_in import new_secret

SYSTEM = "system"
ADMIN_NAME = "admin"


class ActorExists(Refused):
    """A name is given once."""

    code = "actor_exists"


def add_actor(
    context: Context, by: str, name: str, roles: Sequence[Role], desks: Sequence[str], person_id: str | None
) -> tuple[ActorLine, str]:
    """A new actor and its token. `desks` are codes (`SVC`: all of the organisation's) or kind and code (`venue:YJ`)."""
    require_compatible(roles)
    if (Role.RESIDENT in roles) != (person_id is not None):
        raise Invalid(
            "a resident is an actor with the role resident and a person_id",
            "주민 계정에는 resident 역할과 person_id가 함께 필요합니다",
        )
    token = TOKEN_PREFIX + new_secret(context)
    with context.journal.write() as unit:
        if person_id is not None and unit.people.by_id(person_id) is None:
            raise NotFound(f"there is no resident {person_id}", "해당 주민이 없습니다")
        if unit.actors.by_name(name) is not None:
            raise ActorExists(
                f"there is an actor {name} already: choose another name",
                f"{name} 계정이 이미 있습니다. 다른 이름을 쓰세요",
            )
        actor = Actor(context.new_id(), name, frozenset(roles), desk_numbers(unit, desks), person_id)
        unit.actors.add(actor, context.vault.token_hash(token), context.clock.now())
        unit.audit_log.write(
            context.clock.now(), by, "add actor", actor.id, roles=sorted(actor.roles), desks=sorted(actor.desks)
        )
        unit.commit()
    return line_of(actor), token


def add_first_admin(context: Context) -> str | None:
    """The administrator of a new home; the token, or None where somebody may act already."""
    with context.journal.read() as unit:
        if unit.actors.all():
            return None
    return add_actor(context, SYSTEM, ADMIN_NAME, [Role.ADMIN], [], None)[1]
