"""Signing in and out."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import BoramError
from ledger_service.services import passkey_factor, passkeys, sign_on
from ledger_service.services.passkeys import party_of
from ledger_service.web.pages.public import local_path
from ledger_service.web.sessions import address_of
from ledger_service.web.visit import Visit

_HOMES = (
    (Role.RESIDENT, "/me"),
    (Role.VENUE, "/desk"),
    (Role.OFFICE, "/office"),
    (Role.APPROVER, "/approvals"),
    (Role.CLERK, "/centre"),
    (Role.AUDITOR, "/office"),
    (Role.REGISTRAR, "/registrar"),
    (Role.ADMIN, "/staff"),
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


def ask_passkey(visit: Visit, error: BoramError | None = None) -> Response:
    """The page that asks the device; it has a script, because nothing else can."""
    if visit.actor is not None:
        return visit.go(home_of(visit.actor))
    party = party_of(visit.ports.relying_party)
    browser, put = visit.ports.door.new_browser(passkeys.PASSKEY)
    ceremony = passkeys.ask_sign_in(visit.context, party, browser)
    status = error.status if error else 200
    response = visit.render("passkey_sign_in.html", status, ceremony=ceremony, error=error)
    put(response)
    return response


def passkey(visit: Visit) -> Response:
    """With the device's answer."""
    party = party_of(visit.ports.relying_party)
    browser = visit.ports.door.browser(visit.request, passkeys.PASSKEY)
    address, name = address_of(visit.request), visit.text("name")
    shown = visit.fields.get("challenge", ""), visit.fields.get("credential", "")
    if name:
        password = visit.fields.get("password", "")
        signed_in = passkey_factor.sign_in(
            visit.context, party, visit.ports.passwords, address, browser, name, password, *shown
        )
    else:
        signed_in = passkeys.sign_in(visit.context, party, address, browser, *shown)
    response = visit.go(home_of(signed_in.actor))
    visit.ports.door.keep(visit.request, signed_in)(response)
    return response


def depart(visit: Visit) -> Response:
    """To the district's own sign-on."""
    if visit.actor is not None:
        return visit.go(home_of(visit.actor))
    provider = sign_on.provider_of(visit.ports.sign_on)
    browser, put = visit.ports.door.new_browser(sign_on.SIGN_ON)
    response = visit.go(sign_on.depart(visit.context, provider, browser).address)
    put(response)
    return response


def arrive(visit: Visit) -> Response:
    """Back from there, with a code."""
    asked = visit.request.query_params
    signed_in = sign_on.arrive(
        visit.context, sign_on.provider_of(visit.ports.sign_on), address_of(visit.request),
        visit.ports.door.browser(visit.request, sign_on.SIGN_ON), asked.get("state", "")[:300], asked.get("code", "")[:2000],
    )  # fmt: skip
    response = visit.go(home_of(signed_in.actor))
    visit.ports.door.keep(visit.request, signed_in)(response)
    return response


def sign_out(visit: Visit) -> Response:
    """End the session."""
    is_assisted = visit.me.assisted_by is not None
    response = visit.go("/sign-in" if is_assisted else "/")  # which leads the member of staff to their own work
    visit.ports.door.sign_out(visit.request, response)
    return response


def _form(visit: Visit, back: str, is_staff: bool, error: BoramError | None = None) -> Response:  # noqa: FBT001
    back = local_path(back) if back else ""
    status = error.status if error else 200
    return visit.render(
        "sign_in.html",
        status,
        back_to=back,
        is_staff=is_staff,
        done=visit.request.query_params.get("done", ""),
        error=error,
        takes_passkeys=visit.ports.relying_party is not None,
        has_sign_on=visit.ports.sign_on is not None,
    )
