"""Holds, redemptions, refunds and donations. Each change of a hold is one conditional update: it happens once or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import donations, enrolments, entries, holds, redemptions, refunds


@dataclass(frozen=True, slots=True)
class HoldRow:
    """Coins reserved before a charge, of the account and of the venue's month (that of `reserved_day`).

    `expires_at` is an instant of the real clock, in UTC seconds.
    """

    id: str
    account: bytes
    person_id: str
    desk: int
    coins: int
    purpose: str
    state: str
    created_by: str
    created_at: int
    expires_at: int
    reserved_day: int


@dataclass(frozen=True, slots=True)
class RedemptionRow:
    """A charge that was accepted."""

    id: str
    journal_no: int
    hold_id: str
    person_id: str
    desk: int
    coins: int
    krw_per_coin: int
    refunded_coins: int
    day: int


_ADD_HOLD, _ADD_REDEMPTION = insert(holds), insert(redemptions)
_HOLD = select(holds).where(holds.c.id == bindparam("this"))
_REDEMPTION = select(redemptions).where(redemptions.c.id == bindparam("this"))
_END = update(holds).where(holds.c.id == bindparam("this"), holds.c.state == "held").values(state=bindparam("after"))
_END_ALIVE = _END.where(holds.c.expires_at > bindparam("now"))
_END_DEAD = _END.where(holds.c.expires_at <= bindparam("now"))


class Spending:
    """Repository of everything that takes or gives back coins."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_hold(self, row: HoldRow) -> None:
        """Write: a hold; its coins are reserved in the account by the same command."""
        self._connection.execute(_ADD_HOLD, {name: getattr(row, name) for name in HoldRow.__slots__})

    def hold(self, hold_id: str) -> HoldRow | None:
        """One hold."""
        row = self._connection.execute(_HOLD, {"this": hold_id}).one_or_none()
        if row is not None:
            note_person(row.person_id)
        return HoldRow(**row._mapping) if row else None

    def open_counter_holds(self, person_id: str) -> list[HoldRow]:
        """A person's open holds that no sign-up has."""
        rows = self._connection.execute(
            select(holds)
            .outerjoin(enrolments, enrolments.c.hold_id == holds.c.id)
            .where(holds.c.person_id == person_id, holds.c.state == "held", enrolments.c.id.is_(None))
            .order_by(holds.c.id)
        )
        return [HoldRow(**row._mapping) for row in rows]

    def end_hold(self, hold_id: str, after: str, *, alive_at: int | None = None, dead_at: int | None = None) -> bool:
        """Write: captured, released or expired, once. `alive_at` asks that it has not expired, `dead_at` (not both) that it has."""
        values = {"this": hold_id, "after": after}
        if alive_at is not None:
            done = self._connection.execute(_END_ALIVE, {**values, "now": alive_at})
        elif dead_at is not None:
            done = self._connection.execute(_END_DEAD, {**values, "now": dead_at})
        else:
            done = self._connection.execute(_END, values)
        return done.rowcount == 1

    def expired_holds(self, now: int, rows_max: int) -> list[HoldRow]:
        """Open holds whose time is over, oldest first."""
        rows = self._connection.execute(
            select(holds)
            .where(holds.c.state == "held", holds.c.expires_at <= now)
            .order_by(holds.c.expires_at)
            .limit(rows_max)
        )
        return [HoldRow(**row._mapping) for row in rows]

    def add_redemption(self, row: RedemptionRow) -> None:
        """Write: an accepted charge."""
        self._connection.execute(_ADD_REDEMPTION, {name: getattr(row, name) for name in RedemptionRow.__slots__})

    def redemption(self, redemption_id: str) -> RedemptionRow | None:
        """One charge."""
        row = self._connection.execute(_REDEMPTION, {"this": redemption_id}).one_or_none()
        if row is not None:
            note_person(row.person_id)
        return RedemptionRow(**row._mapping) if row else None

    def take_back(self, redemption_id: str, coins: int) -> bool:
        """Write: count coins of a charge as refunded; False where it did not take so many."""
        done = self._connection.execute(
            update(redemptions)
            .where(redemptions.c.id == redemption_id, redemptions.c.refunded_coins + coins <= redemptions.c.coins)
            .values(refunded_coins=redemptions.c.refunded_coins + coins)
        )
        return done.rowcount == 1

    def add_refund(self, refund_id: str, redemption_id: str, journal_no: int, coins: int, reason: str) -> None:
        """Write: an accepted refund."""
        self._connection.execute(
            insert(refunds).values(
                id=refund_id, redemption_id=redemption_id, journal_no=journal_no, coins=coins, reason=reason
            )
        )

    def add_donation(self, **values: Any) -> None:
        """Write: an accepted donation (column values by name)."""
        self._connection.execute(insert(donations).values(**values))

    def skip_reason(self, journal_no: int) -> int | None:
        """Write: why the chain did not apply an entry; None where it did or has not decided. It stays so until the unit ends."""
        return self._connection.execute(
            select(entries.c.skip_reason).where(entries.c.journal_no == journal_no).with_for_update(read=True)
        ).scalar_one_or_none()
