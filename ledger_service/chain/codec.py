"""The calldata of `post` and the contract's events, encoded and decoded by hand (docs/formats.md).

Proved against eth-abi in tests; by hand because eth-abi takes milliseconds for a batch of 500 entries.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

from ledger_service.chain.hexes import bytes_of, number_of
from ledger_service.domain.batches import (
    BATCH_ANNEX_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    BATCH_NEEDS_MAX,
    BATCH_SIGNATURES_MAX,
    Batch,
    Need,
    SignedBatch,
)
from ledger_service.domain.entries import ACCOUNT_BYTES, WORD_BYTES, Skip
from ledger_service.domain.hashing import keccak, word
from ledger_service.domain.orders import OrderSkip

POST_SELECTOR = keccak(b"post((uint16,uint32,uint16,bytes32,bytes32,(uint16,uint32)[],bytes32[],bytes,bytes[])[])")[:4]

_BATCH_HEAD_BYTES = 9 * WORD_BYTES
_NEED_BYTES = 2 * WORD_BYTES
_LENGTH_MAX = 2**64 - 1
_SIGN_BIT = 1 << 255
_MODULUS = 1 << 256


def encode_post(batches: Sequence[SignedBatch]) -> bytes:
    """The calldata of `post(Batch[])`, as the ABI's canonical encoding."""
    return POST_SELECTOR + word(WORD_BYTES) + _encode_dynamic([_encode_batch(signed) for signed in batches])


def _encode_dynamic(items: Sequence[bytes]) -> bytes:
    """An array of dynamic items: count, offsets counted from after the count, items."""
    offset = WORD_BYTES * len(items)
    parts = [word(len(items))]
    for item in items:
        parts.append(word(offset))
        offset += len(item)
    parts.extend(items)
    return b"".join(parts)


def _encode_bytes(value: bytes) -> bytes:
    return word(len(value)) + value + bytes(-len(value) % WORD_BYTES)


def _encode_batch(signed: SignedBatch) -> bytes:
    batch = signed.batch
    needs = b"".join([word(len(batch.needs)), *(word(need.desk) + word(need.seq) for need in batch.needs)])
    annex = _encode_bytes(batch.annex)
    needs_at = _BATCH_HEAD_BYTES
    entries_at = needs_at + len(needs)
    annex_at = entries_at + WORD_BYTES + len(batch.words)
    signatures_at = annex_at + len(annex)
    return b"".join(
        (
            word(batch.desk),
            word(batch.seq),
            word(batch.day),
            batch.previous_head,
            batch.evidence_root,
            word(needs_at),
            word(entries_at),
            word(annex_at),
            word(signatures_at),
            needs,
            word(batch.count),
            batch.words,
            annex,
            _encode_dynamic([_encode_bytes(signature) for signature in signed.signatures]),
        )
    )


def decode_post(data: bytes) -> list[SignedBatch]:
    """The batches of a `post` calldata. Raises ValueError with the reason where the contract could not read one.

    It accepts what Solidity's calldata decoder accepts, which is more than the canonical encoding: `post` is open to
    anyone, and a stranger's odd but valid encoding of a batch must not be able to stop those who read the chain.
    """
    return [_decode_batch(data, at) for at in _batch_positions(data)]


def decode_wanted(data: bytes, wanted: Container[tuple[int, int]]) -> Iterator[SignedBatch]:
    """Those batches of a `post` calldata that claim a (desk, seq) in `wanted`, without those that cannot have landed.

    The same calldata may carry garbage beside a batch that landed, because a batch that is refused early is never read
    to its end; and decoys that share one another's bytes, so take one at a time. Raises ValueError only where the list
    of batches itself cannot be read.
    """
    for at in dict.fromkeys(_batch_positions(data)):
        if (_read(data, at), _read(data, at + WORD_BYTES)) not in wanted:
            continue
        try:
            if _is_within_bounds(data, at):
                yield _decode_batch(data, at)
        except ValueError:
            continue


def _is_within_bounds(data: bytes, at: int) -> bool:
    """Whether the contract would not refuse a batch as TooLarge."""
    return (
        _array(data, at, at + 5 * WORD_BYTES, _NEED_BYTES)[1] <= BATCH_NEEDS_MAX
        and _array(data, at, at + 6 * WORD_BYTES, WORD_BYTES)[1] <= BATCH_ENTRIES_MAX
        and _array(data, at, at + 7 * WORD_BYTES, 1)[1] <= BATCH_ANNEX_BYTES_MAX
        and _array(data, at, at + 8 * WORD_BYTES, WORD_BYTES)[1] <= BATCH_SIGNATURES_MAX
    )


def _batch_positions(data: bytes) -> list[int]:
    if data[:4] != POST_SELECTOR:
        raise ValueError("the call is not post()")
    if len(data) < 4 + WORD_BYTES:
        raise ValueError("the calldata ends before its list of batches")
    list_at = 4 + _read(data, 4)
    if list_at + WORD_BYTES > len(data):
        raise ValueError("the list of batches lies outside the calldata")
    count = _read(data, list_at)
    base = list_at + WORD_BYTES
    if count > (len(data) - base) // WORD_BYTES:
        raise ValueError(f"a list of {count} batches is longer than the calldata")
    return [_follow(data, base, base + WORD_BYTES * index, _BATCH_HEAD_BYTES) for index in range(count)]


def _decode_batch(data: bytes, at: int) -> SignedBatch:
    needs_at, needs_count = _array(data, at, at + 5 * WORD_BYTES, _NEED_BYTES)
    entries_at, entries_count = _array(data, at, at + 6 * WORD_BYTES, WORD_BYTES)
    annex_at, annex_bytes = _array(data, at, at + 7 * WORD_BYTES, 1)
    signatures_at, signatures_count = _array(data, at, at + 8 * WORD_BYTES, WORD_BYTES)
    batch = Batch(
        desk=_bounded(data, at, 16),
        seq=_bounded(data, at + WORD_BYTES, 32),
        day=_bounded(data, at + 2 * WORD_BYTES, 16),
        previous_head=_slice(data, at + 3 * WORD_BYTES, WORD_BYTES),
        evidence_root=_slice(data, at + 4 * WORD_BYTES, WORD_BYTES),
        needs=tuple(
            Need(_bounded(data, need_at, 16), _bounded(data, need_at + WORD_BYTES, 32))
            for need_at in range(needs_at, needs_at + _NEED_BYTES * needs_count, _NEED_BYTES)
        ),
        words=_slice(data, entries_at, WORD_BYTES * entries_count),
        annex=_slice(data, annex_at, annex_bytes),
    )
    signatures = []
    for index in range(signatures_count):
        signature_at, length = _array(data, signatures_at, signatures_at + WORD_BYTES * index, 1)
        signatures.append(_slice(data, signature_at, length))
    return SignedBatch(batch, tuple(signatures))


def _read(data: bytes, at: int) -> int:
    """The word at a position; the EVM reads zeros outside the calldata, also left of it."""
    return int.from_bytes(_slice(data, at, WORD_BYTES), "big")


def _slice(data: bytes, at: int, length: int) -> bytes:
    return data[at : at + length].ljust(length, b"\0") if at >= 0 else bytes(length)


def _bounded(data: bytes, at: int, bits: int) -> int:
    value = _read(data, at)
    if value >> bits:
        raise ValueError(f"a field of {bits} bits holds {value}")
    return value


def _follow(data: bytes, base: int, offset_at: int, bytes_needed: int) -> int:
    """The position that an offset leads to, compared with the end as a signed number, as Solidity does."""
    offset = _read(data, offset_at)
    signed = offset - _MODULUS if offset & _SIGN_BIT else offset
    if signed > len(data) - base - bytes_needed:
        raise ValueError("an offset leads outside the calldata")
    return base + signed


def _array(data: bytes, base: int, offset_at: int, item_bytes: int) -> tuple[int, int]:
    """Position of the first item and number of items of an array behind an offset."""
    length_at = _follow(data, base, offset_at, WORD_BYTES)
    length = _read(data, length_at)
    if length > _LENGTH_MAX or length_at + WORD_BYTES > len(data) - length * item_bytes:
        raise ValueError("an array ends outside the calldata")
    return length_at + WORD_BYTES, length


class Refusal(IntEnum):
    """Why a batch did not land (docs/formats.md, in the order of the checks)."""

    UNKNOWN_DESK = 1
    TOO_LARGE = 2
    CONFLICT = 3
    GAP = 4
    EMPTY = 5
    NO_EVIDENCE = 6
    BAD_SIGNATURE = 7
    PAUSED = 8
    BAD_DAY = 9
    NOT_YET = 10


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands on the chain."""

    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    transaction_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class BatchPosted:
    """A batch landed; `coins_applied` is gross."""

    position: Position
    post_number: int
    desk: int
    seq: int
    head: bytes
    coins_applied: int
    skipped_hash: bytes


@dataclass(frozen=True, slots=True)
class BatchRefused:
    """A batch did not land; what `value` says depends on the reason (docs/formats.md)."""

    position: Position
    desk: int
    seq: int
    head: bytes
    reason: Refusal
    value: int


@dataclass(frozen=True, slots=True)
class EntrySkipped:
    """An entry of a landed batch was not applied."""

    position: Position
    desk: int
    seq: int
    index: int
    reason: Skip


@dataclass(frozen=True, slots=True)
class OrderApplied:
    """An order of desk 0 took effect."""

    position: Position
    seq: int
    index: int
    code: int


@dataclass(frozen=True, slots=True)
class OrderSkipped:
    """An order of desk 0 was not applied."""

    position: Position
    seq: int
    index: int
    reason: OrderSkip


@dataclass(frozen=True, slots=True)
class Reissued:
    """Coins of a refund that the venue's balance did not hold."""

    position: Position
    desk: int
    seq: int
    index: int
    coins: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Coins moved; the zero address stands for issued and burnt ones."""

    position: Position
    sender: bytes
    recipient: bytes
    coins: int


Event = BatchPosted | BatchRefused | EntrySkipped | OrderApplied | OrderSkipped | Reissued | Transfer

BATCH_POSTED = keccak(b"BatchPosted(uint64,uint16,uint32,bytes32,uint64,bytes32)")
BATCH_REFUSED = keccak(b"BatchRefused(uint16,uint32,bytes32,uint8,uint256)")
ENTRY_SKIPPED = keccak(b"EntrySkipped(uint16,uint32,uint16,uint8)")
ORDER_APPLIED = keccak(b"OrderApplied(uint32,uint16,uint8)")
ORDER_SKIPPED = keccak(b"OrderSkipped(uint32,uint16,uint8)")
REISSUED = keccak(b"Reissued(uint16,uint32,uint16,uint64)")
TRANSFER = keccak(b"Transfer(address,address,uint256)")

BATCH_TOPICS = (BATCH_POSTED, BATCH_REFUSED, ENTRY_SKIPPED, ORDER_APPLIED, ORDER_SKIPPED, REISSUED)
"""Every event but Transfer, of which there is one an entry."""


def decode_logs(logs: Iterable[dict[str, Any]]) -> list[Event]:
    """The events of raw JSON-RPC logs, in the given order.

    Raises ValueError for a log that this contract cannot have emitted, or that is marked as removed by a reorg. The
    caller checks the address.
    """
    return [_decode_log(log) for log in logs]


def _decode_log(log: dict[str, Any]) -> Event:
    try:
        if log.get("removed"):
            raise ValueError("it is marked as removed")
        topics = log["topics"]
        make = _MAKERS.get(topics[0])
        if make is None:
            raise ValueError("its topic is none of the contract's")
        return make(_position(log), _words(topics[1:], log["data"]))
    except (KeyError, IndexError, TypeError, OverflowError, ValueError) as error:
        raise ValueError(f"a log is not one of the contract's events: {error}") from error


def _position(log: dict[str, Any]) -> Position:
    return Position(
        number_of(log["blockNumber"]),
        _hash(log["blockHash"]),
        _hash(log["transactionHash"]),
        number_of(log["transactionIndex"]),
        number_of(log["logIndex"]),
    )


@lru_cache(maxsize=1024)  # hundreds of logs share a block and a transaction
def _hash(text: str) -> bytes:
    return bytes_of(text, WORD_BYTES)


def _words(topics: Sequence[str], data: str) -> list[bytes]:
    words = [bytes_of(topic, WORD_BYTES) for topic in topics]
    raw = bytes_of(data)
    if len(raw) % WORD_BYTES:
        raise ValueError("its data are not whole words")
    words.extend(raw[start : start + WORD_BYTES] for start in range(0, len(raw), WORD_BYTES))
    return words


def _unsigned(value: bytes, bits: int) -> int:
    number = int.from_bytes(value, "big")
    if number >> bits:
        raise ValueError(f"a field of {bits} bits holds {number}")
    return number


def _address(value: bytes) -> bytes:
    if any(value[: WORD_BYTES - ACCOUNT_BYTES]):
        raise ValueError("an address has more than 20 bytes")
    return value[-ACCOUNT_BYTES:]


def _batch_posted(position: Position, words: list[bytes]) -> Event:
    post_number, desk, seq, head, coins, skipped = words
    return BatchPosted(
        position,
        _unsigned(post_number, 64),
        _unsigned(desk, 16),
        _unsigned(seq, 32),
        head,
        _unsigned(coins, 64),
        skipped,
    )


def _batch_refused(position: Position, words: list[bytes]) -> Event:
    desk, seq, head, reason, value = words
    return BatchRefused(
        position,
        _unsigned(desk, 16),
        _unsigned(seq, 32),
        head,
        Refusal(_unsigned(reason, 8)),
        int.from_bytes(value, "big"),
    )


def _entry_skipped(position: Position, words: list[bytes]) -> Event:
    desk, seq, index, reason = words
    return EntrySkipped(
        position, _unsigned(desk, 16), _unsigned(seq, 32), _unsigned(index, 16), Skip(_unsigned(reason, 8))
    )


def _order_applied(position: Position, words: list[bytes]) -> Event:
    seq, index, code = words
    return OrderApplied(position, _unsigned(seq, 32), _unsigned(index, 16), _unsigned(code, 8))


def _order_skipped(position: Position, words: list[bytes]) -> Event:
    seq, index, reason = words
    return OrderSkipped(position, _unsigned(seq, 32), _unsigned(index, 16), OrderSkip(_unsigned(reason, 8)))


def _reissued(position: Position, words: list[bytes]) -> Event:
    desk, seq, index, coins = words
    return Reissued(position, _unsigned(desk, 16), _unsigned(seq, 32), _unsigned(index, 16), _unsigned(coins, 64))


def _transfer(position: Position, words: list[bytes]) -> Event:
    sender, recipient, coins = words
    return Transfer(position, _address(sender), _address(recipient), int.from_bytes(coins, "big"))


_MAKERS: dict[str, Callable[[Position, list[bytes]], Event]] = {
    "0x" + topic.hex(): make
    for topic, make in (
        (BATCH_POSTED, _batch_posted),
        (BATCH_REFUSED, _batch_refused),
        (ENTRY_SKIPPED, _entry_skipped),
        (ORDER_APPLIED, _order_applied),
        (ORDER_SKIPPED, _order_skipped),
        (REISSUED, _reissued),
        (TRANSFER, _transfer),
    )
}
