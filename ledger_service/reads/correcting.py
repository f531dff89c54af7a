"""Corrections as the centres and the coin office see them: the entry that is to be undone, and what was proposed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Row, Select, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import Kind
from ledger_service.errors import NotFound
from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import actors, approvals, corrections, entries, persons
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import Vault
from ledger_service.reads.counter import masked
from ledger_service.reads.paging import cut


@dataclass(frozen=True, slots=True)
class Original:
    """The entry that a correction names. `resident` is a masked name, `owed` what of the account corrections want already."""

    journal_no: int
    kind: str
    resident: str
    place: str
    what: str | None
    day: date
    coins: int
    corrected: int
    available: int
    owed: int


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A proposed correction and what became of it. `restores` an expiry, else it takes a credit back; `taken` is what was there."""

    id: str
    original_no: int
    coins: int
    taken: int
    restores: bool
    reason: str
    status: str
    submitted_by: str
    submitted_at: int
    journal_no: int | None


@dataclass(frozen=True, slots=True)
class CorrectionsPage:
    """Newest first."""

    lines: list[CorrectionLine]
    next_before: str | None


def corrections_of(journal: Journal, actor: Actor, rows_max: int, before: str = "") -> CorrectionsPage:
    """The latest: all for the coin office and auditors, for others those of their own desks' entries."""
    wanted = _LINES.order_by(corrections.c.id.desc()).limit(rows_max + 1)
    if before:
        wanted = wanted.where(corrections.c.id < before)
    if not actor.has(Role.OFFICE, Role.AUDITOR):
        wanted = wanted.where(entries.c.desk.in_(sorted(actor.desks)))
    with journal.read() as unit:
        page, last = cut([_line(row) for row in unit.connection.execute(wanted)], rows_max)
    return CorrectionsPage(page, last.id if last else None)


def correction(journal: Journal, vault: Vault, actor: Actor, correction_id: str) -> tuple[CorrectionLine, Original]:
    """One correction with its entry; NotFound where it is not this actor's to see."""
    wanted = _LINES.where(corrections.c.id == correction_id)
    if not actor.has(Role.OFFICE, Role.AUDITOR):
        wanted = wanted.where(entries.c.desk.in_(sorted(actor.desks)))
    with journal.read() as unit:
        row = unit.connection.execute(wanted).one_or_none()
        if row is None:
            raise NotFound(f"there is no correction {correction_id}", "해당 정정 제안이 없습니다")
        return _line(row), _original(unit, vault, row.original_no)


def original(journal: Journal, vault: Vault, actor: Actor, journal_no: int) -> Original:
    """The entry of a journal number, for its desk's people and the coin office."""
    with journal.read() as unit:
        found = unit.entries.read(journal_no)
        if found is None or not (actor.has(Role.OFFICE) or found.desk in actor.desks):
            raise NotFound(f"there is no entry {journal_no}", "해당 기록이 없습니다")
        return _original(unit, vault, journal_no)


_LINES: Select[tuple[object, ...]] = (
    select(corrections, approvals.c.status, approvals.c.submitted_at, actors.c.name.label("submitter"), entries.c.desk)
    .join(approvals, approvals.c.id == corrections.c.id)
    .join(actors, actors.c.id == approvals.c.submitted_by)
    .join(entries, entries.c.journal_no == corrections.c.original_no)
)


def _line(row: Row[tuple[object, ...]]) -> CorrectionLine:
    return CorrectionLine(
        id=row.id,
        original_no=row.original_no,
        coins=row.coins,
        taken=row.taken,
        restores=row.restores,
        reason=row.reason,
        status=row.status,
        submitted_by=row.submitter,
        submitted_at=row.submitted_at,
        journal_no=row.journal_no,
    )


def _original(unit: Unit, vault: Vault, journal_no: int) -> Original:
    entry = unit.entries.read(journal_no)
    assert entry is not None, "corrections name an entry that is there"
    account = unit.accounts.read(entry.account)
    name = "*"
    if entry.person_id is not None:
        sealed = unit.connection.execute(
            select(persons.c.name_sealed).where(persons.c.id == entry.person_id)
        ).scalar_one()
        seal = vault.of_many([entry.person_id]).get(entry.person_id)
        note_person(entry.person_id)
        name = masked(seal.open("name", sealed)) if seal is not None else "*"
    desk = unit.master.desk(entry.desk)
    rates = {rate.rate_id: rate.name for rate in unit.master.rate_versions()}
    assert desk is not None, "an entry's desk is there"
    return Original(
        journal_no=journal_no,
        kind=Kind(entry.kind).name.lower(),
        resident=name,
        place=desk.name,
        what=rates.get(entry.ref) if entry.kind == Kind.CREDIT else None,
        day=date_of(entry.day),
        coins=entry.coins,
        corrected=unit.corrections.corrected(journal_no),
        available=account.available if account is not None else 0,
        owed=account.debt if account is not None else 0,
    )
