"""How often somebody may ask: by who they are once that is known, and by the address that they come from.

By the generic cell rate algorithm: a caller may use a minute's worth at once and then goes on at the steady rate. What can be guessed or costs
much (`IN_BOOKS`) is counted in the books, for all processes together. The rest would cost a write for each read, and is counted in each
process, which allows its share of the limit. Sign-ins, codes by phone and cards have stricter counts of their own, in the books
(services/sign_in.py).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from ledger_service.errors import BoramError
from ledger_service.services.context import Context

CALLERS_MAX = 50_000  # the oldest is forgotten: memory stays bounded whoever asks
MINUTE = 60.0
MINUTE_MS = 60_000
ADDRESS, PUBLIC, READ, WRITE = "address", "public", "read", "write"
LOOKUP, UPLOAD, EXPORT, CODE = "lookup", "upload", "export", "code"
IN_BOOKS = frozenset({LOOKUP, UPLOAD, EXPORT, CODE})
A_MINUTE = {
    ADDRESS: 6_000, PUBLIC: 1_200, READ: 3_000, WRITE: 3_000, LOOKUP: 120, UPLOAD: 30, EXPORT: 60, CODE: 30,
}  # fmt: skip
"""In production unless settings say otherwise: a centre behind one address, a busy counter, a person at a screen."""


class TooManyRequests(BoramError):
    """More requests than may be in a minute; nothing was done. Fields: seconds."""

    code = "too_many_requests"
    status = 429


class RateLimits:
    """Requests a minute, by kind. A kind that is missing, or 0, has no limit.

    `processes`: how many processes serve; what each counts for itself is divided by it. `context`: the books in which `IN_BOOKS` are counted.
    """

    def __init__(
        self,
        a_minute: Mapping[str, int],
        monotonic: Callable[[], float],
        context: Context | None = None,
        processes: int = 1,
    ) -> None:
        self._in_books = IN_BOOKS if context is not None else frozenset()
        self._a_minute = {
            kind: count if kind in self._in_books else max(1, count // processes)
            for kind, count in a_minute.items()
            if count > 0
        }
        self._monotonic = monotonic
        self._context = context
        self._lock = threading.Lock()
        self._arrivals: OrderedDict[tuple[str, str], float] = OrderedDict()

    def require(self, kind: str, caller: str) -> None:
        """Count a request of this caller. Raises TooManyRequests, and then it does not count. Of `IN_BOOKS` this is a transaction."""
        count = self._a_minute.get(kind)
        if count is None:
            return
        arrive = self._arrive_in_books if kind in self._in_books else self._arrive
        wait = arrive(kind, caller, count)
        if wait <= 0:
            return
        seconds = int(wait) + 1
        raise TooManyRequests(
            f"too many requests: try again in {seconds} seconds",
            f"요청이 너무 많습니다. {seconds}초 뒤에 다시 시도해 주세요",
            seconds=seconds,
        )

    def _arrive(self, kind: str, caller: str, count: int) -> float:
        now, step, key = self._monotonic(), MINUTE / count, (kind, caller)
        with self._lock:
            due = max(self._arrivals.get(key, now), now)
            wait = due + step - now - MINUTE
            if wait <= 0:
                self._arrivals[key] = due + step
                self._arrivals.move_to_end(key)
                if len(self._arrivals) > CALLERS_MAX:
                    self._arrivals.popitem(last=False)
        return wait

    def _arrive_in_books(self, kind: str, caller: str, count: int) -> float:
        assert self._context is not None
        context = self._context
        subject = context.vault.arrival_subject(kind, caller)
        with context.journal.write() as unit:
            wait_ms = unit.arrivals.arrive(subject, MINUTE_MS // count, MINUTE_MS, context.clock.now() * 1000)
            unit.commit()
        return wait_ms / 1000


def forget_counts(context: Context) -> int:
    """Drop what is counted of nobody any more; how many rows. Once a day is enough."""
    now = context.clock.now()
    with context.journal.write() as unit:
        dropped = unit.arrivals.forget(now * 1000) + unit.throttles.forget(now)
        unit.commit()
    return dropped


NO_LIMITS = RateLimits({}, lambda: 0.0)
