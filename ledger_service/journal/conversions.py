"""What conversions after a change of the coin's value are worked out from."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, case, func, or_, select

from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import accounts, corrected, entries, persons, records


class Conversions:
    """Queries over all accounts: some microseconds an entry."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def held_before(self, day: int) -> dict[str, int]:
        """Coins that people whose accounts are open held when a day began, by person id, as far as they were rightly theirs.

        A charge counts by the day whose value it has, a refund by its charge's: what comes back of an old charge was out as well. What a
        correction of an old credit asks for never was. A merge changes whose coins they are, and not how many.
        """
        original = entries.alias("original")
        came = and_(entries.c.kind.in_((Kind.CREDIT, Kind.OPENING)), entries.c.accepted_day < day)
        paid = and_(entries.c.kind.in_((Kind.REDEEM, Kind.DONATE)), entries.c.day < day)
        gone = and_(entries.c.kind.in_((Kind.EXPIRE, Kind.CLOSURE)), entries.c.accepted_day < day)
        back = and_(entries.c.kind == Kind.REFUND, original.c.day < day)
        undone = and_(entries.c.kind == Kind.CORRECT, original.c.accepted_day < day)
        restored = and_(undone, original.c.kind == Kind.EXPIRE)
        signed = case(
            (or_(came, back, restored), entries.c.coins), (or_(paid, gone, undone), -entries.c.coins), else_=0
        )
        rows = self._connection.execute(
            select(persons.c.id, persons.c.merged_into, accounts.c.closed, func.sum(signed))
            .select_from(
                entries.outerjoin(original, original.c.journal_no == entries.c.original_no)
                .join(persons, persons.c.account == entries.c.account)
                .join(accounts, accounts.c.address == entries.c.account)
            )
            .where(entries.c.skip_reason.is_(None))
            .group_by(persons.c.id, persons.c.merged_into, accounts.c.closed)
        ).all()
        return {row[0]: int(row[3]) for row in rows if row.merged_into is not None or not row.closed}

    def submitted(self, rate_ids: Collection[int], day: int) -> dict[str, int]:
        """Coins by person of records of these rates and this activity day that wait or were approved, less what was corrected of them."""
        rows = self._connection.execute(
            select(records.c.person_id, func.sum(records.c.coins - func.coalesce(corrected.c.coins, 0)))
            .select_from(
                records.outerjoin(
                    entries, and_(entries.c.record_key == records.c.record_key, entries.c.freed_no == 0)
                ).outerjoin(corrected, corrected.c.original_no == entries.c.journal_no)
            )
            .where(records.c.rate_id.in_(rate_ids), records.c.activity_day == day, ~records.c.withdrawn)
            .group_by(records.c.person_id)
        )
        return {row[0]: int(row[1]) for row in rows}
