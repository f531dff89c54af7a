"""`boram verify` against a running ledger: clean is 0; a balance changed behind the contract's back is 1, and is named."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ledger_service.chain.rpc import Rpc
from scripts.running import running
from tests.e2e.conftest import SETTINGS
from tests.e2e.test_kill import audit, work


def test_a_changed_balance_is_named_with_what_was_expected_and_found(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        assert work(service)
        assert audit(service, home)[0] == 0
        contract = service.runtime["contract"]
        office = service.client("office")
        entries = office.get(f"/api/v1/residents/{office.person('S100000')}/entries")["entries"]
        account = office.get(f"/api/v1/receipts/{entries[0]['journal_no']}")["receipt"]["account"]
        with closing(Rpc(service.runtime["rpc_url"])) as rpc:
            slot = storage_slot(rpc, contract, account)
            found = int(rpc.call("eth_getStorageAt", [contract, slot, "latest"]), 16)
            rpc.call("anvil_setStorageAt", [contract, slot, f"0x{found + 1:064x}"])
        code, report = audit(service, home)
    assert code == 1
    named = [one for one in report["findings"] if one["where"].lower() == account]
    assert len(named) == 1
    assert "10" in named[0]["expected"]
    assert "11" in named[0]["found"]


def storage_slot(rpc: Rpc, contract: str, account: str) -> str:
    """Where the contract keeps an account: the one storage slot that a balance query reads and that holds its coins."""
    call = {"to": contract, "data": "0x70a08231" + account[2:].rjust(64, "0")}
    reads = rpc.call("eth_createAccessList", [call, "latest"])["accessList"]
    return str(next(one["storageKeys"][0] for one in reads if one["address"].lower() == contract.lower()))
