"""Batches read back from the chain, and the ways in which a node may lie about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from ledger_service.chain.anvil import send_in_one_block
from ledger_service.chain.codec import POST_SELECTOR, OrderApplied, Refusal, encode_post
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.reader import (
    ChainLies,
    ChainMoved,
    block_range,
    posted_between,
    ranges,
    read_range,
)
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.transactions import hash_of
from ledger_service.domain.entries import Entry, Kind, Skip
from ledger_service.domain.hashing import word
from tests.chain.fake_node import FakeNode
from tests.chain.world import CENTRE, DESK_KEYS, SENDER, TODAY, TREASURY, VENUE, World, account, credits


def latest(world: World) -> int:
    return int(world.rpc.call("eth_blockNumber"), 16)


def test_what_was_posted_is_read_back_in_post_order(world: World) -> None:
    first = [world.batch(CENTRE, credits(3)), world.batch(VENUE, [Entry(account(0), Kind.REDEEM, 0, 1, TODAY, 1)])]
    world.post(*first)
    world.rpc.call("evm_mine")
    second = world.batch(CENTRE, [*credits(1), Entry(bytes(20), Kind.CREDIT, 1, 60, TODAY, 2)])
    receipt = world.post(second)
    read = posted_between(world.contract, 0, latest(world))
    assert [posted.signed for posted in read[1:]] == [*first, second]
    assert [posted.event.post_number for posted in read] == [1, 2, 3, 4]
    assert [(skip.index, skip.reason) for skip in read[3].skips] == [(1, Skip.BAD_ACCOUNT)]
    assert [posted.event.coins_applied for posted in read] == [0, 3, 1, 1]
    assert read[3].position.block_hash == receipt.block_hash
    assert read[3].sender == SENDER.address
    assert read[0].orders
    assert all(isinstance(order, OrderApplied) for order in read[0].orders)
    assert not any(posted.orders for posted in read[1:])


def test_parts_of_a_range_are_the_whole(world: World) -> None:
    for number in range(5):
        world.post(world.batch(CENTRE, credits(1, first=number)))
    whole = posted_between(world.contract, 0, latest(world))
    parts = list(ranges(world.contract, 0, latest(world), blocks_per_range=2))
    assert [posted for part in parts for posted in part.posted] == whole
    assert [block.number for part in parts for block in part.blocks] == list(range(latest(world) + 1))
    assert posted_between(world.contract, 1, 0) == []


def test_many_transactions_of_a_block_are_read(world: World) -> None:
    batches = [world.batch(CENTRE, credits(2, first=number)) for number in range(70)]
    send_in_one_block(
        world.rpc,
        [world.sign(encode_post([batch]), nonce=2 + number).raw for number, batch in enumerate(batches)],
    )
    part = read_range(world.contract, latest(world) - 1, latest(world))
    assert [len(block.transaction_hashes) for block in part.blocks] == [50, 20]
    assert [posted.signed for posted in part.posted] == batches


def test_a_batch_twice_in_one_transaction_landed_once(world: World) -> None:
    batch = world.batch(CENTRE, credits(2))
    world.post(batch, batch)
    world.post(batch)
    assert [posted.signed for posted in posted_between(world.contract, 0, latest(world))][1:] == [batch]


def test_refused_and_forged_batches_of_the_same_number_are_told_apart(world: World) -> None:
    good = world.batch(CENTRE, credits(2))
    forged = replace(good, batch=replace(good.batch, words=credits(1, first=9)[0].pack()))
    unknown = replace(good, batch=replace(good.batch, desk=99))
    receipt = world.post(forged, unknown, good, forged)
    part = read_range(world.contract, receipt.block_number, receipt.block_number)
    assert [posted.signed for posted in part.posted] == [good]
    assert [event.reason for event in part.refused] == [Refusal.BAD_SIGNATURE, Refusal.UNKNOWN_DESK, Refusal.CONFLICT]


def test_a_batch_beside_one_that_cannot_be_decoded_is_read(world: World) -> None:
    """A replay is answered before its signatures are read, so they may be anything."""
    landed, good = world.batch(CENTRE, credits(1)), world.batch(CENTRE, credits(2))
    world.post(landed)
    garbled = bytearray(encode_post([replace(landed, signatures=())])[4 + 96 :])
    garbled[8 * 32 : 9 * 32] = word(2**128)
    tail = encode_post([good])[4 + 96 :]
    data = POST_SELECTOR + word(32) + word(2) + word(64) + word(64 + len(garbled)) + bytes(garbled) + tail
    receipt = world.send(data)
    assert receipt.succeeded
    part = read_range(world.contract, receipt.block_number, receipt.block_number)
    assert [posted.signed for posted in part.posted] == [good]


def test_an_encoding_that_only_solidity_understands_is_read(world: World) -> None:
    """Offsets that lead left, and bytes after the end: valid for the contract, never produced by a library."""
    good = world.batch(CENTRE, credits(2))
    data = bytearray(encode_post([good]) + b"\x77" * 50)
    needs_offset_at = 4 + 96 + 5 * 32
    # No needs: any zero word is a list of none, also one far left of the calldata.
    data[needs_offset_at : needs_offset_at + 32] = (2**255 + 12_345).to_bytes(32, "big")
    receipt = world.send(bytes(data))
    assert receipt.succeeded
    part = read_range(world.contract, receipt.block_number, receipt.block_number)
    assert [posted.signed for posted in part.posted] == [good]


def test_reissue_and_skips_go_to_their_own_batch(world: World) -> None:
    nobody = Entry(bytes(20), Kind.CREDIT, 1, 60, TODAY, 2)
    world.post(
        world.batch(CENTRE, [nobody]), world.batch(CENTRE, [*credits(1), nobody]), world.batch(TREASURY, [nobody])
    )
    read = posted_between(world.contract, 0, latest(world))[1:]
    assert [[skip.index for skip in posted.skips] for posted in read] == [[0], [1], [0]]


def test_a_reorg_is_seen_at_the_parent_and_in_what_is_there(world: World) -> None:
    first = world.batch(CENTRE, credits(1))
    world.post(first)
    before = block_range(world.rpc, 0, latest(world))
    second = world.batch(CENTRE, credits(1))
    world.post(second)
    assert len(posted_between(world.contract, 0, latest(world))) == 3
    world.rpc.call("anvil_reorg", [2, []])
    after = block_range(world.rpc, 0, latest(world))
    assert before[-2] == after[len(before) - 2]
    assert before[-1].hash != after[len(before) - 1].hash
    assert [posted.event.seq for posted in posted_between(world.contract, 0, latest(world))] == [1]
    world.tips[CENTRE] = (1, bytes(32))
    world.post(first, second)
    assert [posted.signed for posted in posted_between(world.contract, 0, latest(world))][1:] == [first, second]


def test_blocks_beyond_the_end_are_not_there(world: World) -> None:
    with pytest.raises(ChainMoved, match="read again"):
        block_range(world.rpc, 0, latest(world) + 1)
    with pytest.raises(ChainMoved):
        posted_between(world.contract, 0, latest(world) + 1)


def test_a_reorg_between_two_parts_is_reported(world: World) -> None:
    for number in range(4):
        world.post(world.batch(CENTRE, credits(1, first=number)))
    reading = ranges(world.contract, 0, latest(world), blocks_per_range=3)
    next(reading)
    height = latest(world)
    world.rpc.call("anvil_reorg", [height - 1, []])
    with pytest.raises(ChainMoved):
        list(reading)


def test_a_hash_is_computed_from_what_the_node_shows(world: World) -> None:
    receipt = world.post(world.batch(CENTRE, credits(1)))
    shown = world.rpc.call("eth_getTransactionByHash", ["0x" + receipt.transaction_hash.hex()])
    assert hash_of(shown) == receipt.transaction_hash
    assert hash_of(shown | {"type": "0x3"}) is None


ACCESS = [{"address": to_checksum_address(b"\xab" * 20), "storageKeys": ["0x" + "01" * 32]}]


@pytest.mark.parametrize(
    "kind",
    [
        {"gasPrice": 1},
        {"gasPrice": 300, "chainId": 31337},
        {"gasPrice": 1, "chainId": 31337, "type": 1, "accessList": ACCESS},
        {"maxFeePerGas": 2**40, "maxPriorityFeePerGas": 0, "chainId": 1, "type": 2, "accessList": ACCESS},
    ],
)
@pytest.mark.parametrize("data", ["0x", "0x05", "0x80", "0x" + "11" * 56, "0x" + "22" * 70_000])
def test_computed_hashes_are_those_of_eth_account(kind: dict[str, Any], data: str) -> None:
    fields = {"nonce": 0, "gas": 21_000, "to": to_checksum_address(b"\xab" * 20), "value": 128, "data": data} | kind
    signed = Account.sign_transaction(fields, b"\x01" * 32)
    shown = {name: hex(value) if isinstance(value, int) else value for name, value in fields.items()}
    shown |= {"input": data, "v": hex(signed.v), "r": hex(signed.r), "s": hex(signed.s)}
    assert hash_of(shown) == bytes(signed.hash)


def lied_to(world: World, node: FakeNode, alter: Callable[[str, list[Any], Any], Any]) -> LedgerContract:
    node.forward(world.rpc.url, alter)
    return LedgerContract(Rpc(node.url), world.contract.address)


def altered(method: str, change: Callable[[Any], Any]) -> Callable[[str, list[Any], Any], Any]:
    return lambda asked, _params, result: change(result) if asked == method else result


def only_posts(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    """Change the logs of the last transaction only."""
    return lambda logs: [
        changed
        for log in logs
        for changed in [change(log) if log["transactionHash"] == logs[-1]["transactionHash"] else log]
        if changed is not None
    ]


ZERO = "0x" + "00" * 32
LIES: dict[str, Callable[[str, list[Any], Any], Any]] = {
    "a block that is no child of the one before": altered(
        "eth_getBlockByNumber", lambda block: block | {"parentHash": ZERO}
    ),
    "a block under another number": altered("eth_getBlockByNumber", lambda block: block | {"number": "0x0"}),
    "a block without its hash": altered("eth_getBlockByNumber", lambda block: block | {"hash": None}),
    "a log of another block": altered("eth_getLogs", only_posts(lambda log: log | {"blockHash": "0x" + "01" * 32})),
    "a log of a transaction that is not in the block": altered(
        "eth_getLogs", only_posts(lambda log: log | {"transactionHash": "0x" + "01" * 32})
    ),
    "a log at another place in the block": altered(
        "eth_getLogs", only_posts(lambda log: log | {"transactionIndex": "0x7"})
    ),
    "a head that no batch of the input has": altered(
        "eth_getLogs",
        only_posts(lambda log: log | {"data": "0x" + "01" * 32 + log["data"][66:]} if len(log["data"]) > 150 else log),
    ),
    "a seq that no batch of the input has": altered(
        "eth_getLogs",
        only_posts(
            lambda log: log | {"topics": [*log["topics"][:3], "0x" + word(9).hex()]} if len(log["topics"]) == 4 else log
        ),
    ),
    "skips left out": altered("eth_getLogs", only_posts(lambda log: log if len(log["topics"]) == 4 else None)),
    "a skip of another entry": altered(
        "eth_getLogs",
        only_posts(
            lambda log: log if len(log["topics"]) == 4 else log | {"data": "0x" + word(0).hex() + log["data"][66:]}
        ),
    ),
    "a post left out": altered("eth_getLogs", lambda logs: [log for log in logs if log["topics"][-1][-1] != "2"]),
    "a transaction that is not there": altered("eth_getTransactionByHash", lambda _shown: None),
    "other input under the same hash": altered(
        "eth_getTransactionByHash", lambda shown: shown | {"input": shown["input"][:-2] + "ff"}
    ),
    "a transaction to somebody else": altered(
        "eth_getTransactionByHash", lambda shown: shown | {"to": "0x" + "01" * 20, "type": "0x3"}
    ),
    "an input that is no post": altered(
        "eth_getTransactionByHash", lambda shown: shown | {"input": "0x12345678", "type": "0x3"}
    ),
    "a transaction under another hash": altered("eth_getTransactionByHash", lambda shown: shown | {"hash": ZERO}),
    "a transaction without fields": altered("eth_getTransactionByHash", lambda shown: {"hash": shown["hash"]}),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_found(world: World, node: FakeNode, lie: Callable[[str, list[Any], Any], Any]) -> None:
    for number in range(2):
        world.post(world.batch(CENTRE, credits(1, first=number)))
    world.post(world.batch(CENTRE, [*credits(1), Entry(bytes(20), Kind.CREDIT, 1, 60, TODAY, 2)]))
    contract = lied_to(world, node, lie)
    with contract.rpc, pytest.raises(ChainLies):
        posted_between(contract, 0, latest(world))


def test_answers_that_fit_when_read_again_are_no_lie(world: World, node: FakeNode) -> None:
    world.post(world.batch(CENTRE, credits(1)))
    lies_left = [1]

    def alter(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs" and lies_left:
            lies_left.pop()
            return [log | {"blockHash": "0x" + "01" * 32} for log in result]
        return result

    contract = lied_to(world, node, alter)
    with contract.rpc:
        assert len(posted_between(contract, 0, latest(world))) == 2


def test_a_signature_of_another_desk_does_not_land_and_is_not_read(world: World) -> None:
    batch = world.batch(CENTRE, credits(1))
    stolen = replace(batch, signatures=(DESK_KEYS[VENUE].sign_digest(batch.batch.digest(world.domain)),))
    receipt = world.post(stolen)
    part = read_range(world.contract, receipt.block_number, receipt.block_number)
    assert not part.posted
    assert [event.reason for event in part.refused] == [Refusal.BAD_SIGNATURE]
