"""`python -m scripts.faults`: play a schedule and print what came of it. Exit 0 nothing was lost or doubled, 1 a violation, 2 could not run."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.faults import check, client
from scripts.faults.classes import CLASSES, FAULTS, PROFILES
from scripts.faults.launcher import ROOT, Launcher
from scripts.faults.postgres import SharedPostgres
from scripts.faults.report import added, read_log, row_of, short_of, sources_of, table, write_log
from scripts.faults.run import Outcome, Runner, together
from scripts.faults.schedule import Profile, Round, make_schedule
from scripts.faults.stage import StageBroken, Template
from scripts.faults.stages import Stages

LOG = ROOT / ".build" / "faults" / "rounds.jsonl"
VIOLATIONS_SHOWN = 8
HURRIED_SECONDS_MAX = 40


def main() -> int:
    """Run; the exit code."""
    options = _options()
    if options.hurry:
        client.SETTLE_SECONDS_MAX = check.DRAIN_SECONDS_GIVEN_UP = HURRIED_SECONDS_MAX
    if options.total:
        print(total(options.log))
        return 0
    seed = options.seed if options.seed is not None else time.time_ns() % 1_000_000
    profile = PROFILES[options.profile]
    only = options.classes.split(",") if options.classes else ()
    rounds = make_schedule(seed, profile, CLASSES, only)
    print(f"seed {seed}, profile {profile.name}: {len(rounds)} rounds", flush=True)
    if options.schedule:
        for one in rounds:
            print(f"{one.fault} on {one.stage}, at least {one.operations} operations")
            for event in one.events:
                print(f"  {event.after:6.2f} s  {event.what} {' '.join(str(part) for part in event.how)}")
        return 0
    begun, sources = time.monotonic(), sources_of(ROOT)

    def ended(outcome: Outcome) -> None:
        tell(outcome)
        if not outcome.left_out:
            write_log(
                options.log, sources, seed, row_of(outcome)
            )  # at once: an interrupted run counts as far as it came

    jobs = options.jobs or profile.jobs
    outcomes = play(rounds, profile, options.drain or profile.drain_seconds_max, jobs, ended, options.folder)
    rows = [row_of(one) for one in outcomes if not one.left_out]
    print(table(added(rows)))
    print(f"{time.monotonic() - begun:.0f} s; again: python -m scripts.faults --profile {profile.name} --seed {seed}")
    missing = faults_of(outcomes, rounds, profile if not only else None, options.may_leave_out.split(","))
    for one in missing:
        print(f"FAILED: {one}; seed {seed}")
    return 1 if missing else 0


def faults_of(
    outcomes: list[Outcome], rounds: list[Round], profile: Profile | None, may_leave_out: Sequence[str] = ()
) -> list[str]:
    """Why a run shows nothing or something bad; nothing where all is well. `profile`: of a run that played the whole of it."""
    found = []
    bad = [one for one in outcomes if one.violations]
    if bad or len(outcomes) < len(rounds):
        found.append(f"{len(bad)} of {len(rounds)} rounds with violations, {len(rounds) - len(outcomes)} not played")
    left_out = sorted({one.round.fault for one in outcomes if one.left_out} - set(may_leave_out))
    if left_out:
        names = ",".join(left_out)
        found.append(f"left out: {names} (where this system cannot play them: --may-leave-out {names})")
    rows = [row_of(one) for one in outcomes if not one.left_out]
    return found + [f"only {one}" for one in short_of(rows, profile.least if profile is not None else {})]


def total(log: Path) -> str:
    """What all runs of the sources as they are came to."""
    rows = read_log(log, sources_of(ROOT))
    seeds = sorted({row["seed"] for row in rows})
    return f"{table(added(rows))}\n{len(rows)} rounds of these sources, seeds {', '.join(map(str, seeds))}"


def play(
    rounds: list[Round],
    profile: Profile,
    drain_seconds_max: float,
    jobs: int,
    ended: Callable[[Outcome], None],
    folder: Path | None = None,
) -> list[Outcome]:
    """All rounds, each told as it ends."""
    place = folder or Path(tempfile.mkdtemp(prefix="boram-faults-"))
    launcher = Launcher()
    servers = [SharedPostgres(launcher) for _ in range(jobs)]
    outcomes: list[Outcome] = []
    try:
        template = Template(launcher, place)
        template.make()
        runners = [
            Runner(
                Stages(launcher, template, place / str(at), server),
                FAULTS,
                drain_seconds_max,
                ended,
                profile.pause_seconds,
            )
            for at, server in enumerate(servers)
        ]
        outcomes = together(runners, rounds)
    finally:
        for server in servers:
            server.close()
        launcher.close()
        if not any(one.violations for one in outcomes):
            shutil.rmtree(place, ignore_errors=True)
    if any(one.violations for one in outcomes):
        print(f"homes and logs of what failed: {place}")
    return outcomes


def tell(outcome: Outcome) -> None:
    """One line a round, and what it found."""
    if outcome.left_out:
        print(f"left out {outcome.round.fault}: {outcome.left_out}", flush=True)
        if not outcome.violations:
            return
    counted = ", ".join(f"{count} {name}" for name, count in sorted(outcome.tally.items()))
    state = "FAILED" if outcome.violations else "ok"
    print(
        f"{state:6} {outcome.round.fault:8} {outcome.seconds:5.1f} s, {outcome.operations} operations "
        f"({outcome.requests} requests, {outcome.readings} readings), {counted}, drained in {outcome.drain_seconds:.1f} s"
        + (f", its stage made in {outcome.stage_seconds:.1f} s" if outcome.stage_seconds else ""),
        flush=True,
    )
    for violation in outcome.violations[:VIOLATIONS_SHOWN]:
        print(f"       {violation.kind}: {violation.what} [{violation.operation}]", flush=True)
    if len(outcome.violations) > VIOLATIONS_SHOWN:
        print(f"       and {len(outcome.violations) - VIOLATIONS_SHOWN} more", flush=True)


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(prog="python -m scripts.faults", description=__doc__)
    arguments.add_argument("--profile", choices=sorted(PROFILES), default="short")
    arguments.add_argument("--seed", type=int, help="replays the schedule of a run")
    arguments.add_argument("--classes", help="only these, by name and comma")
    arguments.add_argument("--jobs", type=int, help="rounds at once")
    arguments.add_argument("--drain", type=float, help="seconds within which all must be final")
    arguments.add_argument("--folder", type=Path, help="where to work; a new one otherwise")
    arguments.add_argument("--log", type=Path, default=LOG, help="where each round is written down")
    arguments.add_argument(
        "--may-leave-out", default="", help="classes that this system cannot play, by name and comma"
    )
    arguments.add_argument("--hurry", action="store_true", help="give up soon: for mutants, which never come to rest")
    arguments.add_argument("--schedule", action="store_true", help="print the schedule and do nothing")
    arguments.add_argument("--total", action="store_true", help="print the table of all runs so far")
    return arguments.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StageBroken as error:
        print(f"could not run: {error}", file=sys.stderr)
        sys.exit(2)
