"""Entries: the accepted lines of the ledger, waiting for a batch or placed in one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.domain.effects import TAKING
from ledger_service.domain.entries import Kind
from ledger_service.journal.access_log import note_person
from ledger_service.journal.chunks import chunks
from ledger_service.journal.schema import batches, counters, desks, entries, persons, records

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
# What waits for people and not for the chain does not count: a correction for a hold, a close for its venue's signature.
_OLDEST_UNSEALED_AT = (
    select(entries.c.accepted_at)
    .where(entries.c.seq.is_(None), entries.c.kind != Kind.CORRECT, entries.c.kind != Kind.MONTH_CLOSE)
    .order_by(entries.c.journal_no)
    .limit(1)
)


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

    def open_expiries(self, treasuries: Collection[int]) -> dict[bytes, int]:
        """Accounts with an expiry that is not final, and the first of these by journal number, of these desks."""
        columns = select(entries.c.account, func.min(entries.c.journal_no)).where(entries.c.kind == Kind.EXPIRE)
        queries = [columns.where(entries.c.desk.in_(treasuries), entries.c.seq.is_(None))]
        open_ = self._connection.execute(
            select(batches.c.desk, batches.c.seq).where(
                text("batches.state <> 'final'"),
                batches.c.desk.in_(treasuries),  # spelled as the partial index
            )
        )
        keys = [(row[0], row[1]) for row in open_]
        queries += [
            columns.where(tuple_(entries.c.desk, entries.c.seq).in_(chunk)) for chunk in chunks(keys, QUERY_KEYS_MAX)
        ]
        found: dict[bytes, int] = {}
        for query in queries:
            for account, journal_no in self._connection.execute(query.group_by(entries.c.account)):
                found[account] = min(journal_no, found.get(account, journal_no))
        return found

    def is_taking_open(self, account: bytes) -> bool:
        """Whether an entry that takes coins of an account is not final."""
        place = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
        return (
            self._connection.execute(
                select(entries.c.journal_no)
                .select_from(entries.outerjoin(batches, place))
                .where(entries.c.account == account, entries.c.kind.in_(TAKING))
                .where(or_(batches.c.state.is_(None), batches.c.state != "final"))
                .limit(1)
            ).first()
            is not None
        )

    def first_open(self, addresses: Collection[bytes]) -> dict[bytes, int]:
        """The first entry of each of these accounts that is not final, by journal number; missing where all are. Stopped desks do not count."""
        wanted = list(addresses)
        place = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
        found: dict[bytes, int] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(entries.c.account, func.min(entries.c.journal_no))
                .select_from(entries.join(desks, desks.c.number == entries.c.desk).outerjoin(batches, place))
                .where(entries.c.account.in_(chunk), desks.c.stopped.is_(None))
                .where(or_(batches.c.state.is_(None), batches.c.state != "final"))
                .group_by(entries.c.account)
            )
            found.update((row[0], row[1]) for row in rows)
        return found

    def unsealed(self, desk: int, rows_max: int) -> list[EntryRow]:
        """The oldest entries of a desk that no batch has taken, by journal number."""
        rows = self._connection.execute(
            select(entries)
            .where(entries.c.desk == desk, entries.c.seq.is_(None))
            .order_by(entries.c.journal_no)
            .limit(rows_max)
        )
        return [EntryRow(*row) for row in rows]

    def desks_with_unsealed(self) -> list[int]:
        """Desks that have entries no batch has taken. Asked desk by desk: grouping would read the index of all places."""
        has_unsealed = exists().where(entries.c.desk == desks.c.number, entries.c.seq.is_(None))
        return list(
            self._connection.execute(select(desks.c.number).where(has_unsealed).order_by(desks.c.number)).scalars()
        )

    def oldest_unsealed_at(self, but_desks: Collection[int] = ()) -> int | None:
        """When the oldest entry that waits for the chain and no batch has taken was accepted, of all desks but these; None where all are sealed."""
        of_all = _OLDEST_UNSEALED_AT
        wanted = of_all.where(entries.c.desk.not_in(but_desks)) if but_desks else of_all
        return self._connection.execute(wanted).scalar_one_or_none()

    def unsealed_debits(self, but_desks: Collection[int] = ()) -> int:
        """Coins of charges and donations that no batch has taken, of all desks but these."""
        found = self._connection.execute(
            select(func.coalesce(func.sum(entries.c.coins), 0))
            .where(entries.c.seq.is_(None), entries.c.desk.not_in(but_desks))
            .where(entries.c.kind.in_((Kind.REDEEM, Kind.DONATE)))
        ).scalar_one()
        return int(found)

    def of_batch(self, desk: int, seq: int) -> list[EntryRow]:
        """The entries of a batch, in order."""
        rows = self._connection.execute(
            select(entries).where(entries.c.desk == desk, entries.c.seq == seq).order_by(entries.c.position)
        )
        return [EntryRow(*row) for row in rows]

    def place(self, seq: int, journal_numbers: Sequence[int]) -> int:
        """Write: put entries into a batch, in this order; how many were free to be placed."""
        done = self._connection.execute(
            update(entries)
            .where(entries.c.journal_no == bindparam("no"), entries.c.seq.is_(None))
            .values(seq=seq, position=bindparam("at")),
            [{"no": number, "at": position} for position, number in enumerate(journal_numbers)],
        )
        return done.rowcount

    def oldest_accepted_at(self, keys: Sequence[tuple[int, int]]) -> list[int]:
        """When the oldest entry of each of these batches was accepted; a batch of orders has none."""
        found: list[int] = []
        for chunk in chunks(keys, QUERY_KEYS_MAX):
            found += self._connection.execute(
                select(func.min(entries.c.accepted_at))
                .where(tuple_(entries.c.desk, entries.c.seq).in_(chunk))
                .group_by(entries.c.desk, entries.c.seq)
            ).scalars()
        return found

    def known_keys(self, keys: Collection[bytes]) -> set[bytes]:
        """Those of these record keys that an entry holds (one that the chain skipped and freed does not)."""
        wanted, found = list(keys), set[bytes]()
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = select(entries.c.record_key).where(entries.c.record_key.in_(chunk), entries.c.freed_no == 0)
            found.update(self._connection.execute(rows).scalars())
        return found

    def has_unfinal(self, kind: int) -> bool:
        """Whether an entry of a kind is not final on the chain."""
        place = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
        found = (
            select(entries.c.journal_no)
            .outerjoin(batches, place)
            .where(entries.c.kind == kind, or_(batches.c.state.is_(None), batches.c.state != "final"))
            .limit(1)
        )
        return self._connection.execute(found).first() is not None

    def mark_skipped(self, desk: int, seq: int, position: int, reason: int) -> None:
        """Write: the chain did not apply this entry."""
        self._connection.execute(
            update(entries)
            .where(entries.c.desk == desk, entries.c.seq == seq, entries.c.position == position)
            .values(skip_reason=reason)
        )

    def free(self, journal_no: int) -> None:
        """Write: a skipped entry lets its record key be used again; the entry keeps it, because its leaf holds it."""
        self._connection.execute(
            update(entries).where(entries.c.journal_no == journal_no).values(freed_no=entries.c.journal_no)
        )

    def skipped_of(self, keys: Sequence[tuple[int, int]]) -> list[EntryRow]:
        """What the chain did not apply of these batches, named as (desk, seq)."""
        found: list[EntryRow] = []
        for chunk in chunks(keys, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(entries)
                .where(tuple_(entries.c.desk, entries.c.seq).in_(chunk))
                .where(entries.c.skip_reason.is_not(None))
            )
            found.extend(EntryRow(*row) for row in rows)
        return found

    def open_refunds_of(self, redeems: Sequence[EntryRow]) -> list[EntryRow]:
        """The refunds of these redeems that are not final."""
        place = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
        found: list[EntryRow] = []
        for redeem in redeems:
            rows = self._connection.execute(
                select(entries)
                .select_from(entries.outerjoin(batches, place))
                .where(entries.c.account == redeem.account, entries.c.journal_no > redeem.journal_no)
                .where(entries.c.kind == Kind.REFUND, entries.c.original_no == redeem.journal_no)
                .where(or_(batches.c.state.is_(None), batches.c.state != "final"))
            )
            found.extend(EntryRow(*row) for row in rows)
        return found

    def refunds_leaving_alone(self, skipped: Sequence[EntryRow]) -> list[EntryRow]:
        """The refunds among skipped entries whose redeem did not take them along: it was applied, or is not final yet."""
        refunds = [row for row in skipped if row.kind == Kind.REFUND]
        place = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
        taken: set[int] = set()
        numbers = [row.original_no for row in refunds if row.original_no is not None]
        for chunk in chunks(numbers, QUERY_KEYS_MAX):
            taken.update(
                self._connection.execute(
                    select(entries.c.journal_no)
                    .select_from(entries.join(batches, place))
                    .where(entries.c.journal_no.in_(chunk))
                    .where(entries.c.skip_reason.is_not(None), batches.c.state == "final")
                ).scalars()
            )
        return [row for row in refunds if row.original_no not in taken]
