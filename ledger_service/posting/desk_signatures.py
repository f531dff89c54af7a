"""Signing: a sealed batch gets its desk's signatures and its bundle, and may be sent from then on."""

from __future__ import annotations

from collections.abc import Sequence

from ledger_service.chain.signing import BadSignature, recover
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.journal.batches import BatchRow
from ledger_service.posting.bundles import write_bundles
from ledger_service.posting.evidence_leaves import Evidence, entry_evidence, order_evidence, people_of
from ledger_service.posting.findings import Findings
from ledger_service.posting.gate import Gate
from ledger_service.posting.keepsakes import keepsakes_of
from ledger_service.posting.ports import PostingContext
from ledger_service.posting.sealer import Carried

BATCHES_A_STEP = 64


class DeskSignatures:
    """Signs sealed batches of the desks whose keys the operator holds."""

    def __init__(self, context: PostingContext, carried: Carried, findings: Findings, gate: Gate) -> None:
        self._context = context
        self._carried = carried
        self._gate = gate
        self._findings = findings

    def sign_step(self) -> int:
        """Sign what waits and can be signed here; how many batches were."""
        context = self._context
        with context.journal.read() as unit:
            rows = unit.batches.sealed(BATCHES_A_STEP)
            stopped = {desk.number for desk in unit.master.desks() if desk.stopped} if rows else set()
        signed = []
        for row in rows:
            if row.batch.desk in stopped or not self._gate.lets(row.batch.desk) or not self._is_what_was_sealed(row):
                continue
            signatures = self._signatures(row)
            if signatures:
                evidence = self._evidence(row)
                with context.journal.read() as unit:
                    kept = keepsakes_of(unit, row, evidence.entries)
                signed.append((row, signatures, evidence, kept))
        if not signed:
            return 0
        write_bundles(context.bundles_folder, context.vault, context.random_bytes, signed)
        with context.journal.write() as unit:
            done = sum(
                unit.batches.sign(row.batch.desk, row.batch.seq, row.head, signatures)
                for row, signatures, _, _ in signed
            )
            unit.commit()
        context.kill_points.reach("after_sign")
        return done

    def _is_what_was_sealed(self, row: BatchRow) -> bool:
        """A row that was changed after it was sealed is never signed."""
        if row.batch.digest(self._context.domain) == row.head:
            return True
        self._findings.stop_desk(
            row.batch.desk, f"batch {row.batch.seq} of desk {row.batch.desk} is not what was sealed: it was changed"
        )
        return False

    def _signatures(self, row: BatchRow) -> Sequence[bytes]:
        signers = sorted(self._context.signers.signers_of(row.batch.desk), key=lambda signer: signer.address)
        return [signer.sign_digest(row.head) for signer in signers] or self._offered(row)

    def _offered(self, row: BatchRow) -> Sequence[bytes]:
        """What the organisation signed on its own machine, once enough of its keys did. What is no signature of theirs is dropped."""
        with self._context.journal.read() as unit:
            offered = unit.offers.of(row.batch.desk, row.batch.seq, row.head)
            if not offered:
                return []
            threshold, keys = unit.orders.keys_of(row.batch.desk, row.batch.seq)
        good: dict[bytes, bytes] = {}
        for signature in offered:
            try:
                signer = recover(row.head, signature)
            except BadSignature:
                continue
            if signer in keys:
                good[signer] = signature
        if set(offered) - set(good.values()):
            with self._context.journal.write() as writing:
                writing.offers.keep(row.batch.desk, row.batch.seq, good.values())
                writing.commit()
        return [good[signer] for signer in sorted(good)][:threshold] if 0 < threshold <= len(good) else []

    def _evidence(self, row: BatchRow) -> Evidence:
        """What was hashed into the batch: still at hand, or read again after a restart."""
        carried = self._carried.take(row.head)
        if carried is not None:
            return carried
        context = self._context
        with context.journal.read() as unit:
            if row.batch.desk == OFFICE_DESK:
                orders = [one.order for one in unit.orders.of_batch(row.batch.seq)]
                return order_evidence(row.audit_head, orders)
            entries = unit.entries.of_batch(row.batch.desk, row.batch.seq)
        seals = context.vault.of_many(people_of(entries))
        return entry_evidence(row.audit_head, entries, seals)
