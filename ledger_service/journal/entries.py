"""Entries: the accepted lines of the ledger. What a batch takes is in journal/sealing.py, what became of it on the chain in journal/settling.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.domain.entries import Kind
from ledger_service.journal.access_log import note_person
from ledger_service.journal.chunks import chunks
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import batches, counters, entries, persons, records

QUERY_KEYS_MAX = 200


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One accepted line. `seq` and `position` are its place once a batch has taken it."""

    journal_no: int
    desk: int
    kind: int
    account: bytes
    person_id: str | None
    ref: int
    units: int
    day: int
    coins: int
    accepted_day: int
    accepted_at: int
    record_key: bytes
    business_key_sealed: bytes
    who: str
    approver: str | None
    consent: str | None
    original_no: int | None
    word_line: int | None
    seq: int | None
    position: int | None
    skip_reason: int | None
    freed_no: int = 0


_ADD = insert(entries)
_COUNT = {
    name: dialect.insert(counters)
    .values(name=bindparam("counter"), value=bindparam("count"))
    .on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + bindparam("count")})
    .returning(counters.c.value)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_RAISE = {
    name: dialect.insert(counters)
    .values(name=bindparam("counter"), value=bindparam("least"))
    .on_conflict_do_update(
        index_elements=["name"], set_={"value": bindparam("least")}, where=counters.c.value < bindparam("least")
    )
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


class Entries:
    """Repository of entries and of the counters that number things."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_numbers(self, name: str, count: int) -> int:
        """Write: take `count` consecutive numbers of a counter; the first of them (numbers start at 1)."""
        statement = _COUNT[self._connection.dialect.name]
        last = self._connection.execute(statement, {"counter": name, "count": count}).scalar_one()
        return int(last) - count + 1

    def last_number(self, name: str) -> int:
        """The last number that was taken of a counter; 0 before the first."""
        found = self._connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none()
        return found or 0

    def raise_counter(self, name: str, least: int) -> None:
        """Write: the next number of a counter is above `least`."""
        self._connection.execute(_RAISE[self._connection.dialect.name], {"counter": name, "least": least})

    def add_many(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write: accepted entries (column values by name)."""
        if rows:
            self._connection.execute(_ADD, rows)

    def add_reserved(
        self, import_id: str, first_no: int, *, accepted_day: int, accepted_at: int, who: str, approver: str
    ) -> int:
        """Write: the records of a submission that earn coins become credits, numbered from `first_no` in file order; how many.

        In the database, because it holds the write lock: to carry a month's rows to Python and back takes four times as long.
        """
        file_order = (records.c.line, records.c.id)
        columns = {
            "journal_no": func.row_number().over(order_by=file_order) + (first_no - 1),
            "desk": records.c.desk,
            "kind": literal(int(Kind.CREDIT)),
            "account": persons.c.account,
            "person_id": records.c.person_id,
            "ref": records.c.rate_id,
            "units": records.c.counted_units,
            "day": records.c.activity_day,
            "coins": records.c.coins,
            "accepted_day": literal(accepted_day),
            "accepted_at": literal(accepted_at, entries.c.accepted_at.type),
            "record_key": records.c.record_key,
            "business_key_sealed": records.c.record_sealed,
            "who": literal(who),
            "approver": literal(approver),
        }
        rows = (
            select(*columns.values())
            .join(persons, persons.c.id == records.c.person_id)
            .where(records.c.import_id == import_id, records.c.coins > 0, ~records.c.withdrawn)
            .order_by(*file_order)
        )
        statement = insert(entries).from_select(list(columns), rows).execution_options(preserve_rowcount=True)
        return self._connection.execute(statement).rowcount

    def read(self, journal_no: int) -> EntryRow | None:
        """One entry."""
        row = self._connection.execute(select(entries).where(entries.c.journal_no == journal_no)).one_or_none()
        if row is not None:
            note_person(row.person_id)
        return EntryRow(**row._mapping) if row else None

    def at(self, desk: int, seq: int, position: int) -> EntryRow | None:
        """The entry at a place on the chain."""
        row = self._connection.execute(
            select(entries).where(entries.c.desk == desk, entries.c.seq == seq, entries.c.position == position)
        ).one_or_none()
        return EntryRow(**row._mapping) if row else None

    def of_batch(self, desk: int, seq: int) -> list[EntryRow]:
        """The entries of a batch, in order."""
        rows = self._connection.execute(
            select(entries).where(entries.c.desk == desk, entries.c.seq == seq).order_by(entries.c.position)
        )
        return [EntryRow(*row) for row in rows]

    def known_keys(self, keys: Collection[bytes]) -> set[bytes]:
        """Those of these record keys that an entry holds (one that the chain skipped and freed does not)."""
        wanted, found = list(keys), set[bytes]()
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = select(entries.c.record_key).where(entries.c.record_key.in_(chunk), entries.c.freed_no == 0)
            found.update(self._connection.execute(rows).scalars())
        return found

    def has_unfinal(self, kind: int) -> bool:
        """Whether an entry of a kind is not final on the chain."""
        found = (
            select(entries.c.journal_no)
            .outerjoin(batches, ITS_BATCH)
            .where(entries.c.kind == kind, ENTRY_NOT_FINAL)
            .limit(1)
        )
        return self._connection.execute(found).first() is not None
