"""Sealing: entries become batches, each with its number, the head before it and the root of its evidence.

Reading and hashing happen outside of the write lock; the short write transaction only sees that nothing moved meanwhile.
No entry is sealed while an order waits: it may rely on that order, and its batch could not name it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from ledger_service.domain.batches import (
    BATCH_ANNEX_BYTES_MAX,
    BATCH_ENTRIES_WITH_ANNEX_MAX,
    BATCH_GAS_MAX,
    BATCH_NEEDS_MAX,
    BATCH_SIGNATURES_MAX,
    OFFICE_DESK,
    Batch,
)
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.evidence import root_of
from ledger_service.domain.orders import encode_orders
from ledger_service.journal.master import DeskRow
from ledger_service.journal.orders import OrderRow
from ledger_service.journal.unit import Unit
from ledger_service.journal.vault import PersonSeal
from ledger_service.posting.drafts import Draft, draft
from ledger_service.posting.evidence_leaves import Evidence, entry_evidence, order_evidence, people_of
from ledger_service.posting.findings import Findings
from ledger_service.posting.gas import batch_gas, order_gas
from ledger_service.posting.gate import Gate
from ledger_service.posting.kept_logs import KeptLogs
from ledger_service.posting.ports import PostingContext

ORDERS_A_BATCH_MAX = 100
ORDERS_SUBJECT = "orders"
CARRIED_BATCHES_MAX = 128
OPERATOR = 0
BATCHES_A_UNIT = 4  # keeps the write lock short: some 2,000 entries, 10 to 20 ms


class Carried:
    """The evidence of batches just sealed, so that signing need not read it again. It is only a shortcut."""

    def __init__(self) -> None:
        self._by_head: OrderedDict[bytes, Evidence] = OrderedDict()

    def put(self, head: bytes, evidence: Evidence) -> None:
        """Keep it for the signer; the oldest is let go."""
        self._by_head[head] = evidence
        if len(self._by_head) > CARRIED_BATCHES_MAX:
            self._by_head.popitem(last=False)

    def take(self, head: bytes) -> Evidence | None:
        """Give it away, once."""
        return self._by_head.pop(head, None)


class Sealer:
    """Seals what is accepted. One thread at a time."""

    def __init__(
        self, context: PostingContext, carried: Carried, findings: Findings, gate: Gate, logs: KeptLogs
    ) -> None:
        self._context = context
        self._carried = carried
        self._gate = gate
        self._findings = findings
        self._logs = logs
        self.is_bulk = False
        """Whether the last step sealed large batches: then more of them wait."""

    def seal_step(self) -> int:
        """Seal at most one batch of each desk that has entries and whose last batch is signed; how many were sealed."""
        context = self._context
        with context.journal.read() as unit:
            waiting = unit.sealing.desks_with_unsealed()
            orders = unit.orders.unsealed(ORDERS_A_BATCH_MAX)
            unsigned = unit.batches.unsigned_desks()
        self.is_bulk = False
        self._say_who_waits(orders, unsigned)
        if not waiting and not orders:
            return 0
        sealed = self._seal_orders(orders) if orders else 0
        with context.journal.read() as unit:
            unsigned = unit.batches.unsigned_desks()
            desks = {desk.number: desk for desk in unit.master.desks()}
            open_desks = [
                desks[number]
                for number in waiting
                if number not in unsigned and not desks[number].stopped and self._gate.lets(number)
            ]
            office_seq = desks[OFFICE_DESK].sealed_seq if OFFICE_DESK in desks else 0
            treasuries = [desk.number for desk in desks.values() if desk.kind is DeskKind.TREASURY and not desk.stopped]
            expiring = unit.sealing.open_expiries(treasuries)
            drafts = [one for desk in open_desks if (one := self._draft(unit, desk, office_seq, expiring)) is not None]
            if drafts and unit.orders.unsealed(
                1
            ):  # asked last, so that no entry was read that came after an order was not
                return sealed
        if not drafts:
            return sealed
        self.is_bulk = any(len(one.entries) >= BATCH_ENTRIES_WITH_ANNEX_MAX for one in drafts)
        # After the entries were read, so that the head that a batch carries covers the acts behind all its entries.
        audit_head = self._logs.chain()
        seals = context.vault.of_many(people_of(row for one in drafts for row in one.entries))
        for start in range(0, len(drafts), BATCHES_A_UNIT):
            sealed += self._seal_entries(drafts[start : start + BATCHES_A_UNIT], audit_head, seals)
        return sealed

    def _draft(self, unit: Unit, desk: DeskRow, office_seq: int, expiring: Mapping[bytes, int]) -> Draft | None:
        made, stuck = draft(unit, desk, office_seq, expiring)
        subject = f"needs {desk.number}"
        if stuck:
            self._findings.notice(
                subject,
                f"charges of {stuck} accounts at desk {desk.number} cannot be sealed: more than {BATCH_NEEDS_MAX - 1} desks gave them their coins",
            )
        elif made is not None:
            self._findings.clear(subject)
        return made

    def _say_who_waits(self, orders: Sequence[OrderRow], unsigned: set[int]) -> None:
        """Orders that nobody here can sign hold every desk's entries, or their batches, back: a person has to know."""
        if OFFICE_DESK in unsigned and not self._context.signers.signers_of(OFFICE_DESK):
            self._findings.notice(
                ORDERS_SUBJECT, "orders wait for the office's signature, and everything accepted since waits with them"
            )
        elif orders and self._is_office_stopped():
            self._findings.notice(
                ORDERS_SUBJECT, "orders wait because the office's desk is stopped, and all entries wait with them"
            )
        else:
            self._findings.clear(ORDERS_SUBJECT)

    def _is_office_stopped(self) -> bool:
        with self._context.journal.read() as unit:
            desk = unit.master.desk(OFFICE_DESK)
        return desk is None or bool(desk.stopped)

    def _seal_orders(self, rows: list[OrderRow]) -> int:
        context = self._context
        with context.journal.read() as unit:
            desk = unit.master.desk(OFFICE_DESK)
            if (
                desk is None
                or desk.stopped
                or not self._gate.lets(OFFICE_DESK)
                or OFFICE_DESK in unit.batches.unsigned_desks()
            ):
                return 0
        audit_head = self._logs.chain()
        rows, annex, gas = _fitting(rows)
        evidence = order_evidence(audit_head, [row.order for row in rows])
        batch = Batch(
            desk=OFFICE_DESK,
            seq=desk.sealed_seq + 1,
            day=max(rows[0].day, desk.sealed_day),
            previous_head=desk.sealed_head,
            evidence_root=root_of(evidence.leaves),
            needs=(),
            words=b"",
            annex=annex,
        )
        head = batch.digest(context.domain)
        with context.journal.write() as unit:
            if not unit.master.move_sealed(OFFICE_DESK, batch.seq, head, batch.day):
                return 0
            unit.batches.add(batch, head=head, audit_head=audit_head, coins=0, gas_max=gas, now=context.clock.now())
            unit.orders.place(batch.seq, batch.day, [row.id for row in rows])
            unit.commit()
        self._carried.put(head, evidence)
        context.kill_points.reach("after_seal")
        return 1

    def _seal_entries(self, drafts: Sequence[Draft], audit_head: bytes, seals: Mapping[str, PersonSeal]) -> int:
        """Hash some drafts, then store them in one write transaction, or none of them where one has moved."""
        context = self._context
        hashed = []
        for one in drafts:
            evidence = entry_evidence(audit_head, one.entries, seals)
            batch = _batch_of(one, root_of(evidence.leaves))
            hashed.append((one, batch, batch.digest(context.domain), evidence))
        with context.journal.write() as unit:
            for one, batch, head, _ in hashed:
                if not unit.master.move_sealed(batch.desk, batch.seq, head, batch.day):
                    return 0
                unit.batches.add(
                    batch,
                    head=head,
                    audit_head=audit_head,
                    coins=one.coins,
                    gas_max=one.gas_max,
                    now=context.clock.now(),
                )
                if not unit.sealing.place(batch.seq, [row.journal_no for row in one.entries]):
                    return 0
                if one.desk.custody == OPERATOR:  # not where an organisation may take days to sign
                    unit.loose_acts.place(batch.desk, batch.seq)
            unit.commit()
        for _, _, head, evidence in hashed:
            self._carried.put(head, evidence)
        context.kill_points.reach("after_seal")
        return len(hashed)


def _fitting(rows: list[OrderRow]) -> tuple[list[OrderRow], bytes, int]:
    """As many orders as one batch takes, their annex, and the gas bound."""
    while True:
        annex = encode_orders([row.order for row in rows])
        gas = batch_gas(
            sum(order_gas(row.order) for row in rows),
            needs=0,
            annex_bytes=len(annex),
            signatures=BATCH_SIGNATURES_MAX,
        )
        if len(rows) == 1 or (gas <= BATCH_GAS_MAX and len(annex) <= BATCH_ANNEX_BYTES_MAX):
            return rows, annex, gas
        rows = rows[: max(len(rows) * 3 // 4, 1)]


def _batch_of(one: Draft, evidence_root: bytes) -> Batch:
    desk: DeskRow = one.desk
    return Batch(
        desk=desk.number,
        seq=desk.sealed_seq + 1,
        day=one.day,
        previous_head=desk.sealed_head,
        evidence_root=evidence_root,
        needs=one.needs,
        words=one.words,
        annex=one.annex,
    )
