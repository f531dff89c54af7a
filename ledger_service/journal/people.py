"""People: rows of sealed columns, found by id or by the blind index of their member number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import persons

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


_COLUMNS = (
    persons.c.id,
    persons.c.account,
    persons.c.member_number_index,
    persons.c.member_number_sealed,
    persons.c.name_sealed,
    persons.c.birth_date_sealed,
    persons.c.phone_sealed,
    persons.c.residence_sealed,
)


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

    def by_id(self, person_id: str) -> PersonRow | None:
        """One person."""
        row = self._connection.execute(select(*_COLUMNS).where(persons.c.id == person_id)).one_or_none()
        return _noted(PersonRow(*row)) if row else None

    def by_member_index(self, indexes: Iterable[bytes]) -> list[PersonRow]:
        """The people of these member numbers' blind indexes, in no order."""
        wanted = list(indexes)
        found: list[PersonRow] = []
        for start in range(0, len(wanted), QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(*_COLUMNS).where(persons.c.member_number_index.in_(wanted[start : start + QUERY_KEYS_MAX]))
            )
            found.extend(_noted(PersonRow(*row)) for row in rows)
        return found


def _noted(person: PersonRow) -> PersonRow:
    """Whoever is fetched while a request is served gets a row in the access log."""
    note_person(person.id)
    return person
