"""Entries that no batch has taken: what the next one of a desk is made of, what it has to wait for, and what it needs on the chain before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, exists, false, func, select, tuple_

from ledger_service.domain.effects import BRINGING, TAKING
from ledger_service.domain.entries import Kind
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.chunks import chunks
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.places import BATCH_NOT_FINAL, ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import accounts, batches, desks, entries

QUERY_KEYS_MAX = 200
QUERY_ACCOUNTS_MAX = 500
FUNDING = (*BRINGING, Kind.EXPIRE, Kind.MERGE)


class Sealing:
    """Queries of the sealer, and the write by which a batch takes its entries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    def first_open(self, addresses: Collection[bytes]) -> dict[bytes, int]:
        """The first entry of each of these accounts that is not final, by journal number; missing where all are. Stopped desks do not count."""
        wanted = list(addresses)
        found: dict[bytes, int] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(entries.c.account, func.min(entries.c.journal_no))
                .select_from(entries.join(desks, desks.c.number == entries.c.desk).outerjoin(batches, ITS_BATCH))
                .where(entries.c.account.in_(chunk), desks.c.stopped.is_(None))
                .where(ENTRY_NOT_FINAL)
                .group_by(entries.c.account)
            )
            found.update((row[0], row[1]) for row in rows)
        return found

    def open_expiries(self, treasuries: Collection[int]) -> dict[bytes, int]:
        """Accounts with an expiry that is not final, and the first of these by journal number, of these desks."""
        columns = select(entries.c.account, func.min(entries.c.journal_no)).where(entries.c.kind == Kind.EXPIRE)
        queries = [columns.where(entries.c.desk.in_(treasuries), entries.c.seq.is_(None))]
        open_ = self._connection.execute(
            select(batches.c.desk, batches.c.seq).where(BATCH_NOT_FINAL, batches.c.desk.in_(treasuries))
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
        return (
            self._connection.execute(
                select(entries.c.journal_no)
                .select_from(entries.outerjoin(batches, ITS_BATCH))
                .where(entries.c.account == account, entries.c.kind.in_(TAKING))
                .where(ENTRY_NOT_FINAL)
                .limit(1)
            ).first()
            is not None
        )

    def new_accounts(self, desk: int, up_to_no: int) -> set[bytes]:
        """Accounts of a desk's entries that no batch has taken, up to a journal number, which no final batch has touched."""
        rows = self._connection.execute(
            select(entries.c.account)
            .join(accounts, accounts.c.address == entries.c.account)
            .where(entries.c.desk == desk, entries.c.seq.is_(None), entries.c.journal_no <= up_to_no)
            .where(accounts.c.on_chain.is_(false()))
        )
        return set(rows.scalars().all())

    def funding(self, spenders: Sequence[bytes], but_desk: int, kinds: Collection[int] = FUNDING) -> set[BatchKey]:
        """Batches of other desks that brought these accounts coins, or that have to stand before what spends them."""
        found: set[BatchKey] = set()
        for chunk in chunks(spenders, QUERY_ACCOUNTS_MAX):
            rows = self._connection.execute(
                select(entries.c.desk, entries.c.seq)
                .where(entries.c.account.in_(chunk))
                .where(entries.c.kind.in_(kinds))
                .where(entries.c.desk != but_desk, entries.c.seq.is_not(None))
                .distinct()
            )
            found.update((row.desk, row.seq) for row in rows)
        return found

    def place(self, seq: int, journal_numbers: Sequence[int]) -> bool:
        """Write: put entries into a batch, in this order; False where one of them was not free."""
        mark = driver_mark(self._connection)
        done = self._connection.exec_driver_sql(
            f"UPDATE entries SET seq = {mark}, position = {mark} WHERE journal_no = {mark} AND seq IS NULL",  # noqa: S608
            [(seq, position, number) for position, number in enumerate(journal_numbers)],
        )
        return done.rowcount == len(journal_numbers)
