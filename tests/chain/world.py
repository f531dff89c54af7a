"""A deployed contract with a few desks, and hands to post with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger_service.chain.anvil import fund
from ledger_service.chain.codec import encode_post
from ledger_service.chain.contract import LedgerContract, load_artifact
from ledger_service.chain.deploy import Deployment, deploy, ensure_factory
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import LocalSigner, SignedTransaction, sign_transaction
from ledger_service.chain.transactions import TRANSACTION_GAS_MAX, Receipt, broadcast, nonce_of, receipts_of
from ledger_service.domain.batches import Batch, Domain, Need, SignedBatch
from ledger_service.domain.entries import Entry, Kind
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, encode_orders, text_arg

ROOT = Path(__file__).resolve().parents[2]
TODAY = 19_845  # 2024-05-02
MONTH = (2024 - 2020) * 12 + 4
CENTRE, VENUE, TREASURY = 1, 2, 3
DISTRICT, ENVIRONMENT = "11680", "test"


def key(number: int) -> LocalSigner:
    return LocalSigner((0xB0_0000 + number).to_bytes(32, "big"))


OFFICE = sorted((key(1), key(2), key(3)), key=lambda signer: signer.address)
GUARDIAN = key(4)
SENDER = key(5)
DESK_KEYS = {CENTRE: key(11), VENUE: key(12), TREASURY: key(13)}


def deploy_for_tests(rpc: Rpc, *, dry_run: bool = False) -> Deployment:
    return deploy(
        rpc,
        SENDER,
        load_artifact(),
        district=DISTRICT,
        environment=ENVIRONMENT,
        office_keys=[signer.address for signer in OFFICE],
        guardian=GUARDIAN.address,
        dry_run=dry_run,
    )


def account(number: int) -> bytes:
    return (0xACC0_0000_0000_0000_0000 + number).to_bytes(20, "big")


def credits(count: int, *, first: int = 0, units: int = 60) -> list[Entry]:
    return [Entry(account(first + index), Kind.CREDIT, 1, units, TODAY, index + 1) for index in range(count)]


def setup_orders() -> list[Order]:
    desks = [
        Order(OrderCode.REGISTER_DESK, (desk, desk, 0, 1, address_arg(signer.address)))
        for desk, signer in DESK_KEYS.items()
    ]
    limits = [Order(OrderCode.DESK_LIMIT, (desk, MONTH, 10**9, TODAY)) for desk in DESK_KEYS]
    return [
        *desks,
        *limits,
        Order(OrderCode.RATE, (1, text_arg("volunteering"), TODAY - 100, OPEN_DAY, 1, 60, 480, 60)),
        Order(OrderCode.COIN_VALUE, (TODAY - 100, 100)),
        Order(OrderCode.BUDGET, (2024, 10**9, TODAY)),
        Order(OrderCode.PERSON_CAP, (2024, 100_000, TODAY)),
        Order(OrderCode.FUND, (1, 1)),
        Order(OrderCode.OPEN_UNTIL, (TODAY + 300,)),
    ]


def send_and_wait(rpc: Rpc, raw: bytes) -> Receipt:
    """Its receipt. A node that mines by itself answers a send before the block is there."""
    hash_ = broadcast(rpc, raw)
    for _ in range(2_000):
        (receipt,) = receipts_of(rpc, [hash_])
        if receipt is not None:
            return receipt
        time.sleep(0.01)
    raise AssertionError("the transaction is in no block")


@dataclass
class World:
    """A contract with three desks, and hands to post with."""

    contract: LedgerContract
    deployment: Deployment
    tips: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def rpc(self) -> Rpc:
        return self.contract.rpc

    @property
    def domain(self) -> Domain:
        return self.contract.domain

    def batch(
        self, desk: int, entries: Sequence[Entry] = (), *, annex: bytes = b"", needs: tuple[Need, ...] = ()
    ) -> SignedBatch:
        """The desk's next batch, signed; the one after it follows on."""
        seq, head = self.tips.get(desk, (1, bytes(32)))
        words = b"".join(entry.pack() for entry in entries)
        batch = Batch(desk, seq, TODAY, head, b"\x22" * 32, needs, words, annex)
        digest = batch.digest(self.domain)
        self.tips[desk] = (seq + 1, digest)
        signers = OFFICE[:2] if desk == 0 else [DESK_KEYS[desk]]
        return SignedBatch(batch, tuple(signer.sign_digest(digest) for signer in signers))

    def sign(self, data: bytes, *, nonce: int | None = None) -> SignedTransaction:
        return sign_transaction(
            SENDER,
            chain_id=self.domain.chain_id,
            nonce=nonce_of(self.rpc, SENDER.address, "pending") if nonce is None else nonce,
            to=self.contract.address,
            data=data,
            gas=TRANSACTION_GAS_MAX,
            max_fee=10**11,
            max_priority_fee=0,
        )

    def send(self, data: bytes) -> Receipt:
        return send_and_wait(self.rpc, self.sign(data).raw)

    def post(self, *batches: SignedBatch) -> Receipt:
        return self.send(encode_post(batches))


def new_world(rpc: Rpc) -> World:
    fund(rpc, SENDER.address)
    ensure_factory(rpc)
    deployment = deploy_for_tests(rpc)
    world = World(LedgerContract(rpc, deployment.address), deployment)
    assert world.post(world.batch(0, annex=encode_orders(setup_orders()))).succeeded
    return world
