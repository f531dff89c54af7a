"""Signing: a sealed batch gets its desk's signatures and its bundle, and may be sent from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ledger_service.chain.signing import BadSignature, recover
from ledger_service.domain.batches import OFFICE_DESK, SignedBatch
from ledger_service.journal.batches import BatchRow
from ledger_service.journal.desk_keys import KeyHistory, Keys
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
        self._take_back_stale()
        with context.journal.read() as unit:
            rows = unit.batches.sealed(BATCHES_A_STEP)
            stopped = {desk.number for desk in unit.master.desks() if desk.stopped} if rows else set()
            history = unit.desk_keys.history() if rows else KeyHistory({})
        signed = []
        for row in rows:
            if row.batch.desk in stopped or not self._gate.lets(row.batch.desk) or not self._is_what_was_sealed(row):
                continue
            signatures = self._signatures(row, history)
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

    def _take_back_stale(self) -> None:
        """A batch that waits for the chain with a signature of a key that is not its desk's any more is signed again: its head stays.

        It happens before anything is signed, the order that changes the keys too, so that what can still be sent is signed by keys that count.
        """
        with self._context.journal.read() as unit:
            history = unit.desk_keys.history()
            changed = history.changed()
            rows = unit.batches.signed_of(changed, BATCHES_A_STEP) if changed else []
        stale = [
            row for row in rows if not is_signed(row.head, row.signatures, history.at(row.batch.desk, row.batch.seq))
        ]
        if stale:
            with self._context.journal.write() as writing:
                for row in stale:
                    writing.batches.unsign(row.batch.desk, row.batch.seq)
                writing.commit()

    def _signatures(self, row: BatchRow, history: KeyHistory) -> Sequence[bytes]:
        """What the desk's keys sign here, or signed elsewhere; none while a change of its keys is on its way."""
        desk = row.batch.desk
        keys = history.at(desk, row.batch.seq)
        if keys is None and history.knows(desk):
            return []
        held = self._context.signers.signers_of(desk, None if keys is None else keys.signers)
        if held and (keys is None or len(held) >= keys.threshold):
            return [signer.sign_digest(row.head) for signer in sorted(held, key=lambda signer: signer.address)]
        return self._offered(row, keys) if keys is not None else []

    def _offered(self, row: BatchRow, keys: Keys) -> Sequence[bytes]:
        """What the organisation signed on its own machine, once enough of its keys did. What is no signature of theirs is dropped."""
        with self._context.journal.read() as unit:
            offered = unit.offers.of(row.batch.desk, row.batch.seq, row.head)
        if not offered:
            return []
        good = {signer: one for one in offered if (signer := _signer(row.head, one)) in keys.signers}
        if set(offered) - set(good.values()):
            with self._context.journal.write() as writing:
                writing.offers.keep(row.batch.desk, row.batch.seq, good.values())
                writing.commit()
        return [good[signer] for signer in sorted(good)][: keys.threshold] if len(good) >= keys.threshold else []

    def _evidence(self, row: BatchRow) -> Evidence:
        """What was hashed into the batch: still at hand, or read again after a restart."""
        return self._carried.take(row.head) or evidence_of(self._context, row)


def evidence_of(context: PostingContext, row: BatchRow) -> Evidence:
    """What was hashed into a batch of the books, read again."""
    with context.journal.read() as unit:
        if row.batch.desk == OFFICE_DESK:
            return order_evidence(row.audit_head, [one.order for one in unit.orders.of_batch(row.batch.seq)])
        entries = unit.entries.of_batch(row.batch.desk, row.batch.seq)
    return entry_evidence(row.audit_head, entries, context.vault.of_many(people_of(entries)))


def keep_bundles(context: PostingContext, signed: Iterable[SignedBatch]) -> None:
    """Write the bundles of sealed batches that somebody else had signed and posted: no batch is on the chain without one."""
    found = []
    for one in signed:
        with context.journal.read() as unit:
            row = unit.batches.read(one.batch.desk, one.batch.seq)
        assert row is not None, "it was sealed here"
        evidence = evidence_of(context, row)
        with context.journal.read() as unit:
            found.append((row, one.signatures, evidence, keepsakes_of(unit, row, evidence.entries)))
    if found:
        write_bundles(context.bundles_folder, context.vault, context.random_bytes, found)


def _signer(head: bytes, signature: bytes) -> bytes:
    """Who made a signature; no address where it is none."""
    try:
        return recover(head, signature)
    except BadSignature:
        return b""


def is_signed(head: bytes, signatures: Iterable[bytes], keys: Keys | None) -> bool:
    """Whether these signatures are a desk's: of its keys only, and of enough of them."""
    signers = {_signer(head, one) for one in signatures}
    return keys is not None and signers <= keys.signers and len(signers) >= keys.threshold
