"""A contract on a real anvil, desks that sign, and histories to post: what the audit's tests share."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger_service.audit.deployment import FACTORY
from ledger_service.audit.office import orders_in
from ledger_service.chain.anvil import find_anvil
from ledger_service.chain.artifact import load_artifact
from ledger_service.chain.codec import encode_post
from ledger_service.chain.deploy import init_code
from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import LocalSigner
from ledger_service.domain.batches import Batch, Domain, Need, SignedBatch
from ledger_service.domain.entries import Entry, Kind
from ledger_service.domain.evidence import ORDER_TYPE, Leaf, root_of
from ledger_service.domain.hashing import ZERO32, keccak, text_word, word
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, encode_orders, text_arg

ROOT = Path(__file__).resolve().parents[2]
SENDER = keccak(b"a stranger who posts")[:20]
DAY = 19_845  # 2024-05-02
FIRST_DAY = 19_723
YEAR = 2024
MONTH = 52
GAS_MAX = 16_000_000
_LINE_IS_NO_JOURNAL_NO = (Kind.REFUND, Kind.CORRECT, Kind.CLOSURE, Kind.MONTH_CLOSE)


def anvil_binary() -> Path:
    return find_anvil(ROOT)


def signer(name: str) -> LocalSigner:
    return LocalSigner(keccak(f"Boram audit test {name}".encode()))


def person(number: int) -> bytes:
    return keccak(f"audit test person {number}".encode())[:20]


OFFICE = sorted((signer(f"office {number}") for number in range(3)), key=lambda one: one.address)
GUARDIAN = signer("guardian")


@dataclass
class Desk:
    """A desk that seals batches one after another."""

    number: int
    signers: list[LocalSigner]
    day: int = DAY
    seq: int = 0
    head: bytes = ZERO32
    batches: list[Batch] = field(default_factory=list)
    audit_head: bytes = ZERO32
    leaves: dict[int, list[Leaf]] = field(default_factory=dict)

    def seal(
        self,
        domain: Domain,
        entries: Sequence[Entry] = (),
        *,
        annex: bytes = b"",
        needs: Sequence[Need] = (),
        day: int | None = None,
        signers: Sequence[LocalSigner] | None = None,
    ) -> SignedBatch:
        self.day = self.day if day is None else day
        self.seq += 1
        words = b"".join(entry.pack() for entry in entries)
        self.leaves[self.seq] = self._evidence(entries, annex)
        root = root_of([leaf.hash() for leaf in self.leaves[self.seq]])
        batch = Batch(self.number, self.seq, self.day, self.head, root, tuple(needs), words, annex)
        self.head = batch.digest(domain)
        self.batches.append(batch)
        return signed(batch, domain, self.signers if signers is None else signers)

    def _evidence(self, entries: Sequence[Entry], annex: bytes) -> list[Leaf]:
        leaves = [Leaf(0, 0, 0, self.audit_head)]
        if self.number == 0:
            records = [order.record() for order in orders_in(annex) or ()]
            return leaves + [Leaf(at, ORDER_TYPE, 0, record) for at, record in enumerate(records, 1)]
        for at, entry in enumerate(entries, 1):
            who, approver, consent = (salted(name, at)[16:].rjust(32, b"\0") for name in ("who", "approver", "consent"))
            journal_no = 10_000 + at if entry.kind in _LINE_IS_NO_JOURNAL_NO else entry.line
            consent = consent if entry.kind in (Kind.REDEEM, Kind.DONATE) else ZERO32
            place = (self.number, self.seq, at)
            record, salt = salted("record", *place), salted("salt", *place)
            leaves.append(Leaf(at, entry.kind, journal_no, record, who, approver, consent, salt))
        return leaves


def salted(*name: object) -> bytes:
    return keccak(" ".join(map(str, name)).encode())


def signed(batch: Batch, domain: Domain, signers: Sequence[LocalSigner]) -> SignedBatch:
    head = batch.digest(domain)
    ascending = sorted(signers, key=lambda one: one.address)
    return SignedBatch(batch, tuple(one.sign_digest(head) for one in ascending))


def statement_item(
    domain: Domain, venue: int, month: int, head: bytes, coins: int, krw: int, signers: Sequence[LocalSigner]
) -> bytes:
    """The annex item by which a venue agrees to its month close."""
    kind = keccak(b"Close(uint16 desk,uint16 month,bytes32 lastHead,uint64 coins,int128 krw)")
    fields = word(venue) + word(month) + head + word(coins) + krw.to_bytes(32, "big", signed=True)
    digest = domain.digest(keccak(kind + fields))
    signatures = [one.sign_digest(digest) for one in sorted(signers, key=lambda one: one.address)]
    return b"\2" + bytes([len(signatures)]) + b"".join(signatures)


class Ledger:
    """The real contract on a node."""

    def __init__(self, rpc: Rpc, environment: str) -> None:
        self.rpc = rpc
        rpc.call("anvil_setBalance", [hex_of(SENDER), hex(10**24)])
        rpc.call("anvil_impersonateAccount", [hex_of(SENDER)])
        code = init_code(load_artifact(), "test", [one.address for one in OFFICE], GUARDIAN.address)
        salt = keccak(text_word("test") + text_word(environment))
        self.contract = keccak(b"\xff" + FACTORY + salt + keccak(code))[12:]
        self.domain = Domain(number_of(rpc.call("eth_chainId")), self.contract)
        self._send(FACTORY, salt + code)
        assert bytes_of(rpc.call("eth_getCode", [hex_of(self.contract), "latest"]))
        self.office = Desk(0, OFFICE[:2])
        self.posted: list[SignedBatch] = []

    def _send(self, to: bytes, data: bytes) -> list[dict[str, Any]]:
        asked = {"from": hex_of(SENDER), "to": hex_of(to), "data": hex_of(data), "gas": hex(GAS_MAX)}
        sent = self.rpc.call("eth_sendTransaction", [asked])
        self.rpc.call("evm_mine", []) if self.rpc.call("eth_getTransactionReceipt", [sent]) is None else None
        receipt = self.rpc.call("eth_getTransactionReceipt", [sent])
        assert receipt["status"] == "0x1", "the transaction failed"
        return list(receipt["logs"])

    def post(self, *batches: SignedBatch) -> list[dict[str, Any]]:
        """The raw logs of one transaction."""
        self.posted += batches
        return self._send(self.contract, encode_post(batches))

    def order(self, *orders: Order, **options: Any) -> SignedBatch:
        return self.office.seal(self.domain, annex=encode_orders(orders), **options)

    def set_up(
        self, *, budget: int = 10**9, person_cap: int = 10**6, limit: int = 10**8, seal: bool = True
    ) -> dict[int, Desk]:
        """Two centres, two venues, a treasury, two rates, a value, limits, a fund; sealed unless it stays in setup."""
        desks = {1: Desk(1, [signer("1")]), 2: Desk(2, [signer("2")]), 11: Desk(11, [signer("11")])}
        desks |= {12: Desk(12, [signer("12"), signer("12b")]), 21: Desk(21, [signer("21")])}
        kinds = {1: 1, 2: 1, 11: 2, 12: 2, 21: 3}
        orders = [
            Order(
                OrderCode.REGISTER_DESK,
                (number, kinds[number], number % 2, len(desk.signers), *(address_arg(s.address) for s in desk.signers)),
            )
            for number, desk in desks.items()
        ]
        orders += [
            Order(OrderCode.RATE, (1, text_arg("volunteer"), FIRST_DAY, OPEN_DAY, 1, 60, 480, 0)),
            Order(OrderCode.RATE, (2, text_arg("pet"), FIRST_DAY, FIRST_DAY + 365, 3, 10, 50, 0)),
            Order(OrderCode.COIN_VALUE, (FIRST_DAY, 200)),
            *(
                Order(OrderCode.DESK_LIMIT, (n, m, limit, FIRST_DAY))
                for n in desks
                for m in range(MONTH - 4, MONTH + 4)
            ),
            Order(OrderCode.BUDGET, (YEAR, budget, FIRST_DAY)),
            Order(OrderCode.PERSON_CAP, (YEAR, person_cap, FIRST_DAY)),
            Order(OrderCode.FUND, (1, 1)),
            Order(OrderCode.OPEN_UNTIL, (DAY + 300,)),
            *([Order(OrderCode.SEAL, ())] if seal else []),
        ]
        self.post(self.order(*orders))
        return desks


def credits_of(chance: random.Random, count: int, people: int, line: int = 1) -> list[Entry]:
    return [
        Entry(
            person(chance.randrange(people)),
            Kind.CREDIT,
            1,
            60 * chance.randint(1, 8),
            DAY - chance.randrange(60),
            line + i,
        )
        for i in range(count)
    ]


class LyingRpc(Rpc):
    """A node whose answers pass through `lie(method, params, answer)`."""

    def __init__(self, url: str, lie: Callable[[str, Sequence[Any], Any], Any]) -> None:
        super().__init__(url)
        self._lie = lie

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        return self._lie(method, params, super().call(method, params))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = super().batch(calls)
        return [self._lie(method, params, answer) for (method, params), answer in zip(calls, answers, strict=True)]


def slot_of(rpc: Rpc, contract: bytes, account: bytes, value: int) -> str:
    """Where the contract keeps an account's packed slot, found by its value."""
    for base in range(64):
        place = hex_of(keccak(account.rjust(32, b"\0") + word(base)))
        if number_of(rpc.call("eth_getStorageAt", [hex_of(contract), place, "latest"])) == value:
            return place
    raise AssertionError("the account's slot was not found")


def undone_of(ledger: Ledger, names: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int, int], int]:
    """What the contract keeps as undone of every (desk, seq, index); its mapping is where the first of them has any."""
    keys = [word(desk << 48 | seq << 16 | index) for desk, seq, index in names]

    def read(base: int, some: Sequence[bytes]) -> list[int]:
        places = [hex_of(keccak(key + word(base))) for key in some]
        asked = [("eth_getStorageAt", [hex_of(ledger.contract), place, "latest"]) for place in places]
        return [number_of(answer) for answer in ledger.rpc.batch(asked)] if asked else []

    base = next((base for base in range(64) if any(read(base, keys[:1]))), 0)
    found = [amount for at in range(0, len(keys), 100) for amount in read(base, keys[at : at + 100])]
    return dict(zip(names, found, strict=True))
