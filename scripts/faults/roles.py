"""Outgrown: on PostgreSQL two processes serve and two others carry the books to the chain, one of which stands by."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from scripts.faults.chains import sent_twice
from scripts.faults.fault import KILLS, OTHERS, Fault
from scripts.faults.model import Violation
from scripts.faults.schedule import Event
from scripts.faults.stage import Service, Stage, ask

KILL_API, KILL_POSTER, STOP_POSTER, KILL_ALL = "kill an API", "kill a poster", "stop a poster", "kill all"
STOPPED_SECONDS = (0.5, 7.0)
"""The longer ones outlast the poster's lease, so that the other one posts when it goes on."""


class KillRoles(Fault):
    """F7 on several machines: `--role api` twice and `--role post` twice, any of them killed, all of them, or the poster stopped past its lease."""

    name = "roles"
    stage = "roles"
    strikes = 8
    operations = 120

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        kinds = (KILL_API, KILL_API, KILL_POSTER, KILL_POSTER, STOP_POSTER, KILL_ALL)
        return [
            Event(
                dice.uniform(0.1, 0.5), dice.choice(kinds), (float(dice.randrange(2)), dice.uniform(*STOPPED_SECONDS))
            )
            for _ in range(strikes)
        ]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        chosen, seconds = event.how
        if event.what == STOP_POSTER:
            poster = stage.posters[int(chosen)]
            poster.signal(signal.SIGSTOP)
            time.sleep(float(seconds))
            poster.signal(signal.SIGCONT)
            tally[OTHERS] += 1
            return
        struck = {
            KILL_API: [stage.services[int(chosen)]],
            KILL_POSTER: [stage.posters[int(chosen)]],
            KILL_ALL: [*stage.services, *stage.posters],
        }[event.what]
        _kill_and_start(struck)
        tally[KILLS] += len(struck)

    def end(self, stage: Stage) -> None:
        for service in stage.services:
            service.wait()

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        """Every process is there, and no takeover made another transaction."""
        found = [
            Violation("state", f"the API at port {one.port} is not ready")
            for one in stage.services
            if ask(one.port, "/readyz")[0] != 200
        ]
        ended = [one for one in stage.posters if one.has_ended()]
        found += [Violation("state", f"a poster ended with {one.last_code}: {one.log}") for one in ended]
        return found + sent_twice(stage)


def _kill_and_start(services: Sequence[Service]) -> None:
    for one in services:
        one.kill()
    for one in services:
        one.start()
