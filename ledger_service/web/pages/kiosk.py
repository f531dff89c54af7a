"""Coming and going at a centre by card: a page for a kiosk at the door, and the clerk's list. And a resident helped at a desk.

The page at the door wants a session of its own (services/doors.py): a clerk's is never in a device where nobody watches.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ledger_service.domain.rates import Measure
from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import attending, residents
from ledger_service.reads.catalogue import DeskLine, ProgrammeLine
from ledger_service.reads.counter import masked
from ledger_service.services import attend
from ledger_service.services.doors import door_of
from ledger_service.web.pages import centre
from ledger_service.web.visit import Visit

SHOWN_MAX = 100


def choose(visit: Visit, error: BoramError | None = None) -> Response:
    """Which centre, which activity."""
    return visit.render(
        "kiosk/choose.html",
        error.status if error else 200,
        centres=centre.centres_of(visit),
        programmes=_timed(visit),
        error=error,
    )


def open_door(visit: Visit) -> Response:
    """This device becomes the page at the door: the clerk's session here is over."""
    desk, programme = visit.whole("desk", "센터"), visit.text("programme")
    keep = visit.ports.door.open_door(visit.request, visit.me, desk, programme)
    response = visit.go(door_of(desk, programme))
    keep(response)
    return response


def door_names(visit: Visit) -> dict[str, str]:
    """What the pages at the doors of one's own centres are called, by their address."""
    return {
        door_of(desk.number, one.programme): f"{desk.name} · {one.name}"
        for desk in centre.centres_of(visit)
        for one in _timed(visit)
    }


def kiosk(visit: Visit, error: BoramError | None = None, did: dict[str, Any] | None = None) -> Response:
    """One field for the card, and what the last reading did."""
    if not _is_door(visit):
        return visit.go("/kiosk")
    name = ""
    if did is not None:
        context = visit.context
        name = masked(residents.resident(context.journal, context.vault, visit.me, did["person_id"]).name)
    return visit.render(
        "kiosk/kiosk.html",
        error.status if error else 200,
        desk=_desk(visit),
        programme=_programme(visit),
        did=did,
        name=name,
        error=error,
    )


def kiosk_again(visit: Visit, error: BoramError) -> Response:
    """The field with what is wrong."""
    return kiosk(visit, error)


def read(visit: Visit) -> Response:
    """A card was read: somebody comes, or goes."""
    if not _is_door(visit):
        return visit.go("/kiosk")
    desk, programme = _desk(visit), _programme(visit)
    did = attend.come_or_go(
        visit.context, visit.me, visit.once(), desk.number, programme.programme, visit.text("card_number")
    )
    return kiosk(visit, did=did)


def attendance(visit: Visit, error: BoramError | None = None) -> Response:
    """Who is here, and who came lately."""
    context = visit.context
    found = [
        (desk, attending.attendances_of(context.journal, context.vault, visit.me, desk.number, visit.today, SHOWN_MAX))
        for desk in centre.centres_of(visit)
    ]
    return visit.render(
        "kiosk/attendance.html",
        error.status if error else 200,
        found=found,
        shown_max=SHOWN_MAX,
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def attendance_again(visit: Visit, error: BoramError) -> Response:
    """The list with what is wrong."""
    return attendance(visit, error)


def end(visit: Visit) -> Response:
    """Who forgot to go: the time is typed, or it is dropped."""
    once = visit.once()
    at = visit.text("end") if visit.text("action") != "drop" else None
    attend.end_attendance(visit.context, visit.me, once, visit.path["attendance"], at)
    return visit.go("/centre/attendance", done="dropped" if at is None else "submitted")


def assist_form(visit: Visit, error: BoramError | None = None) -> Response:
    """A resident at the desk shows card and PIN; staff type for them for ten minutes."""
    return visit.render("kiosk/assist.html", error.status if error else 200, error=error)


def assist_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return assist_form(visit, error)


def assist(visit: Visit) -> Response:
    """Begin; the session of the member of staff goes on beside it."""
    keep = visit.ports.door.assist(visit.request, visit.me, visit.text("card_number"), visit.text("pin"))
    response = visit.go("/me")
    keep(response)
    return response


def _is_door(visit: Visit) -> bool:
    ends = visit.ports.door.ends(visit.request)
    return ends is not None and ends.at_door


def _timed(visit: Visit) -> list[ProgrammeLine]:
    return [one for one in centre.programmes_of(visit) if one.measure == Measure.TIME.value]


def _desk(visit: Visit) -> DeskLine:
    number = visit.number_in_path("desk")
    for one in centre.centres_of(visit):
        if one.number == number:
            return one
    raise NotFound(f"there is no centre desk {number}", f"센터 {number}번이 없습니다")


def _programme(visit: Visit) -> ProgrammeLine:
    wanted = visit.path["programme"]
    for one in _timed(visit):
        if one.programme == wanted:
            return one
    raise NotFound("choose an activity", "활동을 골라 주세요", field="programme")
