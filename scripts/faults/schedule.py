"""What is broken when, as data made from a seed and nothing else: the same seed gives the same schedule. Which request meets which fault is not
part of it, because threads and processes run as they like.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One fault: how long after the one before (seconds), what, and how (numbers and names that the fault understands)."""

    after: float
    what: str
    how: tuple[float | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Round:
    """A stretch of load on one stage under one class of faults, and then a check of everything."""

    fault: str
    stage: str
    seed: int
    events: tuple[Event, ...]
    operations: int
    """The load goes on until so many operations were acknowledged and every event has happened."""
    seconds: float = field(default=0.0, compare=False)
    """About how long it takes beside others on idle cores."""
    wears_out: bool = False
    """Whether its stage is no place for another round."""


@dataclass(frozen=True, slots=True)
class FaultClass:
    """How to plan a round of one class. `strikes` is how many events a round has; `operations` the load it wants at least."""

    name: str
    stage: str
    plan: Callable[[random.Random, int], Sequence[Event]]
    strikes: int
    operations: int
    seconds_a_strike: float = 1.0
    wears_out: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """How often each class gets a round, by name; a number beside it replaces the strikes of a round."""

    name: str
    rounds: tuple[tuple[str, int, int], ...]
    """(class, rounds, strikes a round)."""
    drain_seconds_max: float
    jobs: int = 1
    cycles: int = 1
    """How often all of it is played."""
    pause_seconds: float = 0.0
    """Of a client between two acts: a load that leaves the cores to the faults."""
    least: Mapping[str, int] = field(default_factory=dict)
    """What all rounds together must come to, by column of the report: a run that does less shows nothing."""


def make_schedule(seed: int, profile: Profile, classes: Sequence[FaultClass], only: Sequence[str] = ()) -> list[Round]:
    """The rounds of a seed, in order."""
    dice = random.Random(seed)  # noqa: S311  a schedule to be repeated, no secret
    known = {one.name: one for one in classes}
    rounds = []
    for name, count, strikes in profile.rounds * profile.cycles:
        one = known[name]
        for _ in range(count):
            round_seed = dice.randrange(2**32)
            own = random.Random(round_seed)  # noqa: S311
            events = tuple(one.plan(own, strikes))
            operations = max(1, one.operations * strikes // one.strikes)
            seconds = one.seconds_a_strike * strikes
            rounds.append(Round(name, one.stage, round_seed, events, operations, seconds, one.wears_out))
    return [one for one in rounds if not only or one.fault in only]
