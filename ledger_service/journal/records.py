"""Records: the activities behind credits, reserved from submission until withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from ledger_service.journal.chunks import chunks
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.schema import approvals, imports, persons, records

QUERY_KEYS_MAX = 500


@dataclass(frozen=True, slots=True)
class StandingRow:
    """What the books hold of one accepted activity, as far as judging another one needs it."""

    person_id: str
    programme_rate: int
    activity_day: int
    start_minute: int | None
    end_minute: int | None
    counted_units: int


# RecordRow and ReservedRow are tuples, not dataclasses: a file makes one of each per row (domain/records.py).
class RecordRow(NamedTuple):
    """A new record, reserved. The fields are the columns."""

    import_id: str
    line: int
    record_key: bytes
    record_sealed: bytes
    person_id: str
    desk: int
    rate_id: int
    activity_day: int
    start_minute: int | None
    end_minute: int | None
    units: int
    counted_units: int
    coins: int


class ReservedRow(NamedTuple):
    """What a reserved record earns, for whom and by which desk."""

    line: int
    desk: int
    account: bytes
    coins: int


@dataclass(frozen=True, slots=True)
class DeskShare:
    """A desk's part of a submission: the records that earn coins, and the coins (0 of both where none earns)."""

    desk: int
    entries: int
    coins: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A submitted file or single record."""

    id: str
    source: str
    as_of: int
    as_of_reason: str | None
    file_sha256: bytes
    reserved_day: int
    rows: int
    accepted_rows: int
    coins: int
    outcomes: bytes


class Records:
    """Repository of imports and their records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_import(self, row: ImportRow) -> None:
        """Write: a submission."""
        self._connection.execute(insert(imports).values(**{name: getattr(row, name) for name in ImportRow.__slots__}))

    def read_import(self, import_id: str) -> ImportRow | None:
        """One submission."""
        row = self._connection.execute(select(imports).where(imports.c.id == import_id)).one_or_none()
        return ImportRow(**row._mapping) if row else None

    def add_many(self, rows: Sequence[RecordRow]) -> None:
        """Write: reserved records."""
        if rows:
            columns = ", ".join(RecordRow._fields)
            marks = ", ".join([driver_mark(self._connection)] * len(RecordRow._fields))
            self._connection.exec_driver_sql(f"INSERT INTO records ({columns}) VALUES ({marks})", rows)  # noqa: S608

    def known_keys(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of the record keys that are reserved or accepted."""
        wanted = list(keys)
        known: set[bytes] = set()
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            known.update(
                self._connection.execute(
                    select(records.c.record_key).where(records.c.record_key.in_(chunk), ~records.c.withdrawn)
                ).scalars()
            )
        return known

    def standing(self, person_ids: Collection[str], first_day: int, last_day: int) -> Iterator[StandingRow]:
        """Reserved and accepted activities of these people between two days."""
        wanted = sorted(person_ids)
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(
                    records.c.person_id,
                    records.c.rate_id,
                    records.c.activity_day,
                    records.c.start_minute,
                    records.c.end_minute,
                    records.c.counted_units,
                ).where(
                    records.c.person_id.in_(chunk),
                    records.c.activity_day.between(first_day, last_day),
                    ~records.c.withdrawn,
                )
            )
            yield from (StandingRow(*row) for row in rows)

    def reserved(self, import_id: str) -> list[ReservedRow]:
        """The records of a submission that earn coins, in file order."""
        rows = self._connection.execute(
            select(records.c.line, records.c.desk, persons.c.account, records.c.coins)
            .join(persons, persons.c.id == records.c.person_id)
            .where(records.c.import_id == import_id, records.c.coins > 0, ~records.c.withdrawn)
            .order_by(records.c.line, records.c.id)
        )
        return [ReservedRow(*row) for row in rows]

    def shares_of(self, import_id: str) -> list[DeskShare]:
        """The desks that have records in a submission, with what these add up to."""
        rows = self._connection.execute(
            select(records.c.desk, func.count().filter(records.c.coins > 0), func.sum(records.c.coins))
            .where(records.c.import_id == import_id)
            .group_by(records.c.desk)
        )
        return [DeskShare(desk, entries, int(coins)) for desk, entries, coins in rows]

    def withdraw(self, import_id: str) -> None:
        """Write: free the record numbers, sessions and units of a submission."""
        self._connection.execute(
            update(records).where(records.c.import_id == import_id, ~records.c.withdrawn).values(withdrawn=True)
        )

    def free(self, record_key: bytes, coins: int) -> bool:
        """Write: free one record whose credit the chain skipped, so that it can be submitted again; False where none stands."""
        done = self._connection.execute(
            update(records)
            .where(records.c.record_key == record_key, records.c.coins == coins, ~records.c.withdrawn)
            .values(withdrawn=True)
        )
        return done.rowcount == 1

    def staged(self) -> list[str]:
        """Submissions that are being stored, or whose process died while they were: the holder of the intake lock knows which."""
        return list(self._connection.execute(select(approvals.c.id).where(approvals.c.status == "staging")).scalars())

    def drop_staged(self, import_id: str) -> bool:
        """Write: remove a half-staged submission; False where it is not one."""
        found = self._connection.execute(
            select(approvals.c.id).where(approvals.c.id == import_id, approvals.c.status == "staging").with_for_update()
        ).one_or_none()
        if found is None:
            return False
        self._connection.execute(delete(records).where(records.c.import_id == import_id))
        self._connection.execute(delete(approvals).where(approvals.c.id == import_id))
        return True
