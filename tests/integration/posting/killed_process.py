"""A poster in a process of its own that kills itself at a named point. Arguments: folder, RPC address, point, times, clerk."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ledger_service.chain.rpc import Rpc
from ledger_service.domain.kill_points import KillAt
from tests.integration.posting.town import open_town, poster_of, sqlite_engines


def main() -> None:
    folder, url, point, times, clerk = sys.argv[1:]
    town = open_town(Path(folder), *sqlite_engines(Path(folder)))
    town.clerk = clerk
    town.kill_points = KillAt(point, lambda: os.kill(os.getpid(), signal.SIGKILL), int(times))
    with Rpc(url) as rpc:
        poster_of(town, rpc, None).run_until_quiet()


if __name__ == "__main__":
    main()
