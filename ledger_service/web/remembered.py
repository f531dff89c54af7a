"""Sums that scan the whole ledger are worked out once a minute at most, whoever asks and however often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

from ledger_service.reads.dongs import DongSum, dong_sums
from ledger_service.reads.impact import Impact, impact
from ledger_service.web.visit import Visit

KEPT_SECONDS = 60

Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """The last answer of one application; one thread works it out while the others wait for it."""

    def __init__(self, work_out: Callable[[Visit], Found]) -> None:
        self._work_out = work_out
        self._lock = threading.Lock()
        self._known: tuple[float, date, Found] | None = None

    def get(self, visit: Visit) -> Found:
        """Not older than a minute, and of this business day."""
        with self._lock:
            now = visit.ports.monotonic()
            if self._known is None or now - self._known[0] >= KEPT_SECONDS or self._known[1] != visit.today:
                self._known = (now, visit.today, self._work_out(visit))
            return self._known[2]


def remembered_impact() -> Remembered[Impact]:
    """A place for what the coins did."""
    return Remembered(lambda visit: impact(visit.context.journal))


def remembered_dongs() -> Remembered[list[DongSum]]:
    """A place for the sums by dong."""
    return Remembered(lambda visit: dong_sums(visit.context.journal, visit.context.vault))


def impact_of(visit: Visit) -> Impact:
    """What the coins did for the district."""
    remembered: Remembered[Impact] = visit.request.app.state.impact
    return remembered.get(visit)


def gathered(visit: Visit) -> dict[str, int | None]:
    """Coins that each donation project has, by its name; None: given by fewer than five people."""
    return {place.name: place.coins for place in impact_of(visit).funds}


def dongs_of(visit: Visit) -> list[DongSum]:
    """The sums by dong."""
    remembered: Remembered[list[DongSum]] = visit.request.app.state.dongs
    return remembered.get(visit)
