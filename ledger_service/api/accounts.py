"""The administrator's: invitations, roles, tokens with scopes, and taking all of it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field

from ledger_service.api.access import ACCESS, PREFIX
from ledger_service.api.guard import new_router
from ledger_service.api.models import Answer, Id, IdPath, Question, responses
from ledger_service.api.office import ACTORS_TAG, RoleName
from ledger_service.api.ports import ActorPort, ContextPort, ports_of
from ledger_service.api.sessions import Done
from ledger_service.domain.actors import Role
from ledger_service.errors import Invalid
from ledger_service.reads import actors
from ledger_service.reads.actors import ActorLine, TokenLine
from ledger_service.services import accounts, sign_in, sign_on

router = new_router(ACTORS_TAG, "/actors")


class Invited(Answer):
    """The secret of an invitation, told once: by it a password and a second factor are set within three days."""

    secret: str


class NewRoles(Question):
    """All roles and desks from now on."""

    roles: list[RoleName] = Field(min_length=1, max_length=8, examples=[["clerk", "approver"]])
    desks: list[Annotated[str, Field(min_length=1, max_length=41)]] = Field(
        default=[], max_length=300, examples=[["SVC"]]
    )


class NewToken(Question):
    """A bearer token for a machine. A scope is `read`, `write`, or one of them with a part of the API: `write:redemptions`."""

    label: str = Field(min_length=1, max_length=64, examples=["kiosk-3"])
    scopes: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=30, examples=[["read:programmes", "write:records"]]
    )
    days: int = Field(ge=1, le=accounts.TOKEN_DAYS_MAX, examples=[90])


class SignOnSubject(Question):
    """What the district's own sign-on calls somebody (`sub` of its ID tokens)."""

    subject: str = Field(min_length=1, max_length=sign_on.SUBJECT_LENGTH_MAX)


class TokenAdded(Answer):
    """The new token, told once."""

    id: Id
    token: str
    scopes: list[str]
    expires_at: int | None


@router.post("/{actor_id}/invitation", status_code=201, responses=responses(401, 403, 404, 409, 422))
def invite(actor_id: IdPath, context: ContextPort, actor: ActorPort) -> Invited:
    """Invite a member of staff to set password and second factor; also after a lost phone."""
    return Invited(secret=accounts.invite(context, actor, actor_id))


@router.post("/{actor_id}/roles", responses=responses(401, 403, 404, 409, 422))
def change_roles(actor_id: IdPath, new: NewRoles, context: ContextPort, actor: ActorPort) -> ActorLine:
    """Change somebody else's roles and desks; their sessions end."""
    roles = [Role(role) for role in new.roles]
    return actors.line_of(accounts.change_roles(context, actor, actor_id, roles, new.desks))


@router.post("/{actor_id}/sign-on", responses=responses(401, 403, 404, 409, 422))
def register_sign_on(
    request: Request, actor_id: IdPath, named: SignOnSubject, context: ContextPort, actor: ActorPort
) -> Done:
    """Let a subject of the district's own sign-on into this account. The provider says who somebody is; what they may do is said here."""
    sign_on.register(context, actor, sign_on.provider_of(ports_of(request).sign_on), actor_id, named.subject)
    return Done()


@router.post("/{actor_id}/sign-on/remove", responses=responses(401, 403, 404))
def remove_sign_on(actor_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """Nobody signs in to this account by the district's sign-on any more."""
    sign_on.unregister(context, actor, actor_id)
    return Done()


@router.post("/{actor_id}/revoke", responses=responses(401, 403, 404, 409))
def revoke(actor_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """Somebody acts no more; their tokens and sessions are over."""
    accounts.revoke_actor(context, actor, actor_id)
    return Done()


@router.post("/{actor_id}/sessions/end", responses=responses(401, 403))
def end_sessions(actor_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """End every session of an account."""
    sign_in.end_sessions(context, actor, actor_id)
    return Done()


@router.get("/{actor_id}/tokens", responses=responses(401, 403))
def list_tokens(actor_id: IdPath, context: ContextPort) -> list[TokenLine]:
    """An account's tokens, without their secrets."""
    return actors.token_lines(context.journal, actor_id)


@router.post("/{actor_id}/tokens", status_code=201, responses=responses(401, 403, 404, 409, 422))
def add_token(actor_id: IdPath, new: NewToken, context: ContextPort, actor: ActorPort) -> TokenAdded:
    """A bearer token with scopes and an end, for somebody else's account."""
    unknown = sorted(set(new.scopes) - accounts.known_scopes(list(ACCESS), PREFIX))
    if unknown:
        raise Invalid(f"there is no scope {unknown[0]}", f"{unknown[0]} 범위는 없습니다")
    row, token = accounts.add_token(context, actor, actor_id, new.label, new.scopes, new.days)
    return TokenAdded(id=row.id, token=token, scopes=list(row.scopes), expires_at=row.expires_at)


@router.post("/{actor_id}/tokens/{token_id}/revoke", responses=responses(401, 403, 404))
def revoke_token(actor_id: IdPath, token_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """A token is worth nothing from now on."""
    accounts.revoke_token(context, actor, actor_id, token_id)
    return Done()
