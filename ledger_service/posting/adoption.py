"""Adopting a desk: the chain has other batches of it than the books, somebody else held its key, and two people said that the chain's stand.

The books take the chain's head. What of their own had not landed waits for new batches; what is on the chain and nobody here sealed comes in by its
words, so that the balances follow, and is listed entry by entry for correction.
"""

from __future__ import annotations

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.journal.master import DeskRow
from ledger_service.posting.findings import Findings
from ledger_service.posting.follower import BLOCKS_A_STEP, Follower
from ledger_service.posting.landings import Landing, read_landings
from ledger_service.posting.ports import ChainAccess, PostingContext

HEADS_A_REQUEST = 200


class Adoption:
    """Carries out what was approved. One thread at a time."""

    def __init__(self, context: PostingContext, chain: ChainAccess, findings: Findings, follower: Follower) -> None:
        self._context = context
        self._chain = chain
        self._findings = findings
        self._follower = follower

    def step(self) -> int:
        """Adopt every desk for which that was approved; how many."""
        with self._context.journal.read() as unit:
            desks = [desk for desk in unit.master.desks() if desk.adopting]
        return sum(self._adopt(desk) for desk in desks)

    def _adopt(self, desk: DeskRow) -> bool:
        common, head, day, block = self._last_common(desk)
        tip = self._chain.contract.tips([desk.number], "latest")[desk.number]
        strange = self._landings(desk.number, common, block) if tip.next_seq - 1 > common else []
        if strange and (strange[-1].key[1] != tip.next_seq - 1 or not self._follower.is_final(strange[-1])):
            return False  # the rest is not read, or not final, yet: a later pass adopts it
        if common < desk.sealed_seq and not self._withdraw(desk.number, common, head, day):
            return False
        for landing in strange:
            self._follower.bring_in(landing, is_foreign=True)
        with self._context.journal.read() as unit:
            taken = unit.master.desk(desk.number)
        if taken is None or taken.sealed_seq != max(tip.next_seq - 1, common):
            self._give_up(
                desk.number, f"desk {desk.number} cannot be adopted: what it has on the chain contradicts the books"
            )
            return False
        with self._context.journal.write() as unit:
            foreign = unit.outside.call_foreign(desk.number)
            unit.master.stop_desk(desk.number, None)
            unit.master.set_adopting(desk.number, adopting=False)
            unit.audit_log.write(
                self._context.clock.now(), "system", "adopted", f"desk {desk.number}",
                common=common, taken=len(strange), foreign=foreign,
            )  # fmt: skip
            unit.commit()
        self._findings.clear(f"desk {desk.number}")
        return True

    def _last_common(self, desk: DeskRow) -> tuple[int, bytes, int, int]:
        """Seq, head and day of the last batch that books and chain agree on, and the block before the first that they may not."""
        with self._context.journal.read() as unit:
            identity = unit.chain_marks.identity()
            rows = list(unit.batches.of_desk(desk.number, max(desk.sealed_seq - HEADS_A_REQUEST, 0), HEADS_A_REQUEST))
        assert identity is not None, "the chain was prepared"
        found = self._chain.contract.heads_of([row.key for row in rows], "latest")
        for row, on_chain in zip(reversed(rows), reversed(found), strict=True):
            if row.head == on_chain:
                return row.batch.seq, row.head, row.batch.day, (row.block_number or identity.deploy_block + 1) - 1
        return 0, bytes(32), 0, identity.deploy_block

    def _landings(self, desk: int, common: int, after_block: int) -> list[Landing]:
        """The batches of a desk beyond the last common one, from the blocks that the follower has read."""
        with self._context.journal.read() as unit:
            last = unit.chain_marks.last_block()
        found: list[Landing] = []
        latest = last[0] if last else after_block
        for start in range(after_block + 1, latest + 1, BLOCKS_A_STEP):
            reading = read_landings(self._chain.contract, start, min(start + BLOCKS_A_STEP - 1, latest))
            found += [one for one in reading.landings if one.key[0] == desk and one.key[1] > common]
        return found

    def _withdraw(self, desk: int, common: int, head: bytes, day: int) -> bool:
        """Take the books' own batches beyond the common one apart: their entries wait for a batch again. Not where coins moved by them."""
        with self._context.journal.read() as unit:
            rows = unit.batches.of_desk(desk, common, HEADS_A_REQUEST)
        if any(row.state == "final" for row in rows):
            self._give_up(
                desk,
                f"desk {desk} cannot be adopted: batch {common + 1} was final in the books, and the chain has another one",
            )
            return False
        with self._context.journal.write() as unit:
            if desk == OFFICE_DESK:
                unit.returning.unplace_orders(common)
            else:
                unit.returning.unplace(desk, common)
                unit.loose_acts.unplace(desk, common)
            unit.batches.drop_above(desk, common)
            unit.master.set_sealed(desk, common, head, day)
            unit.commit()
        return True

    def _give_up(self, desk: int, finding: str) -> None:
        """It stays stopped, and is not tried again until two people say so."""
        self._findings.stop_desk(desk, finding)
        with self._context.journal.write() as unit:
            unit.master.set_adopting(desk, adopting=False)
            unit.commit()
