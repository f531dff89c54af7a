"""A ledger on a fresh chain with one centre that may credit, and batches signed for it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from ledger_service.chain.anvil import EmbeddedChain, find_anvil, fund
from ledger_service.chain.codec import encode_post
from ledger_service.chain.contract import LedgerContract, load_artifact
from ledger_service.chain.deploy import deploy, ensure_factory
from ledger_service.chain.hexes import hex_of, number_of
from ledger_service.chain.rpc import Rpc, RpcUnavailable
from ledger_service.chain.signing import LocalSigner, new_private_key, sign_transaction
from ledger_service.chain.transactions import broadcast, nonce_of
from ledger_service.domain.batches import OFFICE_DESK, Batch, SignedBatch
from ledger_service.domain.days import civil_day, month_number
from ledger_service.domain.entries import DeskKind, Entry, Kind
from ledger_service.domain.hashing import ZERO32, keccak
from ledger_service.domain.orders import Order, OrderCode, address_arg, encode_orders, text_arg
from scripts.benchmarks.measure import MONTH, ROOT

DESK = 1
RATE = 1
RATE_COINS = 5
RATE_UNITS = 60
TODAY = MONTH + timedelta(days=31)
TRANSACTION_GAS = 16_000_000
MAX_FEE_WEI = 10**12
COINS_MAX = 2**31
POLL_SECONDS = 0.001
POLLS_MAX = 60_000

_DAY = civil_day(TODAY)
_EVIDENCE = keccak(b"no evidence is made here")


@dataclass
class CreditingLedger:
    """The chain, the contract, and where the office and the centre stand."""

    chain: EmbeddedChain
    rpc: Rpc
    contract: LedgerContract
    sender: LocalSigner
    keys: dict[int, tuple[LocalSigner, ...]]
    nonce: int
    setup: bytes = b""
    tips: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def credit(self, accounts: Sequence[bytes], first_line: int) -> SignedBatch:
        """The centre's next batch: the rate's coins for each account."""
        day = civil_day(MONTH)
        words = b"".join(
            Entry(account, Kind.CREDIT, RATE, RATE_UNITS, day, line).pack()
            for line, account in enumerate(accounts, first_line)
        )
        return self._next(DESK, words, b"")

    def orders(self, orders: Sequence[Order]) -> SignedBatch:
        """The office's next batch."""
        return self._next(OFFICE_DESK, b"", encode_orders(orders))

    def transaction(self, batches: Sequence[SignedBatch]) -> bytes:
        """The next signed transaction that posts these batches."""
        signed = sign_transaction(
            self.sender,
            chain_id=self.contract.domain.chain_id,
            nonce=self.nonce,
            to=self.contract.address,
            data=encode_post(batches),
            gas=TRANSACTION_GAS,
            max_fee=MAX_FEE_WEI,
            max_priority_fee=0,
        )
        self.nonce += 1
        return signed.raw

    def _next(self, desk: int, words: bytes, annex: bytes) -> SignedBatch:
        seq, previous = self.tips.get(desk, (0, ZERO32))
        batch = Batch(desk, seq + 1, _DAY, previous, _EVIDENCE, (), words, annex)
        head = batch.digest(self.contract.domain)
        self.tips[desk] = batch.seq, head
        return SignedBatch(batch, tuple(key.sign_digest(head) for key in self.keys[desk]))


@contextmanager
def crediting_ledger(folder: Path, dice: random.Random) -> Iterator[CreditingLedger]:
    """A fresh embedded chain with the contract, its setup orders posted."""
    sender, guardian, one, two, centre = (LocalSigner(new_private_key(dice.randbytes(32))) for _ in range(5))
    office = tuple(sorted((one, two), key=lambda key: key.address))
    with EmbeddedChain(find_anvil(ROOT), folder / "anvil.log") as chain, Rpc(chain.url) as rpc:
        ensure_factory(rpc)
        fund(rpc, sender.address)
        deployment = deploy(
            rpc,
            sender,
            load_artifact(),
            district="BENCH",
            environment="test",
            office_keys=[key.address for key in office],
            guardian=guardian.address,
            dry_run=False,
        )
        ledger = CreditingLedger(
            chain,
            rpc,
            LedgerContract(rpc, deployment.address),
            sender,
            {OFFICE_DESK: office, DESK: (centre,)},
            nonce_of(rpc, sender.address, "latest"),
        )
        ledger.setup = ledger.transaction([ledger.orders(_setup_orders(centre.address))])
        broadcast(rpc, ledger.setup)
        yield ledger


def wait_for(rpc: Rpc, last: bytes) -> int:
    """Wait until the last transaction that was sent is in the latest block: that block's number.

    A nonce that counts as used is no sign: anvil shows it before the block.
    """
    wanted = hex_of(keccak(last))
    for _ in range(POLLS_MAX):
        block = rpc.call("eth_getBlockByNumber", ["latest", False])
        if wanted in block["transactions"]:
            return number_of(block["number"])
        time.sleep(POLL_SECONDS)
    raise RpcUnavailable("a transaction did not come into a block")


def gas_used(rpc: Rpc, first: int, last: int) -> int:
    """Gas of a range of blocks, both ends included."""
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(first, last + 1)])
    return sum(number_of(block["gasUsed"]) for block in blocks)


def _setup_orders(centre: bytes) -> list[Order]:
    first_day, month = civil_day(MONTH.replace(day=1)), month_number(TODAY)
    return [
        Order(OrderCode.REGISTER_DESK, (DESK, int(DeskKind.CENTRE), 0, 1, address_arg(centre))),
        Order(OrderCode.RATE, (RATE, text_arg("VOL"), first_day, _DAY, RATE_COINS, RATE_UNITS, RATE_UNITS, 60)),
        Order(OrderCode.DESK_LIMIT, (DESK, month, COINS_MAX, first_day)),
        Order(OrderCode.BUDGET, (TODAY.year, COINS_MAX, first_day)),
        Order(OrderCode.PERSON_CAP, (TODAY.year, COINS_MAX, first_day)),
        Order(OrderCode.OPEN_UNTIL, (_DAY + 30,)),
        Order(OrderCode.SEAL, ()),
    ]
