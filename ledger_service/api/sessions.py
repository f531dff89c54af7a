"""Signing in and out. Secrets are in bodies only; a session's own secret is in the cookie only."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response
from pydantic import Field

from ledger_service.api.browser import forget_session, set_session
from ledger_service.api.guard import new_router
from ledger_service.api.looking import address_of
from ledger_service.api.metrics import counted_sign_in
from ledger_service.api.models import Answer, Id, IdPath, Question, responses
from ledger_service.api.ports import ActorPort, ContextPort, ports_of
from ledger_service.domain.credentials import PASSWORD_SIGNS_MAX
from ledger_service.reads import actors
from ledger_service.reads.actors import ActorLine
from ledger_service.services import accounts, cards, sign_in
from ledger_service.services.sign_in import SignedIn

TAG = "Signing in"
router = new_router(TAG, "/sessions")
invitations_router = new_router(TAG, "/invitations")

_ANSWERS = responses(401, 403, 422, 429, 503)


class StaffSignIn(Question):
    """A member of staff: name, password, and the six digits of the authenticator app."""

    name: str = Field(min_length=1, max_length=64, examples=["kim-clerk"])
    password: str = Field(min_length=1, max_length=4 * PASSWORD_SIGNS_MAX)
    code: str = Field(min_length=1, max_length=16, examples=["492039"])


class ResidentSignIn(Question):
    """A resident: the card's number, and its PIN or the code that was sent to the phone."""

    card_number: str = Field(min_length=1, max_length=40, examples=["7KQM-4XWD-P2RA-9"])
    pin: str | None = Field(None, max_length=16)
    phone_code: str | None = Field(None, max_length=16)


class CardAndPin(Question):
    """A card and its PIN, shown at a desk."""

    card_number: str = Field(min_length=1, max_length=40, examples=["7KQM-4XWD-P2RA-9"])
    pin: str = Field(min_length=1, max_length=16)


class CardNumber(Question):
    """A card's number."""

    card_number: str = Field(min_length=1, max_length=40, examples=["7KQM-4XWD-P2RA-9"])


class NewPin(CardAndPin):
    """A new PIN for one's own card."""

    new_pin: str = Field(min_length=1, max_length=16)


class NewPassword(Question):
    """A new password for oneself."""

    password: str = Field(min_length=1, max_length=4 * PASSWORD_SIGNS_MAX)
    new_password: str = Field(min_length=1, max_length=4 * PASSWORD_SIGNS_MAX)


class Invitation(Question):
    """The secret of an invitation, and the password that is to be set."""

    secret: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=4 * PASSWORD_SIGNS_MAX)


class Confirmation(Question):
    """The secret of an invitation, and the first code of the authenticator app."""

    secret: str = Field(min_length=1, max_length=64)
    code: str = Field(min_length=1, max_length=16)


class Session(Answer):
    """A session. `form_token` goes into every form and into X-Form-Token; the session's own secret is in the cookie."""

    id: Id
    actor: ActorLine
    assisted_by: Id | None
    form_token: str
    created_at: int
    idle_seconds: int
    expires_at: int


class Factor(Answer):
    """What goes into an authenticator app, shown once. `uri` is the content of its QR code."""

    name: str
    secret: str
    uri: str


class Done(Answer):
    """It is done."""

    done: bool = True


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One of one's own sessions; `is_this` is the one that asks, and one with a `door` is good for that page only."""

    id: str
    factors: str
    assisted_by: str | None
    created_at: int
    seen_at: int
    expires_at: int
    is_this: bool
    door: str


@router.post("/staff", status_code=201, responses=_ANSWERS)
def sign_in_staff(request: Request, response: Response, who: StaffSignIn, context: ContextPort) -> Session:
    """Sign in as staff. Whatever was wrong, the answer is the same."""
    passwords, address = ports_of(request).passwords, address_of(request)
    with counted_sign_in("staff"):
        signed_in = sign_in.sign_in_staff(context, passwords, address, who.name, who.password, who.code)
    return begun(request, response, signed_in)


@router.post("/resident", status_code=201, responses=_ANSWERS)
def sign_in_resident(request: Request, response: Response, who: ResidentSignIn, context: ContextPort) -> Session:
    """Sign in as a resident, by card and PIN or by card and phone."""
    address = address_of(request)
    with counted_sign_in("resident"):
        if who.phone_code is not None:
            signed_in = sign_in.sign_in_by_phone(context, address, who.card_number, who.phone_code)
        else:
            passwords = ports_of(request).passwords
            signed_in = sign_in.sign_in_resident(context, passwords, address, who.card_number, who.pin or "")
    return begun(request, response, signed_in)


@router.post("/phone-code", status_code=202, responses=_ANSWERS)
def send_phone_code(request: Request, who: CardNumber, context: ContextPort) -> Done:
    """Send a code to the phone of the card's owner. Whether there is one is not said."""
    cards.send_phone_code(context, address_of(request), who.card_number)
    return Done()


@router.post("/assisted", status_code=201, responses=_ANSWERS)
def begin_assisted(
    request: Request, response: Response, card: CardAndPin, context: ContextPort, actor: ActorPort
) -> Session:
    """At a desk: a resident's own session of ten minutes, typed by staff. Both are recorded with everything that is done."""
    with counted_sign_in("resident"):
        signed_in = sign_in.assist(
            context, ports_of(request).passwords, actor, address_of(request), card.card_number, card.pin
        )
    return begun(request, response, signed_in)


@router.get("", responses=responses(401, 403))
def list_sessions(request: Request, context: ContextPort, actor: ActorPort) -> list[SessionLine]:
    """One's own open sessions."""
    this = request.state.session.id if request.state.session is not None else None
    return [
        SessionLine(
            one.id, one.factors, one.assisted_by, one.created_at, one.seen_at, one.expires_at, one.id == this, one.door
        )
        for one in actors.sessions_of(context.journal, actor.id, context.clock.now())
    ]


@router.get("/current", responses=responses(401, 403, 404))
def current_session(request: Request, context: ContextPort, actor: ActorPort) -> Session:
    """The session that asks, with its form token; 404 for a bearer token, which has none."""
    session = request.state.session
    if session is None:
        raise accounts.no_session()
    return _shown(
        SignedIn(request.state.session_secret, session, actor), context.vault.form_token(request.state.session_secret)
    )


@router.post("/end", responses=responses(401, 403, 404))
def sign_out(request: Request, response: Response, context: ContextPort, actor: ActorPort) -> Done:
    """Sign out: the session is over in the books, whatever becomes of the cookie."""
    session = request.state.session
    if session is None:
        raise accounts.no_session()
    sign_in.end_session(context, actor, session.id)
    forget_session(request, response)
    return Done()


@router.post("/end-all", responses=responses(401, 403))
def sign_out_everywhere(request: Request, response: Response, context: ContextPort, actor: ActorPort) -> Done:
    """End all of one's own sessions."""
    sign_in.end_sessions(context, actor, actor.id)
    forget_session(request, response)
    return Done()


@router.post("/{session_id}/end", responses=responses(401, 403, 404))
def end_session(session_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """End one of one's own sessions."""
    sign_in.end_session(context, actor, session_id)
    return Done()


@router.post("/password", responses=responses(401, 403, 422, 429, 503))
def change_password(
    request: Request, response: Response, new: NewPassword, context: ContextPort, actor: ActorPort
) -> Done:
    """A new password for oneself; every session ends, this one too."""
    passwords, address = ports_of(request).passwords, address_of(request)
    accounts.change_password(context, passwords, actor, address, new.password, new.new_password)
    forget_session(request, response)
    return Done()


@router.post("/pin", responses=responses(401, 403, 422, 429, 503))
def change_pin(request: Request, new: NewPin, context: ContextPort, actor: ActorPort) -> Done:
    """A new PIN for one's own card."""
    passwords, address = ports_of(request).passwords, address_of(request)
    cards.change_pin(context, passwords, actor, address, new.card_number, new.pin, new.new_pin)
    return Done()


@invitations_router.post("/accept", responses=_ANSWERS)
def accept(request: Request, invitation: Invitation, context: ContextPort) -> Factor:
    """Set a password by an invitation; the second factor comes back, once."""
    found = accounts.accept_invitation(context, ports_of(request).passwords, invitation.secret, invitation.password)
    return Factor(name=found.name, secret=found.secret, uri=found.uri)


@invitations_router.post("/confirm", responses=_ANSWERS)
def confirm(confirmation: Confirmation, context: ContextPort) -> ActorLine:
    """Show the second factor once; from now on both sign in."""
    return actors.line_of(accounts.confirm_invitation(context, confirmation.secret, confirmation.code))


def begun(request: Request, response: Response, signed_in: SignedIn) -> Session:
    """A new session: its cookie, and what is told of it."""
    return _shown(signed_in, set_session(request, response, signed_in))


def _shown(signed_in: SignedIn, form_token: str) -> Session:
    session = signed_in.session
    return Session(
        id=session.id,
        actor=actors.line_of(signed_in.actor),
        assisted_by=session.assisted_by,
        form_token=form_token,
        created_at=session.created_at,
        idle_seconds=session.idle_seconds,
        expires_at=session.expires_at,
    )
