"""Which batches go into which transaction, in which order."""

from __future__ import annotations

from ledger_service.chain.codec import decode_post
from ledger_service.chain.contract import Tip
from ledger_service.chain.transactions import TRANSACTION_GAS_MAX
from ledger_service.domain.batches import Batch, Need
from ledger_service.journal.batches import BatchRow
from ledger_service.posting.gas import TRANSACTION_BASE
from ledger_service.posting.packing import CALLDATA_BYTES_MAX, next_seqs, pack, postable

HEAD = b"\x11" * 32


def row(desk: int, seq: int, *needs: tuple[int, int], gas: int = 4_000_000, entries: int = 500) -> BatchRow:
    batch = Batch(desk, seq, 1, HEAD, HEAD, tuple(Need(*need) for need in needs), bytes(32 * entries), b"")
    return BatchRow(batch, HEAD, HEAD, 0, gas, (bytes(65),), "signed", 0, None, None, None, None)


def keys(rows: list[BatchRow]) -> list[tuple[int, int]]:
    return [one.key for one in rows]


def test_batches_follow_what_they_need_and_each_other() -> None:
    rows = [row(5, 3, (1, 2)), row(1, 2, (0, 4)), row(1, 1), row(0, 4)]
    assert keys(postable(rows, {0: 4, 1: 1, 5: 3})) == [(1, 1), (0, 4), (1, 2), (5, 3)]


def test_a_batch_whose_need_or_predecessor_is_missing_waits() -> None:
    rows = [row(5, 3, (1, 9)), row(1, 2), row(7, 1)]
    assert postable(rows, {0: 1, 1: 1, 5: 3}) == []


def test_the_order_that_the_books_give_is_kept_where_it_can_be() -> None:
    rows = [row(9, 1), row(2, 1), row(9, 2), row(3, 1)]
    assert keys(postable(rows, {2: 1, 3: 1, 9: 1})) == [(9, 1), (2, 1), (9, 2), (3, 1)]


def test_what_is_on_its_way_counts_as_landed() -> None:
    tips = {1: Tip(4, HEAD, 1), 2: Tip(0, HEAD, 0)}
    assert next_seqs(tips, [(1, 4), (1, 5), (2, 1)]) == {1: 6}


def test_a_transaction_stays_within_gas_and_calldata() -> None:
    packs = pack([row(1, seq) for seq in range(1, 11)])
    assert [len(one.rows) for one in packs] == [4, 4, 2]
    assert all(one.gas <= TRANSACTION_GAS_MAX for one in packs)
    small = pack([row(1, seq, gas=10_000) for seq in range(1, 16)])
    assert all(len(one.calldata()) <= CALLDATA_BYTES_MAX for one in small)
    assert sum(len(one.rows) for one in small) == 15


def test_the_calldata_holds_the_batches_in_order() -> None:
    rows = [row(1, 1), row(2, 1), row(1, 2)]
    (one,) = pack(rows)
    assert [(signed.batch.desk, signed.batch.seq) for signed in decode_post(one.calldata())] == one.keys == keys(rows)
    assert one.gas == TRANSACTION_BASE + 3 * 4_000_000


def test_a_batch_that_reverted_goes_alone_with_all_the_gas_there_is() -> None:
    packs = pack([row(1, 1), row(2, 1), row(3, 1)], [(2, 1)])
    assert [one.keys for one in packs] == [[(1, 1)], [(2, 1)], [(3, 1)]]
    assert packs[1].gas == TRANSACTION_GAS_MAX
