"""Accounts and what of their coins is free. The check constraints of the table are the last guard; these updates are the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, select, text, update

from ledger_service.domain.entries import Kind
from ledger_service.journal.chunks import chunks
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import accounts, batches, entries


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Coins of an account. `refunding` are refunds on their way: spendable at the venue that gives them, elsewhere once final.

    `debt` are coins that a set-off will take: nothing promises them.
    """

    address: bytes
    credited: int
    refunding: int
    debited: int
    held: int
    debt: int
    frozen: bool
    closed: bool

    @property
    def usable(self) -> bool:
        """Whether something may be credited to it or taken from it."""
        return not (self.frozen or self.closed)

    @property
    def free(self) -> int:
        """Final credits less debits, holds and debt; below 0 where the debt is more than what is there."""
        return self.credited - self.debited - self.held - self.debt

    @property
    def available(self) -> int:
        """What can be spent anywhere. Never shown below 0."""
        return max(self.free, 0)


_COLUMNS = (
    accounts.c.address,
    accounts.c.credited,
    accounts.c.refunding,
    accounts.c.debited,
    accounts.c.held,
    accounts.c.debt,
    accounts.c.frozen,
    accounts.c.closed,
)
_usable = ~accounts.c.frozen & ~accounts.c.closed
_free = accounts.c.credited - accounts.c.debited - accounts.c.held - accounts.c.debt
QUERY_KEYS_MAX = 500

# What every charge runs is built once: SQLAlchemy takes longer to build a statement than the database to run it.
_this = accounts.c.address == bindparam("this")
_coins = bindparam("amount", type_=BigInteger)
_READ = select(*_COLUMNS).where(_this)
_LOCK = _READ.with_for_update(key_share=True)  # entries that refer to the account need not wait
_HOLD = (
    update(accounts)
    .where(_this, bindparam("here", type_=BigInteger) + _free >= _coins, _usable)
    .values(held=accounts.c.held + _coins)
)
_RELEASE = update(accounts).where(_this).values(held=accounts.c.held - _coins)
_CAPTURE = (
    update(accounts).where(_this, _usable).values(held=accounts.c.held - _coins, debited=accounts.c.debited + _coins)
)
_DEBIT = update(accounts).where(_this, _free >= _coins, _usable).values(debited=accounts.c.debited + _coins)
_BEGIN_REFUND = update(accounts).where(_this).values(refunding=accounts.c.refunding + _coins)


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
        row = self._connection.execute(_READ, {"this": address}).one_or_none()
        return AccountRow(*row) if row else None

    def read_many(self, addresses: Iterable[bytes]) -> dict[bytes, AccountRow]:
        """Some accounts by address; one that does not exist is missing."""
        wanted = list(addresses)
        found: dict[bytes, AccountRow] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(select(*_COLUMNS).where(accounts.c.address.in_(chunk)))
            found.update((row.address, AccountRow(*row)) for row in rows)
        return found

    def owing(self) -> list[AccountRow]:
        """Accounts with a debt that hold coins no charge has taken or reserved."""
        rows = self._connection.execute(
            select(*_COLUMNS)
            .where(accounts.c.debt > 0, text("accounts.debt > 0"))  # spelled as the partial index
            .where(accounts.c.credited - accounts.c.debited - accounts.c.held > 0)
            .order_by(accounts.c.address)
        )
        return [AccountRow(*row) for row in rows]

    def frozen(self) -> set[bytes]:
        """The accounts that are frozen: few."""
        return set(self._connection.execute(select(accounts.c.address).where(text("accounts.frozen"))).scalars())

    def freeze(self, address: bytes, *, frozen: bool) -> None:
        """Write: nothing is credited to it and nothing taken from it, or both again."""
        self._connection.execute(update(accounts).where(accounts.c.address == address).values(frozen=frozen))

    def closed(self) -> set[bytes]:
        """The accounts that have ended."""
        return set(self._connection.execute(select(accounts.c.address).where(text("accounts.closed"))).scalars())

    def close(self, address: bytes, coins: int) -> bool:
        """Write: an account ends and these coins leave it; False, and nothing changed, where they are not all it has, or something is held."""
        done = self._connection.execute(
            update(accounts)
            .where(accounts.c.address == address, _usable, accounts.c.held == 0, accounts.c.refunding == 0)
            .where(accounts.c.credited - accounts.c.debited == coins)
            .values(debited=accounts.c.debited + coins, closed=True)
        )
        return done.rowcount == 1

    def reopen(self, address: bytes) -> None:
        """Write: the chain did not end it."""
        self._connection.execute(update(accounts).where(accounts.c.address == address).values(closed=False))

    def merge(self, giver: bytes, receiver: bytes, coins: int) -> None:
        """Write: a merge is final. Its coins come to the receiver, and what the giver owed."""
        owed = self.lock_many((giver, receiver))[giver].debt
        self.add_debt(giver, -owed)
        self._connection.execute(
            update(accounts)
            .where(accounts.c.address == receiver)
            .values(credited=accounts.c.credited + coins, debt=accounts.c.debt + owed)
        )

    def lock(self, address: bytes) -> AccountRow:
        """Write: one account, its row locked until the unit ends (on SQLite the whole journal is)."""
        return AccountRow(*self._connection.execute(_LOCK, {"this": address}).one())

    def lock_many(self, addresses: Iterable[bytes]) -> dict[bytes, AccountRow]:
        """Write: some accounts, their rows locked in one order until the unit ends."""
        wanted = sorted(addresses)
        found: dict[bytes, AccountRow] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(*_COLUMNS)
                .where(accounts.c.address.in_(chunk))
                .order_by(accounts.c.address)
                .with_for_update(key_share=True)
            )
            found.update((row.address, AccountRow(*row)) for row in rows)
        return found

    def debit_many(self, coins: Mapping[bytes, int]) -> None:
        """Write: take coins of locked accounts, of which the caller knows that they are free."""
        if coins:
            mark = driver_mark(self._connection)
            self._connection.exec_driver_sql(
                f"UPDATE accounts SET debited = debited + {mark} WHERE address = {mark}",  # noqa: S608
                [(amount, address) for address, amount in sorted(coins.items())],
            )

    def refunding_at(self, address: bytes, desk: int) -> int:
        """Coins of refunds by this desk that are accepted and not final yet; of a redeem that the chain skipped nothing comes back."""
        original = entries.alias("original")
        total = self._connection.execute(
            select(func.coalesce(func.sum(entries.c.coins), 0))
            .select_from(
                entries.outerjoin(batches, ITS_BATCH).outerjoin(
                    original, original.c.journal_no == entries.c.original_no
                )
            )
            .where(entries.c.account == address, entries.c.desk == desk, entries.c.kind == Kind.REFUND)
            .where(ENTRY_NOT_FINAL)
            .where(original.c.skip_reason.is_(None))
        ).scalar_one()
        return int(total)

    def hold(self, address: bytes, coins: int, *, refunding_here: int = 0) -> bool:
        """Write: reserve coins; False, and nothing changed, where fewer are free at this desk, or the account is frozen or closed."""
        values = {"this": address, "amount": coins, "here": refunding_here}
        return self._connection.execute(_HOLD, values).rowcount == 1

    def release(self, address: bytes, coins: int) -> None:
        """Write: free held coins again."""
        self._connection.execute(_RELEASE, {"this": address, "amount": coins})

    def capture(self, address: bytes, coins: int) -> bool:
        """Write: held coins become debited; False, and nothing changed, where the account is frozen or closed."""
        return self._connection.execute(_CAPTURE, {"this": address, "amount": coins}).rowcount == 1

    def debit(self, address: bytes, coins: int) -> bool:
        """Write: take coins at once; False where fewer are free, or the account is frozen or closed."""
        return self._connection.execute(_DEBIT, {"this": address, "amount": coins}).rowcount == 1

    def take_back(self, address: bytes, coins: int, taken: int) -> None:
        """Write: a correction takes what is there, and the rest is debt."""
        self._connection.execute(
            update(accounts)
            .where(accounts.c.address == address)
            .values(debited=accounts.c.debited + taken, debt=accounts.c.debt + coins - taken)
        )

    def set_off(self, address: bytes, coins: int) -> bool:
        """Write: coins that are there pay a debt; False where either is less. A frozen account pays too."""
        done = self._connection.execute(
            update(accounts)
            .where(accounts.c.address == address, accounts.c.debt >= coins)
            .where(accounts.c.credited - accounts.c.debited - accounts.c.held >= coins)
            .values(debited=accounts.c.debited + coins, debt=accounts.c.debt - coins)
        )
        return done.rowcount == 1

    def move_to_debt(self, address: bytes, coins: int) -> None:
        """Write: coins that the books had for taken are owed instead (a negative number: the other way round). What is free stays as it is."""
        self._connection.execute(
            update(accounts)
            .where(accounts.c.address == address)
            .values(debited=accounts.c.debited - coins, debt=accounts.c.debt + coins)
        )

    def add_debt(self, address: bytes, coins: int) -> None:
        """Write: more is owed, or less (a negative number) where the chain did not make what the books had for a debt."""
        self._connection.execute(
            update(accounts).where(accounts.c.address == address).values(debt=accounts.c.debt + coins)
        )

    def restore(self, address: bytes, coins: int) -> None:
        """Write: coins of an expiry that was undone, once that is final."""
        self._connection.execute(
            update(accounts).where(accounts.c.address == address).values(credited=accounts.c.credited + coins)
        )

    def begin_refund(self, address: bytes, coins: int) -> None:
        """Write: coins of an accepted refund are on their way."""
        self._connection.execute(_BEGIN_REFUND, {"this": address, "amount": coins})

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
