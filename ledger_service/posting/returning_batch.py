"""A batch's entries on their way back into lost books: what the chain, the bundle and the books say of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ledger_service.domain.batches import Batch
from ledger_service.domain.entries import Entry, Kind
from ledger_service.errors import Unavailable
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.kept_rows import Rows
from ledger_service.journal.people import PersonRow
from ledger_service.journal.vault import PersonSeal

DEBITS = frozenset({Kind.REDEEM, Kind.DONATE, Kind.EXPIRE, Kind.SET_OFF, Kind.CLOSURE})
UNDOING = frozenset({Kind.REFUND, Kind.CORRECT})
KNOWN_KINDS = frozenset({Kind.CREDIT, Kind.OPENING, Kind.MONTH_CLOSE, Kind.MERGE, *UNDOING, *DEBITS})


class NotReadable(Unavailable):
    """What a batch holds cannot be read back now, or not by this version: its words stand for it, and its desk waits."""

    code = "not_readable"


class Forked(Unavailable):
    """The books went on by themselves after they were lost: what they hold contradicts the chain."""

    code = "books_forked"


@dataclass(frozen=True, slots=True)
class Returned:
    """One entry: its word, what the bundle keeps of it, and what its sealed part says (nothing where the person is forgotten)."""

    word: Entry
    record: Mapping[str, Any]
    act: Mapping[str, Any]
    coins: int
    original_no: int | None
    known: EntryRow | None

    @property
    def number(self) -> int:
        """Its journal number."""
        return int(self.record["journalNo"])

    @property
    def is_merged(self) -> bool:
        """Whether it is the half of a merge that takes the coins out; the other half, which brings them, follows it."""
        return self.word.kind == Kind.MERGE and self.word.ref == 0

    @property
    def is_debit(self) -> bool:
        """Whether acceptance took its coins from the account."""
        return self.word.kind in DEBITS or self.is_merged

    @property
    def hold_id(self) -> str | None:
        """The hold that became this charge, if that is known."""
        known: str | None = self.act.get("hold") or self.record["consent"]
        return known


@dataclass(frozen=True, slots=True)
class ReturningBatch:
    """A batch's entries, ready to be written."""

    batch: Batch
    entries: tuple[Returned, ...]
    people: tuple[PersonRow, ...]
    seals: Mapping[str, PersonSeal]
    rows: Rows
    personal: Mapping[str, Rows]

    def ends(self, among: Iterable[Returned]) -> Iterator[tuple[Returned, Returned | None]]:
        """The entries that end an account, each with its other half where it is a merge."""
        following = dict(pairwise(one.number for one in self.entries))
        by_number = {one.number: one for one in self.entries}
        for one in among:
            if one.is_merged:
                yield one, by_number[following[one.number]]
            elif one.word.kind == Kind.CLOSURE:
                yield one, None

    @property
    def coins(self) -> int:
        """The forecast of what it moves."""
        return sum(one.coins for one in self.entries)
