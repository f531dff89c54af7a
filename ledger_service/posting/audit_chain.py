"""Chaining the logs: each row's hash covers the row before it. The access log's head goes into the audit log, and the audit log's into
every batch (docs/formats.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ledger_service.domain.hashing import keccak
from ledger_service.journal.access_log import AccessRow
from ledger_service.journal.audit_log import AuditRow
from ledger_service.journal.unit import Journal, Unit

ROWS_A_TRANSACTION = 1_000
ACCESS_HEAD_ACTION = "chain access log"

Row = TypeVar("Row", AuditRow, AccessRow)


class _Log(Protocol[Row]):
    def unchained(self, rows_max: int) -> list[Row]:
        """The oldest rows without a place."""
        ...

    def tail(self) -> tuple[int, bytes]:
        """(number, hash) of the last one that has a place."""
        ...

    def chain(self, places: Sequence[tuple[int, int, bytes]]) -> None:
        """Write: (id, number, hash)."""
        ...


def row_hash(previous: bytes, row: AuditRow) -> bytes:
    """keccak(hash of the row before ‖ keccak(canonical JSON of the row))."""
    return _link(
        previous,
        {
            "id": row.id,
            "at": row.at,
            "actor": row.actor_id,
            "action": row.action,
            "subject": row.subject,
            "detail": json.loads(row.detail),
        },
    )


def look_hash(previous: bytes, row: AccessRow) -> bytes:
    """The same of a row of the access log."""
    return _link(
        previous,
        {
            "id": row.id,
            "at": row.at,
            "actor": row.actor_id,
            "assisted_by": row.assisted_by,
            "address": row.address,
            "action": row.action,
            "person": row.person_id,
            "people": row.people,
            "reason": row.reason,
        },
    )


def _link(previous: bytes, content: Mapping[str, Any]) -> bytes:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return keccak(previous + keccak(canonical.encode()))


def chain_logs(journal: Journal, now: int) -> bytes:
    """Give every row of both logs that has none its place; the hash of the audit log's last one. Only the sealer calls this."""
    with journal.read() as unit:
        before, _ = unit.access_log.tail()
    number, head = _chain_access_log(journal)
    if number > before:
        with journal.write() as writing:
            writing.audit_log.write(
                now, "system", ACCESS_HEAD_ACTION, "access log", number=number, hash=f"0x{head.hex()}"
            )
            writing.commit()
    return chain_audit_log(journal)


def chain_audit_log(journal: Journal) -> bytes:
    """Give every row of the audit log that has none its place in the chain; the hash of the last one."""
    return _chain(journal, lambda unit: unit.audit_log, row_hash)[1]


def _chain_access_log(journal: Journal) -> tuple[int, bytes]:
    return _chain(journal, lambda unit: unit.access_log, look_hash)


def _chain(
    journal: Journal, log_of: Callable[[Unit], _Log[Row]], hash_of: Callable[[bytes, Row], bytes]
) -> tuple[int, bytes]:
    with journal.read() as unit:
        number, head = log_of(unit).tail()
    while True:
        with journal.read() as unit:
            rows = log_of(unit).unchained(ROWS_A_TRANSACTION)
        if not rows:
            return number, head
        places = []
        for row in rows:
            number, head = number + 1, hash_of(head, row)
            places.append((row.id, number, head))
        with journal.write() as writing:
            log_of(writing).chain(places)
            writing.commit()
