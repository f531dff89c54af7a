"""A passkey in the place of the one-time code: beside the password at sign-in, and when an invitation is taken up.

With the password before it a device need not know its owner: a plain security key is something to have, the password something to know.
"""

from __future__ import annotations

import pyotp

from ledger_service.domain.actors import Actor
from ledger_service.errors import Refused
from ledger_service.services.accounts import TOTP_SECRET_SIGNS, invitation_over, invited_actor
from ledger_service.services.context import Context
from ledger_service.services.passkeys import (
    Ceremony,
    DeviceAnswer,
    RelyingParty,
    ask_device,
    keep,
    made_by_device,
    named_by,
    open_by_device,
)
from ledger_service.services.sign_in import (
    UNKNOWN,
    Passwords,
    SignedIn,
    check_password,
    failed,
    staff_subject,
    throttled,
)

INVITED = "invited"


class PasswordFirst(Refused):
    """The invitation is taken up with a password first; the second factor follows."""

    code = "password_first"


def sign_in(
    context: Context,
    party: RelyingParty,
    passwords: Passwords,
    address: str,
    browser: str,
    name: str,
    password: str,
    challenge: str,
    credential: str,
) -> SignedIn:
    """A session for a member of staff by password and passkey. Raises SignInFailed, TooManyAttempts."""
    subject = staff_subject(context, name)
    throttled(context, address, subject)
    actor, _, is_right = check_password(context, passwords, name, password)
    row, owner = named_by(context, credential)
    if not is_right or actor is None or row is None or owner is None or owner.id != actor.id:
        raise failed(context, actor.id if actor is not None else UNKNOWN)
    shown = DeviceAnswer(row, browser, challenge, credential)
    return open_by_device(context, party, address, subject, actor, shown, is_alone=False)


def ask_invited(context: Context, party: RelyingParty, secret: str) -> Ceremony:
    """Begin to take up an invitation with a passkey, once the password is set. Raises InvitationOver, PasswordFirst."""
    actor = invited_actor(context, secret)
    _require_password(context, actor)
    return ask_device(context, party, actor, INVITED, secret, [])


def confirm_invited(
    context: Context, party: RelyingParty, secret: str, challenge: str, credential: str, name: str
) -> Actor:
    """Keep the passkey that the invited person's device made: the second factor, in the place of one-time codes.

    Raises InvitationOver, PasswordFirst, PasskeyRefused.
    """
    actor = invited_actor(context, secret)
    _require_password(context, actor)
    row = made_by_device(context, party, actor, INVITED, secret, challenge, credential, name)
    now = context.clock.now()
    untold = pyotp.random_base32(TOTP_SECRET_SIGNS)  # the one that was shown signs in nobody
    with context.journal.write() as unit:
        if not unit.credentials.use_invitation(context.vault.token_hash(secret), now):
            raise invitation_over()
        keep(unit, row, challenge)
        unit.credentials.reseal(actor.id, context.vault.seal_secret(actor.id, untold))
        unit.credentials.confirm(actor.id, now)
        unit.audit_log.write(now, actor.id, "confirm second factor", actor.id)
        unit.commit()
    return actor


def _require_password(context: Context, actor: Actor) -> None:
    with context.journal.read() as unit:
        found = unit.credentials.of(actor.id)
    if found is None or found.confirmed_at is not None:
        raise PasswordFirst("set a password by the invitation first", "먼저 초대 번호로 비밀번호를 정해 주세요")
