"""Month closes, and what they are folded from. Figures are written once; only the state of a close moves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, tuple_, update

from ledger_service.domain.closes import Movement, VenueAccount, fold_venue
from ledger_service.domain.entries import Kind, desk_account, fund_account
from ledger_service.journal.chunks import chunks
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import accounts, batches, closes, coin_values, entries

OVER = ("rejected", "skipped")
FINAL = ("final",)
_GIFTS = (Kind.DONATE, Kind.CLOSURE)  # a closure without a fund has ref 0
QUERY_KEYS_MAX = 200


@dataclass(frozen=True, slots=True)
class CloseRow:
    """One close of a venue (`desk`) or a fund. Its figures add up as in domain/closes.py."""

    id: str
    month: int
    account: bytes
    desk: int | None
    fund: int | None
    last_seq: int
    opening_coins: int
    opening_krw: int
    charges: int
    taken_coins: int
    taken_krw: int
    refunds: int
    refunded_coins: int
    refunded_krw: int
    reissued_coins: int
    coins: int
    krw: int
    state: str
    prepared_by: str
    prepared_at: int
    confirmed_by: str | None = None
    confirmed_at: int | None = None
    journal_no: int | None = None
    signatures: bytes | None = None


class Closes:
    """Repository of month closes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: CloseRow) -> None:
        """Write: a close, with the account that its entry names."""
        if (
            self._connection.execute(select(accounts.c.address).where(accounts.c.address == row.account)).first()
            is None
        ):
            self._connection.execute(insert(accounts).values(address=row.account))
        self._connection.execute(insert(closes).values(**{one.name: getattr(row, one.name) for one in fields(row)}))

    def read(self, close_id: str) -> CloseRow | None:
        """One close."""
        row = self._connection.execute(select(closes).where(closes.c.id == close_id)).one_or_none()
        return CloseRow(*row) if row else None

    def lock(self, close_id: str) -> CloseRow | None:
        """Write: one close, its row locked until the unit ends."""
        row = self._connection.execute(select(closes).where(closes.c.id == close_id).with_for_update()).one_or_none()
        return CloseRow(*row) if row else None

    def of_month(self, month: int) -> list[CloseRow]:
        """The closes of a month, by venue and then by fund; those that came to nothing too."""
        rows = self._connection.execute(
            select(closes)
            .where(closes.c.month == month)
            .order_by(func.coalesce(closes.c.desk, 2**16), closes.c.fund, closes.c.id)
        )
        return [CloseRow(*row) for row in rows]

    def of_account(self, account: bytes) -> list[CloseRow]:
        """The closes of a venue's or fund's account that came to something or still may, by month."""
        rows = self._connection.execute(
            select(closes).where(closes.c.account == account, closes.c.state.not_in(OVER)).order_by(closes.c.month)
        )
        return [CloseRow(*row) for row in rows]

    def of_entry(self, journal_no: int) -> CloseRow | None:
        """The close that an entry carries out."""
        row = self._connection.execute(select(closes).where(closes.c.journal_no == journal_no)).one_or_none()
        return CloseRow(*row) if row else None

    def move(self, close_id: str, before: str, after: str, **values: Any) -> bool:
        """Write: change the state once; False where it is not `before` any more."""
        done = self._connection.execute(
            update(closes).where(closes.c.id == close_id, closes.c.state == before).values(state=after, **values)
        )
        return done.rowcount == 1

    def settle(self, keys: Sequence[tuple[int, int]]) -> None:
        """Write: these batches with closes are final. A close that the chain skipped may be begun again."""
        for desk, seq in keys:
            rows = self._connection.execute(
                select(entries.c.journal_no, entries.c.skip_reason).where(
                    entries.c.desk == desk, entries.c.seq == seq, entries.c.kind == Kind.MONTH_CLOSE
                )
            ).all()
            for journal_no, skip_reason in rows:
                self._connection.execute(
                    update(closes)
                    .where(closes.c.journal_no == journal_no, closes.c.state == "approved")
                    .values(state="closed" if skip_reason is None else "skipped")
                )

    # What posting asks

    def unsigned(self, rows_max: int) -> list[CloseRow]:
        """Approved closes of venues whose keys have not signed the statement."""
        rows = self._connection.execute(
            select(closes)
            .where(closes.c.state == "approved", closes.c.desk.is_not(None), closes.c.signatures.is_(None))
            .order_by(closes.c.journal_no)
            .limit(rows_max)
        )
        return [CloseRow(*row) for row in rows]

    def sign(self, close_id: str, signatures: bytes) -> bool:
        """Write: the venue's signatures under its statement, once."""
        done = self._connection.execute(
            update(closes).where(closes.c.id == close_id, closes.c.signatures.is_(None)).values(signatures=signatures)
        )
        return done.rowcount == 1

    def is_closing(self, desk: int) -> bool:
        """Whether a close of this venue is on its way to the chain."""
        found = select(closes.c.id).where(closes.c.state == "approved", closes.c.desk == desk).limit(1)
        return self._connection.execute(found).first() is not None

    def last_batch(self, desk: int) -> tuple[int, int] | None:
        """(desk, seq) of the treasury's batch with this venue's last close that is final."""
        row = self._connection.execute(
            select(entries.c.desk, entries.c.seq)
            .join(closes, closes.c.journal_no == entries.c.journal_no)
            .where(closes.c.desk == desk, closes.c.state == "closed")
            .order_by(entries.c.journal_no.desc())
            .limit(1)
        ).one_or_none()
        return (row[0], row[1]) if row else None

    # What figures are made of

    def venue_movements(self, desk: int, states: Collection[str] = FINAL) -> list[Movement]:
        """All entries of a venue in batches of these states, and its closes, in the order of the chain."""
        ours = entries.c.desk == desk
        its_closes = and_(entries.c.kind == Kind.MONTH_CLOSE, entries.c.account == desk_account(desk))
        return self._applied(or_(ours, its_closes), states)

    def venue_account(self, desk: int, states: Collection[str] = FINAL) -> VenueAccount:
        """A venue's account after them."""
        return fold_venue(self.venue_movements(desk, states))

    def fund_movements(self, fund: int, states: Collection[str] = FINAL) -> list[Movement]:
        """All gifts to a fund in batches of these states, and its closes, in the order of the chain."""
        gifts = and_(entries.c.kind.in_(_GIFTS), entries.c.ref == fund)
        its_closes = and_(entries.c.kind == Kind.MONTH_CLOSE, entries.c.account == fund_account(fund))
        return self._applied(or_(gifts, its_closes), states)

    def gifts_to_close(self, fund: int) -> list[Movement]:
        """The final gifts to a fund since its last close. A close takes all that there is."""
        latest_first = reversed(self.fund_movements(fund))
        return list(reversed([*takewhile(lambda one: one.kind != Kind.MONTH_CLOSE, latest_first)]))

    def venues_with_closes(self) -> list[int]:
        """Venues that a close was accepted for: only their refunds can be issued again."""
        found = select(closes.c.desk).where(closes.c.desk.is_not(None), closes.c.journal_no.is_not(None)).distinct()
        return sorted(one for one in self._connection.execute(found).scalars() if one is not None)

    def _applied(self, condition: Any, states: Collection[str]) -> list[Movement]:
        original = entries.alias("original")
        is_refund = and_(original.c.journal_no == entries.c.original_no, entries.c.kind == Kind.REFUND)
        rows = self._connection.execute(
            select(
                entries.c.desk,
                entries.c.seq,
                entries.c.position,
                entries.c.kind,
                entries.c.day,
                entries.c.coins,
                func.coalesce(original.c.day, entries.c.day).label("value_day"),
                closes.c.last_seq,
                closes.c.krw,
            )
            .select_from(
                entries.outerjoin(original, is_refund).outerjoin(closes, closes.c.journal_no == entries.c.journal_no)
            )
            .where(condition, entries.c.seq.is_not(None), entries.c.skip_reason.is_(None))
        ).all()
        places = self._places({(row.desk, row.seq) for row in rows}, states)
        kept = [row for row in rows if (row.desk, row.seq) in places]
        kept.sort(key=lambda row: (places[row.desk, row.seq], row.position))
        values = self._connection.execute(
            select(coin_values.c.first_day, coin_values.c.krw).order_by(coin_values.c.first_day.desc())
        ).all()
        return [
            Movement(row.kind, row.seq, row.day, row.coins, row.coins * _value_on(values, row.value_day))
            if row.kind != Kind.MONTH_CLOSE
            else Movement(row.kind, row.last_seq, row.day, row.coins, row.krw)
            for row in kept
        ]

    def _places(self, keys: Collection[tuple[int, int]], states: Collection[str]) -> dict[tuple[int, int], int]:
        """Post numbers of those of these batches that are on the chain, in one of the states."""
        wanted = sorted(keys)
        found: dict[tuple[int, int], int] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(batches.c.desk, batches.c.seq, batches.c.post_number)
                .where(tuple_(batches.c.desk, batches.c.seq).in_(chunk))
                .where(batches.c.state.in_(states), batches.c.post_number > 0)
            )
            found.update(((row[0], row[1]), row[2]) for row in rows)
        return found

    def last_seq_until(self, desk: int, day: int) -> int:
        """The last batch of a desk whose day is not after `day`; 0 where there is none."""
        last = self._connection.execute(
            select(func.max(batches.c.seq)).where(batches.c.desk == desk, batches.c.day <= day)
        ).scalar_one()
        return int(last or 0)

    def not_final_until(self, day: int) -> tuple[int, int]:
        """Entries accepted until a day that no batch has taken, and batches until that day that are not final."""
        unsealed = self._connection.execute(
            select(func.count()).select_from(entries).where(entries.c.seq.is_(None), entries.c.accepted_day <= day)
        ).scalar_one()
        open_batches = self._connection.execute(
            select(func.count())
            .select_from(batches)
            .where(or_(batches.c.state != "final", batches.c.post_number < 0), batches.c.day <= day)
        ).scalar_one()
        return int(unsealed), int(open_batches)

    def _coins_on_their_way(self, condition: Any) -> int:
        """Coins of accepted entries that are not final."""
        total = self._connection.execute(
            select(func.coalesce(func.sum(entries.c.coins), 0))
            .select_from(entries.outerjoin(batches, ITS_BATCH))
            .where(condition, ENTRY_NOT_FINAL)
        ).scalar_one()
        return int(total)

    def refunds_on_their_way(self, desk: int) -> int:
        """Coins of a venue's refunds that are accepted and not final."""
        return self._coins_on_their_way(and_(entries.c.desk == desk, entries.c.kind == Kind.REFUND))

    def gifts_on_their_way(self, fund: int) -> int:
        """Coins of gifts to a fund that are accepted and not final."""
        return self._coins_on_their_way(and_(entries.c.kind.in_(_GIFTS), entries.c.ref == fund))


def _value_on(values: Sequence[Any], day: int) -> int:
    """KRW a coin on a day, from (first day, KRW), latest first; 0 before the first."""
    return next((int(krw) for first_day, krw in values if first_day <= day), 0)
