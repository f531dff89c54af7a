"""Bars as SVG. The numbers stand beside them as a table, so a chart is never the only place where something is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, BAR, GAP = 600, 28, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar at `y`, `width` units long; `value` None: too few people to show."""

    label: str
    value: int | None
    y: int
    width: int


@dataclass(frozen=True, slots=True)
class Bars:
    """All bars, in a box of `WIDTH` by `height`."""

    bars: list[Bar]
    height: int
    width: int = WIDTH
    bar: int = BAR

    @property
    def has_any(self) -> bool:
        """Whether there is a bar to draw."""
        return any(bar.width for bar in self.bars)


def bars(values: Sequence[tuple[str, int | None]]) -> Bars:
    """Horizontal bars on one scale from 0."""
    most = max((value for _, value in values if value), default=1)
    found = [
        Bar(label, value, place * (BAR + GAP), (value or 0) * WIDTH // most)
        for place, (label, value) in enumerate(values)
    ]
    return Bars(found, max(1, len(found) * (BAR + GAP) - GAP))
