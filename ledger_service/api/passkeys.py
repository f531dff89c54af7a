"""Passkeys of staff: adding one, signing in with one, and taking one back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from pydantic import Field

from ledger_service.api.browser import passkey_browser, set_passkey_browser
from ledger_service.api.guard import new_router
from ledger_service.api.looking import address_of
from ledger_service.api.metrics import counted_sign_in
from ledger_service.api.models import Answer, Id, IdPath, Question, responses
from ledger_service.api.ports import ActorPort, ContextPort, ports_of
from ledger_service.api.sessions import TAG, Done, Session, begun
from ledger_service.domain.credentials import PASSWORD_SIGNS_MAX
from ledger_service.reads.actors import ActorLine, line_of
from ledger_service.services import accounts, passkey_factor, passkeys
from ledger_service.services.passkeys import Ceremony, Passkey, RelyingParty, party_of

router = new_router(TAG, "/sessions")
invitations_router = new_router(TAG, "/invitations")


class Password(Question):
    """One's own password, shown once more before an account gets another way in."""

    password: str = Field(min_length=1, max_length=4 * PASSWORD_SIGNS_MAX)


class Asked(Answer):
    """What a browser gives to `navigator.credentials` (`options`); `challenge` comes back with the device's answer."""

    challenge: str
    options: dict[str, Any]


class DeviceAnswer(Question):
    """A device's answer (`PublicKeyCredential.toJSON()`) to the question with this challenge."""

    challenge: str = Field(min_length=1, max_length=200)
    credential: dict[str, Any]


class NewPasskey(DeviceAnswer):
    """A passkey that a device made, and what its owner calls it."""

    name: str = Field("", max_length=passkeys.NAME_LENGTH_MAX)


class PasswordAndPasskey(DeviceAnswer):
    """A member of staff: name, password, and a device in the place of the one-time code."""

    name: str = Field(min_length=1, max_length=64, examples=["kim-clerk"])
    password: str = Field(min_length=1, max_length=4 * PASSWORD_SIGNS_MAX)


class InvitationSecret(Question):
    """The secret of an invitation by which a password was set."""

    secret: str = Field(min_length=1, max_length=64)


class InvitedPasskey(NewPasskey):
    """The same, and the passkey that is the second factor."""

    secret: str = Field(min_length=1, max_length=64)


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """One of one's own passkeys. Instants are UTC seconds."""

    id: Id
    name: str
    created_at: int
    used_at: int | None


@router.post("/passkey/options", responses=responses(404, 422, 429))
def ask_sign_in(request: Request, response: Response, context: ContextPort) -> Asked:
    """Begin to sign in with a passkey. The answer's cookie says later that it is the same browser."""
    return _asked(passkeys.ask_sign_in(context, _party(request), set_passkey_browser(request, response)))


@router.post("/passkey", status_code=201, responses=responses(401, 403, 404, 422, 429))
def sign_in(request: Request, response: Response, shown: DeviceAnswer, context: ContextPort) -> Session:
    """Sign in as staff with a passkey, which stands for password and one-time code."""
    with counted_sign_in("passkey"):
        signed_in = passkeys.sign_in(
            context, _party(request), address_of(request), passkey_browser(request), shown.challenge, _text(shown)
        )
    return begun(request, response, signed_in)


@router.post("/staff/passkey", status_code=201, responses=responses(401, 403, 404, 422, 429, 503))
def sign_in_with_password(
    request: Request, response: Response, shown: PasswordAndPasskey, context: ContextPort
) -> Session:
    """Sign in as staff with password and passkey: also with a security key that does not verify its owner."""
    with counted_sign_in("passkey"):
        signed_in = passkey_factor.sign_in(
            context, _party(request), ports_of(request).passwords, address_of(request), passkey_browser(request),
            shown.name, shown.password, shown.challenge, _text(shown),
        )  # fmt: skip
    return begun(request, response, signed_in)


@invitations_router.post("/passkey/options", responses=responses(401, 403, 404, 409, 422, 429))
def ask_invited(request: Request, invited: InvitationSecret, context: ContextPort) -> Asked:
    """Begin to take up an invitation with a passkey in the place of one-time codes, once the password is set."""
    return _asked(passkey_factor.ask_invited(context, _party(request), invited.secret))


@invitations_router.post("/passkey", responses=responses(401, 403, 404, 409, 422, 429))
def confirm_invited(request: Request, made: InvitedPasskey, context: ContextPort) -> ActorLine:
    """Keep the passkey that a device made; from now on it signs in."""
    party = _party(request)
    return line_of(passkey_factor.confirm_invited(context, party, made.secret, made.challenge, _text(made), made.name))


@router.get("/passkeys", responses=responses(401, 403))
def list_passkeys(context: ContextPort, actor: ActorPort) -> list[PasskeyLine]:
    """One's own passkeys."""
    return [_line(one) for one in passkeys.passkeys_of(context, actor)]


@router.post("/passkeys/options", responses=responses(401, 403, 404, 409, 422, 429))
def ask_new(request: Request, again: Password, context: ContextPort, actor: ActorPort) -> Asked:
    """Begin to add a passkey: in a session, with the password shown once more."""
    secret, passwords = _session(request), ports_of(request).passwords
    ceremony = passkeys.ask_new(context, _party(request), passwords, actor, address_of(request), secret, again.password)
    return _asked(ceremony)


@router.post("/passkeys", status_code=201, responses=responses(401, 403, 404, 409, 422))
def add_passkey(request: Request, made: NewPasskey, context: ContextPort, actor: ActorPort) -> PasskeyLine:
    """Keep the passkey that a device made."""
    secret = _session(request)
    return _line(passkeys.add(context, _party(request), actor, secret, made.challenge, _text(made), made.name))


@router.post("/passkeys/{passkey_id}/revoke", responses=responses(401, 403, 404))
def revoke_passkey(passkey_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """One of one's own passkeys is worth nothing from now on."""
    passkeys.revoke(context, actor, passkey_id)
    return Done()


def _party(request: Request) -> RelyingParty:
    return party_of(ports_of(request).relying_party)


def _session(request: Request) -> str:
    if request.state.session is None:
        raise accounts.no_session()
    secret: str = request.state.session_secret
    return secret


def _asked(ceremony: Ceremony) -> Asked:
    return Asked(challenge=ceremony.challenge, options=ceremony.options)


def _text(answer: DeviceAnswer) -> str:
    return json.dumps(answer.credential)  # takes every number and sign that a body may hold; who reads it refuses


def _line(row: Passkey) -> PasskeyLine:
    return PasskeyLine(row.id, row.name, row.created_at, row.used_at)
