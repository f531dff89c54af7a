"""A chain in memory for tests of the books: batches are drafted and settled by the real code, and the audit's model says what the contract would do.

Nothing is signed (a statement's signature is its signer's address) or sent; the way over a real chain has its own tests (tests/integration/posting).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger_service.audit.findings import Counts, Findings
from ledger_service.audit.lots import LotCheck
from ledger_service.audit.model import Model
from ledger_service.domain.batches import OFFICE_DESK, Batch, Domain, SignedBatch
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import encode_orders
from ledger_service.journal.batches import Post
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.drafts import draft
from ledger_service.posting.follower import _finalise, _Settled
from ledger_service.posting.settlement import Settlement
from tests.books import Books

ROUNDS_MAX = 1_000


@dataclass
class MemoryChain:
    """Takes what the books have accepted, batch by batch."""

    books: Books
    domain: Domain = field(default_factory=lambda: Domain(31337, b"\x0c" * 20))

    def __post_init__(self) -> None:
        self.model = Model(
            self.domain, [b"\x01" * 20, b"\x02" * 20], b"\x03" * 20, lambda _digest, signature: signature[:20]
        )
        self.findings = Findings()
        self.lots = LotCheck(self.findings, Counts())
        self.held_back: set[int] = set()
        """Desks whose batches do not land for now."""

    def post(self) -> int:
        """Seal, land and settle until nothing can be sealed any more; how many batches landed."""
        for landed in range(ROUNDS_MAX):
            if not (self._post_orders() or self._post_entries()):
                return landed
        raise AssertionError("the chain never came to rest")

    def audit(self) -> list[str]:
        """What the audit's own fold of the lots finds so far."""
        self.lots.check(self.model.state)
        return [f"{one.code} {one.where}: {one.expected} / {one.found}" for one in self.findings.listed()]

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
                OFFICE_DESK, desk.sealed_seq + 1, civil_day(self.books.clock.today()), desk.sealed_head, b"\x09" * 32, (), b"",
                encode_orders([row.order for row in rows]),
            )  # fmt: skip
            self._land(unit, batch, [])
            unit.orders.place(batch.seq, [row.id for row in rows])
            unit.commit()
        return True

    def _post_entries(self) -> bool:
        landed = False
        with self.books.journal.write() as unit:
            for close in unit.closes.unsigned(ROUNDS_MAX):
                assert close.desk is not None
                unit.closes.sign(close.id, close.desk.to_bytes(20, "big") + bytes(45))
            unit.commit()
        with self.books.journal.read() as unit:
            desks = {desk.number: desk for desk in unit.master.desks()}
            waiting = [number for number in unit.entries.desks_with_unsealed() if number not in self.held_back]
            treasuries = [number for number, desk in desks.items() if desk.kind is DeskKind.TREASURY]
        for number in waiting:
            with self.books.journal.write() as unit:
                desk = unit.master.desk(number)
                assert desk is not None
                made, _ = draft(unit, desk, desks[OFFICE_DESK].sealed_seq, unit.entries.open_expiries(treasuries))
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
        assert not numbers or unit.batches.place(batch.seq, numbers)
        unit.batches.sign(batch.desk, batch.seq, head, [bytes(65)])
        signatures = (bytes(65), bytes(65))
        applied = self.model.apply(SignedBatch(batch, signatures), head)
        self.lots.see(batch, applied)
        posts = self.model.state.posts
        unit.batches.mark_posted([Post(batch.desk, batch.seq, posts, posts, head, len(applied.skips))])
        sums = Settlement()
        if batch.desk != OFFICE_DESK:
            for index, reason in applied.skips:
                unit.entries.mark_skipped(batch.desk, batch.seq, index, reason)
            movements = unit.batches.movements(batch.desk, batch.seq)
            sums.add(batch.desk, batch.seq, movements, {index for index, _ in applied.skips})
        key = batch.desk, batch.seq
        skipping = (key,) if applied.skips and batch.desk != OFFICE_DESK else ()
        _finalise(unit, _Settled((key,), sums, skipping, (key,)))
