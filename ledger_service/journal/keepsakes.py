"""What bundles keep of the books besides the batches themselves (posting/keepsakes.py)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, false, select

from ledger_service.domain.entries import Kind
from ledger_service.journal.chunks import chunks
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.people import PersonRow
from ledger_service.journal.schema import accounts, approvals, holds, persons, records, redemptions, refunds

QUERY_KEYS_MAX = 500


class Keepsakes:
    """Queries for those who write bundles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acts_of(self, rows: Sequence[EntryRow]) -> dict[int, dict[str, Any]]:
        """By journal number: the record behind a credit, and the ids of a charge or refund."""
        found: dict[int, dict[str, Any]] = {}
        numbers = {row.record_key: row.journal_no for row in rows if row.kind == Kind.CREDIT}
        for keys in chunks(sorted(numbers), QUERY_KEYS_MAX):
            for row in self._connection.execute(
                select(
                    records.c.record_key, records.c.import_id, approvals.c.kind, records.c.line, records.c.start_minute,
                    records.c.end_minute, records.c.units, records.c.counted_units,
                )
                .join(approvals, approvals.c.id == records.c.import_id)
                .where(records.c.record_key.in_(keys), ~records.c.withdrawn)
            ):  # fmt: skip
                found[numbers[row.record_key]] = {
                    "import": row.import_id, "kind": row.kind, "line": row.line, "start": row.start_minute,
                    "end": row.end_minute, "units": row.units, "counted": row.counted_units,
                }  # fmt: skip
        for charges in chunks([row.journal_no for row in rows if row.kind == Kind.REDEEM], QUERY_KEYS_MAX):
            for charge in self._connection.execute(
                select(redemptions.c.journal_no, redemptions.c.id, redemptions.c.hold_id, holds.c.purpose)
                .join(holds, holds.c.id == redemptions.c.hold_id)
                .where(redemptions.c.journal_no.in_(charges))
            ):
                found[charge.journal_no] = {
                    "redemption": charge.id, "hold": charge.hold_id, "purpose": charge.purpose,
                }  # fmt: skip
        for given_back in chunks([row.journal_no for row in rows if row.kind == Kind.REFUND], QUERY_KEYS_MAX):
            for refund in self._connection.execute(
                select(refunds.c.journal_no, refunds.c.id, refunds.c.reason).where(refunds.c.journal_no.in_(given_back))
            ):
                found[refund.journal_no] = {"refund": refund.id, "reason": refund.reason}
        return found

    def newcomers(self, person_ids: Collection[str]) -> list[PersonRow]:
        """Those of the people whose accounts no final batch has touched: no bundle before may hold their rows."""
        found: list[PersonRow] = []
        columns = [persons.c[name] for name in PersonRow.__slots__]
        for ids in chunks(sorted(person_ids), QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(*columns)
                .join(accounts, accounts.c.address == persons.c.account)
                .where(persons.c.id.in_(ids), accounts.c.on_chain.is_(false()))
            )
            found.extend(PersonRow(*row) for row in rows)
        return found
