"""The audit log: who did what, when and why, written with the command itself and chained by hashes before each seal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from ledger_service.journal.access_log import LOOKING
from ledger_service.journal.schema import audit_log


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. `detail` is canonical JSON with ids, amounts and reasons."""

    id: int
    at: int
    actor_id: str
    action: str
    subject: str
    detail: str
    number: int | None
    hash: bytes | None


_WRITE = insert(audit_log)


class AuditLog:
    """Repository of the audit log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, at: int, actor_id: str, action: str, subject: str, **detail: Any) -> None:
        """Write: one act, in the transaction that does it. At a desk, the member of staff who assists stands beside the resident."""
        looking = LOOKING.get()
        if looking is not None and looking.assisted_by is not None:
            detail["assisted_by"] = looking.assisted_by
        told = json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        row = {"at": at, "actor_id": actor_id, "action": action, "subject": subject, "detail": told}
        self._connection.execute(_WRITE, row)

    def unchained(self, rows_max: int) -> list[AuditRow]:
        """The oldest rows that have no place in the chain of hashes yet."""
        rows = self._connection.execute(
            select(audit_log).where(audit_log.c.number.is_(None)).order_by(audit_log.c.id).limit(rows_max)
        )
        return [AuditRow(*row) for row in rows]

    def tail(self) -> tuple[int, bytes]:
        """(number, hash) of the last chained row; (0, zero) before the first."""
        number = self._connection.execute(select(func.max(audit_log.c.number))).scalar_one()
        if number is None:
            return 0, bytes(32)
        return number, self._connection.execute(
            select(audit_log.c.hash).where(audit_log.c.number == number)
        ).scalar_one()

    def chain(self, places: Sequence[tuple[int, int, bytes]]) -> None:
        """Write: (id, number, hash) of newly chained rows."""
        if places:
            self._connection.execute(
                update(audit_log)
                .where(audit_log.c.id == bindparam("row_id"))
                .values(number=bindparam("place"), hash=bindparam("link")),
                [{"row_id": row_id, "place": number, "link": link} for row_id, number, link in places],
            )
