"""A chain in memory for tests of the books: batches are drafted and settled by the real code, and the audit's model says what the contract would do.

Everything is signed. Where a contract stands beneath it (tests/audit/support.py), every batch is posted to it as well, and has to end as the
model says; the service's own way over a chain has its own tests (tests/integration/posting).
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.audit.findings import Counts, Findings
from ledger_service.audit.lots import LotCheck
from ledger_service.audit.model import Model
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.signing import recover
from ledger_service.domain.batches import OFFICE_DESK, Batch, Domain, SignedBatch
from ledger_service.domain.closes import close_digest
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import OrderCode, encode_orders
from ledger_service.journal.closes import CloseRow
from ledger_service.journal.posts import Post
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.drafts import draft
from ledger_service.posting.finality import Settled, finalise
from ledger_service.posting.settlement import Settlement
from ledger_service.services import opening, setup
from tests.audit.support import GUARDIAN, OFFICE, Ledger
from tests.books import Books, NumberedDeskKeys

ROUNDS_MAX = 1_000
OFFICE_SIGNATURES = 2


@dataclass
class MemoryChain:
    """Takes what the books have accepted, batch by batch."""

    books: Books
    ledger: Ledger | None = None
    """A contract that takes the same batches."""

    def __post_init__(self) -> None:
        self.domain = self.ledger.domain if self.ledger else Domain(31337, b"\x0c" * 20)
        self.model = Model(self.domain, [one.address for one in OFFICE], GUARDIAN.address, recover)
        self.findings = Findings()
        self.lots = LotCheck(self.findings, Counts())
        self.skipped_orders: list[str] = []
        self.held_back: set[int] = set()
        """Desks whose batches do not land for now."""

    def post(self) -> int:
        """Seal, land and settle until nothing can be sealed any more; how many batches landed."""
        self._keep_open()
        for landed in range(ROUNDS_MAX):
            if not (self._post_orders() or self._post_entries()):
                return landed
        raise AssertionError("the chain never came to rest")

    def audit(self) -> list[str]:
        """What the audit's own fold of the lots finds so far."""
        self.lots.check(self.model.state)
        return [f"{one.code} {one.where}: {one.expected} / {one.found}" for one in self.findings.listed()]

    def _keep_open(self) -> None:
        """The district opens its ledger (in setup still, so that changes need no notice), and the service keeps it open."""
        with self.books.journal.read() as unit:
            is_open = unit.orders.opening() is not None
        if not is_open:
            made = setup.propose(self.books.context, self.books.office, None, "open", [{"step": "open"}])
            setup.approve_orders(self.books.context, self.books.second, None, made["id"])
        opening.extend_opening(self.books.context)

    def _post_orders(self) -> bool:
        with self.books.journal.write() as unit:
            rows = unit.orders.unsealed(100)
            if not rows:
                return False
            desk = unit.master.desk(OFFICE_DESK)
            if desk is None:
                unit.master.add_desk(OFFICE_DESK, DeskKind.OFFICE, "OFFICE", "office", 0, 1)
                desk = unit.master.desk(OFFICE_DESK)
            assert desk is not None
            batch = Batch(
                OFFICE_DESK, desk.sealed_seq + 1, max(rows[0].day, desk.sealed_day), desk.sealed_head, b"\x09" * 32, (), b"",
                encode_orders([row.order for row in rows]),
            )  # fmt: skip
            self._land(unit, batch, [])
            unit.orders.place(batch.seq, batch.day, [row.id for row in rows])
            unit.commit()
        return True

    def _post_entries(self) -> bool:
        landed = False
        with self.books.journal.write() as unit:
            for close in unit.closes.unsigned(ROUNDS_MAX):
                unit.closes.sign(close.id, self._statement(unit, close))
            unit.commit()
        with self.books.journal.read() as unit:
            desks = {desk.number: desk for desk in unit.master.desks()}
            waiting = [number for number in unit.sealing.desks_with_unsealed() if number not in self.held_back]
            treasuries = [number for number, desk in desks.items() if desk.kind is DeskKind.TREASURY]
        for number in waiting:
            with self.books.journal.write() as unit:
                desk = unit.master.desk(number)
                assert desk is not None
                made, _ = draft(unit, desk, desks[OFFICE_DESK].sealed_seq, unit.sealing.open_expiries(treasuries))
                if made is None:
                    continue
                batch = Batch(
                    number,
                    desk.sealed_seq + 1,
                    made.day,
                    desk.sealed_head,
                    b"\x09" * 32,
                    made.needs,
                    made.words,
                    made.annex,
                )
                self._land(unit, batch, [row.journal_no for row in made.entries], made.coins)
                unit.commit()
            landed = True
        return landed

    def _land(self, unit: WriteUnit, batch: Batch, numbers: list[int], coins: int = 0) -> None:
        head = batch.digest(self.domain)
        assert unit.master.move_sealed(batch.desk, batch.seq, head, batch.day)
        unit.batches.add(batch, head=head, audit_head=bytes(32), coins=coins, gas_max=1, now=self.books.clock.now())
        assert not numbers or unit.sealing.place(batch.seq, numbers)
        signers = OFFICE[:OFFICE_SIGNATURES] if batch.desk == OFFICE_DESK else [NumberedDeskKeys.signer(batch.desk)]
        signed = SignedBatch(batch, tuple(one.sign_digest(head) for one in signers))
        unit.batches.sign(batch.desk, batch.seq, head, list(signed.signatures))
        refused = self.model.refusal_of(signed, head)
        assert refused is None, refused
        applied = self.model.apply(signed, head)
        self.skipped_orders += [f"{OrderCode(one.code).name}: {one.skip.name}" for one in applied.orders if one.skip]
        self.lots.see(batch, applied)
        if self.ledger is not None:
            self._post_to(self.ledger, signed, head, [index for index, _ in applied.skips])
        posts = self.model.state.posts
        unit.posts.mark_posted([Post(batch.desk, batch.seq, posts, posts, head, len(applied.skips))])
        sums = Settlement()
        if batch.desk != OFFICE_DESK:
            for index, reason in applied.skips:
                unit.settling.mark_skipped(batch.desk, batch.seq, index, reason)
            movements = unit.settling.movements(batch.desk, batch.seq)
            sums.add(batch.desk, batch.seq, movements, {index for index, _ in applied.skips})
        key = batch.desk, batch.seq
        skipping = (key,) if applied.skips and batch.desk != OFFICE_DESK else ()
        finalise(unit, Settled((key,), sums, skipping, (key,)))

    def _statement(self, unit: WriteUnit, close: CloseRow) -> bytes:
        """The venue's signature under its close."""
        assert close.desk is not None
        last = unit.batches.read(close.desk, close.last_seq)
        assert last is not None
        digest = close_digest(self.domain, close.desk, close.month, last.head, close.coins, close.krw)
        return NumberedDeskKeys.signer(close.desk).sign_digest(digest)

    @staticmethod
    def _post_to(ledger: Ledger, signed: SignedBatch, head: bytes, skipped: list[int]) -> None:
        """The contract takes the batch too, and skips the same."""
        ledger.post(signed)
        contract, batch = LedgerContract(ledger.rpc, ledger.contract), signed.batch
        assert contract.head_of(batch.desk, batch.seq, "latest") == head
        assert contract.skips_of(batch.desk, batch.seq, "latest") == skipped
