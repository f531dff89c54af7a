"""The lines of a file that a refusal names."""

from __future__ import annotations

from collections.abc import Sequence

LINES_NAMED_MAX = 20


def named_lines(lines: Sequence[int]) -> str:
    """The first lines by number, and how many there are where that is not all: `4, 7, … 31`."""
    shown = ", ".join(str(line) for line in lines[:LINES_NAMED_MAX])
    return shown if len(lines) <= LINES_NAMED_MAX else f"{shown}, … {len(lines)}"
