"""What moved on people's accounts and they have not been told of yet: debits once they are accepted, what came to them once it is final.

How far people were told is two counters. Whoever has no telephone is left out: they have the receipt in their hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy import Connection, func, select

from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import batches, entries, persons

DEBITS_A_PASS = 2_000
BATCHES_A_PASS = 20
DEBIT_KINDS = (Kind.REDEEM, Kind.DONATE)
CREDIT_KINDS = (Kind.CREDIT, Kind.REFUND)


@dataclass(frozen=True, slots=True)
class Move:
    """Coins that one person spent, gave or got; `subject` tells it from every other move of its kind and person."""

    person_id: str
    kind: Kind
    coins: int
    subject: str


@dataclass(frozen=True, slots=True)
class Untold:
    """Moves, and how far the counter goes once people are told of them."""

    moves: list[Move]
    up_to: int


class UntoldMoves:
    """Repository of moves that nobody was told of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def debits(self, after: int, since: int) -> Untold:
        """Charges and donations with a journal number above `after`, accepted at `since` or later, however much else was accepted between
        them. A journal number is not seen before every smaller one is.
        """
        up_to = self._connection.execute(select(func.max(entries.c.journal_no))).scalar_one()
        if up_to is None or up_to <= after:
            return Untold([], after)
        rows = self._connection.execute(
            select(entries.c.person_id, entries.c.kind, entries.c.coins, entries.c.journal_no)
            .join(persons, persons.c.id == entries.c.person_id)
            .where(entries.c.journal_no > after, entries.c.journal_no <= up_to)
            .where(entries.c.kind.in_(DEBIT_KINDS), entries.c.accepted_at >= since, persons.c.phone_sealed.is_not(None))
            .order_by(entries.c.journal_no)
            .limit(DEBITS_A_PASS)
        ).all()
        if len(rows) == DEBITS_A_PASS:
            up_to = rows[-1].journal_no
        return Untold([Move(row[0], Kind(row[1]), row[2], str(row[3])) for row in rows], up_to)

    def arrivals(self, after: int, since: int) -> Untold:
        """What credits and refunds of final batches with a post number above `after`, sealed at `since` or later, brought: one move a
        person, kind and batch.
        """
        rows = self._connection.execute(
            select(batches.c.desk, batches.c.seq, batches.c.post_number, batches.c.state, batches.c.sealed_at)
            .where(batches.c.post_number > after)
            .order_by(batches.c.post_number)
            .limit(BATCHES_A_PASS)
        )
        final = list(takewhile(lambda row: row.state == "final", rows))
        moves = [
            move
            for row in final
            if row.sealed_at >= since
            for move in self._of_batch(row.desk, row.seq)
        ]  # fmt: skip
        return Untold(moves, max((row.post_number for row in final), default=after))

    def _of_batch(self, desk: int, seq: int) -> Iterator[Move]:
        rows = self._connection.execute(
            select(entries.c.person_id, entries.c.kind, func.sum(entries.c.coins))
            .join(persons, persons.c.id == entries.c.person_id)
            .where(entries.c.desk == desk, entries.c.seq == seq, entries.c.kind.in_(CREDIT_KINDS))
            .where(entries.c.skip_reason.is_(None), persons.c.phone_sealed.is_not(None))
            .group_by(entries.c.person_id, entries.c.kind)
            .order_by(entries.c.person_id, entries.c.kind)
        )
        for person_id, kind, coins in rows:
            yield Move(person_id, Kind(kind), int(coins), f"{desk}/{seq}")
