"""Every class of faults, and how often each profile plays it."""

from __future__ import annotations

from scripts.faults.chains import BadConnection, Drop, KillOutside, Reorg
from scripts.faults.disks import CutLog, FullDisk
from scripts.faults.fault import Fault
from scripts.faults.postgres import KillPostgres, StopWorkers
from scripts.faults.processes import Kill, KillChain, KillPoint, MoveClock
from scripts.faults.schedule import FaultClass, Profile

FAULTS: dict[str, Fault] = {
    one.name: one
    for one in (

        Kill(), KillPoint(), KillChain(), MoveClock(), Reorg(), Drop(), BadConnection(), KillOutside(),
        KillPostgres(),
        FullDisk(), CutLog(), StopWorkers(),
    )
}  # fmt: skip

CLASSES = tuple(FaultClass(one.name, one.stage, one.plan, one.strikes, one.operations) for one in FAULTS.values())

PROFILES = {
    "sample": Profile("sample", (("kill", 1, 5), ("point", 1, 8), ("chain", 1, 2)), drain_seconds_max=60),
    "short": Profile(
        "short",
        (
            ("kill", 1, 40),
            ("point", 1, 16),
            ("chain", 1, 6),
            ("clock", 1, 4),
            ("drop", 1, 10),
            ("proxy", 1, 3),
            ("kill+reorg", 1, 5),
            ("reorg", 1, 26),
            ("postgres", 1, 3),
            ("workers", 1, 5),
            ("disk", 1, 3),
            ("wal", 1, 2),
        ),
        10,
    ),
    "long": Profile(
        "long",
        (
            ("kill", 10, 100),
            ("point", 10, 60),
            ("chain", 5, 30),
            ("clock", 2, 10),
            ("drop", 5, 30),
            ("proxy", 5, 10),
            ("kill+reorg", 5, 30),
            ("reorg", 5, 60),
            ("postgres", 4, 15),
            ("workers", 4, 20),
            ("disk", 4, 10),
            ("wal", 4, 8),
        ),
        10,
    ),
}
