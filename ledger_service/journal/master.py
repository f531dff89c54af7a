"""Master data: desks, rates, coin values, funds. A version is never edited; a later one follows it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.rates import Measure, RateTable, RateVersion
from ledger_service.journal.schema import coin_values, desks, funds, installation_marks, rates


@dataclass(frozen=True, slots=True)
class DeskRow:
    """An organisation's right to write. `sealed_*` are its last sealed batch."""

    number: int
    kind: DeskKind
    code: str
    name: str
    custody: int
    step_coins: int
    dong: str
    sealed_seq: int
    sealed_head: bytes
    sealed_day: int
    stopped: str | None
    adopting: bool
    resealing: bool


@dataclass(frozen=True, slots=True)
class FundRow:
    """A donation project of a listed body."""

    number: int
    code: str
    name: str
    body: str
    active: bool
    ended_day: int | None = None
    goal_coins: int | None = None


_DESK = select(desks).where(desks.c.number == bindparam("this"))
_COIN_VALUE = (
    select(coin_values.c.krw)
    .where(coin_values.c.first_day <= bindparam("on_day"))
    .order_by(coin_values.c.first_day.desc())
    .limit(1)
)


class Master:
    """Repository of master data."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_desk(
        self, number: int, kind: DeskKind, code: str, name: str, custody: int, step_coins: int, dong: str = ""
    ) -> None:
        """Write: a new desk."""
        self._connection.execute(
            insert(desks).values(
                number=number,
                kind=int(kind),
                code=code,
                name=name,
                custody=custody,
                step_coins=step_coins,
                dong=dong,
                sealed_head=bytes(32),
            )
        )

    def set_dong(self, number: int, dong: str) -> None:
        """Write: where a venue lies."""
        self._connection.execute(update(desks).where(desks.c.number == number).values(dong=dong))

    def next_desk_number(self) -> int:
        """The lowest number above all desks."""
        return int(self._connection.execute(select(func.coalesce(func.max(desks.c.number), 0))).scalar_one()) + 1

    def desk(self, number: int) -> DeskRow | None:
        """One desk."""
        row = self._connection.execute(_DESK, {"this": number}).one_or_none()
        return _desk(row) if row else None

    def lock_desk(self, number: int) -> DeskRow | None:
        """Write: one desk, its row locked: no batch of it is sealed until this unit ends."""
        row = self._connection.execute(select(desks).where(desks.c.number == number).with_for_update()).one_or_none()
        return _desk(row) if row else None

    def desk_of_code(self, kind: DeskKind, code: str) -> DeskRow | None:
        """The desk of an organisation's code and a kind."""
        row = self._connection.execute(
            select(desks).where(desks.c.kind == int(kind), desks.c.code == code)
        ).one_or_none()
        return _desk(row) if row else None

    def desks(self) -> list[DeskRow]:
        """Every desk by number."""
        return [_desk(row) for row in self._connection.execute(select(desks).order_by(desks.c.number))]

    def move_sealed(self, number: int, seq: int, head: bytes, day: int) -> bool:
        """Write: a desk's next batch is sealed; False where another one was sealed meanwhile."""
        done = self._connection.execute(
            update(desks)
            .where(desks.c.number == number, desks.c.sealed_seq == seq - 1)
            .values(sealed_seq=seq, sealed_head=head, sealed_day=day)
        )
        return done.rowcount == 1

    def set_sealed(self, number: int, seq: int, head: bytes, day: int) -> None:
        """Write: a desk goes on from an earlier batch; the later ones were taken apart."""
        self._connection.execute(
            update(desks).where(desks.c.number == number).values(sealed_seq=seq, sealed_head=head, sealed_day=day)
        )

    def set_adopting(self, number: int, *, adopting: bool) -> None:
        """Write: posting is to take what the chain has of this desk (or has done it)."""
        self._connection.execute(update(desks).where(desks.c.number == number).values(adopting=adopting))

    def set_custody(self, number: int, custody: int) -> None:
        """Write: who holds a desk's key: 0 the operator, 1 the organisation."""
        self._connection.execute(update(desks).where(desks.c.number == number).values(custody=custody))

    def set_resealing(self, number: int, *, resealing: bool) -> None:
        """Write: posting is to seal the desk's waiting batch anew (or has done it)."""
        self._connection.execute(update(desks).where(desks.c.number == number).values(resealing=resealing))

    def stop_desk(self, number: int, reason: str | None) -> None:
        """Write: nothing is sealed or signed for this desk any more (None: again)."""
        self._connection.execute(update(desks).where(desks.c.number == number).values(stopped=reason))

    def add_rate(self, rate: RateVersion) -> None:
        """Write: a rate version."""
        self._connection.execute(
            insert(rates).values(
                id=rate.rate_id,
                programme=rate.programme,
                name=rate.name,
                unit=rate.unit,
                coins=rate.coins,
                per_units=rate.per_units,
                first_day=civil_day(rate.first_day),
                last_day=civil_day(rate.last_day) if rate.last_day else None,
                daily_cap_units=rate.daily_cap_units,
                min_age=rate.min_age,
                measure=rate.measure.value,
                units_max=rate.units_max,
                expiry_months=rate.expiry_months,
                basis=rate.basis,
            )
        )

    def rate_versions(self) -> list[RateVersion]:
        """Every rate version by id."""
        return [
            RateVersion(
                rate_id=row.id,
                programme=row.programme,
                name=row.name,
                unit=row.unit,
                coins=row.coins,
                per_units=row.per_units,
                first_day=date_of(row.first_day),
                last_day=date_of(row.last_day) if row.last_day is not None else None,
                daily_cap_units=row.daily_cap_units,
                min_age=row.min_age,
                measure=Measure(row.measure),
                units_max=row.units_max,
                expiry_months=row.expiry_months,
                basis=row.basis,
            )
            for row in self._connection.execute(select(rates).order_by(rates.c.id))
        ]

    def rate_table(self) -> RateTable:
        """All rates, ready for look-up."""
        return RateTable(self.rate_versions())

    def end_rate(self, rate_id: int, last_day: int) -> None:
        """Write: a rate version ends earlier than it was to. Its other fields never change."""
        self._connection.execute(update(rates).where(rates.c.id == rate_id).values(last_day=last_day))

    def add_coin_value(self, first_day: int, krw: int, choice: str = "", basis: str = "") -> None:
        """Write: a coin is worth this many won from a day on."""
        self._connection.execute(insert(coin_values).values(first_day=first_day, krw=krw, choice=choice, basis=basis))

    def value_changes(self) -> list[tuple[int, int, str, str]]:
        """(first day, KRW, choice, basis) of every value, oldest first."""
        rows = self._connection.execute(select(coin_values).order_by(coin_values.c.first_day))
        return [(row.first_day, row.krw, row.choice, row.basis) for row in rows]

    def coin_value(self, day: int) -> int | None:
        """KRW a coin on a day; None before the first value."""
        return self._connection.execute(_COIN_VALUE, {"on_day": day}).scalar_one_or_none()

    def coin_values(self) -> list[tuple[int, int]]:
        """(first day, KRW) of every value, oldest first."""
        return [
            (row.first_day, row.krw)
            for row in self._connection.execute(select(coin_values).order_by(coin_values.c.first_day))
        ]

    def installation_marks(self) -> dict[str, bytes]:
        """What every process on these books must have alike."""
        rows = self._connection.execute(select(installation_marks.c.name, installation_marks.c.value))
        return {row.name: row.value for row in rows}

    def add_installation_mark(self, name: str, value: bytes) -> None:
        """Write: what this first process has."""
        self._connection.execute(insert(installation_marks).values(name=name, value=value))

    def set_installation_mark(self, name: str, value: bytes) -> None:
        """Write: what every process has from now on."""
        self._connection.execute(delete(installation_marks).where(installation_marks.c.name == name))
        self.add_installation_mark(name, value)

    def add_fund(self, number: int, code: str, name: str, body: str, goal_coins: int | None = None) -> None:
        """Write: a new fund."""
        self._connection.execute(
            insert(funds).values(number=number, code=code, name=name, body=body, active=True, goal_coins=goal_coins)
        )

    def set_goal(self, number: int, goal_coins: int | None) -> None:
        """Write: what a project wants to gather."""
        self._connection.execute(update(funds).where(funds.c.number == number).values(goal_coins=goal_coins))

    def end_fund(self, number: int, day: int) -> None:
        """Write: a project is cancelled: nothing is given to it any more."""
        self._connection.execute(update(funds).where(funds.c.number == number).values(active=False, ended_day=day))

    def fund_of_code(self, code: str) -> FundRow | None:
        """One fund."""
        row = self._connection.execute(select(funds).where(funds.c.code == code)).one_or_none()
        return FundRow(**row._mapping) if row else None

    def funds(self) -> list[FundRow]:
        """Every fund by number."""
        return [FundRow(**row._mapping) for row in self._connection.execute(select(funds).order_by(funds.c.number))]


def _desk(row: Row[tuple[object, ...]]) -> DeskRow:
    return DeskRow(**{**row._mapping, "kind": DeskKind(row.kind)})
