"""The security of one's own account: passkeys and open sessions."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError
from ledger_service.services import passkeys
from ledger_service.services.passkeys import party_of
from ledger_service.services.sign_in import end_session as end_one
from ledger_service.services.sign_in import end_sessions
from ledger_service.web.pages.kiosk import door_names
from ledger_service.web.sessions import address_of
from ledger_service.web.visit import Visit


def home(visit: Visit, error: BoramError | None = None) -> Response:
    """What opens this account."""
    sessions = visit.ports.door.sessions(visit.request)
    return visit.render(
        "account.html",
        error.status if error else 200,
        passkeys=passkeys.passkeys_of(visit.context, visit.me),
        sessions=sessions,
        doors=door_names(visit) if any(one.door for one in sessions) else {},
        done=visit.request.query_params.get("done", ""),
        takes_passkeys=visit.ports.relying_party is not None,
        error=error,
    )


def begin(visit: Visit) -> Response:
    """The page that asks a device for a new passkey, once the password was shown; it has a script, because nothing else can."""
    ports, request = visit.ports, visit.request
    ceremony = passkeys.ask_new(
        visit.context, party_of(ports.relying_party), ports.passwords, visit.me, address_of(request),
        ports.door.session(request), visit.fields.get("password", ""),
    )  # fmt: skip
    return visit.render("passkey_new.html", ceremony=ceremony)


def add(visit: Visit) -> Response:
    """Keep what the device made."""
    ports = visit.ports
    passkeys.add(
        visit.context, party_of(ports.relying_party), visit.me, ports.door.session(visit.request),
        visit.fields.get("challenge", ""), visit.fields.get("credential", ""), visit.text("name"),
    )  # fmt: skip
    return visit.go("/account", done="added")


def revoke(visit: Visit) -> Response:
    """Take one back."""
    passkeys.revoke(visit.context, visit.me, visit.path["passkey"])
    return visit.go("/account", done="revoked")


def end_session(visit: Visit) -> Response:
    """End one session of this account."""
    end_one(visit.context, visit.me, visit.path["session"])
    return visit.go("/account", done="ended")


def sign_out_everywhere(visit: Visit) -> Response:
    """End every session of this account, this one too."""
    end_sessions(visit.context, visit.me, visit.me.id)
    return visit.go("/sign-in", staff=1)
