"""The scripts that an operator and an outsider run, as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger_service.chain.anvil import fund
from ledger_service.chain.hexes import hex_of
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import create_keystore
from ledger_service.chain.transactions import nonce_of
from tests.chain.world import DISTRICT, ENVIRONMENT, GUARDIAN, OFFICE, ROOT, SENDER, World, deploy_for_tests

WELL_KNOWN = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    """The arguments of a sender."""
    create_keystore(tmp_path / "sender.json", (0xB0_0005).to_bytes(32, "big"), "열려라 참깨", light=True)
    (tmp_path / "passphrase").write_text("열려라 참깨\n", "utf-8")
    (tmp_path / "passphrase").chmod(0o600)
    return ["--keystore", str(tmp_path / "sender.json"), "--passphrase-file", str(tmp_path / "passphrase")]


def place(guardian: str = hex_of(GUARDIAN.address)) -> list[str]:
    office = [argument for signer in OFFICE for argument in ("--office-key", hex_of(signer.address))]
    return ["--district", DISTRICT, "--environment", ENVIRONMENT, *office, "--guardian", guardian]


class TestDeploy:
    def test_a_dry_run_changes_nothing_and_the_real_one_keeps_its_word(self, rpc: Rpc, keys: list[str]) -> None:
        fund(rpc, SENDER.address)
        dry = run("deploy.py", "--rpc", rpc.url, *keys, *place(), "--dry-run", "--json")
        assert dry.returncode == 0, dry.stderr
        assert nonce_of(rpc, SENDER.address, "pending") == 0
        done = run("deploy.py", "--rpc", rpc.url, *keys, *place(), "--json")
        assert done.returncode == 0, done.stderr
        before, after = json.loads(dry.stdout), json.loads(done.stdout)
        assert (before["isThere"], after["isThere"]) == (False, True)
        assert (before["address"], before["codeHash"]) == (after["address"], after["codeHash"])
        assert after["address"] == hex_of(deploy_for_tests(rpc).address)
        again = run("deploy.py", "--rpc", rpc.url, *keys, *place())
        assert again.returncode == 0
        assert "nothing was sent" in again.stdout

    def test_a_dry_run_reads_as_text(self, rpc: Rpc, keys: list[str]) -> None:
        fund(rpc, SENDER.address)
        dry = run("deploy.py", "--rpc", rpc.url, *keys, *place(), "--dry-run")
        assert dry.stdout.splitlines()[-1] == "Dry run: nothing was sent."

    def test_keys_that_everybody_has_are_refused(self, rpc: Rpc, keys: list[str]) -> None:
        refused = run("deploy.py", "--rpc", rpc.url, *keys, *place(WELL_KNOWN), "--dry-run")
        assert refused.returncode == 1
        assert WELL_KNOWN.lower() in refused.stderr
        allowed = run("deploy.py", "--rpc", rpc.url, *keys, *place(WELL_KNOWN), "--dry-run", "--allow-test-keys")
        assert allowed.returncode == 0, allowed.stderr

    def test_a_passphrase_open_to_others_is_refused(self, rpc: Rpc, keys: list[str]) -> None:
        Path(keys[3]).chmod(0o644)
        refused = run("deploy.py", "--rpc", rpc.url, *keys, *place(), "--dry-run")
        assert refused.returncode == 2
        assert "chmod 600" in refused.stderr

    def test_a_sender_without_balance_is_refused_in_one_line(self, rpc: Rpc, keys: list[str]) -> None:
        refused = run("deploy.py", "--rpc", rpc.url, *keys, *place())
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1

    def test_an_unreachable_node_could_not_run(self, keys: list[str]) -> None:
        refused = run("deploy.py", "--rpc", "http://127.0.0.1:1", *keys, *place())
        assert refused.returncode == 2
        assert len(refused.stderr.splitlines()) == 1

    def test_a_bad_address_is_wrong_use(self, keys: list[str]) -> None:
        assert run("deploy.py", "--rpc", "http://127.0.0.1:1", *keys, *place("0x12")).returncode == 2


class TestCheckBytecode:
    def test_our_contract_is_recognised(self, world: World) -> None:
        checked = run("check_bytecode.py", "--rpc", world.rpc.url, "--contract", hex_of(world.contract.address))
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert f"for district '{DISTRICT}'" in checked.stdout

    def test_a_changed_code_is_told(self, world: World) -> None:
        where = hex_of(world.contract.address)
        code = world.rpc.call("eth_getCode", [where, "latest"])
        world.rpc.call("anvil_setCode", [where, code[:-2] + "ff"])
        checked = run("check_bytecode.py", "--rpc", world.rpc.url, "--contract", where, "--json")
        assert checked.returncode == 1
        assert json.loads(checked.stdout)["differences"] == ["1 bytes of the code differ"]

    def test_our_code_at_another_address_is_told(self, world: World) -> None:
        code = world.rpc.call("eth_getCode", [hex_of(world.contract.address), "latest"])
        world.rpc.call("anvil_setCode", ["0x" + "77" * 20, code])
        checked = run("check_bytecode.py", "--rpc", world.rpc.url, "--contract", "0x" + "77" * 20)
        assert checked.returncode == 1
        assert "EIP712._cachedThis" in checked.stdout

    def test_another_district_is_told(self, world: World) -> None:
        where = ["--rpc", world.rpc.url, "--contract", hex_of(world.contract.address)]
        assert run("check_bytecode.py", *where, "--district", DISTRICT).returncode == 0
        assert run("check_bytecode.py", *where, "--district", "99999").returncode == 1

    def test_an_empty_address_is_told(self, world: World) -> None:
        checked = run("check_bytecode.py", "--rpc", world.rpc.url, "--contract", "0x" + "77" * 20)
        assert checked.returncode == 1
        assert "no code" in checked.stdout

    def test_an_unreachable_node_could_not_run(self) -> None:
        checked = run("check_bytecode.py", "--rpc", "http://127.0.0.1:1", "--contract", "0x" + "77" * 20)
        assert checked.returncode == 2
