"""Entries on the chain that nobody here accepted: what a stolen key made, for correction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger_service.domain.days import date_of
from ledger_service.domain.entries import unpack_words
from ledger_service.journal.unit import Journal


@dataclass(frozen=True, slots=True)
class OutsideEntry:
    """One entry by its place. `credited` and `debited` are what it moved, nothing where the contract skipped it."""

    desk: int
    seq: int
    index: int
    state: str
    kind: int
    account: str
    person_id: str | None
    units: int
    day: date
    credited: int
    debited: int
    skip_reason: int | None


def outside_entries(journal: Journal) -> list[OutsideEntry]:
    """Every entry of batches that are foreign, or whose bundle is missing, by place. The treasury corrects the foreign ones."""
    found = []
    with journal.read() as unit:
        for row in [*unit.outside.all("foreign"), *unit.outside.all("missing")]:
            stored = unit.batches.read(row.desk, row.seq)
            if stored is None:
                continue
            entries = list(unpack_words(stored.batch.words))
            people = unit.returning.people_of(entry.account for entry in entries)
            skips, moves = dict(row.skips), iter(row.moves)
            for index, entry in enumerate(entries):
                _, credited, _, debited = (b"", 0, 0, 0) if index in skips else next(moves, (b"", 0, 0, 0))
                found.append(
                    OutsideEntry(
                        row.desk, row.seq, index, row.state, entry.kind, "0x" + entry.account.hex(), people.get(entry.account),
                        entry.units, date_of(entry.day), credited, debited, skips.get(index),
                    )
                )  # fmt: skip
    return found
