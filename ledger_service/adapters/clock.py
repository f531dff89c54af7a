"""The clocks behind the services' port."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone

SEOUL = timezone(timedelta(hours=9))  # no summer time since 1988, so no time zone database is needed


class SystemClock:
    """The real clock, and the calendar of Seoul or a fixed business date. `offset_seconds` shows a clock that is wrong (neither in production)."""

    def __init__(self, business_date: date | None = None, offset_seconds: int = 0) -> None:
        self._business_date = business_date
        self._offset_seconds = offset_seconds

    def now(self) -> int:
        """UTC seconds."""
        return int(time.time()) + self._offset_seconds

    def today(self) -> date:
        """The business date."""
        return self._business_date or datetime.now(SEOUL).date()
