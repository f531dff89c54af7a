"""Batches read back from the chain: every `BatchPosted` with the batch itself, out of its transaction's input.

The head of an event is recomputed from the decoded batch, so that a node cannot put other entries under it; what a node
could still do is leave batches out, which the post numbers and the contract's own count show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from ledger_service.chain.codec import (
    BATCH_TOPICS,
    BatchPosted,
    BatchRefused,
    EntrySkipped,
    Event,
    OrderApplied,
    OrderSkipped,
    Position,
    Reissued,
    decode_wanted,
)
from ledger_service.chain.contract import ChainLies, LedgerContract
from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.chain.transactions import hash_of
from ledger_service.domain.batches import OFFICE_DESK, Domain, SignedBatch
from ledger_service.domain.entries import skipped_hash
from ledger_service.errors import Unavailable

RANGE_BLOCKS = 64
RANGE_BLOCKS_MAX = 1_000
TRANSACTIONS_PER_REQUEST_MAX = 50  # about 130 kB of hexadecimal each
READ_ATTEMPTS_MAX = 3


_Read = TypeVar("_Read")


class ChainMoved(Unavailable):
    """Blocks were replaced, or are not there, while they were read; read again from a block that is still known."""

    code = "chain_moved"


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block's place in the chain, and its transactions."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    transaction_hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TransactionView:
    """A transaction to the contract."""

    hash: bytes
    sender: bytes
    input: bytes


@dataclass(frozen=True, slots=True)
class PostedBatch:
    """A batch that landed, and what happened to its entries or orders. Entries that are not in `skips` were applied."""

    event: BatchPosted
    signed: SignedBatch
    skips: tuple[EntrySkipped, ...]
    orders: tuple[OrderApplied | OrderSkipped, ...]
    reissued: tuple[Reissued, ...]
    sender: bytes

    @property
    def position(self) -> Position:
        """Where it landed."""
        return self.event.position


@dataclass(frozen=True, slots=True)
class ChainRange:
    """All that a range of blocks holds for those who follow the chain."""

    blocks: tuple[BlockView, ...]
    posted: tuple[PostedBatch, ...]
    refused: tuple[BatchRefused, ...]


class _Inconsistent(Exception):
    """Answers do not fit together: a reorg between two of them, or a lie. Reading again tells which."""


def block_range(rpc: Rpc, from_block: int, to_block: int) -> list[BlockView]:
    """The blocks from one number to another, both included, each the parent of the next.

    Raises ChainMoved where one is not there, and ChainLies where they are no chain, also when asked again.
    """
    return _settled(lambda: _blocks(rpc, from_block, to_block))


def posted_between(contract: LedgerContract, from_block: int, to_block: int) -> list[PostedBatch]:
    """Every batch that landed in a range of blocks, both ends included, in post order. Raises as `ranges`."""
    return [posted for part in ranges(contract, from_block, to_block) for posted in part.posted]


def ranges(
    contract: LedgerContract, from_block: int, to_block: int, *, blocks_per_range: int = RANGE_BLOCKS
) -> Iterator[ChainRange]:
    """A long range in parts, of which one is in memory at a time.

    Raises ChainMoved where the chain changed between two parts: what was yielded before may be gone from it. Raises
    ChainLies where a node contradicts itself.
    """
    last: BlockView | None = None
    post_number: int | None = None
    for start in range(from_block, to_block + 1, blocks_per_range):
        part = read_range(contract, start, min(start + blocks_per_range - 1, to_block))
        if last is not None and part.blocks[0].parent_hash != last.hash:
            raise _moved(start - 1)
        if part.posted:
            first = part.posted[0].event.post_number
            if post_number is not None and first != post_number + 1:
                raise ChainLies(f"post {first} follows post {post_number}")
            post_number = part.posted[-1].event.post_number
        last = part.blocks[-1]
        yield part


def read_range(contract: LedgerContract, from_block: int, to_block: int) -> ChainRange:
    """The blocks, posts and refusals of a range of at most `RANGE_BLOCKS_MAX` blocks. Raises ChainMoved, ChainLies."""
    if not 0 <= to_block - from_block < RANGE_BLOCKS_MAX:
        raise ValueError(f"blocks {from_block} to {to_block} are not 1 to {RANGE_BLOCKS_MAX} blocks")
    return _settled(lambda: _read(contract, from_block, to_block))


def _settled(read: Callable[[], _Read]) -> _Read:
    for attempt in range(1, READ_ATTEMPTS_MAX + 1):
        try:
            return read()
        except _Inconsistent as error:
            if attempt == READ_ATTEMPTS_MAX:
                raise ChainLies(str(error)) from error
    raise AssertionError("unreachable")


def _moved(block: int) -> ChainMoved:
    return ChainMoved(
        f"block {block} is not, or no longer, on the chain; read again from an earlier one",
        f"블록 {block}이(가) 체인에 없습니다. 더 앞선 블록부터 다시 읽으세요",
        block=block,
    )


def _read(contract: LedgerContract, from_block: int, to_block: int) -> ChainRange:
    events = contract.logs(from_block, to_block, BATCH_TOPICS)
    blocks = _blocks(contract.rpc, from_block, to_block)
    by_number = {block.number: block for block in blocks}
    of_transaction: dict[bytes, list[Event]] = {}
    for event in events:
        _check_position(event.position, by_number[event.position.block_number])
        of_transaction.setdefault(event.position.transaction_hash, []).append(event)
    with_posts = [
        hash_ for hash_, held in of_transaction.items() if any(isinstance(event, BatchPosted) for event in held)
    ]
    posted: list[PostedBatch] = []
    for start in range(0, len(with_posts), TRANSACTIONS_PER_REQUEST_MAX):
        hashes = with_posts[start : start + TRANSACTIONS_PER_REQUEST_MAX]
        for hash_, view in zip(hashes, _transactions(contract, hashes), strict=True):
            posted += _pair(contract.domain, view, of_transaction[hash_])
    for before, after in pairwise(posted):
        if after.event.post_number != before.event.post_number + 1:
            raise _Inconsistent(f"post {after.event.post_number} follows post {before.event.post_number}")
    return ChainRange(tuple(blocks), tuple(posted), tuple(e for e in events if isinstance(e, BatchRefused)))


def _check_position(position: Position, block: BlockView) -> None:
    if position.block_hash != block.hash:
        raise _Inconsistent(f"a log of block {block.number} is of another block than the chain's")
    index = position.transaction_index
    if index >= len(block.transaction_hashes) or block.transaction_hashes[index] != position.transaction_hash:
        raise _Inconsistent(f"a log of block {block.number} is of a transaction that is not there")


def _blocks(rpc: Rpc, from_block: int, to_block: int) -> list[BlockView]:
    answers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(from_block, to_block + 1)])
    blocks: list[BlockView] = []
    for number, answer in enumerate(answers, from_block):
        if isinstance(answer, RpcFault):
            raise answer
        if answer is None:
            raise _moved(number)
        blocks.append(_block(answer, number))
        if len(blocks) > 1 and blocks[-1].parent_hash != blocks[-2].hash:
            raise _Inconsistent(f"block {number} is not a child of block {number - 1}")
    return blocks


def _block(answer: Any, number: int) -> BlockView:
    try:
        block = BlockView(
            number=number_of(answer["number"]),
            hash=bytes_of(answer["hash"], 32),
            parent_hash=bytes_of(answer["parentHash"], 32),
            timestamp=number_of(answer["timestamp"]),
            transaction_hashes=tuple(bytes_of(hash_, 32) for hash_ in answer["transactions"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ChainLies(f"block {number} is malformed: {error}") from error
    if block.number != number:
        raise ChainLies(f"block {block.number} was given for block {number}")
    return block


def _transactions(contract: LedgerContract, hashes: Sequence[bytes]) -> Iterator[TransactionView]:
    answers = contract.rpc.batch([("eth_getTransactionByHash", [hex_of(hash_)]) for hash_ in hashes])
    for hash_, answer in zip(hashes, answers, strict=True):
        if isinstance(answer, RpcFault):
            raise answer
        if answer is None:
            raise _Inconsistent(f"transaction {hex_of(hash_)} is not there")
        try:
            computed = hash_of(answer)
            to = answer["to"] and bytes_of(answer["to"], 20)
            view = TransactionView(
                bytes_of(answer["hash"], 32), bytes_of(answer["from"], 20), bytes_of(answer["input"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ChainLies(f"transaction {hex_of(hash_)} is malformed: {error}") from error
        if view.hash != hash_ or computed not in (hash_, None):
            raise ChainLies(f"the fields of transaction {hex_of(hash_)} give another hash")
        if to != contract.address:
            raise ChainLies(f"transaction {hex_of(hash_)} is not to the contract, and it has the contract's events")
        yield view


def _pair(domain: Domain, transaction: TransactionView, events: Sequence[Event]) -> list[PostedBatch]:
    """The batches of one transaction that landed, each with its events.

    The input may hold a batch twice, batches that were refused and other bytes under the same (desk, seq): the head tells.
    """
    posts = [event for event in events if isinstance(event, BatchPosted)]
    wanted = {(event.desk, event.seq): event for event in posts}
    found: dict[tuple[int, int], SignedBatch] = {}
    try:
        for signed in decode_wanted(transaction.input, wanted):
            key = signed.batch.desk, signed.batch.seq
            if key not in found and signed.batch.digest(domain) == wanted[key].head:
                found[key] = signed
    except ValueError as error:
        raise ChainLies(f"the input of transaction {hex_of(transaction.hash)} is no post(): {error}") from error
    paired = []
    for post in posts:
        key = post.desk, post.seq
        if key not in found:
            raise ChainLies(f"batch {post.seq} of desk {post.desk} is not in the input of its transaction")
        of_batch = [event for event in events if _names(event, key)]
        skips = tuple(event for event in of_batch if isinstance(event, EntrySkipped))
        if skipped_hash((skip.index, skip.reason) for skip in skips) != post.skipped_hash:
            raise ChainLies(f"the skipped entries of batch {post.seq} of desk {post.desk} are not those it tells of")
        paired.append(
            PostedBatch(
                event=post,
                signed=found[key],
                skips=skips,
                orders=tuple(event for event in of_batch if isinstance(event, OrderApplied | OrderSkipped)),
                reissued=tuple(event for event in of_batch if isinstance(event, Reissued)),
                sender=transaction.sender,
            )
        )
    return paired


def _names(event: Event, key: tuple[int, int]) -> bool:
    if isinstance(event, OrderApplied | OrderSkipped):
        return key == (OFFICE_DESK, event.seq)
    return isinstance(event, EntrySkipped | Reissued) and key == (event.desk, event.seq)


__all__ = [
    "RANGE_BLOCKS",
    "RANGE_BLOCKS_MAX",
    "BlockView",
    "ChainLies",
    "ChainMoved",
    "ChainRange",
    "PostedBatch",
    "TransactionView",
    "block_range",
    "posted_between",
    "ranges",
    "read_range",
]
