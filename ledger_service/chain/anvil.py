"""The embedded chain: an anvil of one's own, for trying out and for tests.

It keeps no state on disk (the journal rebuilds it), starts from the same genesis every time, and dies with its parent.

What was measured of anvil 1.7.1, and what follows from it:

- It hashes the whole state for every block: 1 ms for each 1,000 storage slots, whatever was touched. So a block is
  filled: `post` carries many batches, and `send_in_one_block` puts many transactions into one block (54,000 credits/s
  with ten transactions a block, 16,000 with one, over 20,000 accounts).
- A million entries of 50,000 accounts take it to 650 MB, an empty chain has 20 MB and uses no processor.
- It keeps a copy of the whole state for every past block: 400 blocks over 200,000 slots took 4.2 GB, against 130 MB
  with `--prune-history`. That option drops old *states* only; every block, transaction and log stays. `STATES_KEPT`
  recent states remain, for reads at a block that is no longer the latest; a search for the deploy block fails soon.
- `--transaction-block-keeper` would drop the transactions of old blocks, which follower and audit read: not used.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger_service.chain.hexes import bytes_of, hex_of
from ledger_service.chain.rpc import Rpc, RpcFault, RpcUnavailable, read_answer
from ledger_service.errors import Unavailable

CHAIN_ID = 31_337
GENESIS_TIMESTAMP = 1_704_067_200  # 2024-01-01T00:00:00Z: with the chain id and the fork it fixes the genesis hash
HARDFORK = "osaka"
BLOCK_GAS_MAX = 1_000_000_000
TRANSACTIONS_PER_BLOCK_MAX = 50  # of 16.8 M gas each, below BLOCK_GAS_MAX
STATES_KEPT = 16
FUNDED_WEI = 10**24
ANVIL_VERSION = "1.7."
START_SECONDS_MAX = 15.0
STOP_SECONDS_MAX = 5.0
START_ATTEMPTS_MAX = 5

_LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.01
_SAID_BYTES_MAX = 2_000
_PR_SET_PDEATHSIG = 1

# Runs in a fresh interpreter that becomes anvil: nothing of ours runs between fork and exec, which is not safe with
# threads. The death signal survives exec. The parent may be gone before it is set: then there is nothing to start.
_LAUNCHER = f"""
import ctypes, os, signal, sys
parent, binary = int(sys.argv[1]), sys.argv[2]
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl({_PR_SET_PDEATHSIG}, signal.SIGKILL)
if os.getppid() != parent:
    os._exit(1)
os.execv(binary, sys.argv[2:])
"""


class AnvilMissing(Unavailable):
    """No anvil of the right version can be found."""

    code = "anvil_missing"


class ChainNotStarted(Unavailable):
    """The embedded chain's process ended or did not answer in time."""

    code = "chain_not_started"


def find_anvil(project_root: Path) -> Path:
    """The anvil binary: one of version 1.7 on PATH, else npm's; never npm's shim, whose pid is not anvil's."""
    on_path = shutil.which("anvil")
    if on_path is not None and _is_right_version(Path(on_path)):
        return Path(on_path).resolve()
    for binary in sorted((project_root / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil")):
        if _is_right_version(binary):
            return binary
    raise AnvilMissing(
        f"anvil {ANVIL_VERSION}x, which runs the embedded chain, is neither on PATH nor in "
        f"{project_root}/node_modules; run: make setup (or set BORAM_RPC_URL to a chain of your own)",
        f"내장 체인을 실행하는 anvil {ANVIL_VERSION}x 가 PATH에도 {project_root}/node_modules에도 없습니다. "
        "실행하세요: make setup (또는 BORAM_RPC_URL에 사용할 체인을 지정하세요)",
    )


def _is_right_version(binary: Path) -> bool:
    try:
        with binary.open("rb") as file:
            if file.read(2) == b"#!":  # the shim
                return False
        said = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = re.search(r"anvil (?:Version: )?(\d+\.\d+\.)", said.stdout)
    return found is not None and found[1] == ANVIL_VERSION


class EmbeddedChain:
    """One anvil process on the loopback address, from `start` to `stop`.

    `log_path` receives what anvil says (errors only). A port that is not given is chosen once and kept over restarts.
    """

    def __init__(self, binary: Path, log_path: Path, *, port: int | None = None) -> None:
        self._binary = binary
        self._log_path = log_path
        self._port_given = port is not None
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._parent: _Parent | None = None
        self._changing = threading.RLock()  # who finds it dead may be one of several threads

    def __enter__(self) -> EmbeddedChain:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC."""
        if self._port is None:
            raise ValueError("the embedded chain was never started")
        return f"http://{_LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of anvil itself."""
        if self._process is None:
            raise ValueError("the embedded chain is not running")
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the process runs; whether it answers is another question."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and return when it answers. Raises ChainNotStarted."""
        with self._changing:
            if not self.is_alive():
                self._start()

    def _start(self) -> None:
        said = ""
        for attempt in range(START_ATTEMPTS_MAX):
            self._stop()
            if self._port is None:
                self._port = _free_port()
            self._launch(self._port)
            if self._wait_until_ready(self._port):
                return
            said = self._said()
            self._stop()
            if self._port_given or attempt + 1 == START_ATTEMPTS_MAX or "in use" not in said:
                break
            self._port = None  # somebody took it between choosing and binding
        raise ChainNotStarted(
            f"the embedded chain did not start: {said or 'no answer in time'}",
            f"내장 체인이 시작되지 않았습니다: {said or '제시간에 응답하지 않습니다'}",
        )

    def stop(self) -> None:
        """End the process by its own pid and wait for it; nothing is left when this returns."""
        with self._changing:
            self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._parent is not None:
            self._parent.end()
            self._parent = None

    def restart(self) -> None:
        """An empty chain again, at the same address, with the same genesis."""
        with self._changing:
            self._stop()
            self._start()

    def _launch(self, port: int) -> None:
        arguments = [
            *("--host", _LOOPBACK, "--port", str(port), "--no-cors", "--quiet"),
            *("--chain-id", str(CHAIN_ID), "--timestamp", str(GENESIS_TIMESTAMP), "--hardfork", HARDFORK),
            *("--accounts", "0", "--order", "fifo"),
            *("--gas-limit", str(BLOCK_GAS_MAX), "--enable-tx-gas-limit", "--no-request-size-limit"),
            *("--prune-history", str(STATES_KEPT)),
        ]
        self._parent = _Parent()
        self._process = self._parent.launch(self._binary, arguments, self._log_path)

    def _wait_until_ready(self, port: int) -> bool:
        deadline = time.monotonic() + START_SECONDS_MAX
        with Rpc(self.url, timeout_seconds=START_SECONDS_MAX) as rpc:
            while self.is_alive() and time.monotonic() < deadline:
                with contextlib.suppress(RpcUnavailable):
                    bytes_of(rpc.call("eth_getBlockByNumber", ["0x0", False])["hash"], 32)
                    if _listens(self.pid, port):
                        return True
                time.sleep(_POLL_SECONDS)
        return False

    def _said(self) -> str:
        with contextlib.suppress(OSError):
            return self._log_path.read_bytes()[-_SAID_BYTES_MAX:].decode("utf-8", "replace").strip()
        return ""


class _Parent:
    """The thread that anvil is a child of.

    Linux sends the death signal when the *thread* that started the child ends, so that thread lives as long as the
    child may: a daemon, it ends with the process, however that ends.
    """

    def __init__(self) -> None:
        self._ended = threading.Event()

    def launch(self, binary: Path, arguments: list[str], log_path: Path) -> subprocess.Popen[bytes]:
        """Start the process from a thread of its own."""
        started: list[subprocess.Popen[bytes] | BaseException] = []
        ready = threading.Event()

        def live() -> None:
            try:
                started.append(_spawn(binary, arguments, log_path))
            except BaseException as error:  # noqa: BLE001  raised again by the thread that waits
                started.append(error)
            ready.set()
            self._ended.wait()

        threading.Thread(target=live, name="embedded-chain-parent", daemon=True).start()
        ready.wait()
        if isinstance(started[0], BaseException):
            self.end()
            raise started[0]
        return started[0]

    def end(self) -> None:
        """Let the thread end; only after the child has."""
        self._ended.set()


def _spawn(binary: Path, arguments: list[str], log_path: Path) -> subprocess.Popen[bytes]:
    with log_path.open("wb") as log:  # a pipe that nobody reads would stop anvil after 64 KiB
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(binary), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the service, which then stops the chain last
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens on the port, and not somebody who was there before.

    True where the system does not tell (no /proc).
    """
    address = f"0100007F:{port:04X}"
    try:
        lines = Path("/proc/net/tcp").read_text("ascii").splitlines()
        links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return True
    listening = {
        f"socket:[{fields[9]}]" for fields in map(str.split, lines[1:]) if fields[1] == address and fields[3] == "0A"
    }
    return not listening.isdisjoint(links)


def send_in_one_block(rpc: Rpc, raw_transactions: Sequence[bytes]) -> list[bytes | RpcFault]:
    """Send signed transactions to an embedded chain and mine them together, `TRANSACTIONS_PER_BLOCK_MAX` to a block.

    For each its hash or the node's fault. An exception means that nothing is known, as with any send.
    """
    answers: list[Any] = []
    rpc.call("evm_setAutomine", [False])
    try:
        for start in range(0, len(raw_transactions), TRANSACTIONS_PER_BLOCK_MAX):
            together = raw_transactions[start : start + TRANSACTIONS_PER_BLOCK_MAX]
            answers += rpc.batch([("eth_sendRawTransaction", [hex_of(raw)]) for raw in together])
            rpc.call("evm_mine")
    finally:
        rpc.call("evm_setAutomine", [True])
    return [
        answer if isinstance(answer, RpcFault) else read_answer(lambda hash_: bytes_of(hash_, 32), answer)
        for answer in answers
    ]


def fund(rpc: Rpc, address: bytes, wei: int = FUNDED_WEI) -> None:
    """Give an address of the embedded chain a balance to pay fees with."""
    rpc.call("anvil_setBalance", [hex_of(address), hex(wei)])
