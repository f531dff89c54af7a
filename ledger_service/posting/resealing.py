"""Sealing anew what was out for signature for too long, and taking the old batch for ours after all where that is the one that lands.

A batch that an organisation holds may be signed and posted at any time, by anybody. So nothing of it is forgotten: its bundle is on the disk
before its entries are free again, and the books keep it beside its replacement. The chain takes one of the two at their sequence; what the other
one had more waits for the next batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ledger_service.domain.batches import OFFICE_DESK, SIGNATURE_WORKING_DAYS_MAX
from ledger_service.domain.days import working_days_since
from ledger_service.journal.batches import BatchKey, BatchMark, BatchRow
from ledger_service.journal.replaced import ReplacedRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.bundles import write_bundles
from ledger_service.posting.desk_signatures import evidence_of
from ledger_service.posting.findings import Findings
from ledger_service.posting.keepsakes import keepsakes_of
from ledger_service.posting.landings import Landing
from ledger_service.posting.ports import PostingContext

OPEN_BATCHES_MAX = 64


class Resealing:
    """Carries out what was said, and says whose signature has been waited for too long. One thread at a time."""

    def __init__(self, context: PostingContext, findings: Findings) -> None:
        self._context = context
        self._findings = findings

    def step(self) -> int:
        """Take apart every batch that is to be sealed anew; how many."""
        with self._context.journal.read() as unit:
            waiting = {row.batch.desk: row for row in unit.batches.sealed(OPEN_BATCHES_MAX)}
            desks = unit.master.desks()
        now = self._context.clock.now()
        for desk in desks:
            subject, row = f"signature {desk.number}", waiting.get(desk.number)
            if row is None or working_days_since(row.sealed_at, now) <= SIGNATURE_WORKING_DAYS_MAX:
                self._findings.clear(subject)
            else:
                self._findings.notice(
                    subject,
                    f"batch {row.batch.seq} of desk {desk.number} has waited for its signature for more than "
                    f"{SIGNATURE_WORKING_DAYS_MAX} working days: "
                    f"ask for it, give the desk another key, or run boram desk reseal {desk.number}",
                )
        return sum(self._take_apart(desk.number, waiting.get(desk.number)) for desk in desks if desk.resealing)

    def _take_apart(self, desk: int, row: BatchRow | None) -> bool:
        context = self._context
        if row is not None:
            evidence = evidence_of(context, row)
            with context.journal.read() as unit:
                kept = keepsakes_of(unit, row, evidence.entries)
            write_bundles(context.bundles_folder, context.vault, context.random_bytes, [(row, (), evidence, kept)])
        with context.journal.write() as unit:
            unit.master.set_resealing(desk, resealing=False)
            now_there = unit.batches.read(desk, row.batch.seq) if row is not None else None
            is_waiting = row is not None and now_there is not None and now_there.state == "sealed"
            if row is not None and is_waiting:
                unit.replaced.keep(row, context.clock.now())
                free_from(unit, desk, row.batch.seq)
                unit.audit_log.write(
                    context.clock.now(), "system", "taken apart", f"batch {desk}/{row.batch.seq}",
                    head=f"0x{row.head.hex()}",
                )  # fmt: skip
            unit.commit()
        return is_waiting


def free_from(unit: WriteUnit, desk: int, seq: int) -> None:
    """Write: the desk's batches from a sequence number on are gone from the books, and what they held waits for a batch again."""
    if desk == OFFICE_DESK:
        unit.returning.unplace_orders(seq - 1)
    else:
        unit.returning.unplace(desk, seq - 1)
        unit.loose_acts.unplace(desk, seq - 1)
    unit.batches.drop_above(desk, seq - 1)
    before = unit.batches.read(desk, seq - 1)
    head, day = (before.head, before.batch.day) if before is not None else (bytes(32), 0)
    unit.master.set_sealed(desk, seq - 1, head, day)


def bring_back(context: PostingContext, landings: Iterable[Landing], marks: Mapping[BatchKey, BatchMark]) -> int:
    """Write: replaced batches that landed are the desk's batches again, and what stands in their place waits; how many."""
    done = 0
    for landing in landings:
        mark = marks.get(landing.key)
        if mark is not None and (mark.head == landing.event.head or mark.state in ("posted", "final")):
            continue
        desk, seq = landing.key
        with context.journal.read() as unit:
            old = unit.replaced.find(desk, seq, landing.event.head)
        if old is not None:
            with context.journal.write() as writing:
                _swap(writing, context, old)
                writing.commit()
            done += 1
    return done


def _swap(unit: WriteUnit, context: PostingContext, old: ReplacedRow) -> None:
    desk, seq, now = old.batch.desk, old.batch.seq, context.clock.now()
    for row in unit.batches.of_desk(desk, seq - 1, 1):
        unit.replaced.keep(row, now)
    free_from(unit, desk, seq)
    if not unit.master.move_sealed(desk, seq, old.head, old.batch.day):
        raise RuntimeError("two follow the chain at once")
    unit.batches.add(
        old.batch, head=old.head, audit_head=old.audit_head, coins=old.coins, gas_max=old.gas_max, now=old.sealed_at
    )
    if desk == OFFICE_DESK:
        unit.orders.place(seq, old.batch.day, old.numbers)
    elif not unit.sealing.place(seq, old.numbers):
        raise RuntimeError("an entry of a batch that was replaced is in another one")
    unit.audit_log.write(now, "system", "landed after all", f"batch {desk}/{seq}", head=f"0x{old.head.hex()}")
