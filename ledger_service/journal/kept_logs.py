"""Chained rows of the two logs on their way into files and back (posting/kept_logs.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text, update

from ledger_service.journal.access_log import AccessRow
from ledger_service.journal.audit_log import AuditRow
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.chunks import chunks
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.schema import access_log, audit_log, batches

AUDIT, ACCESS = "audit", "access"
LOGS: Mapping[str, tuple[Table, type[AuditRow] | type[AccessRow]]] = {
    AUDIT: (audit_log, AuditRow),
    ACCESS: (access_log, AccessRow),
}
QUERY_KEYS_MAX = 500

LogRow = AuditRow | AccessRow


class KeptLogs:
    """Queries and writes for one log at a time, by its name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def extent(self, log: str) -> tuple[int, int]:
        """(number of the last chained row, how many chained rows there are): unlike where some are gone."""
        table, _ = LOGS[log]
        found = self._connection.execute(select(func.max(table.c.number), func.count(table.c.number))).one()
        return found[0] or 0, found[1]

    def next_number(self, log: str, number: int) -> int | None:
        """The number of the first row after this one."""
        table, _ = LOGS[log]
        return self._connection.execute(
            select(func.min(table.c.number)).where(table.c.number > number)
        ).scalar_one_or_none()

    def after(self, log: str, number: int, rows_max: int) -> list[LogRow]:
        """Chained rows after a number, in order, up to the first that is missing."""
        table, row_type = LOGS[log]
        rows = self._connection.execute(
            select(table).where(table.c.number > number).order_by(table.c.number).limit(rows_max)
        )
        found = [row_type(*row) for row in rows]
        whole = [one for at, one in enumerate(found) if one.number == (found[0].number or 0) + at]
        return list(whole)

    def hashes(self, log: str, numbers: Iterable[int]) -> dict[int, bytes]:
        """The hashes of chained rows, by number."""
        table, _ = LOGS[log]
        found: dict[int, bytes] = {}
        for chunk in chunks(sorted(set(numbers)), QUERY_KEYS_MAX):
            rows = self._connection.execute(select(table.c.number, table.c.hash).where(table.c.number.in_(chunk)))
            found.update((row.number, row.hash) for row in rows)
        return found

    def instant_of(self, log: str, number: int) -> int | None:
        """When a row was written (UTC seconds)."""
        table, _ = LOGS[log]
        return self._connection.execute(select(table.c.at).where(table.c.number == number)).scalar_one_or_none()

    def put_back(self, log: str, rows: Sequence[LogRow]) -> None:
        """Write: chained rows as they were, with their ids. What has one of the ids, was never chained and says something else gets another id.

        Raises RowConflict where a chained row has one of the ids.
        """
        table, row_type = LOGS[log]
        ids = [row.id for row in rows]
        here: dict[int, LogRow] = {}
        for chunk in chunks(ids, QUERY_KEYS_MAX):
            found = self._connection.execute(select(table).where(table.c.id.in_(chunk)))
            here.update((row.id, row_type(*row)) for row in found)
        if any(row.number is not None for row in here.values()):
            raise RowConflict
        self._move_away(
            table, [here[row.id] for row in rows if row.id in here and not _are_one(here[row.id], row)], ids
        )
        for row in rows:
            known = here.get(row.id)
            if known is not None and _are_one(known, row):
                self._connection.execute(
                    update(table).where(table.c.id == row.id).values(number=row.number, hash=row.hash)
                )
        values = [_values(row) for row in rows if row.id not in here or not _are_one(here[row.id], row)]
        if values:
            self._connection.execute(insert(table), values)
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))")  # noqa: S608  names of ours
            )

    def unknown_heads(self) -> list[BatchKey]:
        """Batches that sealed a head of the audit log which it does not have, by post number."""
        rows = self._connection.execute(
            select(batches.c.desk, batches.c.seq)
            .where(batches.c.audit_head != bytes(32))
            .where(batches.c.audit_head.not_in(select(audit_log.c.hash).where(audit_log.c.number.is_not(None))))
            .order_by(batches.c.post_number, batches.c.desk, batches.c.seq)
        )
        return [(row.desk, row.seq) for row in rows]

    def _move_away(self, table: Table, rows: Sequence[LogRow], taken: Sequence[int]) -> None:
        last = self._connection.execute(select(func.max(table.c.id))).scalar_one() or 0
        free = max([last, *taken]) + 1
        for at, row in enumerate(rows):
            self._connection.execute(update(table).where(table.c.id == row.id).values(id=free + at))


def _values(row: LogRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).__slots__}


def _are_one(here: LogRow, row: LogRow) -> bool:
    return {**_values(here), "number": row.number, "hash": row.hash} == _values(row)
