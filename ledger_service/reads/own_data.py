"""Everything that is kept of one person, for that person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.entries import EntryLine, entries_for
from ledger_service.reads.helping import HelpLine, helped_by, helpers_of
from ledger_service.reads.looks import AccessLine, access_page
from ledger_service.reads.objections import ObjectionLine, objections_of
from ledger_service.reads.residents import require_person

LINES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class OwnData:
    """A person's own data. `account` is their pseudonym on the chain."""

    person_id: str
    day: date
    member_number: str
    name: str
    birth_date: str
    phone: str
    residence: str
    account: str
    cards: int
    objections: list[ObjectionLine]
    helpers: list[HelpLine]
    helped: list[HelpLine]
    entries: list[EntryLine]
    looks: list[AccessLine]


def own_data(journal: Journal, vault: Vault, actor: Actor, person_id: str, today: date) -> OwnData:
    """What is kept of a resident: personal columns, ledger lines (the newest 10,000) and looks. NotFound for anybody else."""
    with journal.read() as unit:
        person = require_person(unit, actor, person_id, Role.REGISTRAR)
        cards = len(unit.credentials.cards_of(person_id))
        lines = entries_for(unit, person.account, None, LINES_MAX)
    seal = vault.of(person.id)
    return OwnData(
        person_id=person.id,
        day=today,
        member_number=seal.open("member_number", person.member_number_sealed),
        name=seal.open("name", person.name_sealed),
        birth_date=seal.open("birth_date", person.birth_date_sealed),
        phone=seal.open("phone", person.phone_sealed) if person.phone_sealed else "",
        residence=seal.open("residence", person.residence_sealed).replace("\x1f", " ")
        if person.residence_sealed
        else "",
        account=f"0x{person.account.hex()}",
        cards=cards,
        objections=objections_of(journal, vault, actor, person_id, today, LINES_MAX),
        helpers=helpers_of(journal, vault, actor, person_id, today),
        helped=helped_by(journal, vault, actor, person_id, today),
        entries=lines[:LINES_MAX],
        looks=access_page(journal, person_id, 0, LINES_MAX).looks,
    )
