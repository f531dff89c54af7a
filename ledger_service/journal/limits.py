"""What may still be issued or moved: desk allotments by month, budgets by year, caps by person and month.

`reserved` counts everything that waits for approval or was accepted. A reservation is one conditional update: it succeeds whole or changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Table, Update, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.chunks import chunks
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.schema import budgets, desk_limits, person_caps, person_months

QUERY_KEYS_MAX = 500
LATEST = 2**16  # after every civil day: the amount that was set last


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit and what is reserved of it, in coins."""

    coins: int
    reserved: int

    @property
    def left(self) -> int:
        """What may still be reserved."""
        return self.coins - self.reserved


def _in_force(table: Table, day: int | ColumnElement[int]) -> ColumnElement[int]:
    return case((table.c.next_day <= day, table.c.next_coins), else_=table.c.coins)


def _reserving(table: Table, *key: str) -> Update:
    """Reserve `amount` on `on_day` in the row that `this_…` names, where it fits. Built once: every charge runs it."""
    amount, on_day = bindparam("amount", type_=BigInteger), bindparam("on_day", type_=Integer)
    return (
        update(table)
        .where(*(table.c[name] == bindparam(f"this_{name}") for name in key))
        .where(table.c.reserved + amount <= _in_force(table, on_day))
        .values(reserved=table.c.reserved + amount)
    )


_RESERVE_DESK = _reserving(desk_limits, "desk", "month")
_RESERVE_BUDGET = _reserving(budgets, "year")


class Limits:
    """Repository of limits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set_desk_limit(self, desk: int, month: int, coins: int, *, next_day: int | None = None, today: int = 0) -> None:
        """Write: the coins that a desk may issue or move in a month, at once or from `next_day` on."""
        self._set(desk_limits, {"desk": desk, "month": month}, coins, next_day, today)

    def set_budget(self, year: int, coins: int, *, next_day: int | None = None, today: int = 0) -> None:
        """Write: the coins that all may issue in a fiscal year, at once or from `next_day` on."""
        self._set(budgets, {"year": year}, coins, next_day, today)

    def set_person_cap(self, year: int, coins: int, *, next_day: int | None = None, today: int = 0) -> None:
        """Write: the coins that one person may earn in a month of a year, at once or from `next_day` on."""
        self._set(person_caps, {"year": year}, coins, next_day, today)

    def reserve_desk(self, desk: int, month: int, coins: int, *, day: int = LATEST) -> bool:
        """Write: reserve of a desk's month (a negative number gives back); False where it does not fit."""
        values = {"this_desk": desk, "this_month": month, "amount": coins, "on_day": day}
        return self._connection.execute(_RESERVE_DESK, values).rowcount == 1

    def reserve_budget(self, year: int, coins: int, *, day: int = LATEST) -> bool:
        """Write: reserve of a year's budget (a negative number gives back); False where it does not fit."""
        values = {"this_year": year, "amount": coins, "on_day": day}
        return self._connection.execute(_RESERVE_BUDGET, values).rowcount == 1

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
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(person_months.c.account, person_months.c.reserved)
                .where(person_months.c.month == month)
                .where(person_months.c.account.in_(chunk))
                .with_for_update()
            )
            found.update((row.account, row.reserved) for row in rows)
        return found

    def person_cap(self, year: int, *, day: int = LATEST) -> int:
        """Coins that one person may earn in a month of this year, on a day; 0 where none is set."""
        found = self._connection.execute(
            select(_in_force(person_caps, day)).where(person_caps.c.year == year)
        ).scalar_one_or_none()
        return int(found or 0)

    def desk_limit(self, desk: int, month: int, *, day: int = LATEST) -> LimitRow:
        """A desk's month, as it is on a day; none ordered is none allowed."""
        return self._limit(desk_limits, {"desk": desk, "month": month}, day)

    def budget(self, year: int, *, day: int = LATEST) -> LimitRow:
        """A year's budget, as it is on a day; none ordered is none allowed."""
        return self._limit(budgets, {"year": year}, day)

    def ahead(self, table: str, **key: int) -> tuple[int, int] | None:
        """(first day, coins) of the version of a limit that was last given with notice: table desk_limits, budgets or person_caps."""
        limits = {"desk_limits": desk_limits, "budgets": budgets, "person_caps": person_caps}[table]
        row = self._connection.execute(
            select(limits.c.next_day, limits.c.next_coins).where(*(limits.c[name] == at for name, at in key.items()))
        ).one_or_none()
        return (row.next_day, row.next_coins) if row is not None and row.next_day is not None else None

    def _limit(self, table: Table, key: dict[str, int], day: int) -> LimitRow:
        row = self._connection.execute(
            select(_in_force(table, day), table.c.reserved).where(*(table.c[name] == at for name, at in key.items()))
        ).one_or_none()
        return LimitRow(*row) if row else LimitRow(0, 0)

    def _set(self, table: Table, key: dict[str, int], coins: int, next_day: int | None, today: int) -> None:
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        if next_day is None:
            values: dict[str, Any] = {"coins": coins, "next_coins": None, "next_day": None}
            changed = values
        else:
            values = {"coins": 0, "next_coins": coins, "next_day": next_day}
            changed = {**values, "coins": _in_force(table, today)}
        statement = dialect.insert(table).values(**key, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))
