"""People: rows of sealed columns, found by id or by a blind index: of their member number, or of name and birth date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, text, update

from ledger_service.journal.access_log import note_person
from ledger_service.journal.chunks import chunks
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import (
    accounts,
    approvals,
    attendances,
    batches,
    cards,
    enrolments,
    entries,
    helpers,
    holds,
    messages,
    objections,
    persons,
    phone_codes,
    records,
)

QUERY_KEYS_MAX = 500


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the books hold them; sealed columns open with the person's seal (journal/vault.py)."""

    id: str
    account: bytes
    member_number_index: bytes
    member_number_sealed: bytes
    name_sealed: bytes
    birth_date_sealed: bytes
    phone_sealed: bytes | None
    residence_sealed: bytes | None
    identity_index: bytes | None = None  # nobody's once the person is forgotten


_COLUMNS = (
    persons.c.id,
    persons.c.account,
    persons.c.member_number_index,
    persons.c.member_number_sealed,
    persons.c.name_sealed,
    persons.c.birth_date_sealed,
    persons.c.phone_sealed,
    persons.c.residence_sealed,
    persons.c.identity_index,
)
_BY_ID = select(*_COLUMNS).where(persons.c.id == bindparam("this"))
_ACTING = _BY_ID.add_columns(persons.c.merged_into)


class People:
    """Repository of people."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_many(self, rows: Sequence[PersonRow], now: int) -> None:
        """Write: new people. Their keys and accounts exist already."""
        if rows:
            self._connection.execute(
                insert(persons),
                [{name: getattr(row, name) for name in PersonRow.__slots__} | {"created_at": now} for row in rows],
            )

    def erase(self, person_id: str, random_index: bytes) -> None:
        """Write: nothing personal is left of a row; the account and what it did stay, as nobody's."""
        self._connection.execute(
            update(persons)
            .where(persons.c.id == person_id)
            .values(
                member_number_index=random_index, member_number_sealed=b"", name_sealed=b"", birth_date_sealed=b"",
                phone_sealed=None, residence_sealed=None, identity_index=None,
            )
        )  # fmt: skip
        self._connection.execute(update(messages).where(messages.c.person_id == person_id).values(text_sealed=None))
        self._connection.execute(
            update(objections)
            .where(objections.c.person_id == person_id)
            .values(text_sealed=b"", answer_sealed=case((objections.c.answer_sealed.is_(None), None), else_=b""))
        )
        self._connection.execute(
            delete(helpers).where((helpers.c.person_id == person_id) | (helpers.c.helper_id == person_id))
        )
        self._connection.execute(delete(phone_codes).where(phone_codes.c.person_id == person_id))
        self._connection.execute(delete(cards).where(cards.c.person_id == person_id))

    def open_matters(self, person_id: str) -> dict[str, int]:
        """What keeps a person from being forgotten: how many of each is open."""
        account = select(persons.c.account).where(persons.c.id == person_id).scalar_subquery()
        counts = {
            "coins": select(accounts.c.credited + accounts.c.refunding - accounts.c.debited).where(
                accounts.c.address == account
            ),
            "holds": select(func.count())
            .select_from(holds)
            .where(holds.c.person_id == person_id, holds.c.state == "held"),
            "sign_ups": select(func.count())
            .select_from(enrolments)
            .where(enrolments.c.person_id == person_id, enrolments.c.state == "held"),
            "records": select(func.count())
            .select_from(records.join(approvals, approvals.c.id == records.c.import_id))
            .where(records.c.person_id == person_id, approvals.c.status == "waiting", ~records.c.withdrawn),
            "objections": select(func.count())
            .select_from(objections)
            .where(objections.c.person_id == person_id, objections.c.state == "open"),
            "attendances": select(func.count())
            .select_from(attendances)
            .where(attendances.c.person_id == person_id, attendances.c.state == "open"),
            "entries": select(func.count())
            .select_from(entries.outerjoin(batches, ITS_BATCH))
            .where(entries.c.person_id == person_id, func.coalesce(batches.c.state, "") != "final"),
        }
        found = {name: int(self._connection.execute(query).scalar_one()) for name, query in counts.items()}
        return {name: count for name, count in found.items() if count}

    def by_id(self, person_id: str) -> PersonRow | None:
        """One person."""
        row = self._connection.execute(_BY_ID, {"this": person_id}).one_or_none()
        return _noted(PersonRow(*row)) if row else None

    def acting(self, person_id: str) -> PersonRow | None:
        """One person, or who they are since their member number was merged into another."""
        while True:
            row = self._connection.execute(_ACTING, {"this": person_id}).one_or_none()
            if row is None:
                return None
            if row.merged_into is None:
                return _noted(PersonRow(*row[:-1]))
            person_id = row.merged_into

    def heirs(self) -> dict[str, str]:
        """Person ids that were merged, and the person that they stand for now. Few."""
        rows = self._connection.execute(
            select(persons.c.id, persons.c.merged_into).where(text("persons.merged_into IS NOT NULL"))
        )
        into = {row.id: row.merged_into for row in rows}
        return {person_id: _last(into, person_id) for person_id in into}

    def merges_before(self, person_id: str) -> int:
        """Through how many merges, one after the other, coins came to a person at most."""
        rows = self._connection.execute(
            select(persons.c.id).where(persons.c.merged_into == person_id, text("persons.merged_into IS NOT NULL"))
        )
        return max((self.merges_before(giver) + 1 for giver in rows.scalars().all()), default=0)

    def merge(self, person_id: str, into: str | None) -> None:
        """Write: a member number stands for another person's from now on, or (None) for its own again."""
        self._connection.execute(update(persons).where(persons.c.id == person_id).values(merged_into=into))

    def by_ids(self, person_ids: Iterable[str]) -> list[PersonRow]:
        """Some people, in no order."""
        wanted = list(person_ids)
        found: list[PersonRow] = []
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(select(*_COLUMNS).where(persons.c.id.in_(chunk)))
            found.extend(PersonRow(*row) for row in rows)
        return found

    def by_member_index(self, indexes: Iterable[bytes]) -> list[PersonRow]:
        """The people of these member numbers' blind indexes, in no order."""
        wanted = list(indexes)
        found: list[PersonRow] = []
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(select(*_COLUMNS).where(persons.c.member_number_index.in_(chunk)))
            found.extend(_noted(PersonRow(*row)) for row in rows)
        return found

    def by_identity_index(self, index: bytes, rows_max: int) -> list[PersonRow]:
        """The people of this name and birth date, in the order in which they came."""
        rows = self._connection.execute(
            select(*_COLUMNS).where(persons.c.identity_index == index).order_by(persons.c.id).limit(rows_max)
        )
        return [_noted(PersonRow(*row)) for row in rows]


def _last(into: Mapping[str, str], person_id: str) -> str:
    while person_id in into:
        person_id = into[person_id]
    return person_id


def _noted(person: PersonRow) -> PersonRow:
    """Whoever is fetched while a request is served gets a row in the access log."""
    note_person(person.id)
    return person
