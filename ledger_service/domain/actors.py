"""Who acts, and what a role allows. Every command acts as someone; what no rule allows is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ledger_service.errors import Forbidden


class Role(StrEnum):
    """What a person or machine may be (issue of roles: DESIGN words)."""

    CLERK = "clerk"  # a centre's: submits records
    APPROVER = "approver"  # a centre's: decides what another submitted
    VENUE = "venue"  # a venue's counter: charges, refunds, sign-ups
    OFFICE = "office"  # the coin office: master data, orders, donations, everything of every desk's queue
    AUDITOR = "auditor"  # reads everything that is not personal
    ADMIN = "admin"  # accounts of staff
    RESIDENT = "resident"  # their own account


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who acts: id, the name they sign in with, roles, the desks that are theirs, and the person they are, if any."""

    id: str
    name: str
    roles: frozenset[Role]
    desks: frozenset[int]
    person_id: str | None = None

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
