"""What the pages are given by whoever starts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from ledger_service.domain.actors import Actor
from ledger_service.domain.alarms import NO_ALARMS, Alarms
from ledger_service.services.context import Context
from ledger_service.services.passkeys import RelyingParty
from ledger_service.services.rate_limits import NO_LIMITS, RateLimits
from ledger_service.services.secret_gate import SecretGate
from ledger_service.services.sign_in import Passwords, SignedIn
from ledger_service.services.sign_on import Provider
from ledger_service.web.brand import Brand


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """When a session ends if nothing is done, when it ends whatever is done, and for how long it may rest. UTC seconds. `at_door`: it is a
    session of one page only."""

    idle_at: int
    latest_at: int
    idle_seconds: int
    at_door: bool = False


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One of somebody's sessions; `is_this` is the one that asks, `at_desk` one that staff typed, `door` the page that it is of alone, if any.
    UTC seconds."""

    id: str
    created_at: int
    seen_at: int
    is_this: bool
    at_desk: bool
    door: str = ""


class Door(Protocol):
    """Who is signed in, and the token that only a form of theirs carries. The one place where sessions plug in."""

    def who(self, request: Request, *, is_use: bool = True) -> Actor | None:
        """The actor of the request's session, or nobody. Unless it `is_use`, the session's idle time goes on."""
        ...

    def form_token(self, request: Request) -> str:
        """The token that this session's forms carry; empty for nobody."""
        ...

    def sign_in_staff(self, request: Request, name: str, password: str, code: str) -> Callable[[Response], None]:
        """A session for staff; what is given back puts it into an answer. Raises SignInFailed, TooManyAttempts."""
        ...

    def sign_in_resident(self, request: Request, card_number: str, pin: str) -> Callable[[Response], None]:
        """A session for a resident, by card and PIN. Raises SignInFailed, TooManyAttempts."""
        ...

    def ends(self, request: Request) -> SessionEnd | None:
        """When the request's session ends; asking does not count as using it."""
        ...

    def sessions(self, request: Request) -> Sequence[SessionLine]:
        """The open sessions of whoever is signed in, oldest first."""
        ...

    def change_pin(self, request: Request, actor: Actor, card_number: str, pin: str, new_pin: str) -> None:
        """A new PIN for one's own card. Raises SignInFailed, TooManyAttempts, WeakSecret."""
        ...

    def assist(self, request: Request, staff: Actor, card_number: str, pin: str) -> Callable[[Response], None]:
        """A short session of a resident at a member of staff's desk, beside their own. Raises SignInFailed, TooManyAttempts."""
        ...

    def open_door(self, request: Request, clerk: Actor, desk: int, programme: str) -> Callable[[Response], None]:
        """A session of the page at a centre's door only, in the place of the clerk's that asks. Raises Forbidden, NotFound, Invalid."""
        ...

    def card_holder(self, request: Request, card_number: str, pin: str) -> str:
        """The person whose card this is, once its PIN was shown. Raises SignInFailed, TooManyAttempts."""
        ...

    def issue_card(self, registrar: Actor, person_id: str, pin: str) -> str:
        """A new card of a resident; its number is told once. Raises WeakSecret."""
        ...

    def session(self, request: Request) -> str:
        """The secret of the request's session; empty without one."""
        ...

    def keep(self, request: Request, signed_in: SignedIn) -> Callable[[Response], None]:
        """What puts a new session into an answer; a door's that was in its place is over."""
        ...

    def browser(self, request: Request, way: str) -> str:
        """The secret of a browser that is about to sign in this way; empty without one."""
        ...

    def new_browser(self, way: str) -> tuple[str, Callable[[Response], None]]:
        """Such a secret, and what puts it into an answer."""
        ...

    def sign_out(self, request: Request, response: Response) -> None:
        """End the session, and take its cookie back."""
        ...


@dataclass(frozen=True, slots=True)
class WebPorts:
    """The services' context and what only whoever starts the process can give."""

    context: Context
    door: Door
    brand: Brand
    service_key: bytes  # the address that signs receipts
    upload_bytes_max: int
    monotonic: Callable[[], float]
    secret_gate: SecretGate
    passwords: Passwords
    relying_party: RelyingParty | None = None
    rate_limits: RateLimits = NO_LIMITS
    sign_on: Provider | None = None
    database_errors: tuple[type[Exception], ...] = ()
    alarms: Alarms = NO_ALARMS
