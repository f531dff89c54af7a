"""What posting measures of itself, for Prometheus. Numbers only; they begin anew with each poster, as counters do."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from typing import Any

FINAL_SECONDS = (1, 2, 5, 10, 30, 60, 120, 600, 3_600, 86_400)
"""Upper bounds of the seconds from a batch's oldest acceptance to its finality; what takes longer is in one more."""


class Measures:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rpc_errors: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._final = [0] * (len(FINAL_SECONDS) + 1)
        self._final_sum = 0

    def count_rpc_error(self, kind: str) -> None:
        """A pass that the node's answer, or its silence, ended."""
        with self._lock:
            self._rpc_errors[kind] += 1

    def became_final(self, seconds: int) -> None:
        """A batch whose oldest entry was accepted so long ago."""
        with self._lock:
            self._final[bisect_left(FINAL_SECONDS, seconds)] += 1
            self._final_sum += max(seconds, 0)

    def add(self, name: str, amount: int) -> None:
        """Count up."""
        with self._lock:
            self._numbers[name] += amount

    def set(self, name: str, value: int) -> None:
        """How it is now."""
        with self._lock:
            self._numbers[name] = value

    def highest(self, name: str, value: int) -> None:
        """The largest that was seen."""
        with self._lock:
            self._numbers[name] = max(self._numbers[name], value)

    def as_json(self) -> dict[str, Any]:
        """For the status row."""
        with self._lock:
            return {
                "rpc_errors": dict(self._rpc_errors),
                "numbers": dict(self._numbers),
                "final_seconds": {"bounds": list(FINAL_SECONDS), "counts": list(self._final), "sum": self._final_sum},
            }
