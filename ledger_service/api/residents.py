"""Residents: their balance and their lines. What is not for the caller is not there."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field, Strict

from ledger_service.api.guard import new_router
from ledger_service.api.models import (
    JOURNAL_NO_MAX,
    ROWS_DEFAULT,
    Answer,
    Id,
    IdPath,
    Question,
    RowsMax,
    responses,
)
from ledger_service.api.ports import ActorPort, ContextPort, OncePort, ports_of
from ledger_service.api.sessions import Done
from ledger_service.reads import entries, looks, lots, own_data, residents
from ledger_service.reads.entries import EntriesPage
from ledger_service.reads.looks import AccessPage
from ledger_service.reads.lots import Lots
from ledger_service.reads.own_data import OwnData
from ledger_service.reads.residents import Balance, Namesake, Resident
from ledger_service.services import cards, forget

TAG = "Residents"
router = new_router(TAG, "/residents")


class Lookup(Question):
    """A member number, in the body because an address ends up in logs."""

    member_number: str = Field(min_length=1, max_length=100, examples=["S100215"])


BirthDate = Annotated[
    date, Strict(strict=False), Field(ge=date(1900, 1, 1), le=date(2099, 12, 31), examples=["1963-02-09"])
]


class Identity(Question):
    """What an identity document says, in the body because an address ends up in logs."""

    name: str = Field(min_length=1, max_length=100, examples=["하하린"])
    birth_date: BirthDate


class Found(Answer):
    """Everybody of one name and birth date."""

    residents: list[Namesake]


class NewResident(Question):
    """Whom a registrar has before them, by a document that was looked at (it is not kept)."""

    member_number: str = Field(min_length=1, max_length=32, examples=["S100999"])
    name: str = Field(min_length=1, max_length=100, examples=["하하린"])
    birth_date: BirthDate
    phone: str = Field("", max_length=32, examples=["010-0000-0000"])
    residence: str = Field("", max_length=100, examples=["서초동"])


class Opened(Answer):
    """The new resident."""

    person_id: Id


class NewCard(Question):
    """The PIN that the resident chose and typed."""

    pin: str = Field(min_length=1, max_length=16)


class Card(Answer):
    """A new card's number, told once: it goes on the card and into its QR."""

    card_number: str = Field(examples=["7KQM-4XWD-P2RA-9"])


@router.post("", status_code=201, responses=responses(400, 401, 403, 409, 422))
def open_resident(new: NewResident, context: ContextPort, actor: ActorPort, once: OncePort) -> Opened:
    """Open a resident. Who opens residents credits nobody."""
    fields = cards.NewResident(new.member_number, new.name, new.birth_date, new.phone, new.residence)
    return Opened(**cards.open_resident(context, actor, once, fields))


@router.post("/{person_id}/cards", status_code=201, responses=responses(401, 403, 404, 422, 503))
def issue_card(request: Request, person_id: IdPath, new: NewCard, context: ContextPort, actor: ActorPort) -> Card:
    """Give a resident a card; earlier ones are blocked."""
    return Card(card_number=cards.issue_card(context, ports_of(request).passwords, actor, person_id, new.pin))


@router.post("/{person_id}/cards/block", responses=responses(401, 403, 404))
def block_cards(person_id: IdPath, context: ContextPort, actor: ActorPort) -> Done:
    """A lost card: it is good for nothing from now on."""
    residents.require_visible(context.journal, actor, person_id)
    cards.block_cards(context, actor, person_id)
    return Done()


@router.post("/lookup", responses=responses(401, 403, 404, 422))
def find_resident(lookup: Lookup, context: ContextPort) -> Resident:
    """The resident of a member number."""
    return residents.find_resident(context.journal, context.vault, lookup.member_number)


@router.post("/find", responses=responses(401, 403, 404, 422))
def find_by_identity(identity: Identity, context: ContextPort, actor: ActorPort) -> Found:
    """Who has exactly this name and birth date: somebody who lost card and number stands before a registrar with a document."""
    found = residents.find_by_identity(context.journal, context.vault, actor, identity.name, identity.birth_date)
    return Found(residents=found)


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


@router.get("/{person_id}/looks", responses=responses(401, 403, 404))
def read_looks(
    person_id: IdPath,
    context: ContextPort,
    actor: ActorPort,
    after: Annotated[int, Query(ge=0, le=2**62, description="the next_after of the page before")] = 0,
    limit: RowsMax = ROWS_DEFAULT,
) -> AccessPage:
    """Who looked at a resident's data: for the resident, and for auditors."""
    return looks.looks_at(context.journal, actor, person_id, after, limit)


class Forgotten(Answer):
    """Nobody can read anything of this person any more."""

    person_id: Id
    forgotten: bool


@router.post("/{person_id}/forget", responses=responses(400, 401, 403, 404, 409, 422))
def forget_resident(person_id: IdPath, context: ContextPort, actor: ActorPort, once: OncePort) -> Forgotten:
    """Forget a resident who has asked for it: the key that opens their data is destroyed. Everything of theirs has to be settled;
    what is open is named."""
    return Forgotten(**forget.forget(context, actor, once, person_id))


@router.get("/{person_id}/own-data", responses=responses(400, 401, 403, 404))
def read_own_data(person_id: IdPath, context: ContextPort, actor: ActorPort) -> OwnData:
    """Everything that is kept of a resident, to take away: by themselves, or printed for them by a registrar."""
    return own_data.own_data(context.journal, context.vault, actor, person_id, context.clock.today())
