"""Batches that were out for signature and have a replacement at their place. Whichever lands is the desk's batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger_service.domain.batches import OFFICE_DESK, Batch, Need
from ledger_service.journal.batches import BatchRow
from ledger_service.journal.schema import entries, orders, replaced_batches


@dataclass(frozen=True, slots=True)
class ReplacedRow:
    """Such a batch, as it was sealed. `numbers` are the journal numbers of its entries, or the ids of its orders, in order."""

    batch: Batch
    head: bytes
    audit_head: bytes
    coins: int
    gas_max: int
    sealed_at: int
    numbers: tuple[int, ...]


class Replaced:
    """Repository of replaced batches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, row: BatchRow, now: int) -> None:
        """Write: a batch that is taken apart, and what it holds. Once for each head."""
        if self.find(row.batch.desk, row.batch.seq, row.head) is not None:
            return
        batch = row.batch
        content = {
            "day": batch.day, "previous_head": batch.previous_head.hex(), "evidence_root": batch.evidence_root.hex(),
            "needs": [[need.desk, need.seq] for need in batch.needs], "words": batch.words.hex(), "annex": batch.annex.hex(),
            "audit_head": row.audit_head.hex(), "coins": row.coins, "gas_max": row.gas_max, "sealed_at": row.sealed_at,
            "numbers": self._numbers(batch.desk, batch.seq),
        }  # fmt: skip
        self._connection.execute(
            insert(replaced_batches).values(
                desk=batch.desk, seq=batch.seq, head=row.head, content=json.dumps(content), replaced_at=now
            )
        )

    def find(self, desk: int, seq: int, head: bytes) -> ReplacedRow | None:
        """The replaced batch with this head."""
        stored = self._connection.execute(
            select(replaced_batches.c.content).where(
                replaced_batches.c.desk == desk, replaced_batches.c.seq == seq, replaced_batches.c.head == head
            )
        ).scalar_one_or_none()
        if stored is None:
            return None
        content = json.loads(stored)
        batch = Batch(
            desk=desk,
            seq=seq,
            day=content["day"],
            previous_head=bytes.fromhex(content["previous_head"]),
            evidence_root=bytes.fromhex(content["evidence_root"]),
            needs=tuple(Need(*need) for need in content["needs"]),
            words=bytes.fromhex(content["words"]),
            annex=bytes.fromhex(content["annex"]),
        )
        return ReplacedRow(
            batch, head, bytes.fromhex(content["audit_head"]), content["coins"], content["gas_max"], content["sealed_at"],
            tuple(content["numbers"]),
        )  # fmt: skip

    def _numbers(self, desk: int, seq: int) -> Sequence[int]:
        wanted = (
            select(orders.c.id).where(orders.c.seq == seq).order_by(orders.c.position)
            if desk == OFFICE_DESK
            else select(entries.c.journal_no)
            .where(entries.c.desk == desk, entries.c.seq == seq)
            .order_by(entries.c.position)
        )
        return list(self._connection.execute(wanted).scalars())
