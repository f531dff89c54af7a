"""Lines of the ledger as people see them: accepted, posted, final or skipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Row, select

from ledger_service.domain.actors import Actor
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import Kind, Skip
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import approvals, batches, entries, rates, records
from ledger_service.journal.unit import Journal, Unit
from ledger_service.reads.paging import cut
from ledger_service.reads.residents import ENTRIES_ROLES, require_person


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line. `state` is accepted, posted, final or skipped; a skipped one names its reason. `desk` and `seq` name its batch."""

    journal_no: int
    kind: str
    desk: int
    coins: int
    units: int
    ref: int
    day: date
    accepted_at: int
    state: str
    skip_reason: str | None
    seq: int | None
    position: int | None
    original_no: int | None


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """An act that waits for approval: it has no journal number yet."""

    approval_id: str
    programme: str
    desk: int
    day: date
    coins: int
    state: str = "waiting"


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """Newest first. `waiting` comes with the first page only."""

    waiting: list[WaitingLine]
    entries: list[EntryLine]
    next_before: int | None


SETTLED = frozenset({"final", "skipped"})
"""The states of an entry in which it stays."""


def state_of(batch_state: str | None, skip_reason: int | None) -> str:
    """What is said of an entry, from its batch's state and the reason for which the chain did not apply it."""
    if batch_state in (None, "sealed", "signed"):
        return "accepted"
    return "skipped" if skip_reason is not None else str(batch_state)


def entries_of(journal: Journal, actor: Actor, person_id: str, before: int | None, rows_max: int) -> EntriesPage:
    """A resident's lines, newest first, paged by journal number."""
    with journal.read() as unit:
        person = require_person(unit, actor, person_id, *ENTRIES_ROLES)
        page, last = cut(entries_for(unit, person.account, before, rows_max), rows_max)
        waiting = _waiting(unit, person_id, rows_max) if before is None else []
    return EntriesPage(waiting, page, last.journal_no if last else None)


def entries_for(unit: Unit, account: bytes, before: int | None, rows_max: int) -> list[EntryLine]:
    """The lines of an account, newest first; one more than asked for where there are more."""
    wanted = (
        select(entries, batches.c.state)
        .select_from(entries.outerjoin(batches, ITS_BATCH))
        .where(entries.c.account == account)
        .order_by(entries.c.journal_no.desc())
        .limit(rows_max + 1)
    )
    if before is not None:
        wanted = wanted.where(entries.c.journal_no < before)
    return [line_of(row) for row in unit.connection.execute(wanted)]


def line_of(row: Row[tuple[object, ...]]) -> EntryLine:
    """The line of an entry's row joined with its batch's state."""
    return EntryLine(
        journal_no=row.journal_no,
        kind=Kind(row.kind).name.lower(),
        desk=row.desk,
        coins=row.coins,
        units=row.units,
        ref=row.ref,
        day=date_of(row.day),
        accepted_at=row.accepted_at,
        state=state_of(row.state, row.skip_reason),
        skip_reason=Skip(row.skip_reason).name.lower() if row.skip_reason is not None else None,
        seq=row.seq,
        position=row.position,
        original_no=row.original_no,
    )


def _waiting(unit: Unit, person_id: str, rows_max: int) -> list[WaitingLine]:
    rows = unit.connection.execute(
        select(records.c.import_id, rates.c.programme, records.c.desk, records.c.activity_day, records.c.coins)
        .join(approvals, approvals.c.id == records.c.import_id)
        .join(rates, rates.c.id == records.c.rate_id)
        .where(approvals.c.status == "waiting", records.c.person_id == person_id, ~records.c.withdrawn)
        .order_by(records.c.id.desc())
        .limit(rows_max)
    )
    return [WaitingLine(row[0], row[1], row[2], date_of(row[3]), row[4]) for row in rows]
