"""The application: routers, handlers and the page that describes them."""

from __future__ import annotations

from collections import deque
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from ledger_service.api import (
    accounts,
    closes,
    courses,
    crediting,
    health,
    ledger,
    office,
    page,
    passkeys,
    residents,
    sessions,
    signing,
    spending,
    treasury,
)
from ledger_service.api.access import ACCESS, Rule
from ledger_service.api.browser import COOKIE
from ledger_service.api.guard import new_upload_slots, require_guarded
from ledger_service.api.metrics import LedgerNumbers
from ledger_service.api.middleware import Accounting, Surfaces
from ledger_service.api.models import Problem, responses
from ledger_service.api.ports import Ports
from ledger_service.api.problems import add_handlers

TITLE = "Boram"
VERSION = "1"
_DESCRIPTION = """
A civic reward ledger: coins for volunteering, spent at public venues, on a chain that outsiders can check.

* **Who acts.** A machine sends `Authorization: Bearer …`; a browser signs in and has a session cookie, and then sends the session's
  form token (`X-Form-Token`) with whatever is not a GET. What no role allows is refused.
* **Exactly once.** A request that changes the books carries an `Idempotency-Key`. The same key and request give the stored answer
  again, for ever; the same key with another request is refused (`idempotency_key_reused`).
* **States.** A credit counts in the balance when it is `final` on the chain; a charge counts from the moment it is `accepted`.
* **Errors** are `application/problem+json` with a stable `code`; `detail` follows `Accept-Language`, Korean first.
* **Lists** page by key: give `next_after` or `next_before` back.
""".strip()
_TAGS = [
    {"name": crediting.TAG, "description": "Records, imports and their approval by a second person"},
    {"name": residents.TAG, "description": "Balances and lines"},
    {"name": spending.TAG, "description": "Holds, charges, refunds, donations"},
    {"name": courses.TAG, "description": "Courses and sign-ups"},
    {"name": closes.TAG, "description": "What venues and funds are paid for a month"},
    {"name": treasury.TAG, "description": "Expiry, corrections, freezes: proposed by one person, approved by another"},
    {"name": office.OFFICE_TAG, "description": "Master data, orders, desks and rates"},
    {"name": office.ACTORS_TAG, "description": "Who may act"},
    {"name": sessions.TAG, "description": "Passwords with a second factor, cards with a PIN, sessions"},
    {"name": signing.TAG, "description": "For organisations that keep their own key"},
    {"name": ledger.TAG, "description": "Batches, receipts, sums, the way to the chain"},
    {"name": health.TAG, "description": "For machines that watch"},
]


def create_app(ports: Ports, pages: ASGIApp | None = None) -> FastAPI:
    """The API over these ports; what is not the API's goes to the pages, if there are any."""
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        dependencies=[Depends(require_guarded)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.ports = ports
    app.state.upload_slots = new_upload_slots()
    app.state.ledger_numbers = CollectorRegistry()
    app.state.ledger_numbers.register(LedgerNumbers(ports.context))
    add_handlers(app, ports.database_errors)
    for router in (
        health.router,
        crediting.router,
        residents.router,
        spending.router,
        courses.router,
        closes.router,
        treasury.router,
        office.office_router,
        office.actors_router,
        accounts.router,
        sessions.router,
        sessions.invitations_router,
        passkeys.router,
        passkeys.invitations_router,
        signing.router,
        ledger.router,
        page.router,
        page.page_router,
    ):
        app.include_router(router)
    deque(iter_route_contexts(app.routes), maxlen=0)  # builds the routes now; FastAPI would at the first request
    if pages is not None:
        app.add_middleware(Surfaces, pages=pages)
    app.add_middleware(Accounting, ports=ports)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what FastAPI cannot know: problems, tokens and keys."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(unused, None)
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for (method, path), rule in ACCESS.items():
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is None:
            continue  # the page itself
        for status, described in responses(*_of_every(rule, operation)).items():
            operation["responses"].setdefault(str(status), described)
        if "422" in operation["responses"]:
            operation["responses"]["422"] = responses(422)[422]  # FastAPI describes its own shape
        if rule.roles is not None:
            operation["security"] = [{"token": []}, {"session": []}]
            roles = ", ".join(sorted(rule.roles))
            operation["description"] = f"{operation.get('description', '')}\n\nFor: {roles}."
        if rule.keyed:
            operation.setdefault("parameters", []).append(_KEY_PARAMETER)
        if rule.reasoned:
            operation.setdefault("parameters", []).append(_REASON_PARAMETER)
    app.openapi_schema = document
    return document


def _of_every(rule: Rule, operation: dict[str, Any]) -> set[int]:
    """What may be answered before an endpoint is asked, or instead of it."""
    found = {429, 503} if operation["tags"] != [health.TAG] else set()
    if rule.roles is not None:
        found |= {401, 403}
    if rule.keyed:
        found |= {400, 422}  # a key that is missing, or was used for another request
    if "requestBody" in operation:
        found |= {400, 413, 422}
    return found


_REASON_PARAMETER = {
    "name": "Access-Reason",
    "in": "header",
    "required": True,
    "description": "Why the data is taken; kept in the access log. Percent-encoded UTF-8",
    "schema": {"type": "string", "minLength": 1, "maxLength": 600},
    "example": "yearly audit 2024",
}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for each new request, the same when a request is sent again",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "example": "5b0f7c1e-3d0a-4a55-9a63-1f6f0f1c9d11",
}
