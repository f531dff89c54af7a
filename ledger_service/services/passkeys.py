"""Passkeys of staff (WebAuthn): one act with a device that knows its owner, in the place of password and one-time code. A device that does not
verify its owner signs in beside the password only (services/passkey_factor.py).

A ceremony's challenge is good for five minutes, for one browser or session, and once: its token is signed for whoever asked, and its hash is
written down in the transaction that uses it. The device signs the origin and the domain that it saw, so that a page of somebody else's gets
nothing that is good here. A counter that does not grow says that the key was copied.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused
from ledger_service.journal.passkeys import PasskeyRow as Passkey
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accounts import require_password
from ledger_service.services.context import Context
from ledger_service.services.sign_in import (
    UNKNOWN,
    Passwords,
    SignedIn,
    failed,
    forgive,
    new_secret,
    open_session,
    throttled,
)

__all__ = ["Ceremony", "Passkey", "RelyingParty"]

CHALLENGE_SECONDS = 300
CREDENTIAL_BYTES_MAX = 16 * 1024
PASSKEYS_MAX = 10
NAME_LENGTH_MAX = 64
PASSKEY = "-passkey"  # behind the session cookie's name: a browser that is about to sign in
REGISTER, SIGN_IN = "register", "sign in"


class PasskeyRefused(Invalid):
    """This answer of a device is not one to the question that was asked here."""

    code = "passkey_refused"


class PasskeysOff(NotFound):
    """The service was not told its public address (BORAM_ORIGIN), to which passkeys are bound."""

    code = "passkeys_off"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """What passkeys are bound to: the domain, and the origins from which they may be used."""

    domain: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A question to a device: `options` is the browser's JSON, `challenge` comes back with the answer."""

    challenge: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceAnswer:
    """What a device answered to the question that this browser was asked, and the passkey that it names. Nothing is proven by that."""

    passkey: Passkey
    browser: str
    challenge: str
    credential: str


def party_of(party: RelyingParty | None) -> RelyingParty:
    """The relying party; PasskeysOff where there is none."""
    if party is None:
        raise PasskeysOff(
            "passkeys are off here: BORAM_ORIGIN names no public address", "이 서비스에서는 패스키를 쓰지 않습니다"
        )
    return party


def ask_new(
    context: Context, party: RelyingParty, passwords: Passwords, actor: Actor, address: str, session: str, password: str
) -> Ceremony:
    """Begin to add a passkey to one's own account, in a session (`session`: its secret) and with the password shown once more."""
    _require_staff(actor)
    require_password(context, passwords, actor, address, password)
    with context.journal.read() as unit:
        known = unit.passkeys.of_actor(actor.id)
    if len(known) >= PASSKEYS_MAX:
        raise Refused(f"an account has at most {PASSKEYS_MAX} passkeys", f"패스키는 {PASSKEYS_MAX}개까지 등록합니다")
    return ask_device(context, party, actor, REGISTER, session, [one.credential_id for one in known])


def ask_device(
    context: Context, party: RelyingParty, actor: Actor, purpose: str, owner: str, known: Sequence[bytes]
) -> Ceremony:
    """The question for a new passkey of an account. Nothing is written."""
    challenge = _new_challenge(context, purpose, owner)
    options = generate_registration_options(
        rp_id=party.domain,
        rp_name=party.name,
        user_id=actor.id.encode(),
        user_name=actor.name,
        challenge=_bytes_of(challenge),
        timeout=CHALLENGE_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return Ceremony(challenge, orjson.loads(options_to_json(options)))


def add(
    context: Context, party: RelyingParty, actor: Actor, session: str, challenge: str, credential: str, name: str
) -> Passkey:
    """Keep the passkey that a device made. Raises PasskeyRefused."""
    _require_staff(actor)
    row = made_by_device(context, party, actor, REGISTER, session, challenge, credential, name)
    with context.journal.write() as unit:
        keep(unit, row, challenge)
        unit.commit()
    return row


def made_by_device(
    context: Context,
    party: RelyingParty,
    actor: Actor,
    purpose: str,
    owner: str,
    challenge: str,
    credential: str,
    name: str,
) -> Passkey:
    """The passkey that a device made in answer to our question. Raises PasskeyRefused."""
    _require_challenge(context, purpose, owner, challenge)
    try:
        made = verify_registration_response(
            credential=_parsed(credential),
            expected_challenge=_bytes_of(challenge),
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            require_user_verification=False,  # one that does not verify signs in beside the password only
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused() from error
    return Passkey(
        context.new_id(), actor.id, made.credential_id, made.credential_public_key, made.sign_count,
        name.strip()[:NAME_LENGTH_MAX] or "passkey", context.clock.now(), None,
    )  # fmt: skip


def keep(unit: WriteUnit, row: Passkey, challenge: str) -> None:
    """Write: a passkey, and its challenge is used up. Raises PasskeyRefused where it was before."""
    now = row.created_at
    if not unit.passkeys.use_challenge(_bytes_of(challenge), now, now + CHALLENGE_SECONDS):
        raise _refused()
    unit.passkeys.add(row)
    unit.audit_log.write(now, row.actor_id, "add passkey", row.id)


def ask_sign_in(context: Context, party: RelyingParty, browser: str) -> Ceremony:
    """Begin to sign in; `browser` is a secret that only this browser has, in a cookie. Nothing is written."""
    challenge = _new_challenge(context, SIGN_IN, browser)
    options = generate_authentication_options(
        rp_id=party.domain,
        challenge=_bytes_of(challenge),
        timeout=CHALLENGE_SECONDS * 1000,
        user_verification=UserVerificationRequirement.PREFERRED,  # `sign_in` requires it
    )
    return Ceremony(challenge, orjson.loads(options_to_json(options)))


def sign_in(
    context: Context, party: RelyingParty, address: str, browser: str, challenge: str, credential: str
) -> SignedIn:
    """A session for a member of staff whose device answered. Raises SignInFailed, TooManyAttempts."""
    subject = context.vault.throttle_subject("passkey", _id_of(credential).hex())
    throttled(context, address, subject)
    row, actor = named_by(context, credential)
    if row is None or actor is None or actor.has(Role.RESIDENT):
        raise failed(context, UNKNOWN)
    shown = DeviceAnswer(row, browser, challenge, credential)
    return open_by_device(context, party, address, subject, actor, shown, is_alone=True)


def open_by_device(
    context: Context,
    party: RelyingParty,
    address: str,
    subject: bytes,
    actor: Actor,
    shown: DeviceAnswer,
    *,
    is_alone: bool,
) -> SignedIn:
    """Write: a session of whose device answered this browser's question, once. `is_alone`: without a password, so that the device has to
    know its owner. Raises SignInFailed.
    """
    count = _count_shown(context, party, shown, is_alone=is_alone)
    if count is None:
        raise failed(context, actor.id)
    with context.journal.write() as unit:
        if _use(context, unit, shown, count):
            forgive(context, unit, address, subject)
            signed_in = open_session(context, unit, actor, "passkey" if is_alone else "password passkey")
            unit.commit()
            return signed_in
    raise failed(context, actor.id)


def named_by(context: Context, credential: str) -> tuple[Passkey | None, Actor | None]:
    """The passkey that a device's answer names, and whose it is. Nothing is proven by that."""
    with context.journal.read() as unit:
        row = unit.passkeys.by_credential(_id_of(credential))
        return row, unit.actors.by_id(row.actor_id) if row is not None else None


def _count_shown(context: Context, party: RelyingParty, shown: DeviceAnswer, *, is_alone: bool) -> int | None:
    """The counter of the device; None where it did not answer as it should."""
    try:
        _require_challenge(context, SIGN_IN, shown.browser, shown.challenge)
        verified = verify_authentication_response(
            credential=_parsed(shown.credential),
            expected_challenge=_bytes_of(shown.challenge),
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            credential_public_key=shown.passkey.public_key,
            credential_current_sign_count=shown.passkey.sign_count,
            require_user_verification=is_alone,
        )
    except (PasskeyRefused, WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return verified.new_sign_count


def _use(context: Context, unit: WriteUnit, shown: DeviceAnswer, count: int) -> bool:
    """Write: the passkey was shown, and its challenge is used up; False where either was meanwhile."""
    now = context.clock.now()
    is_fresh = unit.passkeys.use_challenge(_bytes_of(shown.challenge), now, now + CHALLENGE_SECONDS)
    return is_fresh and unit.passkeys.use(shown.passkey.id, shown.passkey.sign_count, count, now)


def passkeys_of(context: Context, actor: Actor) -> list[Passkey]:
    """One's own passkeys, oldest first."""
    with context.journal.read() as unit:
        return unit.passkeys.of_actor(actor.id)


def revoke(context: Context, actor: Actor, passkey_id: str) -> None:
    """One of one's own passkeys is worth nothing from now on; NotFound where there is none."""
    now = context.clock.now()
    with context.journal.write() as unit:
        if not unit.passkeys.revoke(actor.id, passkey_id, now):
            raise NotFound("there is no such passkey of yours", "해당 패스키가 없습니다")
        unit.audit_log.write(now, actor.id, "revoke passkey", passkey_id)
        unit.commit()


def _require_staff(actor: Actor) -> None:
    if actor.has(Role.RESIDENT) or actor.assisted_by is not None:
        raise Forbidden("residents sign in with a card", "주민은 카드로 로그인합니다")


def _new_challenge(context: Context, purpose: str, owner: str) -> str:
    until, nonce = context.clock.now() + CHALLENGE_SECONDS, new_secret(context)
    return f"{until}.{nonce}.{_mac(context, purpose, owner, until, nonce)}"


def _require_challenge(context: Context, purpose: str, owner: str, challenge: str) -> None:
    """PasskeyRefused where it was not given to this owner for this purpose, or its time is over. It is used up where it is used."""
    until, _, rest = challenge.partition(".")
    nonce, _, mac = rest.partition(".")
    if not (owner and until.isascii() and until.isdigit() and len(until) < 16 and int(until) > context.clock.now()):
        raise _refused()
    if not hmac.compare_digest(mac.encode(), _mac(context, purpose, owner, int(until), nonce).encode()):
        raise _refused()


def _mac(context: Context, purpose: str, owner: str, until: int, nonce: str) -> str:
    return context.vault.form_token(f"passkey\x1f{purpose}\x1f{owner}\x1f{until}\x1f{nonce}")


def _bytes_of(challenge: str) -> bytes:
    return hashlib.sha256(challenge.encode()).digest()


def _parsed(credential: str) -> dict[str, Any]:
    if len(credential) > CREDENTIAL_BYTES_MAX:
        raise _refused()
    try:
        found = orjson.loads(credential)
    except orjson.JSONDecodeError as error:
        raise _refused() from error
    if not isinstance(found, dict):
        raise _refused()
    return found


def _id_of(credential: str) -> bytes:
    try:
        return base64url_to_bytes(str(_parsed(credential).get("rawId", "")))
    except (PasskeyRefused, ValueError):
        return b""


def _refused() -> PasskeyRefused:
    return PasskeyRefused(
        "this passkey was not taken: begin again", "패스키를 확인하지 못했습니다. 처음부터 다시 해 주세요"
    )
