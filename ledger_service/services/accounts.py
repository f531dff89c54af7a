"""Accounts of staff and machines: invitations, passwords with a second factor, tokens with scopes, roles, revocation.

Nobody changes their own account's rights, and whatever changes them ends every session of the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyotp

from ledger_service.domain.actors import Actor, Role, require_compatible
from ledger_service.domain.cells import plain_code
from ledger_service.domain.credentials import require_good_password
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.actors import ALL_SCOPES, TokenRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.context import Context
from ledger_service.services.sign_in import (
    TOTP_SECONDS,
    Passwords,
    SignInFailed,
    forgive,
    new_secret,
    peppered_password,
    staff_subject,
    throttled,
    totp_step,
)

INVITATION_SECONDS = 72 * 3600
TOKEN_PREFIX = "boram_"  # noqa: S105  so that a leaked one is recognised for what it is
TOKEN_DAYS_MAX = 366
TOTP_SECRET_SIGNS = 32  # 160 bits (RFC 4226)
ISSUER = "Boram"


class OwnAccount(Refused):
    """Nobody gives rights to their own account, or takes it away from others' control."""

    code = "own_account"


class InvitationOver(SignInFailed):
    """The invitation was used, its time is over, or there never was one."""

    code = "invitation_over"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What goes into an authenticator app, told once. `uri` is the content of its QR code."""

    name: str
    secret: str
    uri: str


def invite(context: Context, by: Actor, actor_id: str) -> str:
    """A secret, told once and good for three days, by which a member of staff sets password and second factor."""
    by.require(Role.ADMIN)
    with context.journal.write() as unit:
        actor = other_actor(unit, by, actor_id)
        if actor.has(Role.RESIDENT):
            raise Invalid("a resident signs in with a card", "주민은 카드로 로그인합니다")
        secret = invite_in(context, unit, by.id, actor)
        unit.commit()
    return secret


def invite_in(context: Context, unit: WriteUnit, by: str, actor: Actor) -> str:
    """Write: an invitation."""
    now = context.clock.now()
    secret = new_secret(context)
    unit.credentials.invite(actor.id, context.vault.token_hash(secret), now, now + INVITATION_SECONDS)
    unit.audit_log.write(now, by, "invite", actor.id)
    return secret


def accept_invitation(context: Context, passwords: Passwords, secret: str, password: str) -> SecondFactor:
    """Set the password; the second factor comes back and has to be shown once (`confirm_invitation`)."""
    actor = invited_actor(context, secret)
    require_good_password(password, actor.name)
    hashed = passwords.hash(peppered_password(context, actor.id, password))
    totp = pyotp.random_base32(TOTP_SECRET_SIGNS)
    now = context.clock.now()
    with context.journal.write() as unit:
        if unit.credentials.invited(context.vault.token_hash(secret), now) != actor.id:
            raise invitation_over()
        unit.credentials.put(actor.id, hashed, context.vault.seal_secret(actor.id, totp), now)
        unit.sessions.end_all(actor.id, now)
        unit.passkeys.revoke_all(actor.id, now)  # an invitation is what helps after a lost device
        unit.audit_log.write(now, actor.id, "set password", actor.id)
        unit.commit()
    uri = pyotp.TOTP(totp, interval=TOTP_SECONDS).provisioning_uri(name=actor.name, issuer_name=ISSUER)
    return SecondFactor(actor.name, totp, uri)


def confirm_invitation(context: Context, secret: str, code: str) -> Actor:
    """Show the second factor once; from now on it signs in, and the invitation is used. Raises InvitationOver, SignInFailed."""
    actor = invited_actor(context, secret)
    now = context.clock.now()
    with context.journal.write() as unit:
        found = unit.credentials.of(actor.id)
        step = totp_step(context, actor.id, found.totp_sealed, code) if found is not None else None
        if step is None or not unit.credentials.use_step(actor.id, step):
            raise SignInFailed(
                "this code is not of now: wait for the next one and type it",
                "지금 유효한 번호가 아닙니다. 다음 번호를 기다려 입력해 주세요",
            )
        if not unit.credentials.use_invitation(context.vault.token_hash(secret), now):
            raise invitation_over()
        unit.credentials.confirm(actor.id, now)
        unit.audit_log.write(now, actor.id, "confirm second factor", actor.id)
        unit.commit()
    return actor


def change_password(context: Context, passwords: Passwords, actor: Actor, address: str, old: str, new: str) -> None:
    """A new password for oneself; every session of the account ends. Raises SignInFailed where the old one is wrong."""
    require_good_password(new, actor.name)
    require_password(context, passwords, actor, address, old)
    hashed = passwords.hash(peppered_password(context, actor.id, new))
    now = context.clock.now()
    with context.journal.write() as writing:
        writing.credentials.change_password(actor.id, hashed, now)
        writing.sessions.end_all(actor.id, now)
        writing.audit_log.write(now, actor.id, "change password", actor.id)
        writing.commit()


def require_password(context: Context, passwords: Passwords, actor: Actor, address: str, password: str) -> None:
    """Whoever sits at a session shows the account's password once more. Raises SignInFailed, TooManyAttempts."""
    subject = staff_subject(context, actor.name)
    throttled(context, address, subject)
    with context.journal.read() as unit:
        found = unit.credentials.of(actor.id)
    if not passwords.verify(found.password_hash if found else None, peppered_password(context, actor.id, password)):
        raise SignInFailed("the present password is wrong", "현재 비밀번호가 맞지 않습니다")
    with context.journal.write() as writing:
        forgive(context, writing, address, subject)
        writing.commit()


def add_token(
    context: Context, by: Actor, actor_id: str, label: str, scopes: Sequence[str], days: int
) -> tuple[TokenRow, str]:
    """A bearer token of an actor, told once: for these scopes, at most a year."""
    by.require(Role.ADMIN)
    if not 0 < days <= TOKEN_DAYS_MAX:
        raise Invalid(f"a token is good for 1 to {TOKEN_DAYS_MAX} days", f"토큰은 1일에서 {TOKEN_DAYS_MAX}일까지입니다")
    now = context.clock.now()
    secret = TOKEN_PREFIX + new_secret(context)
    with context.journal.write() as unit:
        actor = other_actor(unit, by, actor_id)
        if actor.has(Role.RESIDENT):
            raise Invalid("a resident signs in with a card", "주민은 카드로 로그인합니다")
        row = TokenRow(context.new_id(), actor.id, label, tuple(sorted(set(scopes))), now, now + days * 86_400, None)
        unit.actors.add_token(row, context.vault.token_hash(secret))
        unit.audit_log.write(now, by.id, "add token", row.id, actor=actor.id, scopes=list(row.scopes), days=days)
        unit.commit()
    return row, secret


def see_token(context: Context, token_id: str) -> None:
    """A token was used: its owner sees which of them still are."""
    with context.journal.write() as unit:
        unit.actors.see_token(token_id, context.clock.now())
        unit.commit()


def revoke_token(context: Context, by: Actor, actor_id: str, token_id: str) -> None:
    """A token is worth nothing from now on."""
    by.require(Role.ADMIN)
    now = context.clock.now()
    with context.journal.write() as unit:
        if not unit.actors.revoke_token(actor_id, token_id, now):
            raise NotFound("there is no such token", "해당 토큰이 없습니다")
        unit.audit_log.write(now, by.id, "revoke token", token_id, actor=actor_id)
        unit.commit()


def change_roles(context: Context, by: Actor, actor_id: str, roles: Sequence[Role], desks: Sequence[str]) -> Actor:
    """Other roles and desks for somebody else. Their sessions end: rights that were taken are gone at once."""
    by.require(Role.ADMIN)
    require_compatible(roles)
    if Role.RESIDENT in roles:
        raise Invalid("a resident's account is made with their card", "주민 계정은 카드 발급 때 만들어집니다")
    now = context.clock.now()
    with context.journal.write() as unit:
        actor = other_actor(unit, by, actor_id)
        if actor.has(Role.RESIDENT):
            raise Invalid("a resident's account stays one", "주민 계정의 역할은 바꿀 수 없습니다")
        numbers = desk_numbers(unit, desks)
        unit.actors.change(actor.id, roles, numbers)
        ended = unit.sessions.end_all(actor.id, now)
        unit.audit_log.write(
            now, by.id, "change roles", actor.id, roles=sorted(roles), desks=sorted(numbers), before=sorted(actor.roles),
            sessions_ended=ended,
        )  # fmt: skip
        changed = unit.actors.by_id(actor.id)
        unit.commit()
    assert changed is not None
    return changed


def revoke_actor(context: Context, by: Actor, actor_id: str) -> None:
    """Somebody else acts no more: tokens and sessions are worth nothing from now on, and the name is never given again."""
    by.require(Role.ADMIN)
    now = context.clock.now()
    with context.journal.write() as unit:
        actor = other_actor(unit, by, actor_id)
        unit.actors.revoke(actor.id, now)
        unit.sessions.end_all(actor.id, now)
        unit.audit_log.write(now, by.id, "revoke actor", actor.id)
        unit.commit()


def desk_numbers(unit: Unit, desks: Sequence[str]) -> frozenset[int]:
    """The numbers of the desks of these codes (`SVC`: all of the organisation's) or kinds and codes (`venue:YJ`). Raises NotFound."""
    known = unit.master.desks()
    numbers: set[int] = set()
    for wanted in desks:
        kind, colon, code = wanted.rpartition(":")
        code = plain_code(code)
        kinds = [one for one in DeskKind if not colon or one.name.lower() == kind.strip().lower()]
        found = [desk.number for desk in known if desk.code == code and desk.kind in kinds]
        if not found:
            raise NotFound(f"there is no desk {wanted}", f"{wanted} 기관이 없습니다")
        numbers.update(found)
    return frozenset(numbers)


def known_scopes(routes: Sequence[tuple[str, str]], prefix: str) -> set[str]:
    """Every scope that a token may have, from the routes that there are."""
    return {ALL_SCOPES, "read", "write"} | {scope_of(method, path, prefix) for method, path in routes}


def scope_of(method: str, path: str, prefix: str) -> str:
    """The scope that a route wants: `read:residents`, `write:redemptions`."""
    verb = "read" if method in ("GET", "HEAD") else "write"
    return f"{verb}:{path.removeprefix(prefix).strip('/').partition('/')[0]}"


def is_within(scopes: Sequence[str], wanted: str) -> bool:
    """Whether a token of these scopes is good for a route that wants one."""
    return ALL_SCOPES in scopes or wanted in scopes or wanted.partition(":")[0] in scopes


def no_session() -> NotFound:
    """The error for who acts by a bearer token and asks for the session."""
    return NotFound("a bearer token has no session", "토큰에는 접속 정보가 없습니다")


def invited_actor(context: Context, secret: str) -> Actor:
    """Whom an invitation is for. Raises InvitationOver."""
    with context.journal.read() as unit:
        actor_id = unit.credentials.invited(context.vault.token_hash(secret), context.clock.now())
        actor = unit.actors.by_id(actor_id) if actor_id is not None else None
    if actor is None:
        raise invitation_over()
    return actor


def invitation_over() -> InvitationOver:
    """The error for an invitation that is worth nothing."""
    return InvitationOver(
        "this invitation was used or its three days are over: ask the administrator for a new one",
        "이미 사용했거나 3일이 지난 초대입니다. 관리자에게 새로 요청하세요",
    )


def other_actor(unit: Unit, by: Actor, actor_id: str) -> Actor:
    actor = unit.actors.by_id(actor_id)
    if actor is None:
        raise NotFound("there is no such account", "해당 계정이 없습니다")
    if actor.id == by.id:
        raise OwnAccount(
            "this is your own account: another administrator has to do it",
            "본인 계정입니다. 다른 관리자가 처리해야 합니다",
        )
    return actor
