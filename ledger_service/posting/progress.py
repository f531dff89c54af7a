"""Telling somebody how far a long step is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, out of how much."""


def no_progress(_doing: str, _done: int, _total: int) -> None:
    """For those who do not show it."""
