"""Donations after they were made, and standing wishes: `donate what I earn`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from ledger_service.domain.conversion import CONVERSION_SOURCE
from ledger_service.domain.entries import Kind
from ledger_service.journal.loose_acts import DESIGNATED, END_WISH, GIVEN, WISH, LooseAct, LooseActs
from ledger_service.journal.places import ITS_BATCH
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
        self._acts = LooseActs(connection)

    def donation(self, donation_id: str) -> DonationRow | None:
        """One gift."""
        row = self._connection.execute(select(donations).where(donations.c.id == donation_id)).one_or_none()
        return DonationRow(*row) if row else None

    def designate(self, donation_id: str, fund: int) -> None:
        """Write: the body is to use the gift for another of its projects."""
        person_id = self._connection.execute(
            select(donations.c.person_id).where(donations.c.id == donation_id)
        ).scalar_one()
        self._acts.write(DESIGNATED, person_id, donation=donation_id, fund=fund)
        self._designate(donation_id, fund)

    def wish(self, person_id: str) -> WishRow | None:
        """A resident's standing wish."""
        row = self._connection.execute(select(wishes).where(wishes.c.person_id == person_id)).one_or_none()
        return WishRow(*row) if row else None

    def wishes(self) -> list[WishRow]:
        """Every standing wish."""
        return [WishRow(*row) for row in self._connection.execute(select(wishes).order_by(wishes.c.person_id))]

    def set_wish(self, row: WishRow) -> None:
        """Write: a standing wish in place of the one before."""
        self._acts.write(
            WISH, row.person_id, id=row.id, fund=row.fund, since=row.since_no, by=row.wished_by, at=row.wished_at
        )
        self._put_wish(row)

    def end_wish(self, person_id: str) -> None:
        """Write: what is earned stays with the resident again."""
        self._acts.write(END_WISH, person_id)
        self._drop_wish(person_id)

    def last_journal_no(self) -> int:
        """The highest journal number that an entry has."""
        return int(self._connection.execute(select(func.coalesce(func.max(entries.c.journal_no), 0))).scalar_one())

    def earned(self, wish: WishRow) -> list[EarnedRow]:
        """Final credits since the wish that it has not given yet, by journal number. What a conversion adds was not earned."""
        converted = records.join(imports, imports.c.id == records.c.import_id)
        rows = self._connection.execute(
            select(entries.c.journal_no, entries.c.coins)
            .join(persons, persons.c.account == entries.c.account)
            .join(batches, ITS_BATCH)
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

    def mark_given(self, person_id: str, journal_numbers: Sequence[int], donation_no: int | None) -> None:
        """Write: a wish has dealt with these credits, by a gift or because nothing was left of them. Raises where one was dealt with before."""
        if donation_no is None:  # a gift's own bundle names its credits
            self._acts.write(GIVEN, person_id, credits=list(journal_numbers))
        self._connection.execute(
            insert(wish_credits), [{"journal_no": number, "donation_no": donation_no} for number in journal_numbers]
        )

    def replay(self, acts: Sequence[LooseAct]) -> None:
        """Write: after books were read back, what these acts, in order, come to. One whose person or gift is not known is left out."""
        people = set(self._connection.execute(select(persons.c.id)).scalars()) if acts else set()
        for act in acts:
            content = act.content
            if act.kind == DESIGNATED:
                self._designate(content["donation"], content["fund"])
            elif act.kind == GIVEN:
                self._give_again(content["credits"])
            elif act.kind == END_WISH:
                self._drop_wish(act.person_id)
            elif act.person_id in people:
                self._put_wish(
                    WishRow(
                        act.person_id, content["id"], content["fund"], content["since"], content["by"], content["at"]
                    )
                )

    def _designate(self, donation_id: str, fund: int) -> None:
        self._connection.execute(update(donations).where(donations.c.id == donation_id).values(designated_fund=fund))

    def _put_wish(self, row: WishRow) -> None:
        self._drop_wish(row.person_id)
        self._connection.execute(insert(wishes).values(**{name: getattr(row, name) for name in WishRow.__slots__}))

    def _drop_wish(self, person_id: str) -> None:
        self._connection.execute(delete(wishes).where(wishes.c.person_id == person_id))

    def _give_again(self, journal_numbers: Sequence[int]) -> None:
        known = set(
            self._connection.execute(
                select(entries.c.journal_no).where(entries.c.journal_no.in_(journal_numbers))
            ).scalars()
        )
        done = set(
            self._connection.execute(
                select(wish_credits.c.journal_no).where(wish_credits.c.journal_no.in_(journal_numbers))
            ).scalars()
        )
        rows = [{"journal_no": number, "donation_no": None} for number in sorted(known - done)]
        if rows:
            self._connection.execute(insert(wish_credits), rows)
