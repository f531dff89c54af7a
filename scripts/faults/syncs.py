"""Is what is acknowledged on the disk? Only the system's calls tell: an answer that goes out before its commit was synced looks like any other."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.faults.fault import OTHERS, Fault
from scripts.faults.model import Violation
from scripts.faults.quiet import quiet_charge
from scripts.faults.schedule import Event
from scripts.faults.stage import Stage, StageMissing

CHARGES = 8
ATTACHED_SECONDS_MAX = 30
TRACED = "trace=fdatasync,fsync,recvfrom,recvmsg,read,sendto,write,writev,sendmsg"
_ASKED = re.compile(r'"POST /api/v1/re')
_ANSWER = re.compile(r'"HTTP/1\.1 201')
_SYNC = re.compile(r"^(\d+)\s+f(?:data)?sync\(\d+<[^>]*/books\.db-wal>(.*)")
_RESUMED = re.compile(r"^(\d+)\s+<\.\.\. f(?:data)?sync resumed>.*= 0")


class Synced(Fault):
    """F11: under strace, every charge's answer leaves after the write-ahead log was synced. Left out where strace may not attach."""

    name = "sync"
    strikes = 1
    operations = 20

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(0.1, "watch the calls", (float(CHARGES),)) for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        """Nothing while the load goes on: whose sync it was could not be told."""

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        strace = shutil.which("strace")
        if strace is None:
            raise StageMissing("strace is not here")
        calls = _watched(stage, strace)
        if calls is None:
            raise StageMissing("strace may not attach")
        tally[OTHERS] += CHARGES
        return unsynced(calls, CHARGES)


def _watched(stage: Stage, strace: str) -> list[str] | None:
    """The calls of the service while charges are made one after the other."""
    file = stage.home.parent / "calls.txt"
    process = subprocess.Popen(
        [strace, "-f", "-y", "-e", TRACED, "-s", "16", "-o", file, "-p", str(stage.service.pid)],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        if not _is_attached(process, stage.service.pid):
            return None
        for _ in range(CHARGES):
            quiet_charge(stage)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        process.wait()
    return file.read_text("utf-8", "replace").splitlines()


def _is_attached(process: subprocess.Popen[bytes], pid: int | None) -> bool:
    deadline = time.monotonic() + ATTACHED_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        tracers = [
            (folder / "status").read_text().split("TracerPid:")[1].split()[0]
            for folder in Path(f"/proc/{pid}/task").iterdir()
        ]
        if all(int(one) == process.pid for one in tracers):
            return True
        time.sleep(0.02)
    return False


def unsynced(calls: Sequence[str], charges: int) -> list[Violation]:
    """Answers during whose request the books' own log was not synced to its end. Nothing is shown where the answers are not the charges."""
    found, synced, answers = 0, False, 0
    begun: set[str] = set()
    for call in calls:
        if sync := _SYNC.match(call):
            thread, end = sync.groups()
            synced = synced or end.endswith("= 0")
            if "unfinished" in end:
                begun.add(thread)
        elif (resumed := _RESUMED.match(call)) and resumed[1] in begun:
            begun.remove(resumed[1])
            synced = True
        elif _ASKED.search(call):
            synced = False
        elif _ANSWER.search(call):
            answers += 1
            found += not synced
            synced = False
    wrong = (
        [Violation("unsynced", f"{found} of {answers} charges were answered before the log was synced")]
        if found
        else []
    )
    return (
        wrong
        if answers == charges
        else [*wrong, Violation("work", f"{answers} answers to {charges} charges were seen")]
    )
