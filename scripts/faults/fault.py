"""What every class of faults is: a plan made from dice, and what it does to a stage. A new class is one more `Fault` in `classes.py`."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from scripts.faults.model import Violation
from scripts.faults.schedule import Event
from scripts.faults.stage import Stage

KILLS, REORGS, OTHERS = "kills", "reorgs", "others"


class Fault:
    """One class. `begin` before the first event, `strike` for each, `end` brings everything back: what is checked afterwards must hold."""

    name: ClassVar[str]
    stage: ClassVar[str] = "embedded"
    strikes: ClassVar[int] = 10
    operations: ClassVar[int] = 100
    holds_may_expire: ClassVar[bool] = False
    wears_out: ClassVar[bool] = False

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        """The events of a round."""
        raise NotImplementedError

    def begin(self, stage: Stage) -> None:
        """Before the first event."""

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        """One event; counts in `tally` what it did."""
        raise NotImplementedError

    def serve(self, stage: Stage) -> None:
        """Have a service that works, where strikes leave it dead: before the last event, so that the load can do what the round wants of it."""

    def end(self, stage: Stage) -> None:
        """After the last event, while the load still goes on."""

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        """After everything was checked: what this class alone has to show."""
        return ()
