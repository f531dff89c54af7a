"""Processes that die: the service at random and at its named points, and the embedded chain."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from ledger_service.domain.kill_points import KILL_POINTS
from scripts.faults.chains import sent_twice
from scripts.faults.fault import KILLS, OTHERS, Fault
from scripts.faults.model import Violation
from scripts.faults.schedule import Event
from scripts.faults.stage import READY_SECONDS_MAX, Stage, StageBroken, wait_until

POINT_SECONDS_MAX = 60
RARE = ("after_submit", "after_approval")  # few acts of the load pass by there: not to be waited for twice
ENDED_SECONDS_MAX = 30


class Kill(Fault):
    """F1: kill -9 of the service, API and loops, 50 to 300 ms after it is ready; sometimes earlier, while it rebuilds the chain."""

    name = "kill"
    strikes = 30
    operations = 150

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [
            Event(dice.uniform(0.05, 0.3), "kill in the start" if dice.randrange(8) == 0 else "kill", ())
            for _ in range(strikes)
        ]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        service = stage.service
        service.kill()
        tally[KILLS] += 1
        service.start()
        if event.what == "kill in the start":
            time.sleep(event.after)
            service.kill()
            tally[KILLS] += 1
            service.start()
        service.wait()


class KillPoint(Fault):
    """F2: the service kills itself at a named point: after commit, seal, sign, store, broadcast, before it marks what landed."""

    name = "point"
    strikes = 16
    operations = 80

    points: ClassVar[Sequence[str]] = KILL_POINTS

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        points = [self.points[at % len(self.points)] for at in range(strikes)]
        dice.shuffle(points)
        times = {point: (1,) if point in RARE else (1, 1, 2) for point in points}
        return [Event(0.0, "kill at", (point, float(dice.choice(times[point])))) for point in points]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        point, times = event.how
        service = stage.service
        if service.pid is not None:
            service.kill()
        service.start(kill_at=f"{point}:{int(times)}")
        begun = time.monotonic()
        while not service.has_ended() and time.monotonic() - begun < POINT_SECONDS_MAX:
            time.sleep(0.01)
        if not service.has_ended():
            stage.model.violate("work", f"{point} was not reached {int(times)} times in {POINT_SECONDS_MAX} s")
            service.kill()
            return
        if service.last_code != -signal.SIGKILL:
            raise StageBroken(f"boram up ended with {service.last_code} at {point}")
        service.reap()
        tally[KILLS] += 1

    def serve(self, stage: Stage) -> None:
        stage.service.start()
        stage.service.wait()

    def end(self, stage: Stage) -> None:
        self.serve(stage)


class KillPointOutside(KillPoint):
    """F2 on a chain of others, which goes on without the service: what was stored, is on its way, or landed and was not marked."""

    name = "point outside"
    stage = "outside"
    strikes = 6
    operations = 30
    points = ("after_store", "after_broadcast", "before_mark")

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        return sent_twice(stage)


class KillChain(Fault):
    """F3: kill -9 of the embedded chain while the service goes on; it is made again from the books."""

    name = "chain"
    strikes = 6
    operations = 80

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(dice.uniform(0.1, 0.8), "kill the chain") for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        pid = chain_of(stage)
        if pid is None:
            raise StageBroken("the embedded chain is not there")
        os.kill(pid, signal.SIGKILL)
        tally[KILLS] += 1
        wait_until(lambda: chain_of(stage) not in (None, pid), "the embedded chain is started again", ENDED_SECONDS_MAX)

    def end(self, stage: Stage) -> None:
        stage.service.wait()


class MoveClock(Fault):
    """F12: the clock jumps three days ahead or back, or an hour back, between two starts."""

    name = "clock"
    strikes = 4
    operations = 60
    holds_may_expire = True

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        offsets = [float(dice.choice((3 * 86_400, -3 * 86_400, -3_600, 3_600))) for _ in range(strikes)]
        return [Event(dice.uniform(0.3, 0.8), "move the clock", (offset,)) for offset in offsets]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        service = stage.service
        service.kill()
        tally[KILLS] += 1
        service.start(clock_offset_seconds=str(int(event.how[0])))
        service.wait()
        tally[OTHERS] += 1

    def end(self, stage: Stage) -> None:
        stage.service.kill()
        stage.service.start()
        stage.service.wait(READY_SECONDS_MAX)


def chain_of(stage: Stage) -> int | None:
    """The process id of the service's own anvil; None while there is none."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if int(parent) == stage.service.pid and name.endswith("(anvil") and state != "Z":
            return int(folder.name)
    return None
