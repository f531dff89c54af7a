"""Which chain and contract this is: checked on every connect, because a wrong one looks like an empty right one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.rpc import Rpc, RpcFault, read_answer
from ledger_service.domain.hashing import keccak
from ledger_service.errors import Refused

EVENT_BLOCKS = 10_000


class NotOurChain(Refused):
    """The node serves another chain, or the contract there is another one."""

    code = "not_our_chain"

    def __init__(self, found: list[str]) -> None:
        listed = "; ".join(found)
        super().__init__(
            f"this is not the chain that the books belong to: {listed}. Check BORAM_RPC_URL; "
            "if the chain was lost for good, run: boram chain restore",
            f"장부가 속한 체인이 아닙니다: {listed}. BORAM_RPC_URL을 확인하세요. "
            "체인을 완전히 잃었다면 실행하세요: boram chain restore",
            differences=found,
        )
        self.differences = found


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """What a chain and its contract are known by. Hashes have 32 bytes, the contract 20."""

    chain_id: int
    genesis_hash: bytes
    contract: bytes
    code_hash: bytes
    deploy_block: int
    deploy_block_hash: bytes


def read_identity(rpc: Rpc, contract: bytes, deploy_block: int | None = None) -> ChainIdentity:
    """The identity that a node shows now.

    Where `deploy_block` is not known it is searched; a node without the states of old blocks gives the block before the first post. Raises
    NotOurChain where there is no code at the address or the block is not there, RpcUnavailable, RpcFault.
    """
    chain_id, genesis, code = rpc.batch(
        [
            ("eth_chainId", []),
            ("eth_getBlockByNumber", ["0x0", False]),
            ("eth_getCode", [hex_of(contract), "latest"]),
        ]
    )
    code_bytes = read_answer(bytes_of, code)
    if not code_bytes:
        raise NotOurChain([f"there is no contract at {hex_of(contract)}"])
    if deploy_block is None:
        try:
            deploy_block = find_deploy_block(rpc, contract)
        except RpcFault:
            deploy_block = block_before_posts(rpc, contract)
    return ChainIdentity(
        chain_id=read_answer(number_of, chain_id),
        genesis_hash=_block_hash(genesis, 0),
        contract=contract,
        code_hash=keccak(code_bytes),
        deploy_block=deploy_block,
        deploy_block_hash=_block_hash(rpc.call("eth_getBlockByNumber", [hex(deploy_block), False]), deploy_block),
    )


def block_before_posts(rpc: Rpc, contract: bytes) -> int:
    """A block at which the contract had no post yet, for a node that keeps no old states: before its first event, or the latest block."""
    latest = read_answer(number_of, rpc.call("eth_blockNumber"))
    for start in range(0, latest + 1, EVENT_BLOCKS):
        asked = {
            "address": hex_of(contract),
            "fromBlock": hex(start),
            "toBlock": hex(min(start + EVENT_BLOCKS - 1, latest)),
        }
        events = rpc.call("eth_getLogs", [asked])
        if events:
            return read_answer(lambda found: min(number_of(one["blockNumber"]) for one in found), events) - 1
    return latest


def find_deploy_block(rpc: Rpc, contract: bytes) -> int:
    """The first block whose state has the contract's code, by bisection. Raises RpcFault where old states are gone."""
    low, high = 0, read_answer(number_of, rpc.call("eth_blockNumber"))
    while low < high:
        middle = (low + high) // 2
        if read_answer(bytes_of, rpc.call("eth_getCode", [hex_of(contract), hex(middle)])):
            high = middle
        else:
            low = middle + 1
    return low


def differences(expected: ChainIdentity, found: ChainIdentity) -> list[str]:
    """What differs, one sentence each, the most telling first; empty when it is our chain."""
    compared = (
        ("the chain id", expected.chain_id, found.chain_id),
        ("the genesis hash", hex_of(expected.genesis_hash), hex_of(found.genesis_hash)),
        ("the contract's address", hex_of(expected.contract), hex_of(found.contract)),
        ("the contract's code hash", hex_of(expected.code_hash), hex_of(found.code_hash)),
        ("the deploy block", expected.deploy_block, found.deploy_block),
        ("the deploy block's hash", hex_of(expected.deploy_block_hash), hex_of(found.deploy_block_hash)),
    )
    return [f"{name} is {there}, expected {wanted}" for name, wanted, there in compared if wanted != there]


def _block_hash(block: Any, number: int) -> bytes:
    if block is None:
        raise NotOurChain([f"block {number} is not there"])
    return read_answer(lambda answer: bytes_of(answer["hash"], 32), block)
