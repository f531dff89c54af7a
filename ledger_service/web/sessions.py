"""The door of the pages: the same server-side sessions as the API's, in the same cookie."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from ledger_service.domain.actors import Actor
from ledger_service.reads.actors import actor_of_session
from ledger_service.services.context import Context
from ledger_service.services.sign_in import (
    Passwords,
    SignedIn,
    SignInBusy,
    end_session,
    see_session,
    sign_in_resident,
    sign_in_staff,
)

SECRET_LENGTH_MAX = 64
SEEN_EVERY_SECONDS = 60  # of an idle limit of half an hour; not every request writes
AT_ONCE = 2  # slow hashes: each takes 64 MiB
WAIT_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class SessionDoor:
    """`cookie` is the API's own name for it; `is_secure` but for a demo on the loopback."""

    context: Context
    passwords: Passwords
    cookie: str
    is_secure: bool
    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    def who(self, request: Request) -> Actor | None:
        """The actor of the request's session."""
        secret = self._secret(request)
        if not secret:
            return None
        now = self.context.clock.now()
        found = actor_of_session(self.context.journal, secret, now)
        if found is None:
            return None
        actor, session = found
        if now - session.seen_at >= SEEN_EVERY_SECONDS:
            see_session(self.context, session.id)
        return actor

    def form_token(self, request: Request) -> str:
        """The token of this session's forms."""
        secret = self._secret(request)
        return self.context.vault.form_token(secret) if secret else ""

    def sign_in_staff(self, request: Request, name: str, password: str, code: str) -> Callable[[Response], None]:
        """By password and one-time code."""
        return self._keep(
            lambda: sign_in_staff(self.context, self.passwords, address_of(request), name, password, code)
        )

    def sign_in_resident(self, request: Request, card_number: str, pin: str) -> Callable[[Response], None]:
        """By card and PIN."""
        return self._keep(lambda: sign_in_resident(self.context, self.passwords, address_of(request), card_number, pin))

    def sign_out(self, request: Request, response: Response) -> None:
        """End the session in the books, and take the cookie back."""
        found = actor_of_session(self.context.journal, self._secret(request), self.context.clock.now())
        if found is not None:
            end_session(self.context, found[0], found[1].id)
        response.delete_cookie(self.cookie, path="/", secure=self.is_secure, httponly=True, samesite="lax")

    def _keep(self, sign_in: Callable[[], SignedIn]) -> Callable[[Response], None]:
        if not self._places.acquire(timeout=WAIT_SECONDS_MAX):
            raise SignInBusy
        try:
            secret = sign_in().secret
        finally:
            self._places.release()

        def put(response: Response) -> None:
            response.set_cookie(self.cookie, secret, path="/", secure=self.is_secure, httponly=True, samesite="lax")

        return put

    def _secret(self, request: Request) -> str:
        secret = request.cookies.get(self.cookie, "")
        return secret if len(secret) <= SECRET_LENGTH_MAX else ""


def address_of(request: Request) -> str:
    """Where a request comes from, as the server believes it (BORAM_PROXY)."""
    return (request.client.host if request.client is not None else "local")[:64]
