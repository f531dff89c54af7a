"""What an entry of each kind does to the coins that the books hold for its account: one table for all who add up."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from ledger_service.domain.entries import Kind


class Effect(Enum):
    """How an accepted entry counts."""

    IN = "in"  # brings coins once it is final
    BACK = "back"  # a refund: on its way from acceptance, coins once it is final
    OUT = "out"  # takes coins from acceptance on; gives them back where the chain skips it
    CORRECTION = "correction"  # takes what is there and leaves a debt, or gives an expiry back
    NONE = "none"  # of no person's account


EFFECT: Mapping[int, Effect] = {
    Kind.CREDIT: Effect.IN,
    Kind.REDEEM: Effect.OUT,
    Kind.REFUND: Effect.BACK,
    Kind.DONATE: Effect.OUT,
    Kind.EXPIRE: Effect.OUT,
    Kind.CORRECT: Effect.CORRECTION,
    Kind.SET_OFF: Effect.OUT,
    Kind.CLOSURE: Effect.OUT,
    Kind.MERGE: Effect.OUT,  # of its first half; the second counts no coins, and brings them when the first is final (posting/undoing.py)
    Kind.MONTH_CLOSE: Effect.NONE,
    Kind.OPENING: Effect.IN,
}

BRINGING = tuple(kind for kind in EFFECT if EFFECT[kind] in (Effect.IN, Effect.BACK))
TAKING = tuple(kind for kind in EFFECT if EFFECT[kind] is Effect.OUT)
DEPENDING = (Kind.EXPIRE, Kind.CORRECT, Kind.CLOSURE, Kind.MERGE)
"""Of these the outcome depends on what stands before them on the chain."""
