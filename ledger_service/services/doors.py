"""The page at a centre's door: a session that is one at this page's address only, in the place of the clerk's own."""

from __future__ import annotations

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.errors import NotFound
from ledger_service.services.attend import require_timed
from ledger_service.services.context import Context
from ledger_service.services.sign_in import SignedIn, open_session

FACTOR = "door"  # how it was opened: from a session, not by a secret of its own


def door_of(desk: int, programme: str) -> str:
    """The address of the page at which a centre reads cards for an activity."""
    return f"/kiosk/{desk}/{programme}"


def open_door(context: Context, clerk: Actor, session_id: str, desk: int, programme: str) -> SignedIn:
    """End the clerk's session that asks, and open one of the door: whoever stands before an unattended device has this page and nothing of
    the clerk's. It ends after 12 hours, however long nobody came.

    Raises Forbidden, NotFound (also where the session is over by now), Invalid (an activity that is not measured in time).
    """
    clerk.require(Role.CLERK)
    clerk.require_desk(desk, Role.CLERK)
    now = context.clock.now()
    with context.journal.write() as unit:
        require_timed(unit, desk, programme, civil_day(context.clock.today()))
        if not unit.sessions.end(clerk.id, session_id, now):
            raise NotFound("there is no such session of yours", "해당 접속이 없습니다")
        unit.audit_log.write(now, clerk.id, "sign out", session_id)
        opened = open_session(context, unit, clerk, FACTOR, door=door_of(desk, programme))
        unit.commit()
    return opened
