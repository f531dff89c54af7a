"""A long list of keys in parts: a statement takes only so many parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Key = TypeVar("Key")


def chunks(keys: Sequence[Key], keys_max: int) -> Iterator[Sequence[Key]]:
    """Parts of `keys` with at most so many each, in order; none of none."""
    return (keys[start : start + keys_max] for start in range(0, len(keys), keys_max))
