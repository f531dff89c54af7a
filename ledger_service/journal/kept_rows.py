"""Whole rows of the books that go into bundles as JSON, and come back from them.

Only rows that their entry, order or act settles: what a row says later is in the bundle of a later batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import LargeBinary

from ledger_service.journal.schema import (
    account_ends,
    approvals,
    closes,
    corrections,
    donations,
    expiry_lines,
    expiry_runs,
    freezes,
    loose_acts,
    order_proposals,
    wish_credits,
)

KEPT: Mapping[str, Table] = {
    table.name: table
    for table in (
        approvals,
        order_proposals,
        expiry_runs,
        expiry_lines,
        corrections,
        donations,
        wish_credits,
        closes,
        freezes,
        account_ends,
        loose_acts,
    )
}
"""In the order in which they refer to each other."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""By table, as JSON has them: bytes as hexadecimal digits."""


class KeptRows:
    """Takes rows out of the books, and puts them into others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = sqlite if connection.dialect.name == "sqlite" else postgresql

    def of(self, table: str, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
        """Rows of a table."""
        source = KEPT[table]
        found = self._connection.execute(select(source).where(condition).order_by(*source.primary_key))
        return [
            {str(name): value.hex() if isinstance(value, bytes) else value for name, value in row._mapping.items()}
            for row in found
        ]

    def put(self, rows: Rows) -> None:
        """Write: these rows, in place of what the books have of them. People, actors, entries and accounts they name are there before."""
        for table, target in KEPT.items():
            keys = [column.name for column in target.primary_key]
            for row in rows.get(table, ()):
                values = _values(target, row)
                if target is closes:
                    self._give_way(values)
                statement = self._dialect.insert(target).values(**values)
                changed = {name: value for name, value in values.items() if name not in keys}
                self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))

    def _give_way(self, close: Mapping[str, Any]) -> None:
        """A backup may hold a close of the same month that was declined after it."""
        self._connection.execute(
            update(closes)
            .where(closes.c.account == close["account"], closes.c.month == close["month"], closes.c.id != close["id"])
            .where(closes.c.state.in_(("prepared", "confirmed")))
            .values(state="rejected")
        )


def actors_in(rows: Rows) -> set[str]:
    """The actors that rows name."""
    return {
        row[column.name]
        for table, target in KEPT.items()
        for column in target.columns
        for row in rows.get(table, ())
        if row[column.name] is not None and any(key.column.table.name == "actors" for key in column.foreign_keys)
    }


def merged(parts: Iterable[Rows]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of several, by table."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for part in parts:
        for table, rows in part.items():
            found.setdefault(table, []).extend(rows)
    return found


def _values(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column.name: bytes.fromhex(row[column.name])
        if isinstance(column.type, LargeBinary) and row[column.name] is not None
        else row[column.name]
        for column in table.columns
        if column.name in row
    }
