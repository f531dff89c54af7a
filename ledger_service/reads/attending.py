"""Who is at a centre now, and who came lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of
from ledger_service.errors import NotFound
from ledger_service.journal.access_log import note_person
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.counter import masked


@dataclass(frozen=True, slots=True)
class AttendanceLine:
    """Somebody who came; `resident` is a masked name, `is_old` one who did not go on an earlier day."""

    id: str
    resident: str = field(repr=False)
    programme: str
    day: date
    start_minute: int
    state: str
    submission_id: str | None
    is_old: bool


def attendances_of(
    journal: Journal, vault: Vault, actor: Actor, desk: int, today: date, rows_max: int
) -> list[AttendanceLine]:
    """A centre's: up to so many that are open, then as many of the others, the latest first. NotFound where the centre is not the actor's."""
    if not (actor.has(Role.OFFICE) or desk in actor.desks):
        raise NotFound(f"there is no centre desk {desk}", f"센터 {desk}번이 없습니다")
    with journal.read() as unit:
        rows = unit.attendances.of_desk(desk, rows_max)
        people = {row.id: row for row in unit.people.by_ids({row.person_id for row in rows})}
        names = {rate.programme: rate.name for rate in unit.master.rate_versions()}
    seals = vault.of_many(people)
    found = []
    for row in rows:
        note_person(row.person_id)
        seal = seals.get(row.person_id)
        name = masked(seal.open("name", people[row.person_id].name_sealed)) if seal is not None else "*"
        found.append(
            AttendanceLine(
                row.id, name, names.get(row.programme, row.programme), date_of(row.day), row.start_minute, row.state,
                row.submission_id, row.state == "open" and row.day < civil_day(today),
            )
        )  # fmt: skip
    return found
