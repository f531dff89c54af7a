"""What the parts have in common: the size of a run, the memory peak of a process, the totals that must agree."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent.parent
MONTH = date(2024, 4, 1)
MEMBERS_PER_THOUSAND_ROWS = 222  # 12,450 residents in a month of 56,000 rows

_KIB = 1024

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: rows of the month, mints of the naive peer."""

    rows: int
    mints: int

    @property
    def members(self) -> int:
        """Residents of the month."""
        return max(self.rows * MEMBERS_PER_THOUSAND_ROWS // 1_000, 10)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A total that two sides hold: what was asked for, and what the chain or the books have."""

    what: str
    expected: int
    found: int

    @property
    def holds(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Memory:
    """Largest resident memory in bytes; 0 where the system does not tell."""

    process: int
    anvil: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the wall, and seconds of processor of this process and of anvil, which a busy machine changes less."""

    wall: float
    process: float
    anvil: float

    @property
    def processor(self) -> float:
        """Of both."""
        return self.process + self.anvil

    def since(self, before: Spent) -> Spent:
        """What was spent between two readings."""
        return Spent(self.wall - before.wall, self.process - before.process, self.anvil - before.anvil)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a part of the way took: seconds on the wall, and seconds of processor of the thread that went it."""

    name: str
    wall: float
    processor: float


class Watch:
    """Adds up the stages of one thread at a time; a stage may come again and again."""

    def __init__(self) -> None:
        self._spent: dict[str, tuple[float, float]] = {}

    def take(self, name: str, step: Callable[[], Answer]) -> Answer:
        """Run one call of a stage."""
        wall, processor = time.perf_counter(), time.thread_time()
        try:
            return step()
        finally:
            self.add(name, time.perf_counter() - wall, time.thread_time() - processor)

    def add(self, name: str, wall: float, processor: float) -> None:
        """Add seconds to a stage."""
        before = self._spent.get(name, (0.0, 0.0))
        self._spent[name] = before[0] + wall, before[1] + processor

    def clear(self) -> None:
        """Begin again."""
        self._spent.clear()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What was added up so far."""
        return tuple(Stage(name, *spent) for name, spent in list(self._spent.items()))


def read_spent(anvil_pid: int) -> Spent:
    """The clocks now; anvil's is 0 where the system does not tell."""
    return Spent(time.perf_counter(), time.process_time(), _processor_seconds(anvil_pid))


def _processor_seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_peaks(anvil_pid: int) -> Memory:
    """The peaks of this process and of a running anvil, so far."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
    return Memory(own, _high_water(anvil_pid))


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KIB for line in lines if line.startswith("VmHWM:")), 0)
