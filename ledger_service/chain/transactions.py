"""Transactions around the signature: fees, nonces, broadcast, receipts, and the hash of what a node says was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ledger_service.chain import rlp
from ledger_service.chain.hexes import BlockTag, block_parameter, bytes_of, hex_of, number_of
from ledger_service.chain.rpc import Rpc, RpcFault, RpcUnavailable, read_answer
from ledger_service.domain.hashing import keccak

TRANSACTION_GAS_MAX = 16_777_216
"""EIP-7825: the largest gas limit of a transaction."""

BASE_FEE_FACTOR = 2  # room for six full blocks, each of which raises the base fee by an eighth


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei for one gas. Zero on a network without fees."""

    max_fee: int
    max_priority_fee: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a transaction is in a block, and what it used."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int


class SendFault(Enum):
    """What a node's refusal of a signed transaction means, as far as its words tell."""

    KNOWN = "known"
    """The node has it already: as good as sent."""
    NONCE_USED = "nonce used"
    """A transaction with this nonce is in a block; whether it is this one, its receipt tells."""
    UNDERPRICED = "underpriced"
    """Another one with this nonce waits, or the fee is below what the node takes: raise the fee."""
    UNFUNDED = "unfunded"
    """The sender cannot pay."""
    OTHER = "other"


# geth, Besu, Nethermind, Erigon and anvil say these in their own words; the numbers are -32000 or -32003 for most.
_WORDS = (
    (SendFault.KNOWN, ("already known", "known transaction", "already imported", "alreadyknown", "already exists")),
    (SendFault.NONCE_USED, ("nonce too low", "nonce is too low", "oldnonce", "nonce below")),
    (SendFault.UNDERPRICED, ("underpriced", "gas price too low", "fee cap less than", "less than block base fee")),
    (SendFault.UNFUNDED, ("insufficient funds", "upfront cost exceeds", "insufficientfunds")),
)


def meaning_of(fault: RpcFault) -> SendFault:
    """Sort a refusal of `eth_sendRawTransaction`. When in doubt OTHER: then only the stored hash settles it."""
    said = fault.fault_message.lower()
    return next((meaning for meaning, words in _WORDS if any(word in said for word in words)), SendFault.OTHER)


def suggest_fees(rpc: Rpc) -> Fees:
    """Fees that the next blocks take."""
    block, priority = rpc.batch([("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])])
    base_fee = read_answer(lambda answer: number_of(answer.get("baseFeePerGas", "0x0")), block)
    max_priority_fee = 0 if isinstance(priority, RpcFault) else read_answer(number_of, priority)
    return Fees(BASE_FEE_FACTOR * base_fee + max_priority_fee, max_priority_fee)


def nonce_of(rpc: Rpc, sender: bytes, block: BlockTag) -> int:
    """The number of the sender's transactions up to a block: its next nonce there."""
    return read_answer(number_of, rpc.call("eth_getTransactionCount", [hex_of(sender), block_parameter(block)]))


def estimate_gas(rpc: Rpc, sender: bytes, to: bytes, data: bytes) -> int:
    """Gas that a call would use now. Raises RpcFault where it would revert."""
    call = {"from": hex_of(sender), "to": hex_of(to), "data": hex_of(data)}
    return read_answer(number_of, rpc.call("eth_estimateGas", [call]))


def broadcast(rpc: Rpc, raw: bytes) -> bytes:
    """Send a signed transaction, which must be stored before: its hash. RpcFault is the node's refusal (`meaning_of`)."""
    return read_answer(lambda answer: bytes_of(answer, 32), rpc.call("eth_sendRawTransaction", [hex_of(raw)]))


def receipts_of(rpc: Rpc, hashes: Sequence[bytes]) -> list[Receipt | None]:
    """The receipt of each transaction that is in a block, in one request.

    A receipt of a block full of entries is large (a log each): ask for one when `tips` cannot tell.
    """
    answers = rpc.batch([("eth_getTransactionReceipt", [hex_of(hash_)]) for hash_ in hashes])
    return [_receipt(answer, hash_) for answer, hash_ in zip(answers, hashes, strict=True)]


def _receipt(answer: Any, asked: bytes) -> Receipt | None:
    if answer is None or (isinstance(answer, dict) and answer.get("blockNumber", "") is None):
        return None
    receipt = read_answer(
        lambda shown: Receipt(
            transaction_hash=bytes_of(shown["transactionHash"], 32),
            block_number=number_of(shown["blockNumber"]),
            block_hash=bytes_of(shown["blockHash"], 32),
            succeeded=number_of(shown["status"]) == 1,
            gas_used=number_of(shown["gasUsed"]),
        ),
        answer,
    )
    if receipt.transaction_hash != asked:
        raise RpcUnavailable("the receipt of another transaction was given")
    return receipt


# ---- the hash of a transaction, from the fields that a node shows


def hash_of(transaction: dict[str, Any]) -> bytes | None:
    """The hash of a transaction as JSON-RPC shows it, computed from its fields; None for a type that is not known here.

    Raises ValueError or KeyError where the fields cannot be those of a transaction.
    """
    kind = number_of(transaction.get("type", "0x0"))
    fields = _FIELDS.get(kind)
    if fields is None:
        return None
    encoded = rlp.encode([_field(transaction, name) for name in fields])
    return keccak(bytes([kind]) + encoded if kind else encoded)


_FIELDS: dict[int, tuple[str, ...]] = {
    0: ("nonce", "gasPrice", "gas", "to", "value", "input", "v", "r", "s"),
    1: ("chainId", "nonce", "gasPrice", "gas", "to", "value", "input", "accessList", "v", "r", "s"),
    2: (
        *("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas"),
        *("gas", "to", "value", "input", "accessList", "v", "r", "s"),
    ),
    4: (
        *("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas"),
        *("gas", "to", "value", "input", "accessList", "authorizationList", "v", "r", "s"),
    ),
}


def _field(transaction: dict[str, Any], name: str) -> rlp.Item:
    if name == "to":
        return b"" if transaction["to"] is None else bytes_of(transaction["to"], 20)
    if name == "input":
        return bytes_of(transaction["input"])
    if name == "accessList":
        return [
            [bytes_of(item["address"], 20), [bytes_of(key, 32) for key in item["storageKeys"]]]
            for item in transaction["accessList"]
        ]
    if name == "authorizationList":
        return [
            [
                _quantity(item["chainId"]),
                bytes_of(item["address"], 20),
                *(_quantity(item[part]) for part in ("nonce", "yParity", "r", "s")),
            ]
            for item in transaction["authorizationList"]
        ]
    if name == "v" and "v" not in transaction:
        return _quantity(transaction["yParity"])
    return _quantity(transaction[name])


def _quantity(text: Any) -> bytes:
    return rlp.quantity(number_of(text))
