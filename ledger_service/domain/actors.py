"""Who acts, and what a role allows. Every command acts as someone; what no rule allows is refused."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from ledger_service.errors import Forbidden, Refused


class Role(StrEnum):
    """What a person or machine may be (issue of roles: DESIGN words)."""

    CLERK = "clerk"  # a centre's: submits records
    APPROVER = "approver"  # a centre's: decides what another submitted
    VENUE = "venue"  # a venue's counter: charges, refunds, sign-ups
    REGISTRAR = "registrar"  # opens residents and gives them cards, after looking at a document; credits nobody
    OFFICE = "office"  # the coin office: master data, orders, donations, everything of every desk's queue
    AUDITOR = "auditor"  # reads everything that is not personal
    ADMIN = "admin"  # accounts of staff
    RESIDENT = "resident"  # their own account


# Who opens residents does not credit them: else one person could invent somebody and give them coins. The administrator of
# accounts and a resident's own account stand alone. All else may meet in one person, who still never approves their own act.
_APART = (
    ({Role.REGISTRAR}, {Role.CLERK, Role.APPROVER, Role.OFFICE}),
    ({Role.ADMIN}, set(Role) - {Role.ADMIN, Role.AUDITOR}),
    ({Role.AUDITOR}, set(Role) - {Role.ADMIN, Role.AUDITOR}),
    ({Role.RESIDENT}, set(Role) - {Role.RESIDENT}),
)


class RolesApart(Refused):
    """Roles that one person may not hold together. Fields: roles."""

    code = "roles_apart"


def require_compatible(roles: Collection[Role]) -> None:
    """RolesApart where two of the roles must not meet in one person."""
    held = set(roles)
    for one, others in _APART:
        if held & one and held & others:
            both = sorted((held & one) | (held & others))
            raise RolesApart(
                f"one person may not be {' and '.join(both)}: give one of them to another person",
                f"한 사람이 {', '.join(both)} 역할을 함께 가질 수 없습니다. 다른 사람에게 맡기세요",
                roles=both,
            )


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who acts: id, the name they sign in with, roles, the desks that are theirs, and the person they are, if any.

    `assisted_by` is the member of staff at whose desk a resident acts.
    """

    id: str
    name: str
    roles: frozenset[Role]
    desks: frozenset[int]
    person_id: str | None = None
    assisted_by: str | None = None

    def has(self, *roles: Role) -> bool:
        """Whether any of the roles is held."""
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: Role) -> None:
        """Forbidden unless one of the roles is held."""
        if not self.has(*roles):
            wanted = ", ".join(roles)
            raise Forbidden(f"this needs the role {wanted}", f"이 일을 하려면 {wanted} 권한이 필요합니다")

    def require_desk(self, desk: int, *roles: Role) -> None:
        """Forbidden unless one of the roles is held at this desk; the coin office holds every desk."""
        self.require(*roles, Role.OFFICE)
        if desk not in self.desks and not self.has(Role.OFFICE):
            raise Forbidden(f"desk {desk} is not yours", "다른 기관의 업무입니다")
