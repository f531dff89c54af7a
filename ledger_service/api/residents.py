"""Residents: their balance and their lines. What is not for the caller is not there."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.models import JOURNAL_NO_MAX, ROWS_DEFAULT, IdPath, Question, RowsMax, responses
from ledger_service.api.ports import ActorPort, ContextPort
from ledger_service.reads import entries, lots, residents
from ledger_service.reads.entries import EntriesPage
from ledger_service.reads.lots import Lots
from ledger_service.reads.residents import Balance, Resident

TAG = "Residents"
router = new_router(TAG, "/residents")


class Lookup(Question):
    """A member number, in the body because an address ends up in logs."""

    member_number: str = Field(min_length=1, max_length=100, examples=["S100215"])


@router.post("/lookup", responses=responses(401, 403, 404, 422))
def find_resident(lookup: Lookup, context: ContextPort) -> Resident:
    """The resident of a member number."""
    return residents.find_resident(context.journal, context.vault, lookup.member_number)


@router.get("/{person_id}", responses=responses(401, 403, 404))
def read_resident(person_id: IdPath, context: ContextPort, actor: ActorPort) -> Resident:
    """Whom an id stands for."""
    return residents.resident(context.journal, context.vault, actor, person_id)


@router.get("/{person_id}/balance", responses=responses(401, 403, 404))
def read_balance(person_id: IdPath, context: ContextPort, actor: ActorPort) -> Balance:
    """Coins that can be spent, are held, or are on their way."""
    return residents.balance(context.journal, actor, person_id, context.clock.today())


@router.get("/{person_id}/lots", responses=responses(401, 403, 404))
def read_lots(person_id: IdPath, context: ContextPort, actor: ActorPort) -> Lots:
    """What each credit has left and up to which day it counts, in the order of spending. A forecast until everything is final."""
    return lots.lots_of(context.journal, actor, person_id)


@router.get("/{person_id}/entries", responses=responses(401, 403, 404))
def read_entries(
    person_id: IdPath,
    context: ContextPort,
    actor: ActorPort,
    before: Annotated[
        int | None, Query(ge=1, le=JOURNAL_NO_MAX, description="the next_before of the page before")
    ] = None,
    limit: RowsMax = ROWS_DEFAULT,
) -> EntriesPage:
    """Lines of the ledger, newest first: waiting, accepted, posted, final or skipped."""
    return entries.entries_of(context.journal, actor, person_id, before, limit)
