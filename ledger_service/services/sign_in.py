"""Signing in: staff by password and a second factor, residents by card and PIN or a code on their phone; sessions.

An attempt is counted in the books before its secret is looked at, by account and by address; whoever is unknown gets the same answer after
the same work. A session's secret is told once and stored as its SHA-256.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Protocol

import pyotp

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.addresses import network_of
from ledger_service.domain.credentials import (
    FAILURES_MAX,
    FAILURES_OF_ADDRESS_MAX,
    plain_password,
    read_card_number,
    read_pin,
)
from ledger_service.errors import BoramError, NotFound, Unavailable
from ledger_service.journal.credentials import CardRow, CredentialRow
from ledger_service.journal.sessions import SessionRow, session_hash
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context

SECRET_BYTES = 32
IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 12 * 3600
ASSISTED_IDLE_SECONDS = 5 * 60
ASSISTED_SECONDS = 10 * 60
TOTP_SECONDS = 30
TOTP_STEPS_AROUND = 1  # a clock may be half a minute off
SECRET_LENGTH_MAX = 512
UNKNOWN = "unknown"


class Passwords(Protocol):
    """A slow hash that is as slow for nobody as for somebody."""

    def hash(self, secret: str) -> str:
        """A hash to store."""
        ...

    def verify(self, stored: str | None, secret: str) -> bool:
        """Whether the secret is the stored one; False, after the same work, where there is none."""
        ...


class SignInFailed(BoramError):
    """Unknown, or a wrong secret: which of them is not said."""

    code = "sign_in_failed"
    status = 401


class TooManyAttempts(BoramError):
    """Too many wrong attempts for this account or from this address. Fields: seconds."""

    code = "too_many_attempts"
    status = 429


class SignInBusy(Unavailable):
    """As many secrets are being checked as may be at once; nothing was done."""

    code = "sign_in_busy"

    def __init__(self) -> None:
        super().__init__(
            "many people are signing in: try again in a few seconds",
            "접속이 몰리고 있습니다. 잠시 뒤 다시 시도해 주세요",
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: its secret, told once, and who acts in it."""

    secret: str
    session: SessionRow
    actor: Actor


def sign_in_staff(
    context: Context, passwords: Passwords, address: str, name: str, password: str, code: str
) -> SignedIn:
    """A session for a member of staff. Raises SignInFailed, TooManyAttempts."""
    subject = staff_subject(context, name)
    throttled(context, address, subject)
    actor, found, is_right = check_password(context, passwords, name, password)
    owner = actor.id if actor is not None else UNKNOWN
    step = totp_step(context, owner, found.totp_sealed, code) if found is not None else None
    if not is_right or step is None or actor is None:
        raise failed(context, owner)
    with context.journal.write() as unit:
        if unit.credentials.use_step(actor.id, step):
            forgive(context, unit, address, subject)
            signed_in = open_session(context, unit, actor, "password totp")
            unit.commit()
            return signed_in
    raise failed(context, owner)


def check_password(
    context: Context, passwords: Passwords, name: str, password: str
) -> tuple[Actor | None, CredentialRow | None, bool]:
    """Whose name it is, and whether it is their password; the same work where there is nobody. A second factor has to follow."""
    with context.journal.read() as unit:
        actor = unit.actors.by_name(name)
        found = unit.credentials.of(actor.id) if actor is not None else None
    stored = found.password_hash if found is not None and found.confirmed_at is not None else None
    owner = actor.id if actor is not None else UNKNOWN
    is_right = passwords.verify(stored, peppered_password(context, owner, password))
    return actor, found, is_right and actor is not None and not actor.has(Role.RESIDENT)


def staff_subject(context: Context, name: str) -> bytes:
    """By what attempts at an account of staff are counted, whatever the second factor is."""
    return context.vault.throttle_subject("staff", name)


def sign_in_resident(context: Context, passwords: Passwords, address: str, card_number: str, pin: str) -> SignedIn:
    """A session for a resident, by card and PIN. Raises SignInFailed, TooManyAttempts."""
    card = check_card(context, passwords, address, card_number, pin)
    with context.journal.write() as unit:
        signed_in = open_session(context, unit, resident_of(context, unit, card.person_id), "card pin")
        unit.commit()
    return signed_in


def sign_in_by_phone(context: Context, address: str, card_number: str, code: str) -> SignedIn:
    """A session for a resident, by card and the code that was sent to their phone."""
    subject = _card_subject(context, card_number)
    throttled(context, address, subject)
    card = _card_of(context, card_number)
    digits = read_pin(code)
    if card is not None and digits is not None:
        now = context.clock.now()
        with context.journal.write() as unit:
            sent = unit.credentials.open_phone_code(card.person_id, now)
            if (
                sent is not None
                and hmac.compare_digest(sent[1], phone_code_hash(context, sent[0], digits))
                and unit.credentials.use_phone_code(sent[0], now)
            ):
                forgive(context, unit, address, subject)
                signed_in = open_session(context, unit, resident_of(context, unit, card.person_id), "card phone")
                unit.commit()
                return signed_in
    raise failed(context, UNKNOWN if card is None else card.person_id)


def assist(context: Context, passwords: Passwords, staff: Actor, address: str, card_number: str, pin: str) -> SignedIn:
    """A short session of a resident at a desk: the resident shows card and PIN, staff type for them. Both are recorded."""
    staff.require(Role.CLERK, Role.APPROVER, Role.VENUE, Role.OFFICE)
    card = check_card(context, passwords, address, card_number, pin)
    with context.journal.write() as unit:
        signed_in = open_session(
            context, unit, resident_of(context, unit, card.person_id), "card pin", assisted_by=staff.id
        )
        unit.commit()
    return signed_in


def check_card(context: Context, passwords: Passwords, address: str, card_number: str, pin: str) -> CardRow:
    """The card of a number, once its PIN was shown. Raises SignInFailed, TooManyAttempts."""
    subject = _card_subject(context, card_number)
    throttled(context, address, subject)
    card = _card_of(context, card_number)
    owner = card.id if card is not None else UNKNOWN
    is_right = passwords.verify(card.pin_hash if card else None, context.vault.peppered(owner, read_pin(pin) or ""))
    if not is_right or card is None:
        raise failed(context, UNKNOWN if card is None else card.person_id)
    with context.journal.write() as unit:
        forgive(context, unit, address, subject)
        unit.commit()
    return card


def open_session(
    context: Context, unit: WriteUnit, actor: Actor, factors: str, assisted_by: str | None = None, door: str = ""
) -> SignedIn:
    """Write: a session with a secret of its own. A new one at each sign-in: nothing from before it goes on. One of a `door` waits for whoever
    comes, and rests for as long as it lives."""
    now = context.clock.now()
    idle, absolute = (
        (IDLE_SECONDS, ABSOLUTE_SECONDS) if assisted_by is None else (ASSISTED_IDLE_SECONDS, ASSISTED_SECONDS)
    )
    secret = new_secret(context)
    idle = absolute if door else idle
    row = SessionRow(context.new_id(), actor.id, assisted_by, factors, now, now, idle, now + absolute, door)
    unit.sessions.add(row, session_hash(secret))
    detail = {} if assisted_by is None else {"assisted_by": assisted_by}
    if door:
        detail["door"] = door
    unit.audit_log.write(now, actor.id, "sign in", row.id, factors=factors, **detail)
    return SignedIn(secret, row, actor)


def see_session(context: Context, session_id: str) -> None:
    """A session was used: its idle time begins again."""
    with context.journal.write() as unit:
        unit.sessions.see(session_id, context.clock.now())
        unit.commit()


def end_session(context: Context, actor: Actor, session_id: str) -> None:
    """End one of the actor's own sessions; NotFound where there is none."""
    now = context.clock.now()
    with context.journal.write() as unit:
        if not unit.sessions.end(actor.id, session_id, now):
            raise NotFound("there is no such session of yours", "해당 접속이 없습니다")
        unit.audit_log.write(now, actor.id, "sign out", session_id)
        unit.commit()


def end_sessions(context: Context, actor: Actor, actor_id: str) -> int:
    """End every session of an actor: one's own, or as the administrator anybody's. How many were open."""
    if actor_id != actor.id:
        actor.require(Role.ADMIN)
    now = context.clock.now()
    with context.journal.write() as unit:
        ended = unit.sessions.end_all(actor_id, now)
        unit.audit_log.write(now, actor.id, "end sessions", actor_id, ended=ended)
        unit.commit()
    return ended


def resident_of(context: Context, unit: WriteUnit, person_id: str) -> Actor:
    """Write: the account in which a resident acts, made where there is none yet. Whose number was merged acts as who they are now."""
    person = person_of(unit, person_id)
    actor = unit.actors.of_person(person.id)
    if actor is None:
        actor = Actor(context.new_id(), f"resident-{person.id}", frozenset({Role.RESIDENT}), frozenset(), person.id)
        unit.actors.add(actor, None, context.clock.now())
    return actor


def new_secret(context: Context) -> str:
    """256 random bits as text."""
    return urlsafe_b64encode(context.random_bytes(SECRET_BYTES)).decode().rstrip("=")


def peppered_password(context: Context, owner: str, password: str) -> str:
    """What is given to argon2 in a password's place."""
    return context.vault.peppered(owner, plain_password(password[:SECRET_LENGTH_MAX]))


def phone_code_hash(context: Context, code_id: str, digits: str) -> bytes:
    """What is stored of a code that went to a phone."""
    return bytes.fromhex(context.vault.peppered(code_id, digits))


def totp_step(context: Context, owner: str, sealed: bytes, code: str) -> int | None:
    """The half minute that a one-time password (RFC 6238) is of, if it is of one around now."""
    digits = read_pin(code)
    if digits is None:
        return None
    generator = pyotp.TOTP(context.vault.open_secret(owner, sealed), interval=TOTP_SECONDS)
    now = context.clock.now() // TOTP_SECONDS
    steps = range(now - TOTP_STEPS_AROUND, now + TOTP_STEPS_AROUND + 1)
    return next((step for step in steps if hmac.compare_digest(generator.generate_otp(step), digits)), None)


def throttled(context: Context, address: str, subject: bytes) -> None:
    """Count an attempt for address and account, in a transaction of its own: what follows cannot undo it."""
    now = context.clock.now()
    with context.journal.write() as unit:
        until = unit.throttles.attempt(_address_subject(context, address), FAILURES_OF_ADDRESS_MAX, now)
        if not until:
            until = unit.throttles.attempt(subject, FAILURES_MAX, now)
        unit.commit()
    if until:
        raise TooManyAttempts(
            f"too many wrong attempts: try again in {-(-(until - now) // 60)} minutes",
            f"여러 번 잘못 입력했습니다. {-(-(until - now) // 60)}분 뒤에 다시 시도해 주세요",
            seconds=until - now,
        )


def forgive(context: Context, unit: WriteUnit, address: str, subject: bytes) -> None:
    """Write: the attempt was good, and does not count."""
    now = context.clock.now()
    unit.throttles.take_back(_address_subject(context, address), now)
    unit.throttles.succeeded(subject, now)


def failed(context: Context, subject: str) -> SignInFailed:
    """The one answer to whatever was wrong, and its line in the audit log."""
    with context.journal.write() as unit:
        unit.audit_log.write(context.clock.now(), UNKNOWN, "sign-in failed", subject)
        unit.commit()
    return SignInFailed(
        "this is not a valid sign-in: look at what you typed and try again",
        "입력하신 정보가 맞지 않습니다. 확인하고 다시 시도해 주세요",
    )


def _card_of(context: Context, card_number: str) -> CardRow | None:
    number = read_card_number(card_number)
    if number is None:
        return None
    with context.journal.read() as unit:
        return unit.credentials.card(context.vault.card_index(number))


def _card_subject(context: Context, card_number: str) -> bytes:
    return context.vault.throttle_subject("card", read_card_number(card_number) or card_number[:SECRET_LENGTH_MAX])


def _address_subject(context: Context, address: str) -> bytes:
    return context.vault.throttle_subject("address", network_of(address))
