"""Sums that scan the whole ledger are worked out once a minute at most, whoever asks and however often."""

from __future__ import annotations

import threading
from datetime import date

from ledger_service.reads.impact import Impact, impact
from ledger_service.web.visit import Visit

KEPT_SECONDS = 60


class RememberedImpact:
    """The last answer of one application; one thread works it out while the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[float, date, Impact] | None = None

    def get(self, visit: Visit) -> Impact:
        """Not older than a minute, and of this business day."""
        with self._lock:
            now = visit.ports.monotonic()
            if self._known is None or now - self._known[0] >= KEPT_SECONDS or self._known[1] != visit.today:
                self._known = (now, visit.today, impact(visit.context.journal))
            return self._known[2]


def impact_of(visit: Visit) -> Impact:
    """What the coins did for the district."""
    remembered: RememberedImpact = visit.request.app.state.impact
    return remembered.get(visit)
