"""Every class of faults, and how often each profile plays it."""

from __future__ import annotations

from scripts.faults.backups import OldBackup
from scripts.faults.chains import BadConnection, Drop, KillOutside, LostReplies, Reorg
from scripts.faults.disks import CutLog, FullDisk
from scripts.faults.fault import Fault
from scripts.faults.postgres import KillPostgres, StopWorkers
from scripts.faults.processes import Kill, KillChain, KillPoint, KillPointOutside, MoveClock
from scripts.faults.roles import KillRoles
from scripts.faults.schedule import FaultClass, Profile
from scripts.faults.syncs import Synced

FAULTS: dict[str, Fault] = {
    one.name: one
    for one in (

        Kill(), KillPoint(), KillChain(), MoveClock(), Reorg(), Drop(), BadConnection(), KillOutside(),
        KillPostgres(),
        LostReplies(), Synced(), FullDisk(), CutLog(), StopWorkers(), OldBackup(), KillRoles(), KillPointOutside(),
    )
}  # fmt: skip

SECONDS_A_STRIKE = {
    "kill": 1.6, "reorg": 2.4, "point": 1.9, "kill+reorg": 3.6, "chain": 4.7, "drop": 4.5, "replies": 7.0, "proxy": 6.0,
    "clock": 4.4, "wal": 6.6, "sync": 6.0, "disk": 4.0, "postgres": 7.5, "workers": 3.7, "roles": 5.0, "backup": 16.0,
    "point outside": 5.0,
}  # fmt: skip
"""As measured, four rounds at once: the order in which rounds are played follows from it, and nothing else."""

CLASSES = tuple(
    FaultClass(one.name, one.stage, one.plan, one.strikes, one.operations, SECONDS_A_STRIKE[one.name], one.wears_out)
    for one in FAULTS.values()
)

PROFILES = {
    "sample": Profile("sample", (("kill", 1, 5), ("point", 1, 8), ("chain", 1, 1)), drain_seconds_max=60),
    "mutant": Profile(
        "mutant",
        (
            ("kill", 1, 6), ("point", 1, 9), ("chain", 1, 6), ("reorg", 1, 12), ("drop", 1, 4), ("replies", 1, 6),
            ("proxy", 1, 7), ("sync", 1, 1), ("disk", 1, 3), ("postgres", 1, 6), ("workers", 1, 8),
            ("point outside", 1, 3),
        ),
        drain_seconds_max=30,
    ),
    "short": Profile(
        "short",
        (
            ("kill", 1, 31), ("reorg", 1, 21), ("point", 1, 15), ("point outside", 1, 3), ("kill+reorg", 1, 4), ("chain", 1, 3),
            ("drop", 1, 3), ("replies", 1, 2), ("proxy", 1, 4), ("clock", 1, 2), ("wal", 1, 1), ("sync", 1, 1),
            ("disk", 1, 2), ("postgres", 1, 2), ("workers", 1, 3), ("backup", 1, 1),
            ("roles", 1, 4),
        ),
        drain_seconds_max=10,
        jobs=4,
        pause_seconds=0.35,
        least={"kills": 60, "reorgs": 25, "operations": 1_000},
    ),
    "long": Profile(
        "long",
        (
            ("kill", 2, 45), ("reorg", 1, 30), ("point", 1, 18), ("point outside", 1, 12), ("kill+reorg", 1, 15), ("chain", 1, 10),
            ("drop", 1, 12), ("replies", 1, 5), ("proxy", 1, 6), ("clock", 1, 4), ("wal", 1, 3), ("sync", 1, 1),
            ("disk", 1, 4), ("postgres", 1, 4), ("workers", 1, 8), ("roles", 1, 12), ("backup", 1, 1),
        ),
        drain_seconds_max=10,
        jobs=5,
        cycles=14,
        least={"kills": 2_000, "reorgs": 600, "operations": 50_000},
    ),
}  # fmt: skip
