"""Entries of batches that landed: what each moved, what the chain skipped, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, select, tuple_, update

from ledger_service.domain.entries import Kind
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.chunks import chunks
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import batches, entries

QUERY_KEYS_MAX = 200


class Settling:
    """Queries of the follower and of finality, and the writes of what was skipped."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def movements(self, desk: int, seq: int) -> list[tuple[bytes, int, int, int]]:
        """(account, kind, coins, position) of every entry of a batch, in order."""
        rows = self._connection.execute(
            select(entries.c.account, entries.c.kind, entries.c.coins, entries.c.position)
            .where(entries.c.desk == desk, entries.c.seq == seq)
            .order_by(entries.c.position)
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows.all()]

    def mark_skipped(self, desk: int, seq: int, position: int, reason: int) -> None:
        """Write: the chain did not apply this entry."""
        self._connection.execute(
            update(entries)
            .where(entries.c.desk == desk, entries.c.seq == seq, entries.c.position == position)
            .values(skip_reason=reason)
        )

    def skips_of(self, keys: Iterable[BatchKey]) -> dict[BatchKey, list[tuple[int, int, int]]]:
        """(position, reason, coins) of every skipped entry of these batches, in order."""
        wanted = list(keys)
        found: dict[BatchKey, list[tuple[int, int, int]]] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(entries.c.desk, entries.c.seq, entries.c.position, entries.c.skip_reason, entries.c.coins)
                .where(tuple_(entries.c.desk, entries.c.seq).in_(chunk))
                .where(entries.c.skip_reason.is_not(None))
                .order_by(entries.c.desk, entries.c.seq, entries.c.position)
            )
            for row in rows:
                found.setdefault((row.desk, row.seq), []).append((row.position, row.skip_reason, row.coins))
        return found

    def skipped_of(self, keys: Sequence[BatchKey]) -> list[EntryRow]:
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

    def free(self, journal_no: int) -> None:
        """Write: a skipped entry lets its record key be used again; the entry keeps it, because its leaf holds it."""
        self._connection.execute(
            update(entries).where(entries.c.journal_no == journal_no).values(freed_no=entries.c.journal_no)
        )

    def open_refunds_of(self, redeems: Sequence[EntryRow]) -> list[EntryRow]:
        """The refunds of these redeems that are not final."""
        found: list[EntryRow] = []
        for redeem in redeems:
            rows = self._connection.execute(
                select(entries)
                .select_from(entries.outerjoin(batches, ITS_BATCH))
                .where(entries.c.account == redeem.account, entries.c.journal_no > redeem.journal_no)
                .where(entries.c.kind == Kind.REFUND, entries.c.original_no == redeem.journal_no)
                .where(ENTRY_NOT_FINAL)
            )
            found.extend(EntryRow(*row) for row in rows)
        return found

    def refunds_leaving_alone(self, skipped: Sequence[EntryRow]) -> list[EntryRow]:
        """The refunds among skipped entries whose redeem did not take them along: it was applied, or is not final yet."""
        refunds = [row for row in skipped if row.kind == Kind.REFUND]
        taken: set[int] = set()
        numbers = [row.original_no for row in refunds if row.original_no is not None]
        for chunk in chunks(numbers, QUERY_KEYS_MAX):
            taken.update(
                self._connection.execute(
                    select(entries.c.journal_no)
                    .select_from(entries.join(batches, ITS_BATCH))
                    .where(entries.c.journal_no.in_(chunk))
                    .where(entries.c.skip_reason.is_not(None), batches.c.state == "final")
                ).scalars()
            )
        return [row for row in refunds if row.original_no not in taken]

    def oldest_accepted_at(self, keys: Sequence[BatchKey]) -> list[int]:
        """When the oldest entry of each of these batches was accepted; a batch of orders has none."""
        found: list[int] = []
        for chunk in chunks(keys, QUERY_KEYS_MAX):
            found += self._connection.execute(
                select(func.min(entries.c.accepted_at))
                .where(tuple_(entries.c.desk, entries.c.seq).in_(chunk))
                .group_by(entries.c.desk, entries.c.seq)
            ).scalars()
        return found
