"""Errors as RFC 9457 `application/problem+json`: one shape, a stable `code`, Korean or English by Accept-Language."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ledger_service.api.models import CONTROL_CHARACTER, ID_EXAMPLE, UUID_PATTERN
from ledger_service.errors import BoramError, Unavailable

MEDIA_TYPE = "application/problem+json"
VALIDATION_ERRORS_MAX = 20
_REASONS_KO = {CONTROL_CHARACTER: "줄바꿈 같은 제어 문자는 쓸 수 없습니다"}  # the others as pydantic words them
FRAMES_MAX = 8
TYPE_PREFIX = "urn:boram:problem:"

_log = structlog.get_logger("boram.api")


class Unauthorized(BoramError):
    """No token, or one that nobody holds."""

    code = "unauthorized"
    status = 401


class RoleMissing(BoramError):
    """The route is not for this actor's roles. Fields: roles (those it is for)."""

    code = "role_missing"
    status = 403


class ScopeMissing(BoramError):
    """The bearer token is not good for this route. Fields: scope (the one that is wanted)."""

    code = "scope_missing"
    status = 403


class CrossSite(BoramError):
    """A browser sent this on behalf of another site."""

    code = "cross_site"
    status = 403


class FormTokenMissing(BoramError):
    """A request in a session came without the session's form token, or with another one."""

    code = "form_token_missing"
    status = 403


class ReasonMissing(BoramError):
    """Data is taken away in bulk: the request has to say why."""

    code = "reason_missing"
    status = 400


class IdempotencyKeyMissing(BoramError):
    """A request that changes the books came without an Idempotency-Key, or with one that cannot be one."""

    code = "idempotency_key_missing"
    status = 400


class BodyTooLarge(BoramError):
    """The request's body is larger than this route takes. Fields: limit (bytes)."""

    code = "body_too_large"
    status = 413


class Busy(BoramError):
    """As many files are worked on as may be at once; nothing was done."""

    code = "busy"
    status = 503


_HTTP_WORDS = {
    404: ("no_such_route", "there is nothing at this path", "이 주소에는 아무것도 없습니다"),
    405: ("method_not_allowed", "this path does not take this method", "이 주소에서 쓸 수 없는 요청 방식입니다"),
}


def prefers_english(request: Request) -> bool:
    """Korean unless the client names English before Korean."""
    wanted = request.headers.get("accept-language", "").lower()
    english, korean = wanted.find("en"), wanted.find("ko")
    return english >= 0 and (korean < 0 or english < korean)


def problem(
    request: Request, status: int, code: str, detail: str, detail_ko: str, fields: dict[str, Any] | None = None
) -> Response:
    """One problem document."""
    english = prefers_english(request)
    body = {
        "type": TYPE_PREFIX + code,
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail if english else detail_ko,
        "detail_ko": detail_ko,
        "fields": fields or {},
        "request_id": getattr(request.state, "request_id", None),
    }
    headers = {"content-language": "en" if english else "ko", "cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status == 503:
        headers["retry-after"] = "5"
    if status == 429 and fields and "seconds" in fields:
        headers["retry-after"] = str(fields["seconds"])
    return Response(orjson.dumps(body, default=str), status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI, database_errors: Sequence[type[Exception]] = ()) -> None:
    """Every way in which a request can fail ends in a problem document; what nobody foresaw does in the middleware."""
    app.add_exception_handler(BoramError, _boram_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in database_errors:
        app.add_exception_handler(kind, _database_error)


def _boram_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BoramError)
    if error.status >= 500:
        _log.warning("failed", code=error.code, request_id=getattr(request.state, "request_id", None))
    return problem(request, error.status, error.code, error.message, error.message_ko, error.fields)


def _database_error(request: Request, error: Exception) -> Response:
    """A deadlock, a lost connection, a database that restarts. Its words may hold personal data: only its name is logged."""
    _log.warning("database", error=type(error).__name__, request_id=getattr(request.state, "request_id", None))
    return problem(
        request,
        Unavailable.status,
        Unavailable.code,
        "the database did not answer in time: send the same request again, with the same Idempotency-Key",
        "데이터베이스가 응답하지 않았습니다. 같은 요청을 같은 Idempotency-Key로 다시 보내 주세요",
    )


def _validation_error(request: Request, error: Exception) -> Response:
    """Where and why, never what: the input may be personal."""
    assert isinstance(error, RequestValidationError)
    found = [
        {"where": [str(part) for part in one["loc"]], "reason": _reason(one)[0]}
        for one in error.errors()[:VALIDATION_ERRORS_MAX]
    ]
    first = found[0] if found else {"where": [], "reason": "invalid"}
    reason_ko = _reason(error.errors()[0])[1] if found else "형식 오류"
    where = ".".join(first["where"])
    return problem(
        request,
        422,
        "invalid",
        f"{where}: {first['reason']}",
        f"입력을 확인해 주세요: {where} ({reason_ko})",
        {"errors": found},
    )


def _reason(one: dict[str, Any]) -> tuple[str, str]:
    """In English and Korean; what is not worded here stays as pydantic words it."""
    if one.get("ctx", {}).get("pattern") == UUID_PATTERN:
        return f"an id looks like {ID_EXAMPLE}", f"번호는 {ID_EXAMPLE} 같은 모양입니다"
    return one["msg"], _REASONS_KO.get(one["type"], one["msg"])


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, detail, detail_ko = _HTTP_WORDS.get(
        error.status_code, ("bad_request", "the request cannot be read", "요청을 읽을 수 없습니다")
    )
    response = problem(request, error.status_code, code, detail, detail_ko)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def unexpected(request: Request, error: Exception) -> Response:
    """Our fault: an id for the log, and nothing of what happened. Messages may hold personal data, so only places are logged."""
    request_id = request.state.request_id
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    _log.error(
        "unexpected",
        request_id=request_id,
        error=type(error).__name__,
        at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    )
    return problem(
        request,
        500,
        "internal",
        f"something went wrong on our side; ask for help with the number {request_id}",
        f"처리 중 오류가 발생했습니다. 문의 번호: {request_id}",
    )
