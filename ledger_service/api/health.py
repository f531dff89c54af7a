"""Whether the process lives, whether it may serve, and its numbers."""

from __future__ import annotations

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ledger_service.api.guard import new_router
from ledger_service.api.metrics import REGISTRY
from ledger_service.api.models import Answer
from ledger_service.api.ports import ContextPort
from ledger_service.reads import status
from ledger_service.reads.status import Readiness

TAG = "Health"
router = new_router(TAG, prefix="")


class Alive(Answer):
    """The process answers."""

    alive: bool = True


@router.get("/healthz")
def healthz() -> Alive:
    """The process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready, and why"}})
def readyz(context: ContextPort, response: Response) -> Readiness:
    """Whether requests can be served: database, migrations, chain."""
    found = status.readiness(context.journal, context.clock.now())
    if not found.ready:
        response.status_code = 503
    return found


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Numbers for Prometheus: without a token for whoever asks on this machine and is no proxy."""
    ledger: CollectorRegistry = request.app.state.ledger_numbers
    body = generate_latest(REGISTRY) + generate_latest(ledger)
    return Response(body, media_type=None, headers={"content-type": CONTENT_TYPE_LATEST})
