"""A chain that the service does not own: an anvil with blocks at its own pace, which can be reorganised and lose transactions."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from ledger_service.chain.anvil import BLOCK_GAS_MAX, CHAIN_ID, GENESIS_TIMESTAMP, HARDFORK, find_anvil
from ledger_service.chain.rpc import Rpc, RpcFault, RpcUnavailable
from scripts.faults.launcher import ROOT, Launcher
from scripts.faults.stage import StageBroken, free_port

BLOCK_SECONDS = 0.1
START_SECONDS_MAX = 30
ENDED_SECONDS_MAX = 10
SEEN_SECONDS = 1.2
"""In which the service has read the last block."""
LOOKED_AT = 12
REORG_DEPTH_MAX = 60
STATES_KEPT = 500
"""All in memory: states that anvil has put on disk (beyond some thousand blocks) are lost to a reorg, and the contract with them."""


class OutsideChain:
    """One anvil, mining when the harness says so: a block each `BLOCK_SECONDS`, and none in the midst of a fault."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.contract = ""
        """Which address must keep its code; empty until there is one."""
        self.mining = threading.Lock()
        """Whoever holds it keeps the chain from growing."""
        self._ended = threading.Event()
        self._launcher = launcher
        self._pid = launcher.start_program(
            str(find_anvil(ROOT)),
            [
                "--host", "127.0.0.1", "--port", str(self.port), "--quiet", "--no-mining",
                "--chain-id", str(CHAIN_ID), "--timestamp", str(GENESIS_TIMESTAMP), "--hardfork", HARDFORK,
                "--accounts", "0", "--order", "fifo", "--gas-limit", str(BLOCK_GAS_MAX), "--enable-tx-gas-limit",
                "--no-request-size-limit", "--prune-history", str(STATES_KEPT),
            ],
            folder / "anvil.log",
        )  # fmt: skip
        self.rpc = Rpc(self.url)
        self._wait()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def call(self, method: str, *params: Any) -> Any:
        """Ask anvil itself, past the proxy."""
        return self.rpc.call(method, params)

    def reorg(self, depth: int) -> None:
        """Replace the last blocks by empty ones; their transactions are gone from the node."""
        with self.mining:
            self._replace(depth)

    def reorg_seen(self, depth: int) -> None:
        """Mine what waits, let the service look at it for a while, and take it away with the blocks below."""
        with self.mining:
            self.call("evm_mine")
            time.sleep(SEEN_SECONDS)
            self._replace(depth)

    def reorg_between(self, depth: int, when: Callable[[Callable[[], None]], None]) -> None:
        """As `reorg_seen`, in the midst of one of the service's passes; at once the chain is longer than what the service had read."""

        def replace() -> None:
            self._replace(depth)
            for _ in range(2):
                self.call("evm_mine")

        with self.mining:
            self.call("evm_mine")
            time.sleep(SEEN_SECONDS)
            when(replace)
            self._require_whole()

    def take_away_last(self, confirmations: int, when: Callable[[Callable[[], None]], None]) -> bool:
        """Replace the blocks down to the last one with a transaction, where so many stand on it; whether it is really gone.

        `when` calls what it is given, at its time; the chain is then longer than before.
        """

        def replace() -> None:
            self._replace(depth)
            for _ in range(2):
                self.call("evm_mine")

        with self.mining:
            depth = self._blocks_since_the_last_transaction()
            if not confirmations < depth <= REORG_DEPTH_MAX:
                return False
            number = int(self.call("eth_blockNumber"), 16) - depth + 1
            before = self._block(number)
            time.sleep(SEEN_SECONDS)
            when(replace)
            self._require_whole()
            after = self._block(number)
            return bool(before["hash"] != after["hash"] and before["transactions"] and not after["transactions"])

    def pool(self) -> list[tuple[int, str]]:
        """(nonce, hash) of what waits to be mined, in order."""
        content = self.call("txpool_content")
        waiting = [
            one for part in ("pending", "queued") for sender in content[part].values() for one in sender.values()
        ]
        return sorted((int(one["nonce"], 16), one["hash"]) for one in waiting)

    def _blocks_since_the_last_transaction(self) -> int:
        """How many blocks from the latest down to one that is not empty, that one counted."""
        latest = int(self.call("eth_blockNumber"), 16)
        return next((latest - number + 1 for number in range(latest, 0, -1) if self._block(number)["transactions"]), 0)

    def _replace(self, depth: int) -> None:
        self.call("anvil_reorg", depth, [])
        self._require_whole()

    def _require_whole(self) -> None:
        """A chain that is broken itself (anvil loses blocks where it mines in a reorg) says nothing about the service. Raises StageBroken."""
        latest = int(self.call("eth_blockNumber"), 16)
        blocks = [self._block(number) for number in range(max(0, latest - LOOKED_AT), latest + 1)]
        if None in blocks or any(two["parentHash"] != one["hash"] for one, two in pairwise(blocks)):
            raise StageBroken(f"anvil lost one of the blocks up to {latest} in a reorg")
        if self.contract and self.call("eth_getCode", self.contract, "latest") == "0x":
            raise StageBroken(f"anvil lost the contract in a reorg, at block {latest}")

    def _block(self, number: int) -> Any:
        return self.call("eth_getBlockByNumber", hex(number), False)

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._ticker.join()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._launcher.wait(self._pid, ENDED_SECONDS_MAX)
        self.rpc.close()

    def _tick(self) -> None:
        while not self._ended.wait(BLOCK_SECONDS):
            with self.mining, contextlib.suppress(RpcUnavailable, RpcFault):
                self.call("evm_mine")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.call("eth_chainId")
            except RpcUnavailable:
                if time.monotonic() > deadline or self._launcher.code_of(self._pid) is not None:
                    raise
                time.sleep(0.01)
            else:
                return
