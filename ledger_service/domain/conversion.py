"""What a coin's loss of value is made up for with, where the change says `convert` (docs/closing.md)."""

from __future__ import annotations

CONVERSION_SOURCE = "convert"
"""The source of the records that a conversion submits."""


def coins_to_add(coins: int, old_krw: int, new_krw: int) -> int:
    """Coins by which what somebody holds is worth as many won as before: rounded down, so that never more than that is issued."""
    return coins * old_krw // new_krw - coins if coins > 0 and new_krw < old_krw else 0
