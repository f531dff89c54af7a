"""The access log as it is read and taken away."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from io import StringIO

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import exported_cell
from ledger_service.journal.unit import Journal
from ledger_service.reads.paging import cut
from ledger_service.reads.residents import require_person


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One look. `person_id` is None where more people were touched than have lines of their own (`people` counts them). `number`
    and `hash` are its place in the chain of hashes, once the next batch was sealed."""

    id: int
    at: int
    actor_id: str
    assisted_by: str | None
    address: str
    action: str
    person_id: str | None
    people: int
    reason: str
    number: int | None
    hash: str | None


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Oldest first."""

    looks: list[AccessLine]
    next_after: int | None


def access_page(journal: Journal, person_id: str | None, after: int, rows_max: int) -> AccessPage:
    """Looks by id, of one person or of all."""
    with journal.read() as unit:
        rows = unit.access_log.page(person_id, after, rows_max + 1)
    lines = [
        AccessLine(
            row.id, row.at, row.actor_id, row.assisted_by, row.address, row.action, row.person_id, row.people,
            row.reason, row.number, None if row.hash is None else f"0x{row.hash.hex()}",
        )
        for row in rows
    ]  # fmt: skip
    page, last = cut(lines, rows_max)
    return AccessPage(page, last.id if last else None)


def looks_at(journal: Journal, actor: Actor, person_id: str, after: int, rows_max: int) -> AccessPage:
    """Who looked at a resident; NotFound where it is neither oneself nor an auditor who asks."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, Role.AUDITOR)
    return access_page(journal, person_id, after, rows_max)


def access_csv(page: AccessPage) -> str:
    """The page for a spreadsheet. A byte order mark, because Excel wants one."""
    out = StringIO()
    writer = csv.writer(out)
    names = [field.name for field in fields(AccessLine)]
    writer.writerow(names)
    for line in page.looks:
        values = asdict(line)
        writer.writerow([exported_cell("" if values[name] is None else str(values[name])) for name in names])
    return "\ufeff" + out.getvalue()
