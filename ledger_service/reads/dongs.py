"""Coins by the part of the district where residents live. Residences are sealed under each person's key, so this opens all of them:
the pages keep an answer for a while. No cell stands for fewer than five people (DOMAIN rule 42)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from ledger_service.domain.disclosure import PEOPLE_LEAST, hidden_cells
from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import accounts, entries, persons
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault

FIELD_END = "\x1f"  # in a residence: after the dong comes how the person belongs to the district
MEASURES = ("issued", "spent", "donated", "expired", "outstanding")
_SIGNS = {
    Kind.CREDIT: ("issued", 1), Kind.OPENING: ("issued", 1), Kind.REDEEM: ("spent", 1), Kind.REFUND: ("spent", -1),
    Kind.DONATE: ("donated", 1), Kind.EXPIRE: ("expired", 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DongSum:
    """Coins of one dong's residents; `name` is empty where no residence is known, and of dongs with fewer than five people.

    None: fewer than five people, or it would give such a cell away.
    """

    name: str
    issued: int | None
    spent: int | None
    donated: int | None
    expired: int | None
    outstanding: int | None


def dong_sums(journal: Journal, vault: Vault) -> list[DongSum]:
    """By the name of the dong. `spent` is less what was refunded."""
    with journal.read() as unit:
        moved = unit.connection.execute(
            select(entries.c.person_id, entries.c.kind, func.sum(entries.c.coins))
            .where(entries.c.skip_reason.is_(None), entries.c.person_id.is_not(None))
            .where(entries.c.kind.in_([int(kind) for kind in _SIGNS]))
            .group_by(entries.c.person_id, entries.c.kind)
        ).all()
        held = unit.connection.execute(
            select(persons.c.id, accounts.c.credited + accounts.c.refunding - accounts.c.debited)
            .join(accounts, accounts.c.address == persons.c.account)
            .where(accounts.c.credited + accounts.c.refunding > accounts.c.debited)
        ).all()
        residences = {
            row[0]: row[1] for row in unit.connection.execute(select(persons.c.id, persons.c.residence_sealed))
        }
    by_person: dict[tuple[str, str], int] = defaultdict(int)
    for person_id, kind, coins in moved:
        measure, sign = _SIGNS[Kind(kind)]
        by_person[person_id, measure] += sign * int(coins)
    for person_id, coins in held:
        by_person[person_id, "outstanding"] += int(coins)
    dong_of = _dongs(vault, residences, {person_id for person_id, _ in by_person})
    coins_of: dict[str, dict[str, int]] = {measure: defaultdict(int) for measure in MEASURES}
    people_of: dict[str, dict[str, int]] = {measure: defaultdict(int) for measure in MEASURES}
    for (person_id, measure), coins in by_person.items():
        if coins:
            dong = dong_of[person_id]
            coins_of[measure][dong] += coins
            people_of[measure][dong] += 1
    hidden = {measure: hidden_cells(people_of[measure]) for measure in MEASURES}
    return [
        DongSum(dong, *(None if dong in hidden[measure] else coins_of[measure].get(dong, 0) for measure in MEASURES))
        for dong in sorted(set(dong_of.values()))
    ]


def _dongs(vault: Vault, residences: dict[str, bytes | None], people: set[str]) -> dict[str, str]:
    """The dong of each of these people; nothing of one who is forgotten or of whom none is known."""
    seals = vault.of_many(people)
    found = {}
    for person_id in people:
        sealed, seal = residences.get(person_id), seals.get(person_id)
        opened = seal.open("residence", sealed) if seal is not None and sealed is not None else ""
        found[person_id] = opened.partition(FIELD_END)[0].strip()
    people_of = Counter(found.values())  # a name that few gave may be an address, and stands in no table
    return {person_id: dong if people_of[dong] >= PEOPLE_LEAST else "" for person_id, dong in found.items()}
