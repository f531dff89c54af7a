"""Objections as the resident and the coin office read them. Nobody else does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of
from ledger_service.errors import NotFound
from ledger_service.journal.objections import ObjectionRow
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import PersonSeal, Vault
from ledger_service.reads.residents import require_person

TEXT_COLUMN, ANSWER_COLUMN = "objection", "objection_answer"
FORGOTTEN = "–"


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """An objection in words. `state`: open, answered, withdrawn; `is_late`: it waits and the day for an answer is over. UTC seconds."""

    id: str
    person_id: str
    resident: str = field(repr=False)
    journal_no: int | None
    text: str = field(repr=False)
    state: str
    filed_at: int
    due: date
    is_late: bool
    answer: str | None = field(repr=False)
    answered_by: str | None
    answered_at: int | None


def objections_of(
    journal: Journal, vault: Vault, actor: Actor, person_id: str, today: date, rows_max: int
) -> list[ObjectionLine]:
    """A resident's, the latest first: their own, or printed for them by a registrar."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, Role.REGISTRAR)
        return _lines(unit, vault, unit.objections.of_person(person_id, rows_max), today)


def objections_to_answer(
    journal: Journal, vault: Vault, actor: Actor, today: date, rows_max: int, *, over: bool
) -> list[ObjectionLine]:
    """For the coin office: those that wait, the one that is due first; or those that are over."""
    actor.require(Role.OFFICE)
    with journal.read() as unit:
        rows = unit.objections.over(rows_max) if over else unit.objections.open_ones(rows_max)
        return _lines(unit, vault, rows, today)


def objection(journal: Journal, vault: Vault, actor: Actor, objection_id: str, today: date) -> ObjectionLine:
    """One, for its resident and the coin office; NotFound for anybody else."""
    with journal.read() as unit:
        row = unit.objections.read(objection_id)
        if row is None or not (
            actor.has(Role.OFFICE) or (actor.person_id is not None and row.person_id == actor.person_id)
        ):
            raise NotFound("there is no such objection", "해당 이의가 없습니다")
        return _lines(unit, vault, [row], today)[0]


def open_count(journal: Journal, today: date) -> tuple[int, int]:
    """(waiting, late) of all objections."""
    with journal.read() as unit:
        rows = unit.objections.open_ones(1_000)
    return len(rows), sum(row.due_day < civil_day(today) for row in rows)


def _lines(unit: Unit, vault: Vault, rows: list[ObjectionRow], today: date) -> list[ObjectionLine]:
    people = {row.id: row for row in unit.people.by_ids({row.person_id for row in rows})}
    seals = vault.of_many(people)
    names = {actor.id: actor.name for actor in unit.actors.all()}
    found = []
    for row in rows:
        unit.people.by_id(row.person_id)  # who is shown is noted in the access log
        seal = seals.get(row.person_id)
        found.append(
            ObjectionLine(
                id=row.id,
                person_id=row.person_id,
                resident=_opened(seal, "name", people[row.person_id].name_sealed),
                journal_no=row.journal_no,
                text=_opened(seal, TEXT_COLUMN, row.text_sealed),
                state=row.state,
                filed_at=row.filed_at,
                due=date_of(row.due_day),
                is_late=row.state == "open" and row.due_day < civil_day(today),
                answer=None if row.answer_sealed is None else _opened(seal, ANSWER_COLUMN, row.answer_sealed),
                answered_by=names.get(row.answered_by or ""),
                answered_at=row.answered_at,
            )
        )
    return found


def _opened(seal: PersonSeal | None, column: str, sealed: bytes) -> str:
    return seal.open(column, sealed) if seal is not None and sealed else FORGOTTEN
