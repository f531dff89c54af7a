"""Chains to test on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_service.chain.anvil import EmbeddedChain, find_anvil
from ledger_service.chain.rpc import Rpc
from tests.chain.fake_node import FakeNode
from tests.chain.world import ROOT, World, new_world


@pytest.fixture(scope="session")
def anvil_binary() -> Path:
    return find_anvil(ROOT)


@pytest.fixture(scope="session")
def shared_chain(anvil_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedChain]:
    with EmbeddedChain(anvil_binary, tmp_path_factory.mktemp("chain") / "anvil.log") as chain:
        yield chain


@pytest.fixture
def chain(shared_chain: EmbeddedChain) -> EmbeddedChain:
    """An empty chain, running."""
    shared_chain.restart()
    return shared_chain


@pytest.fixture
def rpc(chain: EmbeddedChain) -> Iterator[Rpc]:
    with Rpc(chain.url, timeout_seconds=20) as client:
        yield client


@pytest.fixture
def world(rpc: Rpc) -> World:
    return new_world(rpc)


@pytest.fixture
def node() -> Iterator[FakeNode]:
    fake = FakeNode()
    yield fake
    fake.stop()
