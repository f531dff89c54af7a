"""Who helps whom, for the two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of
from ledger_service.journal.helpers import HelperRow
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import Vault
from ledger_service.reads.residents import require_person


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One side of a help: `name` is the other's. `until` is its last day."""

    id: str
    name: str = field(repr=False)
    may_sign_up: bool
    until: date


def helpers_of(journal: Journal, vault: Vault, actor: Actor, person_id: str, today: date) -> list[HelpLine]:
    """Who may look at what is a resident's: for the resident, or printed for them by a registrar."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, Role.REGISTRAR)
        rows = unit.helpers.standing_of(person_id, civil_day(today))
        return _lines(unit, vault, [(row, row.helper_id) for row in rows])


def helped_by(journal: Journal, vault: Vault, actor: Actor, person_id: str, today: date) -> list[HelpLine]:
    """Whose things a resident may look at: for the resident, or printed for them by a registrar."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, Role.REGISTRAR)
        rows = unit.helpers.helped_by(person_id, civil_day(today))
        return _lines(unit, vault, [(row, row.person_id) for row in rows])


def _lines(unit: Unit, vault: Vault, found: list[tuple[HelperRow, str]]) -> list[HelpLine]:
    others = {person_id for _, person_id in found}
    people = {row.id: row for row in unit.people.by_ids(others)}
    seals = vault.of_many(others)
    return [
        HelpLine(
            row.id,
            seals[other].open("name", people[other].name_sealed) if other in seals else "*",
            row.may_sign_up,
            date_of(row.end_day),
        )
        for row, other in found
    ]
