"""How the contract came to be: the keys that it was built with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger_service.chain.hexes import bytes_of, hex_of
from ledger_service.chain.identity import find_deploy_block
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.domain.hashing import keccak
from ledger_service.errors import Unavailable

FACTORY = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
BLOCKS_SEARCHED_MAX = 100_000

_BLOCKS_AT_ONCE = 10
_WORD = 32
_KEYS_MAX = 16


class DeploymentUnknown(Unavailable):
    """The transaction that created the contract cannot be found, so the first office keys are not known."""

    code = "deployment_unknown"

    def __init__(self, contract: bytes) -> None:
        super().__init__(
            f"the transaction that created {hex_of(contract)} cannot be found on this node; use a node that keeps old "
            "blocks, or give the office keys and the guardian that were published",
            f"{hex_of(contract)} 컨트랙트를 만든 거래를 이 노드에서 찾을 수 없습니다. 이전 블록을 보관하는 노드를 쓰거나 "
            "공개된 운영 키와 보호자 키를 지정하세요",
        )


@dataclass(frozen=True, slots=True)
class Genesis:
    """What the contract was built with."""

    district: bytes
    office_signers: tuple[bytes, ...]
    guardian: bytes


def find_genesis(rpc: Rpc, contract: bytes, first_post_block: int) -> tuple[Genesis, bytes]:
    """The constructor's arguments and the creation code, from the transaction that made the contract."""
    for transaction in _candidates(rpc, contract, first_post_block):
        made = _creation_code(rpc, transaction, contract)
        genesis = _genesis_in(made) if made else None
        if made and genesis:
            return genesis, made
    raise DeploymentUnknown(contract)


def _candidates(rpc: Rpc, contract: bytes, first_post_block: int) -> Iterator[dict[str, Any]]:
    """Transactions of the block that has the code first, or of every block from the first post backwards."""
    with contextlib.suppress(RpcFault):  # a node without old states
        yield from _transactions(rpc, [find_deploy_block(rpc, contract)])
    oldest = max(-1, first_post_block - BLOCKS_SEARCHED_MAX)
    for newest in range(first_post_block, oldest, -_BLOCKS_AT_ONCE):
        yield from _transactions(rpc, range(newest, max(oldest, newest - _BLOCKS_AT_ONCE), -1))


def _transactions(rpc: Rpc, blocks: Iterable[int]) -> Iterator[dict[str, Any]]:
    for block in rpc.batch([("eth_getBlockByNumber", [hex(number), True]) for number in blocks]):
        if isinstance(block, RpcFault):
            raise block
        yield from (block or {}).get("transactions", ())


def _creation_code(rpc: Rpc, transaction: dict[str, Any], contract: bytes) -> bytes | None:
    """The creation code, where this transaction made the contract."""
    data, to = bytes_of(transaction["input"]), transaction.get("to")
    if to is None:
        receipt = rpc.call("eth_getTransactionReceipt", [transaction["hash"]])
        is_ours = bool(receipt) and str(receipt.get("contractAddress")).lower() == hex_of(contract)
        return data if is_ours else None
    if bytes_of(to) != FACTORY:
        return None
    salt, code = data[:_WORD], data[_WORD:]
    return code if keccak(b"\xff" + FACTORY + salt + keccak(code))[12:] == contract else None


def _genesis_in(creation_code: bytes) -> Genesis | None:
    """The arguments (bytes32 district, address[] officeKeys, address guardian) at the end of the creation code."""
    for keys in range(2, _KEYS_MAX + 1):
        tail = creation_code[-_WORD * (4 + keys) :]
        words = [tail[at : at + _WORD] for at in range(0, len(tail), _WORD)]
        if int.from_bytes(words[1], "big") == 3 * _WORD and int.from_bytes(words[3], "big") == keys:
            return Genesis(words[0], tuple(one[12:] for one in words[4:]), words[2][12:])
    return None
