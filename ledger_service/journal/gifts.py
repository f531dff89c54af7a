"""Donations after they were made, and standing wishes: `donate what I earn`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from ledger_service.domain.conversion import CONVERSION_SOURCE
from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import batches, donations, entries, imports, persons, records, wish_credits, wishes


@dataclass(frozen=True, slots=True)
class DonationRow:
    """A gift. `designated_fund` is another project of the same body, named after its own was cancelled."""

    id: str
    journal_no: int
    person_id: str
    fund: int
    coins: int
    day: int
    designated_fund: int | None


@dataclass(frozen=True, slots=True)
class WishRow:
    """A resident's standing wish."""

    person_id: str
    id: str
    fund: int
    since_no: int
    wished_by: str
    wished_at: int


@dataclass(frozen=True, slots=True)
class EarnedRow:
    """A final credit that a wish has not given yet."""

    journal_no: int
    coins: int


class Gifts:
    """Repository of gifts and wishes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def donation(self, donation_id: str) -> DonationRow | None:
        """One gift."""
        row = self._connection.execute(select(donations).where(donations.c.id == donation_id)).one_or_none()
        return DonationRow(*row) if row else None

    def designate(self, donation_id: str, fund: int) -> None:
        """Write: the body is to use the gift for another of its projects."""
        self._connection.execute(update(donations).where(donations.c.id == donation_id).values(designated_fund=fund))

    def wish(self, person_id: str) -> WishRow | None:
        """A resident's standing wish."""
        row = self._connection.execute(select(wishes).where(wishes.c.person_id == person_id)).one_or_none()
        return WishRow(*row) if row else None

    def wishes(self) -> list[WishRow]:
        """Every standing wish."""
        return [WishRow(*row) for row in self._connection.execute(select(wishes).order_by(wishes.c.person_id))]

    def set_wish(self, row: WishRow) -> None:
        """Write: a standing wish in place of the one before."""
        self.end_wish(row.person_id)
        self._connection.execute(insert(wishes).values(**{name: getattr(row, name) for name in WishRow.__slots__}))

    def end_wish(self, person_id: str) -> None:
        """Write: what is earned stays with the resident again."""
        self._connection.execute(delete(wishes).where(wishes.c.person_id == person_id))

    def last_journal_no(self) -> int:
        """The highest journal number that an entry has."""
        return int(self._connection.execute(select(func.coalesce(func.max(entries.c.journal_no), 0))).scalar_one())

    def earned(self, wish: WishRow) -> list[EarnedRow]:
        """Final credits since the wish that it has not given yet, by journal number. What a conversion adds was not earned."""
        converted = records.join(imports, imports.c.id == records.c.import_id)
        rows = self._connection.execute(
            select(entries.c.journal_no, entries.c.coins)
            .join(persons, persons.c.account == entries.c.account)
            .join(batches, (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq))
            .where(persons.c.id == wish.person_id, entries.c.kind == Kind.CREDIT, entries.c.journal_no > wish.since_no)
            .where(entries.c.skip_reason.is_(None), batches.c.state == "final")
            .where(~exists().where(wish_credits.c.journal_no == entries.c.journal_no))
            .where(
                ~exists(
                    select(records.c.id)
                    .select_from(converted)
                    .where(records.c.record_key == entries.c.record_key, imports.c.source == CONVERSION_SOURCE)
                )
            )
            .order_by(entries.c.journal_no)
        )
        return [EarnedRow(*row) for row in rows]

    def mark_given(self, journal_numbers: list[int]) -> None:
        """Write: a wish has dealt with these credits. Raises where one was dealt with before."""
        self._connection.execute(insert(wish_credits), [{"journal_no": number} for number in journal_numbers])
