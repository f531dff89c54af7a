"""The model of the ledger by itself: each rule of docs/formats.md as a fact, without a chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger_service.audit.annex import AnnexCursor, Proof, Statement, items_of
from ledger_service.audit.model import Model
from ledger_service.audit.office import orders_in
from ledger_service.audit.run import Applied
from ledger_service.audit.state import Account, Desk, Keys, Limit
from ledger_service.audit.verify import _signer
from ledger_service.chain.codec import Refusal
from ledger_service.domain.batches import Batch, SignedBatch, annex_of, proof_item
from ledger_service.domain.entries import Entry, Kind, Skip, desk_account, fund_account
from ledger_service.domain.orders import Order, OrderCode, OrderSkip, encode_orders
from scripts import vectors


def posted(model: Model, signed: SignedBatch) -> Applied:
    head = signed.batch.digest(model.domain)
    assert model.refusal_of(signed, head) is None
    return model.apply(signed, head)


def sign(batch: Batch, *signers: vectors.Signer) -> SignedBatch:
    digest = batch.digest(vectors.DOMAIN)
    return SignedBatch(batch, tuple(one.sign(digest) for one in sorted(signers, key=lambda one: one.address)))


@pytest.fixture
def model() -> Model:
    return Model(vectors.DOMAIN, [one.address for one in vectors.OFFICE], vectors.GUARDIAN.address, _signer)


@pytest.fixture
def told(model: Model) -> Model:
    """The golden history, posted."""
    for _, batch, signers in vectors.history():
        posted(model, sign(batch, *signers))
    return model


def following(model: Model, number: int, **fields: object) -> Batch:
    """The next batch of a desk, with nothing in it but what is given."""
    desk = model.state.desks[number]
    empty = Batch(number, desk.next_seq, desk.last_day, desk.last_head, b"\1" * 32, (), b"", b"")
    return replace(empty, **fields)  # type: ignore[arg-type]


def ordered(
    model: Model, *orders: Order, day: int | None = None, alone: vectors.Signer | None = None
) -> list[OrderSkip | None]:
    batch = following(model, 0, annex=encode_orders(orders))
    batch = replace(batch, day=batch.day if day is None else day)
    signers = vectors.OFFICE[:2] if alone is None else [alone]
    return [result.skip for result in posted(model, sign(batch, *signers)).orders]


def test_the_golden_history_applies_whole(model: Model) -> None:
    for _, batch, signers in vectors.history():
        applied = posted(model, sign(batch, *signers))
        assert applied.skips == []
        assert [result.skip for result in applied.orders] == [None] * len(applied.orders)
    state = model.state
    venue = state.accounts[desk_account(2)]
    taken = sum(10 + i % 3 for i in range(40))
    assert venue.coins == taken - 34
    assert state.dues[desk_account(2)].krw == 200 * venue.coins
    assert state.accounts[fund_account(1)].coins == 3
    assert state.totals.supply == sum(account.coins for account in state.accounts.values())
    assert state.undone == {(2, 1, 0): 10, (2, 1, 1): 2, (2, 1, 2): 12, (2, 1, 33): 10}
    assert (state.posts, state.is_sealed) == (9, True)


def test_a_refund_of_more_than_was_taken_is_skipped(told: Model) -> None:
    redeemed = vectors.history()[5][1]
    words = Entry(vectors.resident(1), Kind.REFUND, 1, 10, vectors.DAY, 1).pack()
    batch = following(told, 2, words=words, annex=annex_of([proof_item(redeemed, 1)]))
    assert posted(told, sign(batch, vectors.VENUE)).skips == [(0, Skip.BAD_ORIGINAL)]  # 2 of 11 were undone before


def test_an_index_beyond_a_byte_of_chunks_is_not_taken_for_a_small_one(told: Model) -> None:
    redeemed = vectors.history()[5][1]
    words = Entry(vectors.resident(5), Kind.REFUND, 5 + 256 * 32, 1, vectors.DAY, 1).pack()
    batch = following(told, 2, words=words, annex=annex_of([proof_item(redeemed, 5)]))
    assert posted(told, sign(batch, vectors.VENUE)).skips == [(0, Skip.BAD_ANNEX)]


def test_a_skipped_entry_does_not_take_the_items_of_the_others(told: Model) -> None:
    redeemed = vectors.history()[5][1]
    first = Entry(desk_account(2), Kind.REFUND, 5, 1, vectors.DAY, 1)
    second = Entry(vectors.resident(34), Kind.REFUND, 34, 1, vectors.DAY, 1)
    annex = annex_of([proof_item(redeemed, 5), proof_item(redeemed, 34)])
    batch = following(told, 2, words=first.pack() + second.pack(), annex=annex)
    assert posted(told, sign(batch, vectors.VENUE)).skips == [(0, Skip.BAD_ACCOUNT)]


def test_a_statement_is_an_item_and_a_cut_item_hides_the_rest() -> None:
    redeemed = vectors.history()[5][1]
    proof, statement = proof_item(redeemed, 0), b"\x02\x02" + bytes(130)
    items = items_of(annex_of([statement, proof, b"\x09", proof]))
    assert [type(item) for item in items] == [Statement, Proof]
    cursor = AnnexCursor(annex_of([statement, proof]))
    assert cursor.statement() == Statement((bytes(65), bytes(65)))
    assert cursor.proof_of(2, 1, 31) is not None
    assert cursor.proof_of(2, 1, 32) is None
    waiting = AnnexCursor(annex_of([statement, statement, proof]))
    assert waiting.proof_of(2, 1, 0) is None  # the first statement is now the current item, and nobody's yet
    assert [waiting.statement(), waiting.statement(), waiting.statement()] == [*[Statement((bytes(65),) * 2)] * 2, None]
    assert waiting.proof_of(2, 1, 0) is not None
    assert items_of(b"") == items_of(b"\x02" + proof) == items_of(annex_of([proof[:-1]])) == []
    assert items_of(annex_of([b"\x02"])) == items_of(annex_of([b"\x02\x01" + bytes(64)])) == []


@pytest.mark.parametrize("vector", [bytes.fromhex(one["annex"][2:]) for one in vectors.bad_annexes()])
def test_a_bad_annex_is_skipped_as_one(told: Model, vector: bytes) -> None:
    assert orders_in(vector) is None
    signed = sign(following(told, 0, annex=vector), *vectors.OFFICE[:2])
    assert [(result.index, result.skip) for result in posted(told, signed).orders] == [(0, OrderSkip.BAD_ANNEX)]


def test_one_key_stops_but_does_not_start(told: Model) -> None:
    stop, start = Order(OrderCode.PAUSE, ()), Order(OrderCode.UNPAUSE, ())
    assert ordered(told, stop, start, alone=vectors.GUARDIAN) == [None, OrderSkip.NOT_ALLOWED]
    centre = sign(following(told, 1, words=vectors.credits_of(1, 900)), vectors.CENTRE)
    refused = told.refusal_of(centre, centre.batch.digest(told.domain))
    assert refused is not None
    assert refused.reason is Refusal.PAUSED
    assert ordered(told, stop, start) == [None, None]
    posted(told, centre)


def test_one_key_carries_the_last_day_of_the_office(told: Model) -> None:
    batch = following(told, 0, annex=encode_orders([Order(OrderCode.PAUSE, ())]))
    late = sign(replace(batch, day=batch.day + 1), vectors.OFFICE[0])
    refused = told.refusal_of(late, late.batch.digest(told.domain))
    assert refused is not None
    assert (refused.reason, refused.value) == (Refusal.BAD_DAY, batch.day)


def test_a_limit_in_its_notice_can_be_vetoed_and_then_not(told: Model) -> None:
    today = told.state.latest_day
    limit = Order(OrderCode.DESK_LIMIT, (1, 52, 900_000, today + 7))
    assert ordered(told, limit, limit) == [None, OrderSkip.EXISTS]
    seq = told.state.desks[0].next_seq - 1
    assert told.state.limit(OrderCode.DESK_LIMIT, 1, 52).amount_on(today + 7) == 900_000
    veto = Order(OrderCode.VETO, (seq, 0))
    assert ordered(told, veto, veto, alone=vectors.GUARDIAN) == [None, OrderSkip.UNKNOWN]
    assert told.state.limit(OrderCode.DESK_LIMIT, 1, 52).amount_on(today + 7) == 1_000_000
    assert ordered(told, limit) == [None]
    assert ordered(told, Order(OrderCode.VETO, (seq + 2, 0)), day=today + 7) == [OrderSkip.NOTICE]


def test_a_limit_tells_its_last_two_versions() -> None:
    limit = Limit([(10, 100), (20, 50)], used=60)
    assert [limit.amount_on(day) for day in (5, 10, 19, 20)] == [100, 100, 100, 50]
    assert [limit.left_on(day) for day in (19, 20)] == [40, 0]
    limit.take_back_last()
    assert [limit.amount_on(day) for day in (5, 30)] == [100, 100]
    assert Limit().amount_on(10) == Limit([(10, 5)]).amount_on(9) == 0


def test_keys_change_at_their_sequence_number() -> None:
    old, new = (Keys(1, frozenset({name}), 0) for name in (b"old", b"new"))
    desk = Desk(1, [(0, old)], next_seq=5)
    desk.change_keys(7, new)
    assert desk.keys_for_next() is old
    desk.next_seq = 7
    assert desk.keys_for_next() is new
    desk.revoke_keys()
    assert desk.keys_for_next() is None
    desk.change_keys(8, old)
    assert desk.keys_for_next() is None
    desk.next_seq = 8
    assert desk.keys_for_next() is old


def test_an_accounts_slot_is_packed_low_to_high() -> None:
    account = Account(1, 2, 3, 4, 5, is_frozen=True, is_closed=True)
    assert account.packed() == 1 | 2 << 64 | 3 << 128 | 4 << 160 | 5 << 192 | 1 << 208 | 1 << 209


def test_credits_of_an_older_month_count_against_that_month(told: Model) -> None:
    account = vectors.resident(70)
    for day, expected in ((vectors.DAY + 30, []), (vectors.DAY + 4, [])):
        holder = told.state.account(account)
        word = Entry(account, Kind.CREDIT, 1, 420, vectors.DAY, 1).pack()
        desk = told.state.desks[1]
        desk.last_day = day  # as if another centre's batch of an older day came later
        assert posted(told, sign(following(told, 1, words=word, day=day), vectors.CENTRE)).skips == expected
    assert (holder.earned, holder.earned_before, holder.month) == (7, 7, 53)
    told.state.desks[1].last_day = 0
    word = Entry(account, Kind.CREDIT, 1, 420, vectors.DAY - 40, 1).pack()
    late = posted(told, sign(following(told, 1, words=word, day=vectors.DAY - 35), vectors.CENTRE))
    assert late.skips == [(0, Skip.PERSON_CAP)]
