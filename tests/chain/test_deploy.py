"""Deployment, identity and the check of deployed code, on a real chain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from ledger_service.chain.anvil import STATES_KEPT, EmbeddedChain, fund
from ledger_service.chain.contract import LedgerContract, load_artifact
from ledger_service.chain.deploy import (
    FACTORY,
    FACTORY_CODE,
    DeploymentRefused,
    contract_address,
    deploy,
    ensure_factory,
    init_code,
)
from ledger_service.chain.hexes import number_of
from ledger_service.chain.identity import NotOurChain, differences, find_deploy_block, read_identity
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.transactions import nonce_of
from ledger_service.domain.hashing import text_word
from tests.chain.fake_node import FakeNode
from tests.chain.world import DISTRICT, ENVIRONMENT, GUARDIAN, OFFICE, SENDER, World, deploy_for_tests

KEYS = [signer.address for signer in OFFICE]


def test_the_address_follows_from_factory_salt_and_creation_code() -> None:
    artifact = load_artifact()
    arguments = encode(["bytes32", "address[]", "address"], [text_word(DISTRICT), KEYS, GUARDIAN.address])
    assert init_code(artifact, DISTRICT, KEYS, GUARDIAN.address) == artifact.bytecode + arguments
    salt = keccak(encode(["bytes32", "bytes32"], [text_word(DISTRICT), text_word(ENVIRONMENT)]))
    expected = keccak(b"\xff" + FACTORY + salt + keccak(artifact.bytecode + arguments))[12:]
    assert contract_address(artifact, DISTRICT, ENVIRONMENT, KEYS, GUARDIAN.address) == expected
    others = {
        contract_address(artifact, "11681", ENVIRONMENT, KEYS, GUARDIAN.address),
        contract_address(artifact, DISTRICT, "demo", KEYS, GUARDIAN.address),
        contract_address(artifact, DISTRICT, ENVIRONMENT, KEYS[:2], GUARDIAN.address),
        contract_address(artifact, DISTRICT, ENVIRONMENT, KEYS, KEYS[0]),
        expected,
    }
    assert len(others) == 5


def test_deploying_twice_is_deploying_once(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    first = deploy_for_tests(rpc)
    again = deploy_for_tests(rpc)
    assert first.is_there
    assert first.gas > 1_000_000
    assert (first.address, first.block, first.block_hash) == (again.address, again.block, again.block_hash)
    assert first.code_hash == again.code_hash
    assert again.gas == again.cost == 0
    assert nonce_of(rpc, SENDER.address, "latest") == 1
    code = bytes.fromhex(rpc.call("eth_getCode", ["0x" + first.address.hex(), "latest"])[2:])
    assert keccak(code) == first.code_hash


def test_the_block_is_unknown_where_old_states_are_gone(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    first = deploy_for_tests(rpc)
    rpc.call("anvil_mine", [hex(10 * STATES_KEPT)])
    again = deploy_for_tests(rpc)
    assert again.is_there
    assert (again.block, again.block_hash) == (None, None)
    assert read_identity(rpc, first.address, first.block).deploy_block_hash == first.block_hash
    latest = number_of(rpc.call("eth_blockNumber"))
    assert read_identity(rpc, first.address).deploy_block == latest, (
        "without the states of old blocks, one before the first post"
    )


def test_every_chain_gives_the_same_address_and_code(chain: EmbeddedChain, rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    first = deploy_for_tests(rpc)
    chain.restart()
    fund(rpc, SENDER.address)
    again = deploy_for_tests(rpc)
    assert (first.address, first.code_hash) == (again.address, again.code_hash)


def test_a_dry_run_tells_address_gas_and_cost_and_changes_nothing(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    dry = deploy_for_tests(rpc, dry_run=True)
    assert not dry.is_there
    assert (dry.block, dry.block_hash) == (None, None)
    assert dry.cost > 0
    assert rpc.call("eth_blockNumber") == "0x0"
    assert nonce_of(rpc, SENDER.address, "pending") == 0
    done = deploy_for_tests(rpc)
    assert (done.address, done.code_hash) == (dry.address, dry.code_hash)
    assert dry.gas >= done.gas


def test_a_chain_without_the_factory_is_refused_until_it_is_there(rpc: Rpc) -> None:
    fund(rpc, SENDER.address)
    rpc.call("anvil_setCode", ["0x" + FACTORY.hex(), "0x"])
    with pytest.raises(DeploymentRefused, match="factory"):
        deploy_for_tests(rpc)
    ensure_factory(rpc)
    assert rpc.call("eth_getCode", ["0x" + FACTORY.hex(), "latest"]) == "0x" + FACTORY_CODE.hex()
    assert deploy_for_tests(rpc).is_there


def test_the_factory_of_anvil_is_the_known_one(rpc: Rpc) -> None:
    assert rpc.call("eth_getCode", ["0x" + FACTORY.hex(), "latest"]) == "0x" + FACTORY_CODE.hex()


@pytest.mark.parametrize("keys", [KEYS[:1], [KEYS[0], KEYS[0]], [KEYS[0], GUARDIAN.address], []])
def test_office_keys_that_the_contract_refuses_are_refused_before_sending(rpc: Rpc, keys: list[bytes]) -> None:
    fund(rpc, SENDER.address)
    with pytest.raises(DeploymentRefused, match="office keys"):
        deploy(
            rpc,
            SENDER,
            load_artifact(),
            district=DISTRICT,
            environment=ENVIRONMENT,
            office_keys=keys,
            guardian=GUARDIAN.address,
            dry_run=False,
        )
    assert nonce_of(rpc, SENDER.address, "pending") == 0


def test_another_code_at_the_address_is_not_our_contract(rpc: Rpc) -> None:
    address = deploy_for_tests(rpc, dry_run=True).address
    rpc.call("anvil_setCode", ["0x" + address.hex(), "0x6001"])
    with pytest.raises(NotOurChain, match="another code"):
        deploy_for_tests(rpc)


class TestIdentity:
    def test_is_read_and_has_no_differences_from_itself(self, world: World) -> None:
        identity = read_identity(world.rpc, world.contract.address)
        assert identity.chain_id == 31337
        assert identity.deploy_block == world.deployment.block
        assert identity.deploy_block_hash == world.deployment.block_hash
        assert identity.code_hash == world.deployment.code_hash
        assert read_identity(world.rpc, world.contract.address, identity.deploy_block) == identity
        assert differences(identity, identity) == []

    def test_every_field_is_compared_and_named(self, world: World) -> None:
        identity = read_identity(world.rpc, world.contract.address)
        other = replace(
            identity,
            chain_id=1,
            genesis_hash=b"\x01" * 32,
            contract=b"\x02" * 20,
            code_hash=b"\x03" * 32,
            deploy_block=9,
            deploy_block_hash=b"\x04" * 32,
        )
        found = differences(identity, other)
        assert len(found) == 6
        assert found[0] == "the chain id is 1, expected 31337"

    def test_an_empty_chain_is_not_ours(self, chain: EmbeddedChain, world: World) -> None:
        chain.restart()
        with pytest.raises(NotOurChain, match="no contract at"):
            read_identity(world.rpc, world.contract.address)

    def test_a_chain_that_is_too_short_is_not_ours(self, world: World) -> None:
        with pytest.raises(NotOurChain, match="block 999 is not there"):
            read_identity(world.rpc, world.contract.address, 999)

    def test_a_rebuilt_chain_differs_in_its_deploy_block_only(self, chain: EmbeddedChain, world: World) -> None:
        before = read_identity(world.rpc, world.contract.address)
        chain.restart()
        world.rpc.call("evm_mine")
        fund(world.rpc, SENDER.address)
        deploy_for_tests(world.rpc)
        found = differences(before, read_identity(world.rpc, world.contract.address))
        assert {words.split(" is ")[0] for words in found} == {"the deploy block", "the deploy block's hash"}

    def test_the_deploy_block_is_found_among_others(self, rpc: Rpc) -> None:
        rpc.call("anvil_mine", ["0x5"])
        fund(rpc, SENDER.address)
        deployment = deploy_for_tests(rpc)
        rpc.call("anvil_mine", ["0x4"])
        assert find_deploy_block(rpc, deployment.address) == deployment.block == 6

    def test_an_unfit_answer_is_not_taken_for_an_identity(
        self, node: FakeNode, chain: EmbeddedChain, world: World
    ) -> None:
        node.forward(chain.url, lambda method, _params, told: "0x" if method == "eth_getCode" else told)
        with Rpc(node.url) as liar, pytest.raises(NotOurChain):
            read_identity(liar, world.contract.address, world.deployment.block)


class TestDeployedCode:
    def test_is_what_the_artifact_gives(self, world: World) -> None:
        artifact = load_artifact()
        code = self.code_of(world)
        assert code == artifact.deployed_code(chain_id=31337, address=world.contract.address, district=DISTRICT)
        assert self.found(world, code) == []
        assert artifact.district_of(code) == DISTRICT
        assert LedgerContract(world.rpc, world.contract.address).district("latest") == text_word(DISTRICT)

    def test_a_changed_byte_is_found(self, world: World) -> None:
        code = bytearray(self.code_of(world))
        code[100] ^= 1
        assert self.found(world, bytes(code)) == ["1 bytes of the code differ"]

    def test_another_length_is_found(self, world: World) -> None:
        assert len(self.found(world, self.code_of(world) + b"\0")) == 1

    def test_every_immutable_is_checked_by_value(self, world: World) -> None:
        artifact = load_artifact()
        for name, places in artifact.immutables.items():
            code = bytearray(self.code_of(world))
            code[places[0][0]] ^= 1
            (found,) = self.found(world, bytes(code))
            assert found.startswith(name)

    def test_the_code_of_another_chain_is_found(self, world: World) -> None:
        artifact = load_artifact()
        other = artifact.deployed_code(chain_id=1, address=world.contract.address, district=DISTRICT)
        assert {words.split()[0] for words in self.found(world, other)} == {
            "EIP712._cachedChainId",
            "EIP712._cachedDomainSeparator",
        }

    def test_the_district_is_checked_where_it_is_named(self, world: World) -> None:
        code = self.code_of(world)
        artifact = load_artifact()
        assert artifact.differences(code, chain_id=31337, address=world.contract.address, district=None) == []
        (found,) = artifact.differences(code, chain_id=31337, address=world.contract.address, district="99999")
        assert found.startswith("VolunteerCoin.district")

    @staticmethod
    def code_of(world: World) -> bytes:
        return bytes.fromhex(world.rpc.call("eth_getCode", ["0x" + world.contract.address.hex(), "latest"])[2:])

    @staticmethod
    def found(world: World, code: bytes) -> list[str]:
        return load_artifact().differences(code, chain_id=31337, address=world.contract.address, district=DISTRICT)


def test_an_artifact_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(
        '{"abi":[],"bytecode":"0x01","contract":"C","deployed_bytecode":"0x02",'
        '"immutable_references":{"C.x":[{"length":32,"start":1}]}}'
    )
    assert load_artifact(path).immutables == {"C.x": ((1, 32),)}
