"""The embedded chain keeps nothing of its own: it dies, is wiped, starts again, and the ledger is the same."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from scripts.running import POLL_SECONDS, SETTLED_SECONDS_MAX, running
from tests.e2e.conftest import SETTINGS
from tests.e2e.test_kill import audit, balances, work

AFTER_WORK = {"S100000": 10, "S100013": 15}


def test_a_restart_rebuilds_the_same_heads_on_an_empty_chain(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        assert work(service)
        heads = service.client("office").get("/api/v1/batches", limit=200)["batches"]
        assert service.stop() == 0
    with running(home, **SETTINGS) as again:
        rebuilt = again.client("office").get("/api/v1/batches", limit=200)["batches"]
        same = ("desk", "seq", "head", "post_number", "state", "skipped")
        assert [[one[name] for name in same] for one in rebuilt] == [[one[name] for name in same] for one in heads]
        assert balances(again) == AFTER_WORK
        assert audit(again, home)[0] == 0


def test_a_chain_that_dies_while_the_service_runs_is_started_and_rebuilt(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        os.kill(service.runtime["chain_pid"], signal.SIGKILL)
        assert work(service), "credits are accepted while the chain is away, and become final when it is back"
        assert balances(service) == AFTER_WORK


def test_a_killed_service_takes_its_chain_with_it_and_goes_on_where_it_was(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        assert work(service)
        chain = service.runtime["chain_pid"]
        service.process.kill()
        service.process.wait()
        deadline = time.monotonic() + SETTLED_SECONDS_MAX
        while is_alive(chain) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        assert not is_alive(chain)
        service.http.close()
    with running(home, **SETTINGS) as again:
        assert work(again), "the same requests get the same answers"
        assert balances(again) == AFTER_WORK


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
