"""Disks that are full, and a write-ahead log that was cut."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.faults.fault import KILLS, OTHERS, Fault
from scripts.faults.model import Violation
from scripts.faults.schedule import Event
from scripts.faults.stage import Service, Stage, ask, wait_until

DISK_BYTES = 64 * 2**20
FULL_SECONDS = (0.5, 1.5)
REFUSED_SECONDS_MAX = 30
BALLAST = "ballast"
UNMOUNT = ("umount", "-l")
_CHUNK = bytes(64 * 1024)
ROWS = {
    "entries": "SELECT journal_no FROM entries",
    "idempotency": "SELECT key FROM idempotency",
    "batches": "SELECT desk || ' ' || seq FROM batches",
    "redemptions": "SELECT id FROM redemptions",
}


class FullDisk(Fault):
    """F9: the disk of the books is full for a while: refused with 503 before anything is acknowledged, whole, and going on when there is room."""

    name = "disk"
    stage = "small disk"
    strikes = 4
    operations = 60

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(dice.uniform(0.5, 1.0), "fill the disk", (dice.uniform(*FULL_SECONDS),)) for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        ballast, refused = stage.home / BALLAST, stage.model.refused_for_now
        try:
            _fill(ballast)
            wait_until(lambda: stage.model.refused_for_now > refused, "a request is refused", REFUSED_SECONDS_MAX)
            time.sleep(float(event.how[0]))
            _fill(ballast)
        finally:
            tally["refused with 503"] += stage.model.refused_for_now - refused
            ballast.unlink(missing_ok=True)
        tally[OTHERS] += 1

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        """The database is whole, and the service still the same process."""
        said = _integrity(stage.home / "books.db")
        found = [Violation("state", f"PRAGMA integrity_check: {said}")] if said != "ok" else []
        if stage.service.has_ended():
            found.append(Violation("state", f"the service ended with {stage.service.last_code}"))
        return found


class CutLog(Fault):
    """F10: the service is killed, and the write-ahead log of a copy of its books is cut at a random byte, as a disk that lied about a sync leaves it.

    The copy opens, is whole, holds a prefix of what was written, and its service starts. What the cut took away is on the chain of others and in
    the bundles; reading it back is not part of this class.
    """

    name = "wal"
    strikes = 3
    operations = 60

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(dice.uniform(0.8, 1.5), "cut the log", (dice.random(),)) for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        stage.service.kill()
        tally[KILLS] += 1
        copy = stage.home.parent / f"cut-{tally[OTHERS]}"
        shutil.copytree(stage.home, copy)
        stage.service.start()
        log = copy / "books.db-wal"
        size = log.stat().st_size if log.exists() else 0
        whole = _rows(copy / "books.db")
        if size:
            os.truncate(log, int(size * float(event.how[0])))
        tally["bytes cut"] += size - int(size * float(event.how[0]))
        for problem in _problems(stage, copy, whole):
            stage.model.violate("state", problem, f"cut {copy}")
        shutil.rmtree(copy)
        tally[OTHERS] += 1
        stage.service.wait()


def _problems(stage: Stage, copy: Path, whole: dict[str, set[str]]) -> list[str]:
    """What is wrong with books whose log was cut."""
    said = _integrity(copy / "books.db")
    if said != "ok":
        return [f"PRAGMA integrity_check of a cut log: {said}"]
    cut = _rows(copy / "books.db")
    found = [
        f"a cut log has rows of {table} that were never written" for table in ROWS if not cut[table] <= whole[table]
    ]
    service = Service(stage.launcher, copy, stage.service.settings)
    service.start()
    try:
        service.wait()
        status = ask(service.port, "/api/v1/status", stage.world.tokens["office"])[1]
        if status is None or status["chain_state"] not in ("ready", "rebuilding"):
            found.append(f"the service on a cut log says {status}")
    finally:
        service.kill()
    return found


def _rows(database: Path) -> dict[str, set[str]]:
    """The rows that tell one state of the books from another."""
    import pysqlite3

    copy = database.parent.parent / "rows.db"
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(f"{database}{suffix}", f"{copy}{suffix}")
    with contextlib.closing(pysqlite3.connect(copy)) as connection:
        found = {name: {str(row[0]) for row in connection.execute(query)} for name, query in ROWS.items()}
    for suffix in ("", "-wal", "-shm"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
    return found


def _integrity(database: Path) -> str:
    import pysqlite3

    with contextlib.closing(pysqlite3.connect(database)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def _fill(ballast: Path) -> None:
    """Take all the room there is."""
    with ballast.open("ab", buffering=0) as file:
        for chunk in (_CHUNK, bytes(512)):
            with contextlib.suppress(OSError):
                while file.write(chunk):
                    pass


def mount_small_disk(folder: Path) -> bool:
    """A disk of its own for a home; False where this system does not let us."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def unmount(folder: Path) -> None:
    """Give the disk back."""
    subprocess.run([*UNMOUNT, str(folder)], capture_output=True, check=False)
