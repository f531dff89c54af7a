"""The access log around a request: whoever is touched while it is served gets a row, before the answer leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import orjson
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from ledger_service.api.ports import ports_of
from ledger_service.api.problems import ReasonMissing
from ledger_service.domain.actors import Actor
from ledger_service.domain.cells import is_plain_text
from ledger_service.journal.access_log import LOOKING, Looking

REASON_SIGNS_MAX = 200
REASON_HEADER = "access-reason"
ADDRESS_SIGNS_MAX = 64
_PERSON = "person_id"


def reason_of(request: Request, is_wanted: bool) -> str:
    """Why somebody looks: the header Access-Reason, percent-encoded where it is not ASCII. Raises ReasonMissing."""
    reason = unquote(request.headers.get(REASON_HEADER, "")).strip()
    if (is_wanted and not reason) or len(reason) > REASON_SIGNS_MAX or not is_plain_text(reason):
        raise ReasonMissing(
            f"say why in a header Access-Reason of 1 to {REASON_SIGNS_MAX} signs (percent-encoded UTF-8): it is kept",
            f"Access-Reason 헤더에 열람 사유를 적어 주세요({REASON_SIGNS_MAX}자 이내, 기록에 남습니다)",
        )
    return reason


def address_of(request: Request) -> str:
    """Where a request comes from. Behind a proxy: what the proxy says, where BORAM_PROXY names it."""
    return (request.client.host if request.client is not None else "local")[:ADDRESS_SIGNS_MAX]


async def recorded(
    request: Request, reason: str, serve: Callable[[], Awaitable[Response]], *, is_export: bool
) -> Response:
    """Serve a request and write its rows. Also after a refusal: a look that ended in an error was a look."""
    actor: Actor = request.state.actor
    context = ports_of(request).context
    looking = Looking(
        actor.id,
        actor.assisted_by,
        address_of(request),
        f"{request.method} {request.state.route}",
        reason,
        context.clock.now(),
        is_export,
    )
    token = LOOKING.set(looking)
    try:
        answer = await serve()
        for person_id in people_in(getattr(answer, "body", b"")):
            looking.note(person_id)
        return answer
    finally:
        if looking.is_unwritten():
            await run_in_threadpool(_write, context.journal)
        LOOKING.reset(token)


def _write(journal: Any) -> None:
    with journal.write() as unit:
        unit.commit()  # which writes what is noted


def people_in(body: Any) -> list[str]:
    """Every person that an answer names."""
    if not isinstance(body, bytes) or b'"person_id"' not in body:
        return []
    found: list[str] = []
    open_ends: list[Any] = [orjson.loads(body)]
    while open_ends:
        one = open_ends.pop()
        if isinstance(one, dict):
            if isinstance(one.get(_PERSON), str):
                found.append(one[_PERSON])
            open_ends.extend(one.values())
        elif isinstance(one, list):
            open_ends.extend(one)
    return found
