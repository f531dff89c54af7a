"""The sums of final batches: what credits and refunds bring, and what a skipped debit gives back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger_service.domain.effects import EFFECT, Effect
from ledger_service.domain.entries import Kind


@dataclass(slots=True)
class Settlement:
    """Coins by account, of batches that become final together."""

    credits: Counter[bytes] = field(default_factory=Counter)
    refunds: Counter[bytes] = field(default_factory=Counter)
    refused_debits: Counter[bytes] = field(default_factory=Counter)
    corrections: list[tuple[int, int, int]] = field(default_factory=list)
    """Applied ones as (desk, seq, position), in the order of the chain: what they took depends on what stood there (posting/undoing.py)."""
    merges: list[tuple[int, int, int]] = field(default_factory=list)
    """Applied ones as (desk, seq, position), both halves."""
    debits: Counter[bytes] = field(default_factory=Counter)
    """Only of batches from outside: what the books accept is debited then."""

    def add_outside(self, moves: Iterable[tuple[bytes, int, int, int]]) -> None:
        """What a batch from outside does: (account, credited, refunding, debited) of each of its entries."""
        for account, credited, refunding, debited in moves:
            if not (credited or refunding or debited):
                continue
            self.credits[account] += credited - refunding
            self.refunds[account] += refunding
            self.debits[account] += debited

    def add(self, desk: int, seq: int, movements: Iterable[tuple[bytes, int, int, int]], skipped: set[int]) -> None:
        """The entries of one batch as (account, kind, coins, position), and the positions that the chain skipped.

        A skipped credit brings nothing. Nor does a skipped refund, and what it takes off `refunding` depends on its redeem (finality.py).
        """
        for account, kind, coins, position in movements:
            effect = EFFECT[kind]
            if position in skipped:
                if effect is Effect.OUT:
                    self.refused_debits[account] += coins
            elif effect is Effect.IN:
                self.credits[account] += coins
            elif effect is Effect.BACK:
                self.refunds[account] += coins
            elif effect is Effect.CORRECTION:
                self.corrections.append((desk, seq, position))
            elif kind == Kind.MERGE:
                self.merges.append((desk, seq, position))
