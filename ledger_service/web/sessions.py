"""The door of the pages: the same server-side sessions as the API's, in the same cookie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ledger_service.domain.actors import Actor
from ledger_service.errors import NotFound
from ledger_service.reads.actors import actor_of_session, sessions_of
from ledger_service.services.cards import change_pin, issue_card
from ledger_service.services.context import Context
from ledger_service.services.doors import open_door
from ledger_service.services.sign_in import (
    Passwords,
    SignedIn,
    assist,
    check_card,
    end_session,
    new_secret,
    see_session,
    sign_in_resident,
    sign_in_staff,
)
from ledger_service.web.ports import SessionEnd, SessionLine

SECRET_LENGTH_MAX = 64
BROWSER_SECONDS = 600
SEEN_EVERY_SECONDS = 60  # of an idle limit of half an hour; not every request writes
ASSISTED = "-assisted"  # as the API names the cookie of a resident at a desk (api/browser.py)


@dataclass(frozen=True, slots=True)
class _Open:
    """A session that is not over. `seen_at`, `idle_at` (its end if nothing is done) and `latest_at` (its end in any case): UTC seconds. `door`: the
    only page that it is of, if it is one's at a door."""

    actor: Actor
    id: str
    seen_at: int
    is_assisted: bool
    secret: str
    idle_at: int
    latest_at: int
    idle_seconds: int
    door: str


@dataclass(frozen=True, slots=True)
class SessionDoor:
    """`cookie` is the API's own name for it; `is_secure` but for a demo on the loopback."""

    context: Context
    passwords: Passwords
    cookie: str
    is_secure: bool

    def who(self, request: Request, *, is_use: bool = True) -> Actor | None:
        """The actor of the request's session."""
        found = self._session(request)
        if found is None:
            return None
        if is_use and self.context.clock.now() - found.seen_at >= SEEN_EVERY_SECONDS:
            see_session(self.context, found.id)
        return found.actor

    def form_token(self, request: Request) -> str:
        """The token of this session's forms."""
        found = self._session(request)
        return self.context.vault.form_token(found.secret) if found is not None else ""

    def sign_in_staff(self, request: Request, name: str, password: str, code: str) -> Callable[[Response], None]:
        """By password and one-time code."""
        address = address_of(request)
        return self.keep(request, sign_in_staff(self.context, self.passwords, address, name, password, code))

    def sign_in_resident(self, request: Request, card_number: str, pin: str) -> Callable[[Response], None]:
        """By card and PIN."""
        return self.keep(request, sign_in_resident(self.context, self.passwords, address_of(request), card_number, pin))

    def ends(self, request: Request) -> SessionEnd | None:
        """From the row itself; wherever it is asked, because nobody acts by asking."""
        found = self._open(request, None)
        if found is None:
            return None
        return SessionEnd(found.idle_at, found.latest_at, found.idle_seconds, found.door != "")

    def sessions(self, request: Request) -> Sequence[SessionLine]:
        """From the books."""
        this = self._session(request)
        if this is None:
            return []
        rows = sessions_of(self.context.journal, this.actor.id, self.context.clock.now())
        return [
            SessionLine(row.id, row.created_at, row.seen_at, row.id == this.id, row.assisted_by is not None, row.door)
            for row in rows
        ]

    def change_pin(self, request: Request, actor: Actor, card_number: str, pin: str, new_pin: str) -> None:
        """By card and PIN once more."""
        change_pin(self.context, self.passwords, actor, address_of(request), card_number, pin, new_pin)

    def assist(self, request: Request, staff: Actor, card_number: str, pin: str) -> Callable[[Response], None]:
        """By card and PIN of the resident, beside the session of the member of staff."""
        return self.keep(request, assist(self.context, self.passwords, staff, address_of(request), card_number, pin))

    def open_door(self, request: Request, clerk: Actor, desk: int, programme: str) -> Callable[[Response], None]:
        """In the same cookie, and without the one of a resident who was helped there."""
        asking = self._session(request)
        return self.keep(request, open_door(self.context, clerk, asking.id if asking else "", desk, programme))

    def card_holder(self, request: Request, card_number: str, pin: str) -> str:
        """By card and PIN."""
        return check_card(self.context, self.passwords, address_of(request), card_number, pin).person_id

    def issue_card(self, registrar: Actor, person_id: str, pin: str) -> str:
        """Earlier cards are blocked."""
        return issue_card(self.context, self.passwords, registrar, person_id, pin)

    def sign_out(self, request: Request, response: Response) -> None:
        """End the session in the books, and take the cookie back. At a desk the resident's goes first and the staff's own stays."""
        found = self._session(request)
        is_assisted = found is not None and found.is_assisted
        if found is not None:
            end_session(self.context, found.actor, found.id)
        name = self.cookie + ASSISTED if is_assisted else self.cookie
        response.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="lax")

    def session(self, request: Request) -> str:
        """The secret of the request's session."""
        found = self._session(request)
        return found.secret if found is not None else ""

    def keep(self, request: Request, signed_in: SignedIn) -> Callable[[Response], None]:
        """What puts a new session into an answer; a door's that was in its place is over."""
        before = self._open(request, None)
        if before is not None and before.door:
            with suppress(NotFound):  # ended from elsewhere by now
                end_session(self.context, before.actor, before.id)
        name = self.cookie if signed_in.session.assisted_by is None else self.cookie + ASSISTED

        def put(response: Response) -> None:
            response.set_cookie(name, signed_in.secret, path="/", secure=self.is_secure, httponly=True, samesite="lax")
            if name == self.cookie:  # who signs in is not the resident who was helped here before
                response.delete_cookie(name + ASSISTED, path="/", secure=self.is_secure, httponly=True, samesite="lax")

        return put

    def browser(self, request: Request, way: str) -> str:
        """The secret of a browser that is about to sign in this way."""
        return self._cookie(request, self.cookie + way)

    def new_browser(self, way: str) -> tuple[str, Callable[[Response], None]]:
        """Such a secret, for the minutes that it takes. Lax: a browser comes back from the district's provider by a link."""
        secret = new_secret(self.context)

        def put(response: Response) -> None:
            response.set_cookie(
                self.cookie + way, secret, max_age=BROWSER_SECONDS, path="/", secure=self.is_secure, httponly=True,
                samesite="lax",
            )  # fmt: skip

        return secret, put

    def _cookie(self, request: Request, name: str) -> str:
        secret = request.cookies.get(name, "")
        return secret if len(secret) <= SECRET_LENGTH_MAX else ""

    def _session(self, request: Request) -> _Open | None:
        """The session that a request is of; a door's at its own page only. The path is that by which the page is found."""
        return self._open(request, request.scope["path"])

    def _open(self, request: Request, place: str | None) -> _Open | None:
        """The session of a request's cookies at an address, and its secret; a resident who is assisted goes before the member of staff."""
        for name in (self.cookie + ASSISTED, self.cookie):
            secret = request.cookies.get(name, "")
            if not secret or len(secret) > SECRET_LENGTH_MAX:
                continue
            found = actor_of_session(self.context.journal, secret, self.context.clock.now(), place)
            if found is not None:
                actor, row = found
                return _Open(
                    actor, row.id, row.seen_at, row.assisted_by is not None, secret,
                    min(row.seen_at + row.idle_seconds, row.expires_at), row.expires_at, row.idle_seconds,
                    row.door,
                )  # fmt: skip
        return None


def address_of(request: Request) -> str:
    """Where a request comes from, as the server believes it (BORAM_PROXY)."""
    return (request.client.host if request.client is not None else "local")[:64]
