"""What a range of blocks says of batches: which landed, with which skips, and which were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger_service.chain.codec import BATCH_TOPICS, BatchPosted, BatchRefused, EntrySkipped, Event, OrderSkipped
from ledger_service.chain.contract import ChainLies, LedgerContract
from ledger_service.chain.reader import ChainMoved, block_range
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.entries import skipped_hash
from ledger_service.journal.batches import BatchKey


@dataclass(frozen=True, slots=True)
class Landing:
    """A batch that landed; `skips` are (index, reason) of what was not applied."""

    event: BatchPosted
    skips: tuple[tuple[int, int], ...]

    @property
    def key(self) -> BatchKey:
        """The batch's name."""
        return self.event.desk, self.event.seq


@dataclass(frozen=True, slots=True)
class Reading:
    """A range of blocks: their numbers and hashes, and what happened in them, in the order of the chain."""

    blocks: tuple[tuple[int, bytes], ...]
    landings: tuple[Landing, ...]
    refused: tuple[BatchRefused, ...]


def read_landings(contract: LedgerContract, from_block: int, to_block: int, parent: bytes | None = None) -> Reading:
    """All of a range of blocks, both ends included. `parent`: the hash of the block before, as it was read earlier.

    Raises ChainMoved where they changed while they were read, or do not follow that block any more, and ChainLies.
    """
    events = contract.logs(from_block, to_block, BATCH_TOPICS)
    blocks = block_range(contract.rpc, from_block, to_block)
    if parent is not None and blocks[0].parent_hash != parent:
        raise ChainMoved(f"block {from_block - 1} was replaced after it was read")
    hashes = {block.number: block.hash for block in blocks}
    for event in events:
        if hashes[event.position.block_number] != event.position.block_hash:
            raise ChainMoved(f"block {event.position.block_number} was replaced while it was read")
    skips = _skips(events)
    landings = [
        Landing(event, tuple(skips.get((event.desk, event.seq), ())))
        for event in events
        if isinstance(event, BatchPosted)
    ]
    _check(landings)
    return Reading(
        tuple((block.number, block.hash) for block in blocks),
        tuple(landings),
        tuple(event for event in events if isinstance(event, BatchRefused)),
    )


def _skips(events: Sequence[Event]) -> dict[BatchKey, list[tuple[int, int]]]:
    found: dict[BatchKey, list[tuple[int, int]]] = {}
    for event in events:
        if isinstance(event, EntrySkipped):
            found.setdefault((event.desk, event.seq), []).append((event.index, int(event.reason)))
        elif isinstance(event, OrderSkipped):
            found.setdefault((OFFICE_DESK, event.seq), []).append((event.index, int(event.reason)))
    return found


def _check(landings: Sequence[Landing]) -> None:
    for landing in landings:
        if landing.event.desk != OFFICE_DESK and skipped_hash(landing.skips) != landing.event.skipped_hash:
            raise ChainLies(f"the skipped entries of batch {landing.event.seq} of desk {landing.event.desk} are others")
    numbers = [landing.event.post_number for landing in landings]
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise ChainLies("post numbers have gaps")
