"""A district's own sign-on for staff (OpenID Connect), where it has one.

The provider says who somebody is and nothing more: a subject that an administrator registered for an account signs in to that account, any other
subject to none. No account, role or desk ever comes from the provider. State, nonce and the code's verifier follow from a secret that only this
browser has, and each state is used once.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.addresses import network_of
from ledger_service.errors import BoramError, Invalid, NotFound, Unavailable
from ledger_service.services.accounts import other_actor
from ledger_service.services.context import Context
from ledger_service.services.sign_in import (
    UNKNOWN,
    SignedIn,
    SignInFailed,
    failed,
    forgive,
    new_secret,
    open_session,
    throttled,
)

STATE_SECONDS = 600
SIGN_ON = "-sign-on"  # behind the session cookie's name: a browser that is on its way through the provider
SUBJECT_LENGTH_MAX = 255


class SignOnOff(NotFound):
    """There is no sign-on of the district's own (BORAM_SIGN_ON_ISSUER)."""

    code = "sign_on_off"


class SignOnUnavailable(Unavailable):
    """The provider does not answer, or not as it should; the other ways to sign in are open."""

    code = "sign_on_unavailable"


class TokenRefused(BoramError):
    """What the provider gave is not a good ID token for this sign-in."""

    code = "sign_on_refused"
    status = 401


class Provider(Protocol):
    """The district's provider."""

    @property
    def issuer(self) -> str:
        """Its name, as its tokens give it."""
        ...

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser goes to sign in there. Raises SignOnUnavailable."""
        ...

    def subject(self, code: str, nonce: str, verifier: str, now: int) -> str:
        """Who came back with this code, by the ID token that it is exchanged for. Raises SignOnUnavailable, TokenRefused."""
        ...


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser."""

    address: str


def provider_of(provider: Provider | None) -> Provider:
    """The provider; SignOnOff where there is none."""
    if provider is None:
        raise SignOnOff("this district has no sign-on of its own here", "이 서비스에는 구청 통합 로그인이 없습니다")
    return provider


def depart(context: Context, provider: Provider, browser: str) -> Departure:
    """Send a browser to the provider; `browser` is a secret that only it has, in a cookie. Nothing is written."""
    until, salt = context.clock.now() + STATE_SECONDS, new_secret(context)
    state = f"{until}.{salt}.{_derived(context, 'state', browser, f'{until}.{salt}')}"
    nonce, verifier = (_derived(context, purpose, browser, state) for purpose in ("nonce", "verifier"))
    return Departure(provider.address(state, nonce, verifier))


def arrive(context: Context, provider: Provider, address: str, browser: str, state: str, code: str) -> SignedIn:
    """A session for the account whose registered subject came back. Raises SignInFailed, TooManyAttempts, SignOnUnavailable."""
    subject = context.vault.throttle_subject("sign-on", network_of(address))
    throttled(context, address, subject)
    now = context.clock.now()
    if not _is_our_state(context, browser, state, now):
        raise failed(context, UNKNOWN)
    with context.journal.write() as unit:
        is_first = unit.passkeys.use_challenge(hashlib.sha256(state.encode()).digest(), now, now + STATE_SECONDS)
        unit.commit()
    if not is_first:
        raise failed(context, UNKNOWN)
    nonce, verifier = (_derived(context, purpose, browser, state) for purpose in ("nonce", "verifier"))
    try:
        name = provider.subject(code, nonce, verifier, now)
    except TokenRefused as error:
        raise failed(context, UNKNOWN) from error
    with context.journal.write() as unit:
        actor = unit.sign_on.actor_of(_index(context, provider.issuer, name))
        if actor is not None and not actor.has(Role.RESIDENT):
            forgive(context, unit, address, subject)
            signed_in = open_session(context, unit, actor, "district")
            unit.commit()
            return signed_in
    raise failed(context, UNKNOWN)


def register(context: Context, by: Actor, provider: Provider, actor_id: str, subject: str) -> None:
    """From now on this subject of the provider signs in to this account; another one of the account's does no more."""
    by.require(Role.ADMIN)
    if not subject.strip() or len(subject) > SUBJECT_LENGTH_MAX:
        raise Invalid(
            f"a subject has 1 to {SUBJECT_LENGTH_MAX} characters", f"식별자는 {SUBJECT_LENGTH_MAX}자 이하입니다"
        )
    now = context.clock.now()
    with context.journal.write() as unit:
        actor = other_actor(unit, by, actor_id)
        if actor.has(Role.RESIDENT):
            raise Invalid("a resident signs in with a card", "주민은 카드로 로그인합니다")
        unit.sign_on.put(actor.id, _index(context, provider.issuer, subject), now)
        unit.audit_log.write(now, by.id, "register sign-on", actor.id)
        unit.commit()


def unregister(context: Context, by: Actor, actor_id: str) -> None:
    """Nobody signs in to this account by the provider any more; its sessions end."""
    by.require(Role.ADMIN)
    now = context.clock.now()
    with context.journal.write() as unit:
        if not unit.sign_on.remove(actor_id):
            raise NotFound("this account has no sign-on", "통합 로그인이 등록되지 않은 계정입니다")
        ended = unit.sessions.end_all(actor_id, now)
        unit.audit_log.write(now, by.id, "remove sign-on", actor_id, sessions_ended=ended)
        unit.commit()


def _is_our_state(context: Context, browser: str, state: str, now: int) -> bool:
    until, _, rest = state.partition(".")
    salt, _, mac = rest.partition(".")
    if not (browser and until.isascii() and until.isdigit() and len(until) < 16 and int(until) > now):
        return False
    return hmac.compare_digest(mac.encode(), _derived(context, "state", browser, f"{until}.{salt}").encode())


def _derived(context: Context, purpose: str, browser: str, text: str) -> str:
    return context.vault.form_token(f"sign-on\x1f{purpose}\x1f{browser}\x1f{text}")


def _index(context: Context, issuer: str, subject: str) -> bytes:
    """By what a subject is found: the books do not hold what the provider calls somebody."""
    return context.vault.sign_on_index(issuer, subject)


__all__ = ["Departure", "Provider", "SignInFailed", "SignOnUnavailable", "TokenRefused"]
