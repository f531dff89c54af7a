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
from scripts.faults.stage import Service, Stage, ask, wait_until

KILL_API, KILL_POSTER, STOP_POSTER, KILL_ALL = "kill an API", "kill a poster", "stop a poster", "kill all"
STOP_HOLDER = "stop the one that posts, past its lease"
STOPPED_SECONDS = (0.5, 4.0)
PAST_THE_LEASE_SECONDS = (6.0, 7.0)
"""The lease ends after five seconds of silence."""
TAKEN_OVER_SECONDS_MAX = 30
HOLDER_TRIES_MAX = 6
RENEWED_SECONDS_MAX = 3
POLL_SECONDS = 0.1
ON_ITS_WAY_SECONDS = 0.3
"""In which a renewal that was sent before its process was stopped has arrived."""


class KillRoles(Fault):
    """F7 on several machines: `--role api` twice and `--role post` twice, any of them killed, all of them, or the poster stopped past its lease."""

    name = "roles"
    stage = "roles"
    strikes = 8
    operations = 120

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        kinds = (KILL_API, KILL_API, KILL_POSTER, KILL_POSTER, STOP_POSTER, KILL_ALL)
        events = [
            Event(
                dice.uniform(0.1, 0.5), dice.choice(kinds), (float(dice.randrange(2)), dice.uniform(*STOPPED_SECONDS))
            )
            for _ in range(strikes)
        ]
        seconds = dice.uniform(*PAST_THE_LEASE_SECONDS)
        events[dice.randrange(strikes)] = Event(dice.uniform(0.1, 0.5), STOP_HOLDER, (0.0, seconds))
        return events

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        chosen, seconds = event.how
        if event.what == STOP_HOLDER:
            stage.model.violations += _stop_holder(stage, float(seconds))
            tally["lease outlasted"] += 1
            tally[OTHERS] += 1
            return
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


def _stop_holder(stage: Stage, seconds: float) -> list[Violation]:
    """Stop the process that holds the lease for so long at least, and until another one has taken it over."""
    for turn in range(HOLDER_TRIES_MAX):
        poster = stage.posters[turn % len(stage.posters)]
        wait_until(lambda: _is_renewed(stage), "a poster renews its lease")
        poster.signal(signal.SIGSTOP)
        begun = time.monotonic()
        try:
            time.sleep(ON_ITS_WAY_SECONDS)
            epoch, renewed = stage.postgres.lease(stage.service.settings["database_url"])
            while time.monotonic() - begun < TAKEN_OVER_SECONDS_MAX:
                now = stage.postgres.lease(stage.service.settings["database_url"])
                if now[0] > epoch:
                    time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
                    return []
                if now[1] > renewed:
                    break  # the other one has the lease, and says that it lives
                time.sleep(POLL_SECONDS)
            else:
                return [Violation("state", f"nobody took over from a poster stopped for {TAKEN_OVER_SECONDS_MAX} s")]
        finally:
            poster.signal(signal.SIGCONT)
    return [
        Violation("state", f"none of the posters kept the lease when the others were stopped, {HOLDER_TRIES_MAX} times")
    ]


def _is_renewed(stage: Stage) -> bool:
    """Whether the lease is renewed within some seconds."""
    url = stage.service.settings["database_url"]
    before = stage.postgres.lease(url)
    deadline = time.monotonic() + RENEWED_SECONDS_MAX
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        if stage.postgres.lease(url) != before:
            return True
    return False


def _kill_and_start(services: Sequence[Service]) -> None:
    for one in services:
        one.kill()
    for one in services:
        one.start()
