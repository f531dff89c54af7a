"""Accounts and what of their coins is free. The check constraints of the table are the last guard; these updates are the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection, func, insert, or_, select, update

from ledger_service.domain.entries import Kind
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.schema import accounts, batches, entries


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Coins of an account. `refunding` are refunds on their way: spendable at the venue that gives them, elsewhere once final."""

    address: bytes
    credited: int
    refunding: int
    debited: int
    held: int

    @property
    def available(self) -> int:
        """Final credits less debits and holds; what can be spent anywhere. Never shown below 0."""
        return max(self.credited - self.debited - self.held, 0)


class Accounts:
    """Repository of accounts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_many(self, addresses: Iterable[bytes]) -> None:
        """Write: new accounts without coins."""
        rows = [{"address": address} for address in addresses]
        if rows:
            self._connection.execute(insert(accounts), rows)

    def read(self, address: bytes) -> AccountRow | None:
        """One account."""
        row = self._connection.execute(
            select(
                accounts.c.address, accounts.c.credited, accounts.c.refunding, accounts.c.debited, accounts.c.held
            ).where(accounts.c.address == address)
        ).one_or_none()
        return AccountRow(*row) if row else None

    def lock(self, address: bytes) -> AccountRow:
        """Write: one account, its row locked until the unit ends (on SQLite the whole journal is)."""
        row = self._connection.execute(
            select(accounts.c.address, accounts.c.credited, accounts.c.refunding, accounts.c.debited, accounts.c.held)
            .where(accounts.c.address == address)
            .with_for_update(key_share=True)  # entries that refer to the account need not wait
        ).one()
        return AccountRow(*row)

    def refunding_at(self, address: bytes, desk: int) -> int:
        """Coins of refunds by this desk that are accepted and not final yet; of a redeem that the chain skipped nothing comes back."""
        original = entries.alias("original")
        final = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
        total = self._connection.execute(
            select(func.coalesce(func.sum(entries.c.coins), 0))
            .select_from(
                entries.outerjoin(batches, final).outerjoin(original, original.c.journal_no == entries.c.original_no)
            )
            .where(entries.c.account == address, entries.c.desk == desk, entries.c.kind == Kind.REFUND)
            .where(or_(batches.c.state.is_(None), batches.c.state != "final"))
            .where(original.c.skip_reason.is_(None))
        ).scalar_one()
        return int(total)

    def hold(self, address: bytes, coins: int, *, refunding_here: int = 0) -> bool:
        """Write: reserve coins; False, and nothing changed, where fewer are free at this desk."""
        free = accounts.c.credited - accounts.c.debited - accounts.c.held + refunding_here
        done = self._connection.execute(
            update(accounts).where(accounts.c.address == address, free >= coins).values(held=accounts.c.held + coins)
        )
        return done.rowcount == 1

    def release(self, address: bytes, coins: int) -> None:
        """Write: free held coins again."""
        self._connection.execute(
            update(accounts).where(accounts.c.address == address).values(held=accounts.c.held - coins)
        )

    def capture(self, address: bytes, coins: int) -> None:
        """Write: held coins become debited."""
        self._connection.execute(
            update(accounts)
            .where(accounts.c.address == address)
            .values(held=accounts.c.held - coins, debited=accounts.c.debited + coins)
        )

    def debit(self, address: bytes, coins: int) -> bool:
        """Write: take coins at once; False where fewer are free."""
        done = self._connection.execute(
            update(accounts)
            .where(accounts.c.address == address, accounts.c.credited - accounts.c.debited - accounts.c.held >= coins)
            .values(debited=accounts.c.debited + coins)
        )
        return done.rowcount == 1

    def begin_refund(self, address: bytes, coins: int) -> None:
        """Write: coins of an accepted refund are on their way."""
        self._connection.execute(
            update(accounts).where(accounts.c.address == address).values(refunding=accounts.c.refunding + coins)
        )

    def settle(
        self,
        *,
        credits: Mapping[bytes, int],
        refunds: Mapping[bytes, int],
        refused_refunds: Mapping[bytes, int],
        refused_debits: Mapping[bytes, int],
        debits: Mapping[bytes, int] = MappingProxyType({}),
    ) -> None:
        """Write: the sums of a final batch by account. Credits and refunds become spendable, a skipped debit comes back.

        `debits` are of batches that the books did not accept themselves: all others were taken at their acceptance.
        """
        addresses = credits.keys() | refunds.keys() | refused_refunds.keys() | refused_debits.keys() | debits.keys()
        rows = [
            (
                credits.get(address, 0) + refunds.get(address, 0),
                refunds.get(address, 0) + refused_refunds.get(address, 0),
                refused_debits.get(address, 0) - debits.get(address, 0),
                address,
            )
            for address in sorted(addresses)
        ]
        if rows:
            mark = driver_mark(self._connection)
            self._connection.exec_driver_sql(
                f"UPDATE accounts SET credited = credited + {mark}, refunding = refunding - {mark}, "  # noqa: S608
                f"debited = debited - {mark}, on_chain = true WHERE address = {mark}",
                rows,
            )
