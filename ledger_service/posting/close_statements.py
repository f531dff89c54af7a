"""Closing statements: the venue's keys sign the figures that the venue's person confirmed and the coin office approved."""

from __future__ import annotations

from ledger_service.domain.closes import close_digest
from ledger_service.journal.closes import CloseRow
from ledger_service.journal.unit import Unit
from ledger_service.posting.findings import Findings
from ledger_service.posting.ports import PostingContext

CLOSES_A_STEP = 64


class CloseStatements:
    """Signs for the venues whose keys the operator holds; the others' closes wait for their organisation."""

    def __init__(self, context: PostingContext, findings: Findings) -> None:
        self._context = context
        self._findings = findings

    def sign_step(self) -> int:
        """Sign what waits and can be signed here; how many closes were."""
        with self._context.journal.read() as unit:
            rows = unit.closes.unsigned(CLOSES_A_STEP)
            signed = [(row.id, joined) for row in rows if (joined := self._signatures(unit, row))]
        if not signed:
            return 0
        with self._context.journal.write() as unit:
            done = sum(unit.closes.sign(close_id, joined) for close_id, joined in signed)
            unit.commit()
        return done

    def _signatures(self, unit: Unit, row: CloseRow) -> bytes:
        """The venue's signatures, 65 bytes each, ascending by signer; none where its organisation holds the key."""
        assert row.desk is not None, "only a venue signs"
        history = unit.desk_keys.history()
        keys = history.at(row.desk, unit.posts.tip(row.desk)[0] + 1)  # the contract asks for those of the next batch
        among = keys.signers if keys is not None else frozenset[bytes]() if history.knows(row.desk) else None
        signers = sorted(self._context.signers.signers_of(row.desk, among), key=lambda signer: signer.address)
        subject = f"close {row.id}"
        if not signers:
            self._findings.notice(subject, f"the close {row.id} of desk {row.desk} waits for the venue's own signature")
            return b""
        self._findings.clear(subject)
        batch = unit.batches.read(row.desk, row.last_seq)
        assert batch is not None, "a close names a batch that is final"
        digest = close_digest(self._context.domain, row.desk, row.month, batch.head, row.coins, row.krw)
        return b"".join(signer.sign_digest(digest) for signer in signers)
