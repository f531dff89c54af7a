"""What the chain has not got yet: entries that no batch has taken, and batches that are not on it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, or_, select

from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.journal.places import BATCH_NOT_FINAL
from ledger_service.journal.schema import batches, desks, entries

# What waits for people and not for the chain does not count: a correction for a hold, a close for its venue's signature.
_OLDEST_UNSEALED_AT = (
    select(entries.c.accepted_at)
    .where(entries.c.seq.is_(None), entries.c.kind != Kind.CORRECT, entries.c.kind != Kind.MONTH_CLOSE)
    .order_by(entries.c.journal_no)
    .limit(1)
)
_OLDEST_UNPOSTED_AT = select(func.min(batches.c.sealed_at)).where(
    or_(batches.c.state == "sealed", batches.c.state == "signed"), BATCH_NOT_FINAL
)


class Backlog:
    """Queries of all desks, or of all but some: a desk that was stopped, or whose organisation signs by itself, waits alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def oldest_at(self, but_desks: Collection[int] = ()) -> int | None:
        """When the oldest of it was accepted, or sealed where a batch has taken it; None where nothing waits."""
        unsealed, unposted = _OLDEST_UNSEALED_AT, _OLDEST_UNPOSTED_AT
        if but_desks:
            unsealed = unsealed.where(entries.c.desk.not_in(but_desks))
            unposted = unposted.where(batches.c.desk.not_in(but_desks))
        found = [self._connection.execute(wanted).scalar_one_or_none() for wanted in (unsealed, unposted)]
        return min((at for at in found if at is not None), default=None)

    def debits(self, but_desks: Collection[int] = ()) -> int:
        """Coins of charges and donations that no batch has taken, and of the venues' and the treasury's batches that are not on the chain.

        A venue's refunds in a batch count as well: their coins are in the same sum, and to ask entry by entry would make a charge wait.
        """
        unsealed = (
            select(func.coalesce(func.sum(entries.c.coins), 0))
            .where(entries.c.seq.is_(None), entries.c.desk.not_in(but_desks))
            .where(entries.c.kind.in_((Kind.REDEEM, Kind.DONATE)))
        )
        unposted = (
            select(func.coalesce(func.sum(batches.c.coins), 0))
            .join(desks, desks.c.number == batches.c.desk)
            .where(batches.c.state.in_(("sealed", "signed")), BATCH_NOT_FINAL, batches.c.desk.not_in(but_desks))
            .where(desks.c.kind.in_((DeskKind.VENUE, DeskKind.TREASURY)))
        )
        return sum(int(self._connection.execute(wanted).scalar_one()) for wanted in (unsealed, unposted))

    def batches_by_state(self) -> dict[str, int]:
        """How many batches are in each state but final."""
        rows = self._connection.execute(
            select(batches.c.state, func.count()).where(BATCH_NOT_FINAL).group_by(batches.c.state)
        )
        return {row[0]: row[1] for row in rows}
