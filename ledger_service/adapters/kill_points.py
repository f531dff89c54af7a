"""What ends this process where a test's setting says so (domain/kill_points.py)."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from ledger_service.config import Settings
from ledger_service.domain.kill_points import KillAt, KillPoints, NoKillPoints


def kill_points_of(settings: Settings) -> KillPoints:
    """The point of BORAM_KILL_AT; in production there is none."""
    if settings.kill_at is None:
        return NoKillPoints()
    name, _, times = settings.kill_at.partition(":")

    def kill() -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("the process outlived its own SIGKILL")

    return KillAt(name, kill, int(times or 1))
