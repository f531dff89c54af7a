"""A ledger of the harness's own: it knows from the acknowledged answers, and from nothing else, what every balance must be.

It has its own arithmetic (an hour of volunteering is five coins) and shares no code with the service.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

CREDIT, REDEEM, REFUND, DONATE = "credit", "redeem", "refund", "donate"
COINS_AN_HOUR = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """What must not be: its kind (a column of the report), what happened, and the operation it happened to."""

    kind: str
    what: str
    operation: str = ""


@dataclass(slots=True)
class Account:
    """One resident's coins, as acknowledged."""

    credited: int = 0
    spent: int = 0
    refunded: int = 0
    donated: int = 0

    @property
    def available(self) -> int:
        """What can be spent when all is final and nothing is held."""
        return self.credited - self.spent + self.refunded - self.donated


@dataclass(slots=True)
class Entry:
    """An entry that must be in the books, final, once."""

    kind: str
    units: int
    operation: str


class Model:
    """What was acknowledged. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.accounts: dict[str, Account] = defaultdict(Account)
        self.entries: dict[int, Entry] = {}
        self.counts: Counter[str] = Counter()
        """Entries by kind, also those whose journal number no answer names."""
        self.coins: Counter[str] = Counter()
        self.operations = 0
        self.sent = 0
        self.refused_for_now = 0
        """Answers that said 503: send it again later."""
        self.violations: list[Violation] = []
        self._spare: dict[str, int] = {}
        self._seats: Counter[tuple[str, str]] = Counter()

    def begin_load(self, people: dict[str, str]) -> None:
        """Everything acknowledged is final and nothing is held: from here on it is known what each person can surely pay."""
        with self._lock:
            self._spare = {person: self.accounts[member].available for member, person in people.items()}

    def wants(self, person: str, coins: int) -> None:
        """Somebody asks for these coins of a person. What comes back or is earned meanwhile is not counted: it may not be final yet."""
        with self._lock:
            self._spare[person] -= coins

    def can_surely_pay(self, person: str) -> bool:
        """Whether a person had enough for all that was asked for since the load began, this request included."""
        with self._lock:
            return self._spare[person] >= 0

    def wants_seat(self, person: str, course: str) -> None:
        """Somebody asks for a seat."""
        with self._lock:
            self._seats[person, course] += 1

    def may_have_seat(self, person: str, course: str) -> bool:
        """Whether a seat in a course was asked for more than once for this person."""
        with self._lock:
            return self._seats[person, course] > 1

    def acknowledged(self) -> None:
        """One more operation was answered with success."""
        with self._lock:
            self.operations += 1

    def credit(self, members: list[str], coins: int, first_journal_no: int, operation: str) -> None:
        """An approved submission: so many coins for each of these members, one entry each, numbered on from the first."""
        with self._lock:
            for number, member in enumerate(members, first_journal_no):
                self.accounts[member].credited += coins
                self._add(CREDIT, coins, number, operation, units=coins * 60 // COINS_AN_HOUR)

    def move(self, kind: str, member: str, coins: int, journal_no: int | None, operation: str) -> None:
        """A charge, a refund or a donation."""
        with self._lock:
            account = self.accounts[member]
            if kind == REDEEM:
                account.spent += coins
            elif kind == REFUND:
                account.refunded += coins
            else:
                account.donated += coins
            self._add(kind, coins, journal_no, operation, units=coins)

    def violate(self, kind: str, what: str, operation: str = "") -> None:
        """Something happened that must not."""
        with self._lock:
            self.violations.append(Violation(kind, what, operation))

    def take_violations(self) -> list[Violation]:
        """Those since the last time."""
        with self._lock:
            taken, self.violations = self.violations, []
            return taken

    def compare(self, exported: list[dict[str, Any]], kinds: dict[int, str]) -> list[Violation]:
        """The acknowledged against an export of the books: what is missing, what is there twice or was never asked for."""
        recorded: dict[int, list[dict[str, Any]]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for line in exported:
            if line["type"] == "entry":
                recorded[line["journal_no"]].append(line)
                counts[kinds[line["kind"]]] += 1
        found = []
        for number, entry in self.entries.items():
            lines = recorded.get(number, [])
            name = f"entry {number} ({entry.kind})"
            if not lines:
                found.append(Violation("lost", f"{name} was acknowledged and is not on the chain", entry.operation))
            elif len(lines) > 1:
                found.append(Violation("doubled", f"{name} is recorded {len(lines)} times", entry.operation))
            elif (kinds[lines[0]["kind"]], lines[0]["units"]) != (entry.kind, entry.units):
                found.append(Violation("balance", f"{name} has other units: {lines[0]['units']}", entry.operation))
        for kind in counts.keys() | self.counts.keys():
            more = counts[kind] - self.counts[kind]
            if more > 0:
                found.append(Violation("doubled", f"{more} entries of kind {kind} that nobody was told of"))
            elif more < 0:
                found.append(Violation("lost", f"{-more} entries of kind {kind} are missing"))
        return found

    def _add(self, kind: str, coins: int, journal_no: int | None, operation: str, *, units: int) -> None:
        self.counts[kind] += 1
        self.coins[kind] += coins
        if journal_no is None:
            return
        if journal_no in self.entries:
            self.violations.append(Violation("doubled", f"entry {journal_no} was answered to two requests", operation))
        self.entries[journal_no] = Entry(kind, units, operation)


@dataclass(slots=True)
class Slots:
    """Hours of volunteering that nobody did yet: each is given out once, so that no record overlaps another."""

    members: list[str]
    first_day: int
    last_day: int
    next: int = field(default=0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, count: int) -> list[tuple[str, str, str, str, int]]:
        """(member, day, start, end, number) of so many hours; fewer, and in the end none, where they run out."""
        with self._lock:
            first = self.next
            self.next = min(first + count, self.size)
            return [self._slot(number) for number in range(first, self.next)]

    @property
    def size(self) -> int:
        """How many there are in all: eight hours a day count."""
        return len(self.members) * (self.last_day - self.first_day + 1) * 8

    def _slot(self, number: int) -> tuple[str, str, str, str, int]:
        rest, member = divmod(number, len(self.members))
        day, hour = divmod(rest, 8)
        return (
            self.members[member],
            f"2024-04-{self.first_day + day:02}",
            f"{9 + hour:02}:00",
            f"{10 + hour:02}:00",
            number,
        )
