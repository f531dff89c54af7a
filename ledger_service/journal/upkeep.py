"""When the books were last backed up, and a backup last read whole."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.schema import upkeep

BACKUP, VERIFIED = "backup", "verified"


class Upkeep:
    """Repository of what is done to keep the books safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def done(self, name: str, at: int) -> None:
        """Write: it was done (UTC seconds)."""
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(upkeep).values(name=name, at=at)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}))

    def last(self) -> dict[str, int]:
        """When each was last done; what never was is missing."""
        return {row.name: row.at for row in self._connection.execute(select(upkeep))}
