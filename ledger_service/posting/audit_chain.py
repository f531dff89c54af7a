"""Chaining the audit log: each row's hash covers the row before it, and every batch carries the last one (docs/formats.md)."""

from __future__ import annotations

import json

from ledger_service.domain.hashing import keccak
from ledger_service.journal.audit_log import AuditRow
from ledger_service.journal.unit import Journal

ROWS_A_TRANSACTION = 1_000


def row_hash(previous: bytes, row: AuditRow) -> bytes:
    """keccak(hash of the row before ‖ keccak(canonical JSON of the row))."""
    content = {
        "id": row.id,
        "at": row.at,
        "actor": row.actor_id,
        "action": row.action,
        "subject": row.subject,
        "detail": json.loads(row.detail),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return keccak(previous + keccak(canonical.encode()))


def chain_audit_log(journal: Journal) -> bytes:
    """Give every row that has none its place in the chain; the hash of the last one. Only the sealer calls this."""
    with journal.read() as unit:
        number, head = unit.audit_log.tail()
    while True:
        with journal.read() as unit:
            rows = unit.audit_log.unchained(ROWS_A_TRANSACTION)
        if not rows:
            return head
        places = []
        for row in rows:
            number, head = number + 1, row_hash(head, row)
            places.append((row.id, number, head))
        with journal.write() as writing:
            writing.audit_log.chain(places)
            writing.commit()
