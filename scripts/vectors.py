"""Write tests/vectors/formats.json, the golden values of docs/formats.md, or check the committed file (`--check`).

The file is laid out for forge's `vm.parseJson…`: hex strings, decimal numbers that fit 64 bits, parallel arrays. Its
batches are one history that posts in the order they stand in, into a contract built with `.domain.officeKeys` and
`.domain.guardian`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import eth_abi
from coincurve import PrivateKey

from ledger_service.domain.batches import (
    CHUNK_ENTRIES,
    Batch,
    Domain,
    Need,
    annex_of,
    chunk_hashes,
    entries_hash,
    needs_hash,
    proof_item,
    receipt_digest,
)
from ledger_service.domain.entries import (
    DESK_ACCOUNT_PREFIX,
    FUND_ACCOUNT_PREFIX,
    Entry,
    Kind,
    desk_account,
    fund_account,
)
from ledger_service.domain.entries import skipped_hash as skipped_hash_of
from ledger_service.domain.evidence import ORDER_TYPE, Leaf, build_tree, proof_of
from ledger_service.domain.hashing import ZERO32, keccak, word
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, encode_orders, text_arg

PATH = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "formats.json"
BATCH_ABI_TYPE = "(uint16,uint32,uint16,bytes32,bytes32,(uint16,uint32)[],bytes32[],bytes,bytes[])"
DISTRICT = "boram-test"
DOMAIN = Domain(31_337, keccak(b"Boram test contract")[-20:])
OTHER_DOMAIN = Domain(2_024, keccak(b"Boram other contract")[-20:])
FIRST_DAY = 19_723  # 2024-01-01
DAY = 19_845  # 2024-05-02
YEAR = 2024
MONTHS = range(48, 56)  # January to August 2024


def hexed(value: bytes) -> str:
    """0x and the bytes."""
    return "0x" + value.hex()


class Signer:
    """A fixed test key, never to be used for anything else."""

    def __init__(self, name: str) -> None:
        self.secret = keccak(f"Boram test key {name}".encode())
        self._key = PrivateKey(self.secret)
        self.address = keccak(self._key.public_key.format(compressed=False)[1:])[-20:]

    def sign(self, digest: bytes) -> bytes:
        """r, s, v of the deterministic signature (RFC 6979), s in the lower half."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])


OFFICE = sorted((Signer(f"office {number}") for number in range(3)), key=lambda one: one.address)
GUARDIAN = Signer("guardian")
CENTRE = Signer("centre")
VENUE = Signer("venue")
TREASURY = sorted((Signer(f"treasury {number}") for number in range(2)), key=lambda one: one.address)
SERVICE = Signer("service")
SIGNERS = {
    **{f"office{number}": one for number, one in enumerate(OFFICE)},
    "guardian": GUARDIAN,
    "centre": CENTRE,
    "venue": VENUE,
    **{f"treasury{number}": one for number, one in enumerate(TREASURY)},
    "service": SERVICE,
}


def resident(number: int) -> bytes:
    """A resident's account; a real one is random."""
    return keccak(f"Boram test resident {number}".encode())[:20]


def evidence(name: str) -> bytes:
    """A stand-in for an evidence root."""
    return keccak(f"Boram test evidence {name}".encode())


def every_order() -> list[Order]:
    """One order of each code."""
    return [
        Order(OrderCode.SEAL, ()),
        Order(OrderCode.REGISTER_DESK, (4, 2, 1, 2, *(address_arg(one.address) for one in TREASURY))),
        Order(OrderCode.ROTATE_KEYS, (1, 9, 1, 1, address_arg(VENUE.address))),
        Order(OrderCode.REVOKE_KEYS, (4,)),
        Order(OrderCode.OFFICE_KEYS, (9, 2, address_arg(GUARDIAN.address), *(address_arg(o.address) for o in OFFICE))),
        Order(OrderCode.RATE, (3, text_arg("PET"), DAY + 30, OPEN_DAY, 1, 10, 500, 60)),
        Order(OrderCode.COIN_VALUE, (DAY + 60, 100)),
        Order(OrderCode.DESK_LIMIT, (1, 55, 1_000_000, DAY + 30)),
        Order(OrderCode.BUDGET, (2025, 2**64 - 1, DAY + 30)),
        Order(OrderCode.PERSON_CAP, (2025, 2**32 - 1, DAY + 30)),
        Order(OrderCode.FUND, (2, 1)),
        Order(OrderCode.OPEN_UNTIL, (DAY + 400,)),
        Order(OrderCode.FREEZE, (address_arg(resident(7)),)),
        Order(OrderCode.UNFREEZE, (address_arg(resident(7)),)),
        Order(OrderCode.PAUSE, ()),
        Order(OrderCode.UNPAUSE, ()),
        Order(OrderCode.VETO, (2, 3)),
    ]


def setup_orders() -> list[Order]:
    """What the history below needs: three desks, two rates, a value, limits, a fund, the calendar."""
    return [
        Order(OrderCode.REGISTER_DESK, (1, 1, 0, 1, address_arg(CENTRE.address))),
        Order(OrderCode.REGISTER_DESK, (2, 2, 1, 1, address_arg(VENUE.address))),
        Order(OrderCode.REGISTER_DESK, (3, 3, 0, 2, *(address_arg(one.address) for one in TREASURY))),
        Order(OrderCode.RATE, (1, text_arg("volunteer"), FIRST_DAY, OPEN_DAY, 1, 60, 480, 60)),
        Order(OrderCode.RATE, (2, text_arg("reading"), FIRST_DAY, FIRST_DAY + 365, 3, 1, 5, 60)),
        Order(OrderCode.COIN_VALUE, (FIRST_DAY, 200)),
        *(Order(OrderCode.DESK_LIMIT, (desk, month, 1_000_000, FIRST_DAY)) for desk in (1, 2, 3) for month in MONTHS),
        Order(OrderCode.BUDGET, (YEAR, 10_000_000, FIRST_DAY)),
        Order(OrderCode.PERSON_CAP, (YEAR, 1_000, FIRST_DAY)),
        Order(OrderCode.FUND, (1, 1)),
        Order(OrderCode.OPEN_UNTIL, (DAY + 365,)),
    ]


def credits_of(count: int, first_line: int) -> bytes:
    """`count` credits of 120 to 420 minutes to 40 residents in turn."""
    return b"".join(
        Entry(resident(i % 40), Kind.CREDIT, 1, 120 + 60 * (i % 6), DAY - i % 30, first_line + i).pack()
        for i in range(count)
    )


def history() -> list[tuple[str, Batch, Sequence[Signer]]]:
    """Name, batch and signers, in an order in which every one lands and every entry applies."""

    def after(previous: Batch | None, desk: int, needs: Sequence[Need], words: bytes, annex: bytes = b"") -> Batch:
        seq = previous.seq + 1 if previous else 1
        head = previous.digest(DOMAIN) if previous else ZERO32
        day = (previous.day if previous else DAY) + (desk == 1)
        return Batch(desk, seq, day, head, evidence(f"{desk}/{seq}"), tuple(needs), words, annex)

    office = after(None, 0, (), b"", encode_orders(setup_orders()))
    one = after(None, 1, (Need(0, 1),), credits_of(1, 1))
    full_chunk = after(one, 1, (Need(0, 1),), credits_of(32, 2))
    two_chunks = after(full_chunk, 1, (Need(0, 1),), credits_of(33, 34))
    largest = after(two_chunks, 1, (Need(0, 1),), credits_of(500, 67))
    funded = (Need(0, 1), Need(1, 4))
    redeems = b"".join(
        Entry(resident(i), Kind.REDEEM, 0, 10 + i % 3, DAY, 600 + i).pack() for i in range(CHUNK_ENTRIES + 8)
    )
    redeemed = after(None, 2, funded, redeems)
    refunds = b"".join(
        Entry(resident(index), Kind.REFUND, index, coins, DAY, 1).pack()
        for index, coins in ((0, 10), (1, 2), (33, 5), (33, 5), (2, 12))
    )
    items = [proof_item(redeemed, index) for index in (0, 33, 2)]
    refunded = after(redeemed, 2, (Need(0, 1),), refunds, annex_of(items))
    donated = after(
        None, 3, (Need(0, 1), Need(1, 4), Need(2, 2)), Entry(resident(0), Kind.DONATE, 1, 3, DAY, 700).pack()
    )
    sealed = after(office, 0, (), b"", encode_orders([Order(OrderCode.SEAL, ())]))
    return [
        ("officeSetup", office, OFFICE[:2]),
        ("oneEntry", one, [CENTRE]),
        ("oneChunk", full_chunk, [CENTRE]),
        ("twoChunks", two_chunks, [CENTRE]),
        ("largest", largest, [CENTRE]),
        ("redeems", redeemed, [VENUE]),
        ("refunds", refunded, [VENUE]),
        ("donation", donated, TREASURY),
        ("officeSeal", sealed, OFFICE[1:]),
    ]


def unpostable() -> list[tuple[str, Batch, Sequence[Signer]]]:
    """For digests only: every field at its bound."""
    needs = tuple(Need(desk, 2**32 - desk) for desk in range(65_535 - 63, 65_536))
    widest = Batch(
        65_535, 2**32 - 1, 65_535, b"\xff" * 32, b"\xff" * 32, needs, b"\xff" * 32, b"\x01" + bytes(range(256))
    )
    return [
        ("widest", widest, [CENTRE]),
        ("nothing", Batch(0, 0, 0, ZERO32, ZERO32, (), b"", b""), [CENTRE]),
    ]


def batch_vector(name: str, batch: Batch, signers: Sequence[Signer], domain: Domain) -> dict[str, Any]:
    """All fields of a batch, what they hash to, and the ABI encoding of the signed batch."""
    digest = batch.digest(domain)
    signatures = [one.sign(digest) for one in sorted(signers, key=lambda one: one.address)]
    needs = [(need.desk, need.seq) for need in batch.needs]
    fields = (batch.desk, batch.seq, batch.day, batch.previous_head, batch.evidence_root, needs, batch.entry_words())
    encoded = eth_abi.encode([BATCH_ABI_TYPE], [(*fields, batch.annex, signatures)])
    return {
        "name": name,
        "desk": batch.desk,
        "seq": batch.seq,
        "day": batch.day,
        "previousHead": hexed(batch.previous_head),
        "evidenceRoot": hexed(batch.evidence_root),
        "needDesks": [need.desk for need in batch.needs],
        "needSeqs": [need.seq for need in batch.needs],
        "count": batch.count,
        "entries": [hexed(one) for one in batch.entry_words()],
        "annex": hexed(batch.annex),
        "chunkHashes": [hexed(one) for one in chunk_hashes(batch.words)],
        "entriesHash": hexed(entries_hash(batch.words)),
        "needsHash": hexed(needs_hash(batch.needs)),
        "annexHash": hexed(keccak(batch.annex)),
        "digest": hexed(digest),
        "signers": [hexed(one.address) for one in sorted(signers, key=lambda one: one.address)],
        "signatures": [hexed(one) for one in signatures],
        "encoded": hexed(encoded),
    }


def entry_vectors() -> list[dict[str, Any]]:
    """A packed entry of every kind, and one with every bit set."""
    shop = resident(99)
    entries = [
        Entry(resident(0), Kind.CREDIT, 1, 120, DAY, 1),
        Entry(resident(0), Kind.REDEEM, 0, 10, DAY, 2),
        Entry(resident(0), Kind.REFUND, 499, 10, DAY + 1, 1),
        Entry(resident(0), Kind.DONATE, 1, 3, DAY, 3),
        Entry(resident(0), Kind.EXPIRE, 1, 5, DAY, 4),
        Entry(resident(0), Kind.CORRECT, 31, 2, 1, 4),
        Entry(resident(0), Kind.SET_OFF, 1, 2, DAY, 5),
        Entry(resident(0), Kind.CLOSURE, 1, 7, DAY, 2),
        Entry(resident(0), Kind.MERGE, 0, 7, DAY, 6),
        Entry(resident(1), Kind.MERGE, 1, 7, DAY, 6),
        Entry(desk_account(2), Kind.MONTH_CLOSE, 52, 400, DAY, 9),
        Entry(fund_account(1), Kind.MONTH_CLOSE, 52, 3, DAY, 1),
        Entry(shop, Kind.OPENING, 60, 2**24 - 1, DAY, 7),
        Entry(b"\xff" * 20, 255, 2**16 - 1, 2**24 - 1, 2**16 - 1, 2**32 - 1),
        Entry(bytes(20), 0, 0, 0, 0, 0),
    ]
    return [
        {
            "account": hexed(one.account),
            "kind": int(one.kind),
            "ref": one.ref,
            "units": one.units,
            "day": one.day,
            "line": one.line,
            "word": hexed(one.pack()),
        }
        for one in entries
    ]


def order_vectors() -> list[dict[str, Any]]:
    """The encodings of every order, alone (`record` is its evidence) and as the only order of an annex."""
    return [
        {
            "code": int(one.code),
            "args": [hexed(word(value)) for value in one.args],
            "encoded": hexed(one.encode()),
            "record": hexed(one.record()),
            "annex": hexed(encode_orders([one])),
        }
        for one in every_order()
    ]


def bad_annexes() -> list[dict[str, str]]:
    """Annexes of desk 0 that are skipped as one, and why."""
    good = encode_orders([Order(OrderCode.OPEN_UNTIL, (DAY,)), Order(OrderCode.PAUSE, ())])
    shared = word(32) + word(2) + word(64) + word(64) + Order(OrderCode.PAUSE, ()).encode()
    backwards = word(32) + word(2) + word(64 + 96) + word(64) + Order(OrderCode.PAUSE, ()).encode() * 2
    cases = {
        "one byte": b"\x01",
        "one zero word (an offset to itself)": ZERO32,
        "cut in the last word": good[:-1],
        "cut by the last word": good[:-32],
        "a byte too many": good + b"\0",
        "a word too many": good + ZERO32,
        "the list's offset beyond the end": word(len(good)) + good[32:],
        "the list's offset wraps around": b"\xff" * 32 + good[32:],
        "more orders than there are": good[:32] + word(3) + good[64:],
        "as many orders as a word holds": good[:32] + b"\xff" * 32 + good[64:],
        "two orders share their bytes": shared,
        "orders stand backwards": backwards,
        "a code of 256": encode_orders([Order(255, ())]).replace(word(255), word(256)),
        "more arguments than there are": word(32) + word(1) + word(32) + word(15) + word(64) + word(1),
    }
    return [{"why": why, "annex": hexed(annex)} for why, annex in cases.items()]


def proof_vectors(batches: dict[str, Batch]) -> list[dict[str, Any]]:
    """Proof items of entries of the history, with the word that each proves."""
    cases = [("oneEntry", 0), ("oneChunk", 31), ("twoChunks", 31), ("twoChunks", 32), ("redeems", 33), ("largest", 499)]
    return [
        {
            "batch": name,
            "index": index,
            "desk": batches[name].desk,
            "seq": batches[name].seq,
            "chunk": index // CHUNK_ENTRIES,
            "count": batches[name].count,
            "word": hexed(batches[name].entry_words()[index]),
            "head": hexed(batches[name].digest(DOMAIN)),
            "item": hexed(proof_item(batches[name], index)),
            "annex": hexed(annex_of([proof_item(batches[name], index)])),
        }
        for name, index in cases
    ]


def leaves_of(size: int, *, orders: bool) -> list[Leaf]:
    """The leaf of the audit log's head and `size` leaves of entries or orders."""

    def field(name: str, position: int) -> bytes:
        return keccak(f"Boram test {name} {size} {position}".encode())

    leaves = [Leaf(0, 0, 0, field("audit head", 0))]
    for position in range(1, size + 1):
        if orders:
            leaves.append(Leaf(position, ORDER_TYPE, 0, every_order()[position - 1].record()))
            continue
        who, approver = (field(name, position)[16:].rjust(32, b"\0") for name in ("who", "approver"))
        kind = (position - 1) % 4 + 1
        consent = field("consent", position)[16:].rjust(32, b"\0") if kind in (2, 4) else ZERO32
        record, salt = field("record", position), field("salt", position)
        leaves.append(Leaf(position, kind, 1_000 + position, record, who, approver, consent, salt))
    return leaves


def tree_vectors() -> list[dict[str, Any]]:
    """Whole trees: fields of the leaves as parallel arrays, hashes, nodes and the proof of every leaf."""
    vectors = []
    for size, orders in ((0, False), (1, False), (2, False), (5, False), (17, True), (33, False)):
        leaves = leaves_of(size, orders=orders)
        hashes = [leaf.hash() for leaf in leaves]
        tree = build_tree(hashes)
        vectors.append(
            {
                "positions": [leaf.position for leaf in leaves],
                "types": [leaf.type for leaf in leaves],
                "journalNos": [leaf.journal_no for leaf in leaves],
                **{
                    name + "s": [hexed(getattr(leaf, name)) for leaf in leaves]
                    for name in ("record", "who", "approver", "consent", "salt")
                },
                "hashes": [hexed(one) for one in hashes],
                "nodes": [hexed(one) for one in tree],
                "root": hexed(tree[0]),
                "proofs": [[hexed(one) for one in proof_of(hashes, i)] for i in range(len(leaves))],
            }
        )
    return vectors


def audit_log_vectors() -> dict[str, Any]:
    """Rows of the books' audit log, their canonical JSON, and the head after each."""
    rows: list[dict[str, Any]] = [
        {"no": 1, "what": "import.submitted", "who": "0190c0de", "fields": {"rows": 3, "as_of": "2024-05-02"}},
        {"no": 2, "what": "import.approved", "who": "0190c0df", "why": "확인 “ok” \n\t\\ \u007f"},
        {"z": [3, 2, 1], "a": {"b": None, "a": True}, "no": 3, "what": "order"},
    ]
    head, texts, heads = ZERO32, [], []
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        head = keccak(head + keccak(text))
        texts.append(hexed(text))
        heads.append(hexed(head))
    return {"canonical": texts, "heads": heads}


def receipt_vectors() -> list[dict[str, Any]]:
    """Receipts with their digests and the service key's signatures."""
    cases = [
        (1, 1, 1, resident(0), 120, DAY, DAY + 3),
        (2**32 - 1, 2**16 - 1, 255, b"\xff" * 20, 2**24 - 1, 2**16 - 1, 2**16 - 1),
    ]
    names = ("journalNo", "desk", "kind", "account", "units", "day", "postedBy")
    vectors = []
    for case in cases:
        digest = receipt_digest(DOMAIN, *case)
        fields = {n: hexed(v) if isinstance(v, bytes) else v for n, v in zip(names, case, strict=True)}
        vectors.append({**fields, "digest": hexed(digest), "signature": hexed(SERVICE.sign(digest))})
    return vectors


def skip_vectors() -> list[dict[str, Any]]:
    """Hashes of lists of skipped entries."""
    cases: list[list[tuple[int, int]]] = [
        [],
        [(0, 1)],
        [(0, 1), (31, 7), (32, 8), (499, 11)],
        [(i, 1) for i in range(500)],
    ]
    return [
        {"indexes": [i for i, _ in case], "reasons": [r for _, r in case], "hash": hexed(skipped_hash_of(case))}
        for case in cases
    ]


def domain_vector(domain: Domain) -> dict[str, Any]:
    """The EIP-712 domain and what the contract is built with."""
    return {
        "chainId": domain.chain_id,
        "contract": hexed(domain.contract),
        "separator": hexed(domain.separator()),
        "district": hexed(DISTRICT.encode().ljust(32, b"\0")),
        "officeKeys": [hexed(one.address) for one in OFFICE],
        "guardian": hexed(GUARDIAN.address),
    }


def vectors() -> dict[str, Any]:
    """Everything the file holds."""
    posted = history()
    of_name = {name: batch for name, batch, _ in posted}
    return {
        "domain": domain_vector(DOMAIN),
        "otherDomain": domain_vector(OTHER_DOMAIN),
        "signers": {
            "names": list(SIGNERS),
            "addresses": [hexed(one.address) for one in SIGNERS.values()],
            "secrets": [hexed(one.secret) for one in SIGNERS.values()],
        },
        "accounts": {
            "deskPrefix": hexed(DESK_ACCOUNT_PREFIX),
            "fundPrefix": hexed(FUND_ACCOUNT_PREFIX),
            "numbers": [0, 1, 2, 255, 256, 65_535],
            "desks": [hexed(desk_account(number)) for number in (0, 1, 2, 255, 256, 65_535)],
            "funds": [hexed(fund_account(number)) for number in (0, 1, 2, 255, 256, 65_535)],
        },
        "entries": entry_vectors(),
        "batchCount": len(posted),
        "batches": [batch_vector(*one, DOMAIN) for one in posted],
        "unpostable": [batch_vector(*one, DOMAIN) for one in unpostable()],
        "elsewhere": [batch_vector(*posted[1], OTHER_DOMAIN)],
        "skips": skip_vectors(),
        "orders": order_vectors(),
        "everyOrderAnnex": hexed(encode_orders(every_order())),
        "badAnnexes": bad_annexes(),
        "proofs": proof_vectors(of_name),
        "trees": tree_vectors(),
        "auditLog": audit_log_vectors(),
        "receipts": receipt_vectors(),
    }


def text_of(value: dict[str, Any]) -> str:
    """The file's text: two levels a line each, so that a difference is readable."""
    return json.dumps(value, ensure_ascii=True, indent=1) + "\n"


def main() -> int:
    """Write or check; 1 where the committed file is not what the encoders give."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="compare with the committed file and write nothing")
    text = text_of(vectors())
    if arguments.parse_args().check:
        if PATH.exists() and PATH.read_text() == text:
            return 0
        print(
            f"{PATH.name} is not what the encoders give: run `make vectors` and look at the difference", file=sys.stderr
        )
        return 1
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
