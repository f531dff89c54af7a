"""Around every request: an id, safe headers, its time, and one line in the log with ids only."""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger_service.api.metrics import REQUEST_SECONDS
from ledger_service.api.ports import Ports
from ledger_service.api.problems import unexpected

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_HTTPS_ONLY = {"strict-transport-security": "max-age=31536000; includeSubDomains"}
_MACHINES = frozenset({"/api", "/docs", "/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "OTHER"  # a label is kept for ever, so its values are not the caller's to choose
_NO_ROUTE = "none"
_NOT_STARTED = 0
_CLIENT_LEFT = 499  # as nginx writes it down

_log = structlog.get_logger("boram.access")


class Surfaces:
    """Two surfaces under one address: the API and what machines watch, and everything else for people."""

    def __init__(self, app: ASGIApp, pages: ASGIApp) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not (scope["path"].startswith("/api/") or scope["path"] in _MACHINES)
        await (self._pages if is_page else self._app)(scope, receive, send)


class Accounting:
    """The outermost layer of ours. It sees the route's pattern, never the query or the path's ids."""

    def __init__(self, app: ASGIApp, ports: Ports) -> None:
        self._app = app
        self._ports = ports
        self._headers = _HEADERS if ports.is_loopback_demo else _HEADERS | _HTTPS_ONLY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        request_id = state["request_id"] = self._ports.new_request_id()
        began = self._ports.monotonic()
        status = _NOT_STARTED

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:  # nobody is there to be answered, and nothing was begun: the body had not arrived
            status = _CLIENT_LEFT
        except Exception as error:  # noqa: BLE001  nobody above knows what a problem document is
            answer = unexpected(Request(scope), error)
            if status == _NOT_STARTED:
                await answer(scope, receive, sending)
        finally:
            seconds = self._ports.monotonic() - began
            route = state.get("route", _NO_ROUTE)
            method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
            REQUEST_SECONDS.labels(method, route, f"{status // 100}xx").observe(seconds)
            _log.info(
                "request",
                request_id=request_id,
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                actor=state.get("actor_id"),
                operation=state.get("operation_id"),
            )
