"""Backups made under load, read whole, and brought back: into a fresh home, and over books that have gone on since."""

from __future__ import annotations

import dataclasses
import itertools
import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.faults.check import Books, check
from scripts.faults.fault import OTHERS, Fault
from scripts.faults.model import COINS_AN_HOUR, Violation
from scripts.faults.quiet import quiet_post, try_quiet_post
from scripts.faults.schedule import Event
from scripts.faults.stage import Service, Stage, StageBroken
from scripts.faults.workload import Load
from scripts.faults.world import FILE_TYPE, file_of
from scripts.running import clean_environment

COMMAND_SECONDS_MAX = 120
MORE_OPERATIONS = 30
MORE_SECONDS_MAX = 60
CLIENTS = 4
ROWS_AGAIN = 12
KEPT_IN_A_HOME = ("keys", "secrets", "tokens", "bundles")
"""What a backup of the books does not hold, or holds only as it was: it is kept elsewhere, and came through."""

_numbers = itertools.count(1)


class OldBackup(Fault):
    """F13: `boram backup` while the load goes on, `boram restore --verify`, and older books in the place of newer ones.

    A backup made under load comes back in a fresh home, another made at a quiet moment comes back over the books after more was done and became
    final: everything since then is on the chain and in the bundles, so that no entry and no coin may be missing, and a file that was credited
    since credits nothing when it comes again. Both logs go on without a hole. By design (docs/recovery.md) holds and submissions of the loaded moment
    are there again.
    """

    name = "backup"
    stage = "outside"
    strikes = 2
    operations = 60
    wears_out = True

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(dice.uniform(0.3, 1.0), "back up") for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        _back_up(stage, "loaded")
        tally[OTHERS] += 1

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        quiet = _back_up(stage, "quiet")
        file = _go_on(stage)
        found = check(stage, float("inf")).violations
        stage.service.stop()
        found += _in_a_fresh_home(stage, _folder(stage, "loaded"))
        _bring_back(stage, quiet)
        stage.is_restored = True
        tally["brought back"] += 2
        found += check(stage, float("inf")).violations
        status, said = try_quiet_post(stage, "clerk", "/api/v1/imports", file, FILE_TYPE)
        if status != 422 or said["code"] != "nothing_to_submit":
            found.append(Violation("doubled", f"a file that was credited was answered {status} {said} after a restore"))
        return found


def _go_on(stage: Stage) -> bytes:
    """More load, and a file of its own, which is credited; the file."""
    model, before = stage.model, stage.model.operations
    load = Load(stage.world, model, stage.ports, time.time_ns() % 2**40, CLIENTS)
    load.start()
    deadline = time.monotonic() + MORE_SECONDS_MAX
    while model.operations - before < MORE_OPERATIONS and time.monotonic() < deadline:
        time.sleep(0.02)
    load.quiet()
    load.finish()
    hours = stage.world.slots.take(ROWS_AGAIN)
    file = file_of(stage.world, hours)
    submitted = quiet_post(stage, "clerk", "/api/v1/imports", file, FILE_TYPE)
    done = quiet_post(stage, "approver", f"/api/v1/approvals/{submitted['id']}/approve", b"")
    model.credit([hour[0] for hour in hours], COINS_AN_HOUR, done["first_journal_no"], "a file to come again")
    return file


def _back_up(stage: Stage, name: str) -> Path:
    """A backup in the place of an older one of that name, read whole."""
    folder = _folder(stage, name)
    shutil.rmtree(folder, ignore_errors=True)
    _boram(stage, stage.home, "backup", str(folder))
    _boram(stage, stage.home, "restore", str(folder), "--verify")
    return folder


def _folder(stage: Stage, name: str) -> Path:
    return stage.home.parent / f"backup-{name}"


def _bring_back(stage: Stage, backup: Path) -> None:
    """Older books in the place of newer ones."""
    for file in stage.home.glob("books.db*"):
        file.unlink()
    _boram(stage, stage.home, "restore", str(backup))
    stage.service.start()
    stage.service.wait()


def _in_a_fresh_home(stage: Stage, backup: Path) -> list[Violation]:
    """The books of a loaded moment in a home of their own: every entry and every coin is there, but some may still be held."""
    home = stage.home.parent / f"fresh-{next(_numbers)}"
    home.mkdir(mode=0o700)
    for name in KEPT_IN_A_HOME:
        shutil.copytree(stage.home / name, home / name)
    for file in stage.home.glob("keys.db*"):
        shutil.copy2(file, home)
    service = Service(stage.launcher, home, stage.service.settings)
    _boram(stage, home, "restore", str(backup))
    service.start()
    try:
        service.wait()
        return check(
            dataclasses.replace(stage, home=home, services=[service]),
            float("inf"),
            Books.RESTORED_AS_THEY_WERE_UNDER_LOAD,
        ).violations
    finally:
        service.stop()
        shutil.rmtree(home)


def _boram(stage: Stage, home: Path, *argv: str) -> None:
    """A command that has to succeed."""
    log = stage.home.parent / f"{argv[0]}.log"
    pid = stage.launcher.start(argv, clean_environment(home, **stage.service.settings), log)
    code = stage.launcher.wait(pid, COMMAND_SECONDS_MAX)
    if code != 0:
        raise StageBroken(f"boram {argv[0]} ended with {code}: {log.read_text()[-500:]}")
