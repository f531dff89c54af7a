"""How an account ends: the code that a closure's word carries, and the refs of a merge's halves (docs/formats.md)."""

from __future__ import annotations

from enum import IntEnum

MERGES_MAX = 4  # so often may accounts be merged one after the other: beyond it the contract knows no heir of the first one's entries
MERGED_FROM, MERGED_INTO = 0, 1  # the refs of a merge's halves


class EndReason(IntEnum):
    """A closure's reason."""

    MOVED_AWAY = 1
    DIED = 2
    OWN_WISH = 3
    FRAUD = 4
