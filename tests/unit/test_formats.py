"""The formats of docs/formats.md: the committed vectors, a third encoder, and what no change may break."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import eth_abi
import pytest
from eth_account.messages import encode_typed_data
from eth_keys import KeyAPI
from eth_utils import keccak as third_keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger_service.domain.batches import CHUNK_ENTRIES, Batch, Domain, Need, annex_of, chunk_hashes, proof_item
from ledger_service.domain.entries import (
    Entry,
    desk_account,
    fund_account,
    is_personal_account,
    skipped_hash,
    unpack_words,
)
from ledger_service.domain.evidence import LEAF_ABI_TYPES, Leaf, proof_of, root_from, root_of
from ledger_service.domain.orders import Order, decode_orders, encode_orders

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "formats.json").read_text())
EVERY_BATCH = [*VECTORS["batches"], *VECTORS["unpostable"]]
HEAD_OF_PROOF_BYTES = 140

words32 = st.binary(min_size=32, max_size=32)
entries = st.builds(
    Entry,
    account=st.binary(min_size=20, max_size=20),
    kind=st.integers(0, 2**8 - 1),
    ref=st.integers(0, 2**16 - 1),
    units=st.integers(0, 2**24 - 1),
    day=st.integers(0, 2**16 - 1),
    line=st.integers(0, 2**32 - 1),
)
orders = st.builds(
    Order,
    code=st.integers(0, 255),
    args=st.lists(st.integers(0, 2**256 - 1), max_size=20).map(lambda args: tuple(args)),
)
batches = st.builds(
    Batch,
    desk=st.integers(1, 2**16 - 1),
    seq=st.integers(1, 2**32 - 1),
    day=st.integers(0, 2**16 - 1),
    previous_head=words32,
    evidence_root=words32,
    needs=st.lists(st.builds(Need, st.integers(0, 2**16 - 1), st.integers(1, 2**32 - 1)), max_size=4).map(
        lambda needs: tuple(needs)
    ),
    words=st.lists(words32, min_size=1, max_size=100).map(b"".join),
    annex=st.binary(max_size=80),
)
DOMAIN = Domain(VECTORS["domain"]["chainId"], bytes.fromhex(VECTORS["domain"]["contract"][2:]))


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def typed_domain(vector: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "Boram",
        "version": "1",
        "chainId": vector["chainId"],
        "verifyingContract": "0x" + vector["contract"][2:],
    }


def third_digest(domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> bytes:
    """The EIP-712 digest by eth-account, which knows the types but none of our code."""
    signable = encode_typed_data(domain, types, message)
    return third_keccak(b"\x19" + signable.version + signable.header + signable.body)


def third_batch_digest(domain: dict[str, Any], vector: dict[str, Any]) -> bytes:
    types = {
        "Batch": [
            {"name": name, "type": type_}
            for name, type_ in (
                ("desk", "uint16"),
                ("seq", "uint32"),
                ("day", "uint16"),
                ("previousHead", "bytes32"),
                ("evidenceRoot", "bytes32"),
                ("needs", "Need[]"),
                ("count", "uint16"),
                ("entriesHash", "bytes32"),
                ("annex", "bytes"),
            )
        ],
        "Need": [{"name": "desk", "type": "uint16"}, {"name": "seq", "type": "uint32"}],
    }
    chunks = [
        third_keccak(b"".join(raw(word) for word in vector["entries"][start : start + 32]))
        for start in range(0, len(vector["entries"]), 32)
    ]
    message = {
        "desk": vector["desk"],
        "seq": vector["seq"],
        "day": vector["day"],
        "previousHead": raw(vector["previousHead"]),
        "evidenceRoot": raw(vector["evidenceRoot"]),
        "needs": [
            {"desk": desk, "seq": seq} for desk, seq in zip(vector["needDesks"], vector["needSeqs"], strict=True)
        ],
        "count": len(vector["entries"]),
        "entriesHash": third_keccak(b"".join(chunks)) if chunks else bytes(32),
        "annex": raw(vector["annex"]),
    }
    return third_digest(domain, types, message)


def test_the_committed_vectors_are_what_python_gives() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "vectors.py", "--check"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("vector", EVERY_BATCH, ids=lambda vector: vector["name"])
def test_a_third_encoder_gives_the_same_head(vector: dict[str, Any]) -> None:
    assert third_batch_digest(typed_domain(VECTORS["domain"]), vector) == raw(vector["digest"])


def test_the_head_of_another_chain_or_contract_is_another() -> None:
    here, elsewhere = VECTORS["batches"][1], VECTORS["elsewhere"][0]
    assert third_batch_digest(typed_domain(VECTORS["otherDomain"]), elsewhere) == raw(elsewhere["digest"])
    assert here["entries"] == elsewhere["entries"]
    assert here["digest"] != elsewhere["digest"]


@pytest.mark.parametrize("vector", EVERY_BATCH, ids=lambda vector: vector["name"])
def test_signatures_recover_their_signers_in_ascending_order(vector: dict[str, Any]) -> None:
    recovered = []
    for signature in vector["signatures"]:
        r_s_v = raw(signature)
        assert len(r_s_v) == 65
        parsed = KeyAPI().Signature(r_s_v[:64] + bytes([r_s_v[64] - 27]))
        recovered.append(parsed.recover_public_key_from_msg_hash(raw(vector["digest"])).to_canonical_address())
    assert recovered == [raw(signer) for signer in vector["signers"]] == sorted(recovered)


@pytest.mark.parametrize("vector", VECTORS["receipts"])
def test_a_third_encoder_gives_the_same_receipt(vector: dict[str, Any]) -> None:
    fields = [
        ("journalNo", "uint32"),
        ("desk", "uint16"),
        ("kind", "uint8"),
        ("account", "address"),
        ("units", "uint24"),
        ("day", "uint16"),
        ("postedBy", "uint16"),
    ]
    types = {"Receipt": [{"name": name, "type": type_} for name, type_ in fields]}
    message = {name: vector[name] for name, _ in fields}
    assert third_digest(typed_domain(VECTORS["domain"]), types, message) == raw(vector["digest"])


@pytest.mark.parametrize("vector", VECTORS["orders"], ids=lambda vector: str(vector["code"]))
def test_a_third_encoder_gives_the_same_orders(vector: dict[str, Any]) -> None:
    order = (vector["code"], [int(value, 16) for value in vector["args"]])
    assert eth_abi.encode(["(uint8,uint256[])[]"], [[order]]) == raw(vector["annex"])
    assert third_keccak(eth_abi.encode(["(uint8,uint256[])"], [order])[32:]) == raw(vector["record"])


@pytest.mark.parametrize("vector", VECTORS["trees"], ids=lambda vector: str(len(vector["positions"])))
def test_a_third_encoder_gives_the_same_leaves(vector: dict[str, Any]) -> None:
    for leaf, digest in zip(leaves_of(vector), vector["hashes"], strict=True):
        encoded = eth_abi.encode(LEAF_ABI_TYPES, [raw(field) if isinstance(field, str) else field for field in leaf])
        assert third_keccak(third_keccak(encoded)) == raw(digest)


def leaves_of(vector: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("positions", "types", "journalNos", "records", "whos", "approvers", "consents", "salts")
    return list(zip(*(vector[name] for name in names), strict=True))


def test_openzeppelins_javascript_verifies_our_trees() -> None:
    trees = [
        {"leaves": leaves_of(vector), "root": vector["root"], "proofs": vector["proofs"]} for vector in VECTORS["trees"]
    ]
    verified = subprocess.run(
        ["node", "tests/vectors/verify_trees.mjs"],
        input=json.dumps({"trees": trees}),
        capture_output=True,
        cwd=ROOT,
        text=True,
    )
    assert verified.returncode == 0, verified.stderr
    assert int(verified.stdout) == sum(len(vector["positions"]) for vector in VECTORS["trees"])


@given(entries)
def test_an_entry_survives_packing(entry: Entry) -> None:
    assert Entry.unpack(entry.pack()) == entry


@given(words32)
def test_every_word_is_one_entry(word: bytes) -> None:
    assert Entry.unpack(word).pack() == word


@given(st.lists(entries, max_size=70))
def test_words_unpack_in_order(listed: list[Entry]) -> None:
    assert list(unpack_words(b"".join(entry.pack() for entry in listed))) == listed


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", 2**8), ("ref", 2**16), ("units", 2**24), ("day", 2**16), ("line", 2**32)]
    + [(field, -1) for field in ("kind", "ref", "units", "day", "line")],
)
def test_a_field_outside_its_bits_does_not_spill_into_the_next(field: str, value: int) -> None:
    fields = {"account": bytes(20), "kind": 0, "ref": 0, "units": 0, "day": 0, "line": 0, field: value}
    with pytest.raises((ValueError, struct.error)):
        Entry(**fields).pack()  # type: ignore[arg-type]


def test_desk_and_fund_accounts_belong_to_nobody() -> None:
    for number in (0, 1, 65_535):
        assert not is_personal_account(desk_account(number))
        assert not is_personal_account(fund_account(number))
    assert not is_personal_account(bytes(20))
    assert desk_account(1) != fund_account(1)


@given(st.lists(orders, max_size=12))
def test_orders_survive_encoding(listed: list[Order]) -> None:
    assert decode_orders(encode_orders(listed)) == listed


@given(st.lists(orders, max_size=6))
def test_a_third_encoder_reads_and_writes_the_same_annex(listed: list[Order]) -> None:
    annex = encode_orders(listed)
    plain = [(order.code, list(order.args)) for order in listed]
    assert eth_abi.encode(["(uint8,uint256[])[]"], [plain]) == annex


@given(st.one_of(st.binary(max_size=400), st.lists(words32, max_size=12).map(b"".join)))
def test_garbage_is_no_annex(annex: bytes) -> None:
    decodes_to_itself(annex)


@given(st.lists(orders, min_size=1, max_size=4), st.data())
def test_a_changed_annex_is_another_list_or_none(listed: list[Order], data: st.DataObject) -> None:
    annex = bytearray(encode_orders(listed))
    position = data.draw(st.integers(0, len(annex) - 1))
    annex[position] ^= data.draw(st.integers(1, 255))
    assert decodes_to_itself(bytes(annex)) != listed


def decodes_to_itself(annex: bytes) -> list[Order] | None:
    """The orders, when the annex is the one encoding of them; ValueError is all that garbage raises."""
    try:
        listed = decode_orders(annex)
    except ValueError:
        return None
    return listed if encode_orders([order for order in listed if order.code < 256]) == annex else None


@pytest.mark.parametrize("vector", VECTORS["badAnnexes"], ids=lambda vector: vector["why"])
def test_a_bad_annex_has_no_orders(vector: dict[str, Any]) -> None:
    assert decodes_to_itself(raw(vector["annex"])) is None


@given(batches, st.data())
def test_a_proof_rebuilds_the_head_of_its_batch(batch: Batch, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, batch.count - 1))
    assert head_of(proof_item(batch, index), DOMAIN) == batch.digest(DOMAIN)


@given(batches, st.data())
def test_a_changed_proof_rebuilds_another_head_or_none(batch: Batch, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, batch.count - 1))
    item = bytearray(proof_item(batch, index))
    item[data.draw(st.integers(0, len(item) - 1))] ^= data.draw(st.integers(1, 255))
    assert head_of(bytes(item), DOMAIN) != batch.digest(DOMAIN)


def head_of(item: bytes, domain: Domain) -> bytes | None:
    """The head that a proof item rebuilds, by the page alone; None where it is not well-formed or not all of `item`."""
    if len(item) < HEAD_OF_PROOF_BYTES or item[0] != 1:
        return None
    count, chunk = int.from_bytes(item[137:139], "big"), item[139]
    chunks = -(-count // CHUNK_ENTRIES)
    words = min(CHUNK_ENTRIES, count - CHUNK_ENTRIES * chunk)
    if chunk >= chunks or len(item) != HEAD_OF_PROOF_BYTES + 32 * (words + chunks):
        return None
    hashes = item[HEAD_OF_PROOF_BYTES + 32 * words :]
    if (
        third_keccak(item[HEAD_OF_PROOF_BYTES : HEAD_OF_PROOF_BYTES + 32 * words])
        != hashes[32 * chunk : 32 * chunk + 32]
    ):
        return None
    batch_type = third_keccak(
        b"Batch(uint16 desk,uint32 seq,uint16 day,bytes32 previousHead,bytes32 evidenceRoot,Need[] needs,"
        b"uint16 count,bytes32 entriesHash,bytes annex)Need(uint16 desk,uint32 seq)"
    )
    fields = [batch_type, item[1:3], item[3:7], item[7:9], item[9:41], item[41:73], item[73:105], item[137:139]]
    fields += [third_keccak(hashes), item[105:137]]
    return domain.digest(third_keccak(b"".join(field.rjust(32, b"\0") for field in fields)))


@pytest.mark.parametrize("vector", VECTORS["proofs"], ids=lambda vector: f"{vector['batch']}-{vector['index']}")
def test_a_proof_of_the_history_proves_its_word(vector: dict[str, Any]) -> None:
    item = raw(vector["item"])
    at = HEAD_OF_PROOF_BYTES + 32 * (vector["index"] % CHUNK_ENTRIES)
    assert head_of(item, DOMAIN) == raw(vector["head"])
    assert item[at : at + 32] == raw(vector["word"])
    assert annex_of([item]) == raw(vector["annex"])


@given(batches, batches)
def test_two_batches_never_share_a_head(one: Batch, other: Batch) -> None:
    assert (one.digest(DOMAIN) == other.digest(DOMAIN)) == (one == other)


@given(st.lists(words32, min_size=2, max_size=64))
def test_chunk_hashes_given_as_words_are_another_batch(words: list[bytes]) -> None:
    batch = Batch(1, 1, 1, bytes(32), bytes(32), (), b"".join(words), b"")
    folded = Batch(1, 1, 1, bytes(32), bytes(32), (), b"".join(chunk_hashes(batch.words)), b"")
    assert batch.digest(DOMAIN) != folded.digest(DOMAIN)


leaves = st.builds(
    Leaf,
    position=st.integers(0, 2**16 - 1),
    type=st.integers(0, 2**8 - 1),
    journal_no=st.integers(0, 2**32 - 1),
    record=words32,
    who=words32,
    approver=words32,
    consent=words32,
    salt=words32,
)


@given(st.lists(leaves, min_size=1, max_size=40, unique_by=lambda leaf: leaf.hash()), st.data())
def test_a_proof_of_evidence_holds_for_its_leaf_and_no_other(listed: list[Leaf], data: st.DataObject) -> None:
    hashes = [leaf.hash() for leaf in listed]
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof = proof_of(hashes, index)
    assert [i for i, one in enumerate(hashes) if root_from(one, proof) == root_of(hashes)] == [index]


@given(st.lists(leaves, min_size=2, max_size=20))
def test_a_node_of_the_tree_is_never_a_leaf(listed: list[Leaf]) -> None:
    """A leaf is hashed from 32 bytes, a node from 64: whoever gives a pair of nodes as a leaf gets another hash."""
    hashes = [leaf.hash() for leaf in listed]
    pair = b"".join(sorted(hashes[-2:]))
    assert third_keccak(third_keccak(pair)) != third_keccak(pair)
    assert root_of(hashes) not in hashes


def test_no_skip_has_the_zero_hash_and_reasons_count() -> None:
    assert skipped_hash([]) == bytes(32)
    for vector in VECTORS["skips"][1:]:
        listed = list(zip(vector["indexes"], vector["reasons"], strict=True))
        packed = b"".join(struct.pack(">HB", *one) for one in listed)
        assert skipped_hash(listed) == third_keccak(packed) == raw(vector["hash"])


def test_the_audit_log_chains_its_rows() -> None:
    head = bytes(32)
    for text, expected in zip(VECTORS["auditLog"]["canonical"], VECTORS["auditLog"]["heads"], strict=True):
        canonical = json.dumps(
            json.loads(raw(text)), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()
        assert canonical == raw(text)
        head = third_keccak(head + third_keccak(canonical))
        assert head == raw(expected)
