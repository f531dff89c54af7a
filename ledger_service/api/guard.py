"""What stands before every endpoint: who calls, whether they may, the idempotency key, and how large the body is.

All of it comes before a byte of the body is parsed. A route that is not made by `new_router` never sees an actor, and the application's own
dependency (`require_guarded`) refuses it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from ledger_service.api.access import ACCESS, PREFIX, Rule
from ledger_service.api.browser import SEEN_EVERY_SECONDS, actor_of_cookie, refuse_cross_site, require_form_token
from ledger_service.api.looking import address_of, reason_of, recorded
from ledger_service.api.ports import ports_of
from ledger_service.api.problems import (
    BodyTooLarge,
    Busy,
    IdempotencyKeyMissing,
    RoleMissing,
    ScopeMissing,
    Unauthorized,
)
from ledger_service.domain.actors import Actor
from ledger_service.domain.addresses import network_of
from ledger_service.errors import Forbidden
from ledger_service.reads.actors import actor_of_token
from ledger_service.services.accounts import is_within, scope_of, see_token
from ledger_service.services.context import IDEMPOTENCY_KEY_LENGTH_MAX
from ledger_service.services.rate_limits import ADDRESS, PUBLIC, READ, WRITE

BODY_BYTES_MAX = 64 * 1024
PIECE_BYTES = 256 * 1024
UPLOADS_AT_ONCE = 4  # of the threads that all requests share, so that a charge never waits behind files
UPLOAD_OVERHEAD_BYTES = 64 * 1024  # boundaries and the other fields of a multipart body
TOKEN_LENGTH_MAX = 200
OPERATION_ID_LENGTH = 16
LOOPBACK = frozenset({"127.0.0.1", "::1"})
FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
LOCAL_ACTOR = "boram.actor"  # set in the ASGI scope by whoever calls the application in its own process

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_KEY = re.compile(rf"[\x21-\x7e]{{1,{IDEMPOTENCY_KEY_LENGTH_MAX}}}")


class GuardedRoute(APIRoute):
    """A route that lets nobody in whom its row of `api/access.py` does not name."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        rules = {method: ACCESS.get((method, self.path_format)) for method in self.methods or ()}

        async def guarded(request: Request) -> Response:
            request.state.route = self.path_format
            rule = rules.get(request.method)
            if rule is None:
                raise Forbidden("nobody may do this", "허용되지 않은 요청입니다")
            request.state.session = None
            is_unsafe = request.method not in _SAFE_METHODS
            if is_unsafe and "authorization" not in request.headers:
                refuse_cross_site(request)  # a bearer token is never sent by a browser by itself
            is_nobodys = rule.roles is None or (rule.loopback and _is_on_this_machine(request))
            await _let_in(request, rule, is_nobodys=is_nobodys, is_unsafe=is_unsafe)
            if rule.keyed:
                request.state.idempotency_key = _idempotency_key(request)
                request.state.operation_id = _operation_id(request.state.idempotency_key)
            reason = reason_of(request, rule.reasoned)
            with SpooledTemporaryFile(max_size=BODY_BYTES_MAX) as body:
                await _read_body(request, rule, body)
                request.state.body = b""
                if not rule.upload:  # a file is bound to its key by its content (uploads.py)
                    request.state.body = body.read()
                    body.seek(0)
                if request.state.session is not None and is_unsafe:
                    require_form_token(request, request.state.body)
                request.state.guarded = True
                replayed = Request(request.scope, _replay(body, request))
                async with AsyncExitStack() as stack:
                    if rule.upload:
                        stack.enter_context(_upload_slot(request))
                    if rule.checks_secret and _has_secret(rule, request.state.body):
                        await stack.enter_async_context(ports_of(request).secret_gate.place())
                    if is_nobodys:
                        return await inner(replayed)
                    return await recorded(request, reason, lambda: inner(replayed), is_export=rule.reasoned)

        return guarded


def new_router(tag: str, path: str = "", prefix: str = PREFIX) -> APIRouter:
    """A router whose routes are guarded. Its prefix is its own, so that `access.py` and the route name the same path."""
    return APIRouter(prefix=f"{prefix}{path}", tags=[tag], route_class=GuardedRoute)


async def require_guarded(request: Request) -> None:
    """A dependency of the whole application: default deny, also for a route that somebody adds past `new_router`."""
    if not getattr(request.state, "guarded", False):
        raise Forbidden("nobody may do this", "허용되지 않은 요청입니다")


def new_upload_slots() -> BoundedSemaphore:
    """What `create_app` keeps in its state: one slot for each file that is worked on."""
    return BoundedSemaphore(UPLOADS_AT_ONCE)


@contextmanager
def _upload_slot(request: Request) -> Iterator[None]:
    """One of the few places for files; Busy at once where there is none. Taken only when the whole body is here."""
    slots: BoundedSemaphore = request.app.state.upload_slots
    if not slots.acquire(blocking=False):
        raise Busy(
            f"{UPLOADS_AT_ONCE} files are being worked on: send the same file again in a few seconds, with the same Idempotency-Key",
            f"파일 {UPLOADS_AT_ONCE}개를 처리하고 있습니다. 잠시 뒤 같은 파일을 같은 Idempotency-Key로 다시 보내 주세요",
        )
    try:
        yield
    finally:
        slots.release()


def _is_on_this_machine(request: Request) -> bool:
    """A peer on the loopback address that asks for itself: a proxy in front of the service says that it forwards."""
    peer = request.client.host if request.client is not None else ""
    return peer in LOOPBACK and not any(name in request.headers for name in FORWARDING)


async def _let_in(request: Request, rule: Rule, *, is_nobodys: bool, is_unsafe: bool) -> None:
    """Who asks, as far as the route wants to know, and not too often: by their address first, then by who they are."""
    limits, address = ports_of(request).rate_limits, network_of(address_of(request))
    if not rule.watched:
        limits.require(ADDRESS, address)
    if is_nobodys:
        if not rule.watched:
            limits.require(PUBLIC, address)
        return
    try:
        actor = await _admit(request, rule)
    except Unauthorized:
        limits.require(PUBLIC, address)  # tokens are not guessed faster than pages are read
        raise
    request.state.actor = actor
    limits.require(WRITE if is_unsafe else READ, actor.id)
    for kind in rule.counted:
        await run_in_threadpool(limits.require, kind, actor.id)


async def _admit(request: Request, rule: Rule) -> Actor:
    actor = request.scope.get(LOCAL_ACTOR)
    if actor is None:
        has_token = "authorization" in request.headers
        actor = await (_actor_of_token(request) if has_token else actor_of_cookie(request))
    if actor is None:
        raise _nobody()
    assert rule.roles is not None and isinstance(actor, Actor)
    request.state.actor_id = actor.id
    if not actor.has(*rule.roles):
        wanted = sorted(rule.roles)
        raise RoleMissing(
            f"this needs one of the roles {', '.join(wanted)}",
            f"이 일을 하려면 다음 중 하나의 권한이 필요합니다: {', '.join(wanted)}",
            roles=wanted,
        )
    return actor


async def _actor_of_token(request: Request) -> Actor | None:
    context = ports_of(request).context
    found = await run_in_threadpool(
        actor_of_token, context.journal, context.vault, _bearer(request), context.clock.now()
    )
    if found is None:
        return None
    actor, scopes = found.actor, found.scopes
    now = context.clock.now()
    if found.used_at is None or now - found.used_at >= SEEN_EVERY_SECONDS:
        await run_in_threadpool(see_token, context, found.token_id)
    wanted = scope_of(request.method, request.state.route, PREFIX)
    if not is_within(scopes, wanted):
        request.state.actor_id = actor.id
        raise ScopeMissing(
            f"this token is not for {wanted}", f"이 토큰으로는 할 수 없는 요청입니다({wanted})", scope=wanted
        )
    return actor


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
        raise _nobody()
    return token


def _nobody() -> Unauthorized:
    return Unauthorized("send a valid token: Authorization: Bearer …", "로그인이 필요합니다. 올바른 토큰을 보내 주세요")


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMissing(
            f"send a header Idempotency-Key of 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters, new for each new "
            "request and the same when a request is sent again",
            "Idempotency-Key 헤더가 필요합니다. 새 요청에는 새 값을, 다시 보낼 때는 같은 값을 쓰세요",
        )
    return key


def _operation_id(key: str) -> str:
    """The same for every time that one request is sent, and nothing of what the caller wrote into the key."""
    return hashlib.sha256(key.encode()).hexdigest()[:OPERATION_ID_LENGTH]


def _has_secret(rule: Rule, body: bytes) -> bool:
    """Whether there is a secret to check: a charge by code does not wait behind those by card. What is no JSON is refused later."""
    if rule.gate_field is None:
        return True
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(asked, dict) and asked.get(rule.gate_field) is not None


async def _read_body(request: Request, rule: Rule, body: IO[bytes]) -> None:
    """All of it, a large one onto the disk: many clerks may send a month's file at the same moment."""
    limit = ports_of(request).upload_bytes_max + UPLOAD_OVERHEAD_BYTES if rule.upload else BODY_BYTES_MAX
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > limit:
            raise _too_large(limit)
        body.write(chunk)
    body.seek(0)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"the request has more than {limit:,} bytes: send a smaller one",
        f"요청이 너무 큽니다({limit:,}바이트 초과). 나누어 보내 주세요",
        limit=limit,
    )


def _replay(body: IO[bytes], request: Request) -> Callable[[], Coroutine[Any, Any, Message]]:
    """A `receive` that gives the body that was read, piece by piece, and then what the connection says."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if not given:
            piece = body.read(PIECE_BYTES)
            given = len(piece) < PIECE_BYTES
            return {"type": "http.request", "body": piece, "more_body": not given}
        return await request.receive()

    return receive
