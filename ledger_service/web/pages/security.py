"""How long one stays signed in, told before it ends; and what residents do for their own safety: PIN, sessions, a lost card.

Without a script the time is told by a small page of its own that lies in every page and asks for itself again when the end is near (an HTTP
Refresh header), so that a warning comes and what was typed in the page around it stays.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from ledger_service.errors import BoramError
from ledger_service.services import cards, sign_in
from ledger_service.web.pages.public import local_path
from ledger_service.web.visit import Visit

WARN_SECONDS_MAX = 5 * 60  # before the end; a third of a session that rests for less


def clock(visit: Visit) -> Response:
    """Until when one is signed in; near the end a warning with a button that goes on."""
    ends, now = visit.ports.door.ends(visit.request), visit.now
    back = visit.request.query_params.get("back", "")
    left = ends.idle_at - now if ends is not None else 0
    before = min(WARN_SECONDS_MAX, ends.idle_seconds // 3) if ends is not None else 0
    warns = ends is not None and left <= before
    response = visit.render(
        "clock.html",
        ends=ends,
        warns=warns,
        minutes=before // 60,
        sign_in="/sign-in?" + urlencode({"staff": 1, "back": local_path(back)}) if back else "/sign-in",
        can_go_on=ends is not None and ends.latest_at > ends.idle_at,
    )
    if ends is not None:
        response.headers["refresh"] = str(max(1, left + 1 if warns else left - before))
    response.headers["content-security-policy"] = FRAMED
    response.headers["x-frame-options"] = "SAMEORIGIN"
    return response


def go_on(visit: Visit) -> Response:
    """Use the session: that alone begins its idle time anew."""
    return visit.go("/session/clock")


def home(visit: Visit, error: BoramError | None = None) -> Response:
    """PIN, sessions, card."""
    return visit.render(
        "resident/security.html",
        error.status if error else 200,
        sessions=visit.ports.door.sessions(visit.request),
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def again(visit: Visit, error: BoramError) -> Response:
    """The same with what is wrong."""
    return home(visit, error)


def change_pin(visit: Visit) -> Response:
    """A new PIN, by card and old PIN."""
    visit.ports.door.change_pin(
        visit.request, visit.me, visit.text("card_number"), visit.text("pin"), visit.text("new_pin")
    )
    return visit.go("/me/security", done="pin")


def end_session(visit: Visit) -> Response:
    """End one of one's own sessions."""
    sign_in.end_session(visit.context, visit.me, visit.path["session"])
    return visit.go("/me/security", done="ended")


def end_sessions(visit: Visit) -> Response:
    """End all of them, this one too."""
    sign_in.end_sessions(visit.context, visit.me, visit.me.id)
    response = visit.go("/")
    visit.ports.door.sign_out(visit.request, response)
    return response


def block_card(visit: Visit) -> Response:
    """A lost card: it is good for nothing from now on, and every session ends."""
    cards.block_cards(visit.context, visit.me, visit.person_id)
    response = visit.go("/")
    visit.ports.door.sign_out(visit.request, response)
    return response


FRAMED = (
    "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
