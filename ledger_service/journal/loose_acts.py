"""Acts that are no entries, until a bundle keeps them: a standing wish, its end, credits that a wish gave nothing of, a gift's other project.

What is an entry comes back from the chain when books are lost; these would not. So they wait, like entries, for the next batch, and its bundle
has them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from ledger_service.journal.entries import Entries
from ledger_service.journal.schema import loose_acts

COUNTER = "act"
ACTS_A_BATCH_MAX = 200
WISH, END_WISH, GIVEN, DESIGNATED = "wish", "end wish", "given", "designated"


@dataclass(frozen=True, slots=True)
class LooseAct:
    """One act of a person."""

    id: int
    person_id: str
    kind: str
    content: dict[str, Any]


class LooseActs:
    """Repository of acts that are no entries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, kind: str, person_id: str, **content: Any) -> None:
        """Write: an act, in the unit that does it."""
        number = Entries(self._connection).next_numbers(COUNTER, 1)
        self._connection.execute(
            insert(loose_acts).values(
                id=number, person_id=person_id, kind=kind, content=json.dumps(content, sort_keys=True)
            )
        )

    def place(self, desk: int, seq: int) -> None:
        """Write: the oldest that wait go with this batch."""
        waiting = select(loose_acts.c.id).where(text("loose_acts.seq IS NULL")).order_by(loose_acts.c.id)
        ids = self._connection.execute(waiting.limit(ACTS_A_BATCH_MAX)).scalars().all()
        if ids:
            self._connection.execute(update(loose_acts).where(loose_acts.c.id.in_(ids)).values(desk=desk, seq=seq))

    def unplace(self, desk: int, after_seq: int) -> None:
        """Write: those of a desk's batches beyond a sequence number wait again."""
        self._connection.execute(
            update(loose_acts)
            .where(loose_acts.c.desk == desk, loose_acts.c.seq > after_seq)
            .values(desk=None, seq=None)
        )

    def people_of(self, desk: int, seq: int) -> set[str]:
        """Whose acts a batch's bundle keeps."""
        found = select(loose_acts.c.person_id).where(loose_acts.c.desk == desk, loose_acts.c.seq == seq)
        return set(self._connection.execute(found).scalars())

    def all(self) -> list[LooseAct]:
        """Every act, in order."""
        rows = self._connection.execute(
            select(loose_acts.c.id, loose_acts.c.person_id, loose_acts.c.kind, loose_acts.c.content).order_by(
                loose_acts.c.id
            )
        )
        return [LooseAct(row.id, row.person_id, row.kind, json.loads(row.content)) for row in rows]
