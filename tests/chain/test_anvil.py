"""The embedded chain as a process."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ledger_service.chain.anvil import (
    STATES_KEPT,
    TRANSACTIONS_PER_BLOCK_MAX,
    AnvilMissing,
    ChainNotStarted,
    EmbeddedChain,
    find_anvil,
    fund,
    send_in_one_block,
)
from ledger_service.chain.rpc import Rpc, RpcFault, RpcUnavailable
from ledger_service.chain.signing import SignedTransaction, sign_transaction
from tests.chain.world import ROOT, SENDER


def genesis(chain: EmbeddedChain) -> str:
    with Rpc(chain.url) as rpc:
        found: str = rpc.call("eth_getBlockByNumber", ["0x0", False])["hash"]
        return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(chain: EmbeddedChain) -> bool:
    # A process is dead to its parent when its last thread is, which is later than its first: /proc says Z too early.
    for _ in range(300):
        if not chain.is_alive():
            return True
        time.sleep(0.01)
    return False


def wait_until_gone(pid: int) -> bool:
    for _ in range(300):
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def transfer(nonce: int) -> SignedTransaction:
    return sign_transaction(
        SENDER,
        chain_id=31337,
        nonce=nonce,
        to=b"\x77" * 20,
        data=b"",
        gas=100_000,
        max_fee=10**11,
        max_priority_fee=0,
    )


def test_every_start_has_the_same_genesis(anvil_binary: Path, tmp_path: Path) -> None:
    found = set()
    for number in range(2):
        with EmbeddedChain(anvil_binary, tmp_path / f"{number}.log") as chain:
            found.add(genesis(chain))
    assert len(found) == 1


def test_a_restart_is_an_empty_chain_at_the_same_address(chain: EmbeddedChain, rpc: Rpc) -> None:
    before, url, pid = genesis(chain), chain.url, chain.pid
    rpc.call("evm_mine")
    assert rpc.call("eth_blockNumber") == "0x1"
    chain.restart()
    assert (genesis(chain), chain.url) == (before, url)
    assert chain.pid != pid
    assert rpc.call("eth_blockNumber") == "0x0"


def test_the_process_is_anvil_itself_and_is_gone_after_stop(anvil_binary: Path, tmp_path: Path) -> None:
    chain = EmbeddedChain(anvil_binary, tmp_path / "anvil.log")
    assert not chain.is_alive()
    chain.start()
    pid = chain.pid
    assert Path(f"/proc/{pid}/exe").resolve() == anvil_binary.resolve()
    assert chain.is_alive()
    chain.start()
    assert chain.pid == pid
    chain.stop()
    assert not chain.is_alive()
    assert not Path(f"/proc/{pid}").exists()
    chain.stop()


def test_a_killed_chain_is_noticed_and_can_be_started_again(chain: EmbeddedChain, rpc: Rpc) -> None:
    before = genesis(chain)
    os.kill(chain.pid, signal.SIGKILL)
    assert wait_until_dead(chain)
    with pytest.raises(RpcUnavailable):
        rpc.call("eth_chainId")
    chain.start()
    assert genesis(chain) == before


PARENT = """
import sys, threading, time
from pathlib import Path
from ledger_service.chain.anvil import EmbeddedChain
chain = EmbeddedChain(Path(sys.argv[1]), Path(sys.argv[2]))
starter = threading.Thread(target=chain.start)  # a thread that ends: the chain must live on
starter.start()
starter.join()
time.sleep(0.3)
print(chain.pid if chain.is_alive() else "dead", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_parent_and_not_with_the_thread_that_started_it(
    anvil_binary: Path, tmp_path: Path, death: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(anvil_binary), str(tmp_path / "anvil.log")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as parent:
        assert parent.stdout is not None
        said = parent.stdout.readline().strip()
        parent.send_signal(death)
        parent.wait()
        assert said.isdigit()
        assert wait_until_gone(int(said))


def test_many_threads_may_start_it(anvil_binary: Path, tmp_path: Path) -> None:
    chains = [EmbeddedChain(anvil_binary, tmp_path / f"{number}.log") for number in range(3)]
    threads = [threading.Thread(target=chain.start) for chain in chains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len({chain.url for chain in chains}) == 3
        assert all(chain.is_alive() for chain in chains)
    finally:
        for chain in chains:
            chain.stop()


def test_a_taken_port_is_an_error_also_when_an_anvil_answers_there(chain: EmbeddedChain, tmp_path: Path) -> None:
    port = int(chain.url.rsplit(":", 1)[1])
    second = EmbeddedChain(find_anvil(ROOT), tmp_path / "second.log", port=port)
    with pytest.raises(ChainNotStarted, match="in use"):
        second.start()
    assert not second.is_alive()
    assert chain.is_alive()


def test_a_binary_that_ends_at_once_is_an_error_with_its_words(tmp_path: Path) -> None:
    binary = tmp_path / "anvil"
    binary.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    binary.chmod(0o755)
    with pytest.raises(ChainNotStarted, match="no such luck"):
        EmbeddedChain(binary, tmp_path / "anvil.log").start()


def test_it_listens_on_the_loopback_address_only(chain: EmbeddedChain) -> None:
    port = int(chain.url.rsplit(":", 1)[1])
    listening = [
        fields[1]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[3] == "0A" and fields[1].endswith(f":{port:04X}")
    ]
    assert listening == [f"0100007F:{port:04X}"]


def test_it_has_no_unlocked_account(rpc: Rpc) -> None:
    assert rpc.call("eth_accounts") == []


def test_transactions_sent_together_are_one_block(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    transactions = [transfer(nonce) for nonce in range(5)]
    hashes = send_in_one_block(rpc, [transaction.raw for transaction in transactions])
    assert hashes == [transaction.hash for transaction in transactions]
    assert rpc.call("eth_blockNumber") == "0x1"
    assert len(rpc.call("eth_getBlockByNumber", ["0x1", False])["transactions"]) == 5
    again = send_in_one_block(rpc, [transactions[0].raw, transfer(5).raw])
    assert isinstance(again[0], RpcFault)
    assert again[1] == transfer(5).hash
    rpc.call("eth_sendRawTransaction", ["0x" + transfer(6).raw.hex()])
    assert len(rpc.call("eth_getBlockByNumber", ["0x2", False])["transactions"]) == 1


def test_a_transaction_above_the_gas_limit_of_real_networks_is_refused(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    greedy = sign_transaction(
        SENDER, chain_id=31337, nonce=0, to=bytes(20), data=b"", gas=16_777_217, max_fee=10**11, max_priority_fee=0
    )
    with pytest.raises(RpcFault):
        rpc.call("eth_sendRawTransaction", ["0x" + greedy.raw.hex()])


def test_old_blocks_stay_and_old_states_go(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    rpc.call("eth_sendRawTransaction", ["0x" + transfer(0).raw.hex()])
    rpc.call("anvil_mine", [hex(STATES_KEPT + 10)])
    assert rpc.call("eth_getTransactionReceipt", ["0x" + transfer(0).hash.hex()])["blockNumber"] == "0x1"
    assert len(rpc.call("eth_getBlockByNumber", ["0x1", True])["transactions"]) == 1
    latest = int(rpc.call("eth_blockNumber"), 16)
    assert rpc.call("eth_getBalance", ["0x" + "77" * 20, hex(latest - STATES_KEPT + 1)]) == "0x0"
    with pytest.raises(RpcFault):
        rpc.call("eth_getBalance", ["0x" + "77" * 20, "0x1"])


def test_more_transactions_than_a_block_holds_go_into_several(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    hashes = send_in_one_block(rpc, [transfer(nonce).raw for nonce in range(TRANSACTIONS_PER_BLOCK_MAX + 1)])
    assert len(hashes) == TRANSACTIONS_PER_BLOCK_MAX + 1
    assert rpc.call("eth_blockNumber") == "0x2"


class TestFinding:
    def test_prefers_the_one_on_path(self, anvil_binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "anvil").symlink_to(anvil_binary)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_anvil(tmp_path) == anvil_binary.resolve()

    @pytest.mark.parametrize(
        "script", ["#!/bin/sh\necho anvil Version: 1.7.1\n", "#!/bin/sh\necho anvil 0.3.0\n", "nonsense"]
    )
    def test_passes_over_scripts_and_other_versions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        (tmp_path / "anvil").write_text(script)
        (tmp_path / "anvil").chmod(stat.S_IRWXU)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(AnvilMissing, match="make setup"):
            find_anvil(tmp_path)
