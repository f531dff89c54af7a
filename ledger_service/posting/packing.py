"""Which batches go into the next transactions: in an order that the contract takes, within gas and calldata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger_service.chain.codec import encode_post
from ledger_service.chain.contract import Tip
from ledger_service.chain.transactions import TRANSACTION_GAS_MAX
from ledger_service.journal.batches import BatchKey, BatchRow
from ledger_service.posting.gas import TRANSACTION_BASE

CALLDATA_BYTES_MAX = 120_000  # nodes refuse transactions above 128 KiB
_BATCH_OVERHEAD_BYTES = 32 * 20


@dataclass(frozen=True, slots=True)
class Pack:
    """The batches of one transaction."""

    rows: tuple[BatchRow, ...]
    gas: int

    @property
    def keys(self) -> list[BatchKey]:
        """Their names, in order."""
        return [row.key for row in self.rows]

    def calldata(self) -> bytes:
        """The call of `post`."""
        return encode_post([row.signed for row in self.rows])


def next_seqs(tips: Mapping[int, Tip], flying: Iterable[BatchKey]) -> dict[int, int]:
    """The seq that each desk's next batch has once everything on its way has landed; a desk that is unknown there is missing."""
    following = {desk: tip.next_seq for desk, tip in tips.items() if tip.next_seq}
    for desk, seq in flying:
        if desk in following:
            following[desk] = max(following[desk], seq + 1)
    return following


def postable(rows: Sequence[BatchRow], following: Mapping[int, int]) -> list[BatchRow]:
    """Those of the rows that can land now, in an order in which they do: seq by seq, and after what they need.

    The order of the rows is kept where both may go first.
    """
    ahead = dict(following)
    waiting, ready = list(rows), []
    while waiting:
        left = []
        for row in waiting:
            batch = row.batch
            if ahead.get(batch.desk) == batch.seq and all(ahead.get(need.desk, 0) > need.seq for need in batch.needs):
                ready.append(row)
                ahead[batch.desk] = batch.seq + 1
            else:
                left.append(row)
        if len(left) == len(waiting):
            break
        waiting = left
    return ready


def pack(rows: Sequence[BatchRow], alone: Iterable[BatchKey] = ()) -> list[Pack]:
    """The rows in transactions, in order. A batch in `alone` gets one of its own, with all the gas there is."""
    by_itself = frozenset(alone)
    packs: list[Pack] = []
    held: list[BatchRow] = []
    gas, size = TRANSACTION_BASE, 0
    for row in rows:
        bytes_ = calldata_bytes(row)
        own = row.key in by_itself
        if held and (own or gas + row.gas_max > TRANSACTION_GAS_MAX or size + bytes_ > CALLDATA_BYTES_MAX):
            packs.append(Pack(tuple(held), gas))
            held, gas, size = [], TRANSACTION_BASE, 0
        if own:
            packs.append(Pack((row,), TRANSACTION_GAS_MAX))
            continue
        held.append(row)
        gas, size = gas + row.gas_max, size + bytes_
    if held:
        packs.append(Pack(tuple(held), gas))
    return packs


def calldata_bytes(row: BatchRow) -> int:
    """About how long a batch is in the calldata, never too little."""
    batch = row.batch
    signatures = 160 * len(row.signatures)
    return len(batch.words) + len(batch.annex) + 64 * len(batch.needs) + signatures + _BATCH_OVERHEAD_BYTES
