"""How often somebody may ask: by who they are once that is known, and by the address that they come from.

Counted in this process, by the generic cell rate algorithm: a caller may use a minute's worth at once and then goes on at the steady rate.
Several processes each allow as much. Sign-ins, codes and cards have stricter counts of their own, in the books (services/sign_in.py).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from ledger_service.errors import BoramError

CALLERS_MAX = 50_000  # the oldest is forgotten: memory stays bounded whoever asks
MINUTE = 60.0
ADDRESS, PUBLIC, READ, WRITE, LOOKUP = "address", "public", "read", "write", "lookup"
A_MINUTE = {ADDRESS: 6_000, PUBLIC: 1_200, READ: 3_000, WRITE: 3_000, LOOKUP: 120}
"""In production unless settings say otherwise: a centre behind one address, a busy counter, a person at a screen."""


class TooManyRequests(BoramError):
    """More requests than may be in a minute; nothing was done. Fields: seconds."""

    code = "too_many_requests"
    status = 429


class RateLimits:
    """Requests a minute, by kind. A kind that is missing, or 0, has no limit."""

    def __init__(self, a_minute: Mapping[str, int], monotonic: Callable[[], float]) -> None:
        self._a_minute = {kind: count for kind, count in a_minute.items() if count > 0}
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._arrivals: OrderedDict[tuple[str, str], float] = OrderedDict()

    def require(self, kind: str, caller: str) -> None:
        """Count a request of this caller. Raises TooManyRequests, and then it does not count."""
        count = self._a_minute.get(kind)
        if count is None:
            return
        now, step, key = self._monotonic(), MINUTE / count, (kind, caller)
        with self._lock:
            due = max(self._arrivals.get(key, now), now)
            wait = due + step - now - MINUTE
            if wait <= 0:
                self._arrivals[key] = due + step
                self._arrivals.move_to_end(key)
                if len(self._arrivals) > CALLERS_MAX:
                    self._arrivals.popitem(last=False)
                return
        seconds = int(wait) + 1
        raise TooManyRequests(
            f"too many requests: try again in {seconds} seconds",
            f"요청이 너무 많습니다. {seconds}초 뒤에 다시 시도해 주세요",
            seconds=seconds,
        )


NO_LIMITS = RateLimits({}, lambda: 0.0)
