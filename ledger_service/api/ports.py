"""What the API is given by whoever starts it, and what an endpoint takes from its request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import orjson
from fastapi import Depends, Request

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.alarms import NO_ALARMS, Alarms
from ledger_service.domain.batches import Domain
from ledger_service.reads.actors import ActorLine
from ledger_service.services.context import Context, Once
from ledger_service.services.passkeys import RelyingParty
from ledger_service.services.rate_limits import NO_LIMITS, RateLimits
from ledger_service.services.secret_gate import SecretGate
from ledger_service.services.sign_in import Passwords
from ledger_service.services.sign_on import Provider


class AddActor(Protocol):
    """Registers somebody who may act."""

    def __call__(
        self, by: Actor, name: str, roles: Sequence[Role], desks: Sequence[str], person_id: str | None
    ) -> tuple[ActorLine, str]:
        """The new actor and the bearer token, which is told this once."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The services' context, and what only whoever starts the process can give."""

    context: Context
    add_actor: AddActor
    new_request_id: Callable[[], str]
    monotonic: Callable[[], float]
    upload_bytes_max: int
    service_key: bytes  # the address that signs receipts
    domain: Domain
    passwords: Passwords
    secret_gate: SecretGate  # the pages' too: both together compute few slow hashes at once
    relying_party: RelyingParty | None  # what passkeys are bound to; None: they are off
    is_loopback_demo: bool  # plain HTTP, for this machine alone: the session cookie cannot be Secure
    rate_limits: RateLimits = NO_LIMITS  # the pages' too
    sign_on: Provider | None = None  # the district's own, for staff
    alarms: Alarms = NO_ALARMS
    database_errors: tuple[
        type[Exception], ...
    ] = ()  # of a database that does not answer now: sent again, a request may pass


def ports_of(request: Request) -> Ports:
    """The ports of the application that serves this request."""
    ports: Ports = request.app.state.ports
    return ports


def context_of(request: Request) -> Context:
    """The services' context."""
    return ports_of(request).context


def actor_of(request: Request) -> Actor:
    """Who acts; the guard has let them pass."""
    actor: Actor = request.state.actor
    return actor


def once_of(request: Request) -> Once:
    """The request's idempotency key bound to everything that it asks: method, path, query and body."""
    return Once.of(
        request.state.idempotency_key,
        request.method.encode(),
        request.url.path.encode(),
        request.url.query.encode(),
        request.state.body,
    )


def once_without(request: Request, secret_field: str) -> Once:
    """The same, but for one field of a JSON body: a stored hash must say nothing of a PIN."""
    body = orjson.loads(request.state.body)
    body.pop(secret_field, None)
    plain = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return Once.of(request.state.idempotency_key, request.method.encode(), request.url.path.encode(), b"", plain)


ContextPort = Annotated[Context, Depends(context_of)]
ActorPort = Annotated[Actor, Depends(actor_of)]
OncePort = Annotated[Once, Depends(once_of)]
