"""Named points at which a fault test kills the process, as a port: production has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

KILL_POINTS = (
    "after_commit",
    "after_submit",
    "after_approval",
    "after_seal",
    "after_sign",
    "after_store",
    "after_broadcast",
    "before_mark",
)

ROTATION_POINTS = ("after_new_key", "after_rewrap", "after_reseal", "after_mark")  # of `boram keys rotate`


class KillPoints(Protocol):
    """Something that may end the process at a named point."""

    def reach(self, name: str) -> None:
        """Say that the point is reached; may not return."""
        ...


class NoKillPoints:
    """What runs in production: every point is passed."""

    def reach(self, name: str) -> None:
        """Go on."""


class KillAt:
    """Calls `kill` (which does not return in real use) when the named point is reached the given number of times."""

    def __init__(self, name: str, kill: Callable[[], None], times: int = 1) -> None:
        if name not in (*KILL_POINTS, *ROTATION_POINTS):
            raise ValueError(f"a kill point is one of {', '.join((*KILL_POINTS, *ROTATION_POINTS))}")
        self._name = name
        self._kill = kill
        self._left = times

    def reach(self, name: str) -> None:
        """Kill at the named point."""
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                self._kill()
