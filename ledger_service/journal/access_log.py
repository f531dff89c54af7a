"""The access log: who looked at whom, when, from where and why. Chained by hashes like the audit log, which carries its head.

While a request is served, a `Looking` stands in a context variable. Whatever fetches a person through the journal notes the person there; a
command writes its rows in its own transaction, for the rest the guard writes them before the answer leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, insert, select, update

from ledger_service.journal.schema import access_log

PEOPLE_BY_NAME_MAX = 100  # of more people (a month's file) one row tells the number; the file's own rows tell who


@dataclass(slots=True)
class Looking:
    """A request that may touch people. `action` is method and route, never the path with its ids."""

    actor_id: str
    assisted_by: str | None
    address: str
    action: str
    reason: str
    at: int
    is_export: bool = False  # gets a row also where it names nobody
    _noted: dict[str, None] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)

    def note(self, person_id: str) -> None:
        """This person's data was touched."""
        self._noted[person_id] = None

    def unwritten(self) -> list[str]:
        """Whom no row tells of yet."""
        return [one for one in self._noted if one not in self._written]

    def is_unwritten(self) -> bool:
        """Whether there is a row to write."""
        return self.is_export or bool(self.unwritten())

    def all_written(self) -> None:
        """The rows are durable."""
        self._written.update(self._noted)
        self.is_export = False


LOOKING: ContextVar[Looking | None] = ContextVar("boram_looking", default=None)


def note_person(person_id: str) -> None:
    """Whoever fetches somebody's row says so here; outside of a request nothing happens."""
    looking = LOOKING.get()
    if looking is not None:
        looking.note(person_id)


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One look. `people` counts them where `person_id` is None."""

    id: int
    at: int
    actor_id: str
    assisted_by: str | None
    address: str
    action: str
    person_id: str | None
    people: int
    reason: str
    number: int | None
    hash: bytes | None


_WRITE = insert(access_log)


class AccessLog:
    """Repository of the access log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, looking: Looking) -> None:
        """Write: a row for each person that was touched and has none yet."""
        if not looking.is_unwritten():
            return
        people = looking.unwritten()
        common = {
            "at": looking.at,
            "actor_id": looking.actor_id,
            "assisted_by": looking.assisted_by,
            "address": looking.address,
            "action": looking.action,
            "reason": looking.reason,
        }
        if looking.is_export or len(people) > PEOPLE_BY_NAME_MAX:
            rows = [{**common, "person_id": None, "people": len(people)}]
        else:
            rows = [{**common, "person_id": one, "people": 1} for one in people]
        self._connection.execute(_WRITE, rows)

    def unchained(self, rows_max: int) -> list[AccessRow]:
        """The oldest rows that have no place in the chain of hashes yet."""
        rows = self._connection.execute(
            select(access_log).where(access_log.c.number.is_(None)).order_by(access_log.c.id).limit(rows_max)
        )
        return [AccessRow(*row) for row in rows]

    def tail(self) -> tuple[int, bytes]:
        """(number, hash) of the last chained row; (0, zero) before the first."""
        number = self._connection.execute(select(func.max(access_log.c.number))).scalar_one()
        if number is None:
            return 0, bytes(32)
        return number, self._connection.execute(
            select(access_log.c.hash).where(access_log.c.number == number)
        ).scalar_one()

    def chain(self, places: Sequence[tuple[int, int, bytes]]) -> None:
        """Write: (id, number, hash) of newly chained rows."""
        if places:
            self._connection.execute(
                update(access_log)
                .where(access_log.c.id == bindparam("row_id"))
                .values(number=bindparam("place"), hash=bindparam("link")),
                [{"row_id": row_id, "place": number, "link": link} for row_id, number, link in places],
            )

    def page(self, person_id: str | None, after: int, rows_max: int) -> list[AccessRow]:
        """Rows by id, of one person or of all."""
        wanted = select(access_log).where(access_log.c.id > after).order_by(access_log.c.id).limit(rows_max)
        if person_id is not None:
            wanted = wanted.where(access_log.c.person_id == person_id)
        return [AccessRow(*row) for row in self._connection.execute(wanted)]
