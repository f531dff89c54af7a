"""The calldata and event codec, held against eth-abi and web3."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import event_signature_to_log_topic
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_service.chain import codec
from ledger_service.chain.codec import decode_logs, decode_post, decode_wanted, encode_post
from ledger_service.chain.hexes import block_parameter, bytes_of, number_of
from ledger_service.domain.batches import Batch, Need, SignedBatch
from ledger_service.domain.entries import Skip
from ledger_service.domain.hashing import word
from ledger_service.domain.orders import OrderSkip

POST_TYPE = "(uint16,uint32,uint16,bytes32,bytes32,(uint16,uint32)[],bytes32[],bytes,bytes[])[]"
BYTES32 = st.binary(min_size=32, max_size=32)
UINT16 = st.integers(0, 2**16 - 1)
UINT32 = st.integers(0, 2**32 - 1)
BATCHES = st.builds(
    SignedBatch,
    batch=st.builds(
        Batch,
        desk=UINT16,
        seq=UINT32,
        day=UINT16,
        previous_head=BYTES32,
        evidence_root=BYTES32,
        needs=st.lists(st.builds(Need, desk=UINT16, seq=UINT32), max_size=4).map(tuple),
        words=st.lists(BYTES32, max_size=5).map(b"".join),
        annex=st.binary(max_size=100),
    ),
    signatures=st.lists(st.binary(max_size=70), max_size=3).map(tuple),
)


def a_batch(desk: int = 1, seq: int = 1, entries: int = 2, signatures: int = 1) -> SignedBatch:
    batch = Batch(desk, seq, 19_845, bytes(32), b"\x22" * 32, (Need(0, 3),), b"\x33" * 32 * entries, b"annex")
    return SignedBatch(batch, (b"\x44" * 65,) * signatures)


def as_tuple(signed: SignedBatch) -> tuple[Any, ...]:
    batch = signed.batch
    return (
        batch.desk,
        batch.seq,
        batch.day,
        batch.previous_head,
        batch.evidence_root,
        [(need.desk, need.seq) for need in batch.needs],
        batch.entry_words(),
        batch.annex,
        list(signed.signatures),
    )


@given(st.lists(BATCHES, max_size=4))
def test_calldata_is_what_eth_abi_encodes(batches: list[SignedBatch]) -> None:
    expected = codec.POST_SELECTOR + encode([POST_TYPE], [[as_tuple(signed) for signed in batches]])
    assert encode_post(batches) == expected


@given(st.lists(BATCHES, max_size=4))
def test_decoding_undoes_encoding(batches: list[SignedBatch]) -> None:
    assert decode_post(encode_post(batches)) == batches


@settings(max_examples=300)
@given(st.lists(BATCHES, min_size=1, max_size=2), st.data())
def test_damaged_calldata_is_decoded_or_refused(batches: list[SignedBatch], data: st.DataObject) -> None:
    damaged = bytearray(encode_post(batches))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(damaged) - 1))
        damaged[position] = data.draw(st.sampled_from([0, 1, 0x20, 0x7F, 0x80, 0xFF]))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    with suppress(ValueError):
        decode_post(bytes(damaged))


@given(st.binary(max_size=400))
def test_garbage_is_refused_or_harmless(garbage: bytes) -> None:
    for data in (garbage, codec.POST_SELECTOR + garbage):
        with suppress(ValueError):
            decode_post(data)


def test_selector_and_topics_are_those_of_the_interface() -> None:
    assert codec.POST_SELECTOR.hex() == event_signature_to_log_topic(f"post({POST_TYPE})")[:4].hex()
    assert codec.TRANSFER.hex() == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


def test_a_batch_of_500_entries_encodes_many_times_as_fast_as_by_eth_abi() -> None:
    signed = a_batch(entries=500)
    ours = min(_seconds_for(lambda: encode_post([signed])) for _ in range(20))
    theirs = min(_seconds_for(lambda: encode([POST_TYPE], [[as_tuple(signed)]])) for _ in range(20))
    assert ours * 10 < theirs


def _seconds_for(act: Any) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


class TestWhatSolidityAcceptsBeyondTheCanonicalEncoding:
    def test_bytes_after_the_end(self) -> None:
        assert decode_post(encode_post([a_batch()]) + b"\x99" * 77) == [a_batch()]

    def test_one_batch_named_twice_by_the_same_offset(self) -> None:
        body = encode_post([a_batch()])[4 + 96 :]
        data = codec.POST_SELECTOR + word(32) + word(2) + word(64) + word(64) + body
        assert decode_post(data) == [a_batch(), a_batch()]
        assert list(decode_wanted(data, {(1, 1)})) == [a_batch()]

    def test_an_offset_that_leads_left(self) -> None:
        data = bytearray(encode_post([a_batch()]))
        batch_at = 4 + 96
        annex_offset_at = batch_at + 7 * 32
        # The annex's length is read from the word at the list's offset (32), its bytes from what follows.
        data[annex_offset_at : annex_offset_at + 32] = ((4 - batch_at) % 2**256).to_bytes(32, "big")
        assert decode_post(bytes(data))[0].batch.annex == word(1)

    def test_an_offset_far_left_of_everything_reads_as_empty(self) -> None:
        data = bytearray(encode_post([a_batch()]))
        annex_offset_at = 4 + 96 + 7 * 32
        data[annex_offset_at : annex_offset_at + 32] = (2**255 + 5).to_bytes(32, "big")
        assert decode_post(bytes(data))[0].batch.annex == b""


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (0, 2**16, "16 bits"),
        (1, 2**32, "32 bits"),
        (2, 2**255, "16 bits"),
        (5, 10**6, "outside"),
        (6, 2**200, "outside"),
        (8, 2**254, "outside"),
    ],
)
def test_fields_that_solidity_refuses_are_refused(field: int, value: int, reason: str) -> None:
    data = bytearray(encode_post([a_batch()]))
    at = 4 + 96 + 32 * field
    data[at : at + 32] = word(value)
    with pytest.raises(ValueError, match=reason):
        decode_post(bytes(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not post"),
        (b"\x00\x01\x02\x03", "not post"),
        (codec.POST_SELECTOR, "ends before"),
        (codec.POST_SELECTOR + word(2**64), "outside"),
        (codec.POST_SELECTOR + word(32) + word(10**9), "longer than"),
        (codec.POST_SELECTOR + word(32) + word(1) + word(32), "outside"),
    ],
)
def test_calldata_that_is_no_list_of_batches_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_post(data)


def test_a_wanted_batch_is_found_beside_garbage() -> None:
    good, garbage = encode_post([a_batch(seq=7)])[4 + 96 :], word(9) + word(7) + word(2**200) * 7
    data = codec.POST_SELECTOR + word(32) + word(2) + word(64) + word(64 + len(garbage)) + garbage + good
    with pytest.raises(ValueError, match="outside"):
        decode_post(data)
    assert list(decode_wanted(data, {(1, 7), (9, 7)})) == [a_batch(seq=7)]


def test_a_batch_that_is_too_large_to_have_landed_is_passed_over() -> None:
    data = encode_post([a_batch(entries=501), a_batch(signatures=17), a_batch(entries=500)])
    assert [signed.batch.count for signed in decode_wanted(data, {(1, 1)})] == [500]


LOG_FIELDS = {
    "address": "0x" + "ab" * 20,
    "blockNumber": "0x10",
    "blockHash": "0x" + "11" * 32,
    "transactionHash": "0x" + "22" * 32,
    "transactionIndex": "0x3",
    "logIndex": "0x4",
    "removed": False,
}
POSITION = codec.Position(16, b"\x11" * 32, b"\x22" * 32, 3, 4)


def a_log(signature: str, indexed: list[int], types: list[str], values: list[Any]) -> dict[str, Any]:
    topics = [event_signature_to_log_topic(signature), *map(word, indexed)]
    return LOG_FIELDS | {"topics": ["0x" + topic.hex() for topic in topics], "data": "0x" + encode(types, values).hex()}


HEAD = b"\x77" * 32
EVENTS: list[tuple[dict[str, Any], codec.Event]] = [
    (
        a_log(
            "BatchPosted(uint64,uint16,uint32,bytes32,uint64,bytes32)",
            [9, 2, 5],
            ["bytes32", "uint64", "bytes32"],
            [HEAD, 2**64 - 1, bytes(32)],
        ),
        codec.BatchPosted(POSITION, 9, 2, 5, HEAD, 2**64 - 1, bytes(32)),
    ),
    (
        a_log(
            "BatchRefused(uint16,uint32,bytes32,uint8,uint256)",
            [2, 5, int.from_bytes(HEAD, "big")],
            ["uint8", "uint256"],
            [10, 3 << 32 | 8],
        ),
        codec.BatchRefused(POSITION, 2, 5, HEAD, codec.Refusal.NOT_YET, 3 << 32 | 8),
    ),
    (
        a_log("EntrySkipped(uint16,uint32,uint16,uint8)", [2, 5], ["uint16", "uint8"], [499, 11]),
        codec.EntrySkipped(POSITION, 2, 5, 499, Skip.BAD_ANNEX),
    ),
    (
        a_log("OrderApplied(uint32,uint16,uint8)", [5], ["uint16", "uint8"], [1, 17]),
        codec.OrderApplied(POSITION, 5, 1, 17),
    ),
    (
        a_log("OrderSkipped(uint32,uint16,uint8)", [5], ["uint16", "uint8"], [1, 9]),
        codec.OrderSkipped(POSITION, 5, 1, OrderSkip.UNKNOWN),
    ),
    (
        a_log("Reissued(uint16,uint32,uint16,uint64)", [2, 5], ["uint16", "uint64"], [0, 70]),
        codec.Reissued(POSITION, 2, 5, 0, 70),
    ),
    (
        a_log("Transfer(address,address,uint256)", [0, 2**160 - 1], ["uint256"], [3]),
        codec.Transfer(POSITION, bytes(20), b"\xff" * 20, 3),
    ),
]


@pytest.mark.parametrize(("log", "event"), EVENTS, ids=lambda value: type(value).__name__)
def test_every_event_is_decoded(log: dict[str, Any], event: codec.Event) -> None:
    assert decode_logs([log]) == [event]


@pytest.mark.parametrize(("log", "_event"), EVENTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "change",
    [
        {"removed": True},
        {"topics": []},
        {"topics": ["0x" + "00" * 32]},
        {"data": "0x"},
        {"data": "0x00"},
        {"data": "0x" + "ff" * 96},
        {"data": None},
        {"blockHash": "0x11"},
        {"blockNumber": None},
        {"logIndex": "-0x1"},
    ],
    ids=str,
)
def test_a_log_that_the_contract_cannot_emit_is_refused(
    log: dict[str, Any], _event: codec.Event, change: dict[str, Any]
) -> None:
    if change == {"data": "0x" + "ff" * 96} and len(log["topics"]) == 1:
        return
    with pytest.raises(ValueError, match="a log is not one of the contract's events"):
        decode_logs([log | change])


@pytest.mark.parametrize("text", ["", "0x", "12", "0x1_0", "0x+1", "0x 1", "0xg", "0x٣", None, 3, "0x" + "1" * 65])
def test_a_quantity_is_read_strictly(text: Any) -> None:
    with pytest.raises(ValueError, match=r"quantity|base 16"):
        number_of(text)


@pytest.mark.parametrize("text", ["", "12", "0x1", "0x0 0 ", "0xgg", None, 3])
def test_bytes_are_read_strictly(text: Any) -> None:
    with pytest.raises(ValueError, match=r"hex|Odd|digit"):
        bytes_of(text)


def test_a_block_is_named_by_number_name_or_hash() -> None:
    assert block_parameter(17) == "0x11"
    assert block_parameter("finalized") == "finalized"
    assert block_parameter(b"\x01" * 32) == {"blockHash": "0x" + "01" * 32, "requireCanonical": True}
    with pytest.raises(ValueError, match="names no block"):
        block_parameter("newest")
