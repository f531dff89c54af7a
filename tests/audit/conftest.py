"""One anvil for the audit's tests; every test deploys a contract of its own, or starts from a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from ledger_service.chain.anvil import EmbeddedChain
from ledger_service.chain.rpc import Rpc
from tests.audit.support import Ledger, anvil_binary

_environments = count()


@pytest.fixture(scope="session")
def rpc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    log: Path = tmp_path_factory.mktemp("anvil") / "anvil.log"
    with EmbeddedChain(anvil_binary(), log) as chain, Rpc(chain.url) as client:
        yield client


@pytest.fixture
def ledger(rpc: Rpc) -> Ledger:
    """The real contract at an address of its own."""
    return Ledger(rpc, f"test {next(_environments)}")
