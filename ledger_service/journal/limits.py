"""What may still be issued or moved: desk allotments by month, budgets by year, caps by person and month.

`reserved` counts everything that waits for approval or was accepted. A reservation is one conditional update: it succeeds whole or changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.engine import driver_mark
from ledger_service.journal.schema import budgets, desk_limits, person_caps, person_months

QUERY_KEYS_MAX = 500


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit and what is reserved of it, in coins."""

    coins: int
    reserved: int

    @property
    def left(self) -> int:
        """What may still be reserved."""
        return self.coins - self.reserved


class Limits:
    """Repository of limits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set_desk_limit(self, desk: int, month: int, coins: int) -> None:
        """Write: the coins that a desk may issue or move in a month."""
        self._set(desk_limits, {"desk": desk, "month": month}, coins)

    def set_budget(self, year: int, coins: int) -> None:
        """Write: the coins that all may issue in a fiscal year."""
        self._set(budgets, {"year": year}, coins)

    def set_person_cap(self, year: int, coins: int) -> None:
        """Write: the coins that one person may earn in a month of a year."""
        self._set(person_caps, {"year": year}, coins)

    def reserve_desk(self, desk: int, month: int, coins: int) -> bool:
        """Write: reserve of a desk's month (a negative number gives back); False where it does not fit."""
        done = self._connection.execute(
            update(desk_limits)
            .where(desk_limits.c.desk == desk, desk_limits.c.month == month)
            .where(desk_limits.c.reserved + coins <= desk_limits.c.coins)
            .values(reserved=desk_limits.c.reserved + coins)
        )
        return done.rowcount == 1

    def reserve_budget(self, year: int, coins: int) -> bool:
        """Write: reserve of a year's budget (a negative number gives back); False where it does not fit."""
        done = self._connection.execute(
            update(budgets)
            .where(budgets.c.year == year, budgets.c.reserved + coins <= budgets.c.coins)
            .values(reserved=budgets.c.reserved + coins)
        )
        return done.rowcount == 1

    def add_person_months(self, month: int, coins: Mapping[bytes, int]) -> None:
        """Write: what accounts earn in a month. The caller compares with `person_cap`.

        In one order, so that two units never wait for each other.
        """
        if coins:
            mark = driver_mark(self._connection)
            self._connection.exec_driver_sql(
                f"INSERT INTO person_months (account, month, reserved) VALUES ({mark}, {mark}, {mark}) "  # noqa: S608
                "ON CONFLICT (account, month) DO UPDATE SET reserved = person_months.reserved + excluded.reserved",
                [(account, month, amount) for account, amount in sorted(coins.items())],
            )

    def return_person_months(self, month: int, coins: Mapping[bytes, int]) -> None:
        """Write: give back what `add_person_months` counted."""
        if coins:
            mark = driver_mark(self._connection)
            done = self._connection.exec_driver_sql(
                f"UPDATE person_months SET reserved = reserved - {mark} WHERE account = {mark} AND month = {mark}",  # noqa: S608
                [(amount, account, month) for account, amount in sorted(coins.items())],
            )
            assert done.rowcount == len(coins), "what was never counted is given back"

    def person_months(self, month: int, accounts: Iterable[bytes]) -> dict[bytes, int]:
        """What these accounts have reserved in a month; missing where nothing."""
        wanted = list(accounts)
        found: dict[bytes, int] = {}
        for start in range(0, len(wanted), QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(person_months.c.account, person_months.c.reserved)
                .where(person_months.c.month == month)
                .where(person_months.c.account.in_(wanted[start : start + QUERY_KEYS_MAX]))
                .with_for_update()
            )
            found.update((row.account, row.reserved) for row in rows)
        return found

    def person_cap(self, year: int) -> int:
        """Coins that one person may earn in a month of this year; 0 where none is set."""
        found = self._connection.execute(
            select(person_caps.c.coins).where(person_caps.c.year == year)
        ).scalar_one_or_none()
        return found or 0

    def desk_limit(self, desk: int, month: int) -> LimitRow:
        """A desk's month; none ordered is none allowed."""
        row = self._connection.execute(
            select(desk_limits.c.coins, desk_limits.c.reserved).where(
                desk_limits.c.desk == desk, desk_limits.c.month == month
            )
        ).one_or_none()
        return LimitRow(*row) if row else LimitRow(0, 0)

    def budget(self, year: int) -> LimitRow:
        """A year's budget; none ordered is none allowed."""
        row = self._connection.execute(
            select(budgets.c.coins, budgets.c.reserved).where(budgets.c.year == year)
        ).one_or_none()
        return LimitRow(*row) if row else LimitRow(0, 0)

    def _set(self, table: Table, key: dict[str, int], coins: int) -> None:
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(table).values(**key, coins=coins)
        self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_={"coins": coins}))
