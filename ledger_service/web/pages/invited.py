"""Taking up an invitation: a password, and then a second factor, which is shown once before anybody signs in with it."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError
from ledger_service.services import accounts, passkey_factor
from ledger_service.services.accounts import SecondFactor
from ledger_service.services.passkeys import party_of
from ledger_service.web.receipt_code import code_svg
from ledger_service.web.visit import Visit


def ask(visit: Visit, error: BoramError | None = None) -> Response:
    """The invitation's secret and a password; the secret is typed, so that it stands in no address."""
    return visit.render("invited/password.html", error.status if error else 200, error=error)


def ask_again(visit: Visit, error: BoramError) -> Response:
    """The same with what is wrong."""
    return ask(visit, error)


def accept(visit: Visit) -> Response:
    """Set the password; what goes into an authenticator app is shown this once."""
    factor = accounts.accept_invitation(
        visit.context, visit.ports.passwords, _secret(visit), visit.fields.get("password", "")
    )
    return _second(visit, factor=factor)


def confirm(visit: Visit) -> Response:
    """Show the first code; from now on both sign in."""
    accounts.confirm_invitation(visit.context, _secret(visit), visit.text("code"))
    return visit.go("/sign-in", staff=1, done="invited")


def confirm_again(visit: Visit, error: BoramError) -> Response:
    """Another code, for what the app holds already; a new start where the invitation is over."""
    return ask(visit, error) if error.code == "invitation_over" else _second(visit, error)


def begin_passkey(visit: Visit) -> Response:
    """The page that asks a device, in the place of codes; it has a script, because nothing else can."""
    secret = _secret(visit)
    ceremony = passkey_factor.ask_invited(visit.context, party_of(visit.ports.relying_party), secret)
    return visit.render("invited/passkey.html", ceremony=ceremony, secret=secret)


def add_passkey(visit: Visit) -> Response:
    """Keep what the device made."""
    passkey_factor.confirm_invited(
        visit.context, party_of(visit.ports.relying_party), _secret(visit),
        visit.fields.get("challenge", ""), visit.fields.get("credential", ""), visit.text("name"),
    )  # fmt: skip
    return visit.go("/sign-in/passkey")


def _second(visit: Visit, error: BoramError | None = None, factor: SecondFactor | None = None) -> Response:
    return visit.render(
        "invited/second.html",
        error.status if error else 200,
        secret=_secret(visit),
        factor=factor,
        svg=code_svg(factor.uri, visit.say("인증 앱 QR")) if factor is not None else "",
        takes_passkeys=visit.ports.relying_party is not None,
        error=error,
    )


def _secret(visit: Visit) -> str:
    return visit.fields.get("secret", "").strip()
