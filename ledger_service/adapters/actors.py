"""Adding those who may act, and their bearer tokens. A token is told once and stored as a keyed hash."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import plain_code
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.unit import Unit
from ledger_service.reads.actors import ActorLine, line_of
from ledger_service.services.context import Context

TOKEN_BYTES = 32
TOKEN_PREFIX = "boram_"  # noqa: S105  so that a leaked one is recognised for what it is
SYSTEM = "system"
ADMIN_NAME = "admin"


class ActorExists(Refused):
    """A name is given once."""

    code = "actor_exists"


def add_actor(
    context: Context, by: str, name: str, roles: Sequence[Role], desks: Sequence[str], person_id: str | None
) -> tuple[ActorLine, str]:
    """A new actor and its token. `desks` are codes (`SVC`: all of the organisation's) or kind and code (`venue:YJ`)."""
    if (Role.RESIDENT in roles) != (person_id is not None):
        raise Invalid(
            "a resident is an actor with the role resident and a person_id",
            "주민 계정에는 resident 역할과 person_id가 함께 필요합니다",
        )
    token = TOKEN_PREFIX + urlsafe_b64encode(context.random_bytes(TOKEN_BYTES)).decode().rstrip("=")
    with context.journal.write() as unit:
        if person_id is not None and unit.people.by_id(person_id) is None:
            raise NotFound(f"there is no resident {person_id}", "해당 주민이 없습니다")
        if unit.actors.by_name(name) is not None:
            raise ActorExists(
                f"there is an actor {name} already: choose another name",
                f"{name} 계정이 이미 있습니다. 다른 이름을 쓰세요",
            )
        actor = Actor(context.new_id(), name, frozenset(roles), _numbers(unit, desks), person_id)
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


def _numbers(unit: Unit, desks: Sequence[str]) -> frozenset[int]:
    known = unit.master.desks()
    numbers: set[int] = set()
    for wanted in desks:
        kind, colon, code = wanted.rpartition(":")
        code = plain_code(code)
        kinds = [one for one in DeskKind if not colon or one.name.lower() == kind.strip().lower()]
        found = [desk.number for desk in known if desk.code == code and desk.kind in kinds]
        if not found:
            raise NotFound(f"there is no desk {wanted}", f"{wanted} 기관이 없습니다")
        numbers.update(found)
    return frozenset(numbers)
