"""The entries of an approved submission, so that whoever may correct one finds its receipt number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.journal.access_log import note_person
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import batches, entries, persons, rates, records
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.entries import state_of
from ledger_service.reads.paging import cut
from ledger_service.reads.submissions import approval

FORGOTTEN = "–"


@dataclass(frozen=True, slots=True)
class SubmittedEntry:
    """What one line of a file was credited as."""

    line: int
    journal_no: int
    record_number: str = field(repr=False)
    name: str = field(repr=False)
    member_number: str = field(repr=False)
    programme: str
    day: date
    coins: int
    state: str


@dataclass(frozen=True, slots=True)
class SubmittedEntries:
    """In the order of the file."""

    entries: list[SubmittedEntry]
    next_after: int | None


def submitted_entries(
    journal: Journal,
    vault: Vault,
    actor: Actor,
    import_id: str,
    after: int,
    rows_max: int,
    person_id: str | None = None,
) -> SubmittedEntries:
    """The entries of the lines after this one, or those of one resident. Only of the actor's own centres, but for the coin office."""
    actor.require(Role.CLERK, Role.APPROVER, Role.OFFICE)
    approval(journal, actor, import_id)
    wanted = (
        select(
            records.c.line, records.c.person_id, records.c.record_sealed, entries.c.journal_no, entries.c.coins,
            entries.c.day, entries.c.skip_reason, batches.c.state, rates.c.name.label("programme"),
            persons.c.name_sealed, persons.c.member_number_sealed,
        )
        .select_from(
            records.join(entries, entries.c.record_key == records.c.record_key)
            .join(rates, rates.c.id == records.c.rate_id)
            .join(persons, persons.c.id == records.c.person_id)
            .outerjoin(batches, ITS_BATCH)
        )
        .where(
            records.c.import_id == import_id, records.c.line > after, ~records.c.withdrawn, entries.c.freed_no == 0
        )
        .order_by(records.c.line)
        .limit(rows_max + 1)
    )  # fmt: skip
    if not actor.has(Role.OFFICE):
        wanted = wanted.where(records.c.desk.in_(sorted(actor.desks)))
    if person_id is not None:
        wanted = wanted.where(records.c.person_id == person_id)
    with journal.read() as unit:
        rows, last = cut(unit.connection.execute(wanted).all(), rows_max)
    seals = vault.of_many({row.person_id for row in rows})
    found = []
    for row in rows:
        note_person(row.person_id)
        seal = seals.get(row.person_id)
        found.append(
            SubmittedEntry(
                line=row.line,
                journal_no=row.journal_no,
                record_number=seal.open("business_key", row.record_sealed).rpartition("\x1f")[2]
                if seal is not None and row.record_sealed
                else FORGOTTEN,
                name=seal.open("name", row.name_sealed) if seal is not None else FORGOTTEN,
                member_number=seal.open("member_number", row.member_number_sealed) if seal is not None else FORGOTTEN,
                programme=row.programme,
                day=date_of(row.day),
                coins=row.coins,
                state=state_of(row.state, row.skip_reason),
            )
        )
    return SubmittedEntries(found, last.line if last else None)
