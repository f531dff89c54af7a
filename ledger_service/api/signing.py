"""Batches for organisations that keep their own key: what waits for their signature, and the signatures they made."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import Field
from starlette.requests import Request

from ledger_service.api.guard import new_router
from ledger_service.api.models import DESK_MAX, Answer, Question, responses
from ledger_service.api.ports import ActorPort, ContextPort, OncePort, ports_of
from ledger_service.domain.handover import BATCHES_MAX
from ledger_service.services import signing

TAG = "Signing at the centres"
router = new_router(TAG, "/desks")

DeskPath = Annotated[int, Path(ge=1, le=DESK_MAX)]
Hash = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern="^0x[0-9a-f]{130}$")]


class Waiting(Answer):
    """The file for `boram sign` (docs/signing.md)."""

    handover: dict[str, Any]


class SignedBatch(Question):
    """Signatures over one batch."""

    seq: int = Field(ge=1, lt=2**32)
    head: Hash
    signatures: list[Signature] = Field(min_length=1, max_length=10)


class Signatures(Question):
    """What `boram sign` wrote."""

    batches: list[SignedBatch] = Field(min_length=1, max_length=BATCHES_MAX)


class Taken(Answer):
    """How many signatures were new. They are checked before anything is posted; a batch's state says when it is signed."""

    desk: int
    taken: int


@router.get("/{desk}/waiting", responses=responses(401, 403, 404))
def read_waiting(request: Request, desk: DeskPath, context: ContextPort, actor: ActorPort) -> Waiting:
    """The batches of your desk that wait for its own signature."""
    return Waiting(handover=signing.waiting_batches(context, actor, ports_of(request).domain, desk))


@router.post("/{desk}/signatures", responses=responses(400, 401, 403, 404, 422))
def offer_signatures(
    desk: DeskPath, signed: Signatures, context: ContextPort, actor: ActorPort, once: OncePort
) -> Taken:
    """Hand in signatures over batches of your desk."""
    offered = [
        (one.seq, bytes.fromhex(one.head[2:]), [bytes.fromhex(each[2:]) for each in one.signatures])
        for one in signed.batches
    ]
    return Taken(**signing.offer_signatures(context, actor, once, desk, offered))
