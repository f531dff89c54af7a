"""What the tests of recovery share: a chain that outlives the service, commands and their words, and what must come out the same."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger_service.chain.anvil import EmbeddedChain, find_anvil, fund
from ledger_service.chain.deploy import ensure_factory
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import keystore_address
from scripts.running import POLL_SECONDS, SETTLED_SECONDS_MAX, RunningBoram, boram, clean_environment
from tests.e2e.conftest import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
SAME = ("desk", "seq", "head", "post_number", "state", "skipped")


@contextmanager
def outside_chain(folder: Path, home: Path) -> Iterator[tuple[EmbeddedChain, dict[str, str]]]:
    """A chain that others run, and the settings of a service that writes to it."""
    with EmbeddedChain(find_anvil(ROOT), folder / "anvil.log") as chain:
        get_ready(chain, home)
        yield chain, SETTINGS | {"rpc_url": chain.url, "chain_id": "31337", "chain_finality": "0"}


def get_ready(chain: EmbeddedChain, home: Path) -> None:
    """The usual factory, and funds for the home's sender."""
    with Rpc(chain.url) as rpc:
        ensure_factory(rpc)
        fund(rpc, keystore_address(home / "keys" / "sender.json"))


def said(home: Path, *arguments: str, code: int = 0, **settings: str) -> str:
    """What a command said, in English; it has to end with this code."""
    environment = clean_environment(home, **(settings or SETTINGS)) | {"LANG": "C"}
    done = subprocess.run([boram(), *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def heads(service: RunningBoram) -> list[list[Any]]:
    """Where every batch stands."""
    batches = service.client("office").get("/api/v1/batches", limit=200)["batches"]
    return [[one[name] for name in SAME] for one in batches]


def wait_for_state(service: RunningBoram, state: str) -> dict[str, Any]:
    """The readiness, as soon as posting says this."""
    deadline = time.monotonic() + SETTLED_SECONDS_MAX
    while (found := service.http.get("/readyz")).json()["chain"] != state and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return dict(found.json()) | {"http": found.status_code}
