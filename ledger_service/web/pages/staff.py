"""The administrator's: who of the staff may act, and how each proves who they are. No address names anybody."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import actors
from ledger_service.reads.actors import AccountLine
from ledger_service.services import accounts, sign_in, sign_on
from ledger_service.services.sign_on import provider_of
from ledger_service.web.visit import Visit


def home(visit: Visit) -> Response:
    """Everybody but residents."""
    return visit.render("staff/home.html", found=actors.account_lines(visit.context.journal))


def one(visit: Visit, error: BoramError | None = None, *, invitation: str | None = None) -> Response:
    """One account; right after an invitation its secret, which is told this once."""
    return visit.render(
        "staff/one.html",
        error.status if error else 200,
        one=_account(visit),
        invitation=invitation,
        has_sign_on=visit.ports.sign_on is not None,
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def again(visit: Visit, error: BoramError) -> Response:
    """The same with what is wrong."""
    return one(visit, error)


def invite(visit: Visit) -> Response:
    """A secret by which password and second factor are set; also after a lost phone or device."""
    return one(visit, invitation=accounts.invite(visit.context, visit.me, _account(visit).id))


def register(visit: Visit) -> Response:
    """Let a subject of the district's own sign-on into this account."""
    provider = provider_of(visit.ports.sign_on)
    subject = visit.fields.get("subject", "").strip()
    sign_on.register(visit.context, visit.me, provider, _account(visit).id, subject)
    return _back(visit, "registered")


def unregister(visit: Visit) -> Response:
    """Nobody signs in to it by the district's sign-on any more."""
    sign_on.unregister(visit.context, visit.me, _account(visit).id)
    return _back(visit, "unregistered")


def end_sessions(visit: Visit) -> Response:
    """End every session of the account."""
    sign_in.end_sessions(visit.context, visit.me, _account(visit).id)
    return _back(visit, "ended")


def _account(visit: Visit) -> AccountLine:
    found = next(
        (line for line in actors.account_lines(visit.context.journal) if line.id == visit.path["account"]), None
    )
    if found is None:
        raise NotFound("there is no such account", "해당 계정이 없습니다")
    return found


def _back(visit: Visit, done: str) -> Response:
    return visit.go(f"/staff/{visit.path['account']}", done=done)
