"""What posting found: open until it is over, or until the coin office has acknowledged it. A subject is open once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.schema import findings

FINDING = "finding"
NOTICE = "notice"
_IS_OPEN = (findings.c.over_at.is_(None), findings.c.acknowledged_at.is_(None))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding or notice. Instants are UTC seconds."""

    id: int
    kind: str
    subject: str
    words: str
    found_at: int
    over_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    reason: str | None


class FindingRows:
    """Repository of findings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_one(self, kind: str, subject: str, words: str, now: int) -> None:
        """Write: something was found; where its subject is open already, what it says now."""
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(findings).values(kind=kind, subject=subject, words=words, found_at=now)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["subject"],
                index_where=findings.c.over_at.is_(None) & findings.c.acknowledged_at.is_(None),
                set_={"kind": kind, "words": words},
            )
        )

    def end(self, subject: str, now: int) -> None:
        """Write: what was found is over."""
        self._connection.execute(update(findings).where(findings.c.subject == subject, *_IS_OPEN).values(over_at=now))

    def acknowledge(self, finding_id: int, actor_id: str, reason: str, now: int) -> bool:
        """Write: the coin office has looked; False where it is not open any more."""
        done = self._connection.execute(
            update(findings)
            .where(findings.c.id == finding_id, *_IS_OPEN)
            .values(acknowledged_at=now, acknowledged_by=actor_id, reason=reason)
        )
        return done.rowcount == 1

    def read(self, finding_id: int) -> FindingRow | None:
        """One."""
        row = self._connection.execute(select(findings).where(findings.c.id == finding_id)).one_or_none()
        return _row(row) if row else None

    def open_ones(self, rows_max: int) -> list[FindingRow]:
        """Those that are open: what stops crediting first, then the latest."""
        rows = self._connection.execute(
            select(findings).where(*_IS_OPEN).order_by(findings.c.kind, findings.c.id.desc()).limit(rows_max)
        )
        return [_row(row) for row in rows]

    def still_open(self, subjects: Collection[str]) -> set[str]:
        """Those of the subjects that are open."""
        return set(
            self._connection.execute(
                select(findings.c.subject).where(findings.c.subject.in_(subjects), *_IS_OPEN)
            ).scalars()
        )

    def page(self, before: int | None, rows_max: int) -> list[FindingRow]:
        """All there were, latest first."""
        asked = select(findings).order_by(findings.c.id.desc()).limit(rows_max)
        if before is not None:
            asked = asked.where(findings.c.id < before)
        return [_row(row) for row in self._connection.execute(asked)]


def _row(row: Row[tuple[object, ...]]) -> FindingRow:
    return FindingRow(**row._mapping)
