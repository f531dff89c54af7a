"""Signing in and out."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import BoramError
from ledger_service.web.pages.public import local_path
from ledger_service.web.visit import Visit

_HOMES = (
    (Role.RESIDENT, "/me"),
    (Role.VENUE, "/desk"),
    (Role.OFFICE, "/office"),
    (Role.APPROVER, "/approvals"),
    (Role.CLERK, "/centre"),
    (Role.AUDITOR, "/office"),
    (Role.REGISTRAR, "/registrar"),
)


def home_of(actor: Actor) -> str:
    """Where somebody's own work begins."""
    return next((path for role, path in _HOMES if actor.has(role)), "/")


def ask(visit: Visit) -> Response:
    """The form; whoever is signed in goes on."""
    if visit.actor is not None:
        return visit.go(home_of(visit.actor))
    return _form(visit, visit.request.query_params.get("back", ""), "staff" in visit.request.query_params)


def resident(visit: Visit) -> Response:
    """With card and PIN."""
    keep = visit.ports.door.sign_in_resident(visit.request, visit.text("card_number"), visit.text("pin"))
    response = visit.go(local_path(visit.fields.get("back") or "/me"))
    keep(response)
    return response


def staff(visit: Visit) -> Response:
    """With name, password and one-time code."""
    keep = visit.ports.door.sign_in_staff(
        visit.request, visit.text("name"), visit.fields.get("password", ""), visit.text("code")
    )
    response = visit.go(local_path(visit.fields.get("back") or "/sign-in"))
    keep(response)
    return response


def ask_again_resident(visit: Visit, error: BoramError) -> Response:
    """The residents' form with what is wrong."""
    return _form(visit, visit.fields.get("back", ""), False, error)


def ask_again_staff(visit: Visit, error: BoramError) -> Response:
    """The staff's form with what is wrong."""
    return _form(visit, visit.fields.get("back", ""), True, error)


def sign_out(visit: Visit) -> Response:
    """End the session."""
    is_assisted = visit.me.assisted_by is not None
    response = visit.go("/sign-in" if is_assisted else "/")  # which leads the member of staff to their own work
    visit.ports.door.sign_out(visit.request, response)
    return response


def _form(visit: Visit, back: str, is_staff: bool, error: BoramError | None = None) -> Response:  # noqa: FBT001
    back = local_path(back) if back else ""
    status = error.status if error else 200
    return visit.render("sign_in.html", status, back_to=back, is_staff=is_staff, error=error)
