"""A round: the load and the faults at once, then quiet, then the check."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scripts.faults.check import check
from scripts.faults.fault import Fault
from scripts.faults.model import Violation
from scripts.faults.readings import Readings
from scripts.faults.schedule import Round
from scripts.faults.stage import Stage, StageBroken, StageMissing
from scripts.faults.stages import STAGE_SECONDS, TURNS, Stages
from scripts.faults.workload import Load

CLIENTS = 6
OPERATIONS_SECONDS_MAX = 120
POLL_SECONDS = 0.02


@dataclass(slots=True)
class Outcome:
    """What a round did and what it ended in."""

    round: Round
    tally: Counter[str] = field(default_factory=Counter)
    operations: int = 0
    requests: int = 0
    readings: int = 0
    """Of totals and balances, beside the load."""
    seconds: float = 0.0
    stage_seconds: float = 0.0
    """How long it took to make its stage; 0 where it used the one before."""
    drain_seconds: float = 0.0
    holds_left: int = 0
    violations: list[Violation] = field(default_factory=list)
    left_out: str = ""
    """Why it was not played."""


class Runner:
    """Plays rounds one after the other; a stage is used again while its kind is asked for and it is not worn."""

    def __init__(
        self,
        stages: Stages,
        faults: Mapping[str, Fault],
        drain_seconds_max: float,
        tell: Callable[[Outcome], None],
        pause_seconds: float = 0.0,
    ) -> None:
        self._stages, self._faults, self._drain_seconds_max = stages, faults, drain_seconds_max
        self._pause_seconds = pause_seconds
        self.tell = tell
        self._stage: Stage | None = None
        self._kind: str | None = None

    @property
    def kind(self) -> str | None:
        """The stage that it stands on."""
        return self._kind

    def best_of(self, rounds: list[Round], others: list[str | None]) -> Round:
        """The next one: of its own stage, which costs nothing, or else of the one with most left to do for each who stands on it.

        The longest first, so that none is left alone at the end; what wears the stage out last.
        """
        mine = [one for one in rounds if one.stage == self._kind] or [
            one for one in rounds if one.stage == TURNS.get(self._kind or "")
        ]
        if not mine:
            left: dict[str, list[Round]] = defaultdict(list)
            for one in rounds:
                turned = next((first for first, then in TURNS.items() if then == one.stage), "")
                left[turned if any(other.stage == turned for other in rounds) else one.stage].append(one)
            work = {
                kind: (STAGE_SECONDS[kind] + sum(one.seconds for one in found)) / (1 + others.count(kind))
                for kind, found in left.items()
            }
            wanted = max(work, key=work.__getitem__)
            mine = [one for one in left[wanted] if one.stage == wanted]
        chosen = max(mine, key=lambda one: (not one.wears_out, one.seconds))
        self._kind = chosen.stage
        return chosen

    def play(self, one: Round) -> Outcome:
        """One round; what goes wrong is in the outcome."""
        outcome, begun = Outcome(one), time.monotonic()
        try:
            stage = self._stage_for(one, outcome)
            self._play(stage, one, outcome)
        except StageBroken as error:
            outcome.violations.append(Violation("broken", str(error)))
        except StageMissing as error:
            outcome.left_out = str(error)
        except Exception as error:  # noqa: BLE001  a harness that breaks must not look like a service that holds
            outcome.violations.append(Violation("broken", f"{type(error).__name__} {error}"))
        outcome.seconds = time.monotonic() - begun
        if outcome.violations:
            self._leave(keep=True)
        return outcome

    def close(self) -> None:
        """End the stage that is left."""
        self._leave(keep=False)

    def _play(self, stage: Stage, one: Round, outcome: Outcome) -> None:
        fault, model = self._faults[one.fault], stage.model
        operations, sent = model.operations, model.sent
        world = dataclasses.replace(stage.world, holds_may_expire=fault.holds_may_expire)
        load = Load(world, model, stage.ports, one.seed, CLIENTS, self._pause_seconds)
        readings = Readings(stage, one.seed)
        load.start()
        readings.start()
        broken: StageBroken | None = None
        try:
            fault.begin(stage)
            for event in one.events[:-1]:
                time.sleep(event.after)
                fault.strike(stage, event, outcome.tally)
            fault.serve(stage)
            deadline = time.monotonic() + OPERATIONS_SECONDS_MAX
            while model.operations - operations < one.operations and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            for event in one.events[-1:]:  # the load ends with it, so that what is final can be told from then on
                time.sleep(event.after)
                fault.strike(stage, event, outcome.tally)
            fault.end(stage)
            quiet_since = load.quiet()
        except StageBroken as error:
            broken = error
            load.abandon()
        load.finish()
        readings.stop()
        outcome.readings = readings.answers
        outcome.violations += readings.violations
        outcome.operations = model.operations - operations
        outcome.requests = model.sent - sent
        if broken is None and outcome.operations < one.operations:
            said = f"{outcome.operations} of at least {one.operations} operations within {OPERATIONS_SECONDS_MAX} s"
            outcome.violations.append(Violation("work", said))
        if broken is not None:
            outcome.violations += model.take_violations()
            raise broken
        verdict = check(stage, self._drain_seconds_max, since=quiet_since)
        outcome.violations += verdict.violations
        outcome.violations += fault.after(stage, outcome.tally)
        outcome.drain_seconds, outcome.holds_left = verdict.drain_seconds, verdict.holds_left

    def _stage_for(self, one: Round, outcome: Outcome) -> Stage:
        stage, begun = self._stage, time.monotonic()
        if stage is not None and stage.kind == one.stage and not stage.is_worn:
            return stage
        if stage is None or stage.is_worn or not self._stages.turn(stage, one.stage):
            self._leave(keep=False)
            stage = self._stage = self._stages.make(one.stage)
        outcome.stage_seconds = time.monotonic() - begun
        return stage

    def _leave(self, *, keep: bool) -> None:
        stage, self._stage = self._stage, None
        if stage is None:
            return
        stage.close()
        if not keep:
            shutil.rmtree(stage.home.parent, ignore_errors=True)


def together(runners: list[Runner], rounds: list[Round]) -> list[Outcome]:
    """The rounds on several runners at once, in their order; outcomes as they come."""
    waiting, outcomes, lock = list(rounds), [], threading.Lock()

    def work(runner: Runner) -> None:
        while True:
            with lock:
                if not waiting:
                    return
                one = runner.best_of(waiting, [other.kind for other in runners if other is not runner])
                waiting.remove(one)
            found = runner.play(one)
            with lock:
                outcomes.append(found)
                runner.tell(found)

    threads = [threading.Thread(target=work, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for runner in runners:
        with contextlib.suppress(StageBroken):
            runner.close()
    return outcomes
