"""Where lines of the ledger stand: which batch has an entry, and what is not final on the chain."""

from __future__ import annotations

from sqlalchemy import or_, text

from ledger_service.journal.schema import batches, entries

ITS_BATCH = (batches.c.desk == entries.c.desk) & (batches.c.seq == entries.c.seq)
"""Joins an entry and the batch that has taken it; as an outer join it keeps the entries that none has."""

ENTRY_NOT_FINAL = or_(batches.c.state.is_(None), batches.c.state != "final")
"""Of entries outer joined with their batch."""

BATCH_NOT_FINAL = text("batches.state <> 'final'")
"""Spelled as the partial index of the schema: SQLite does not see that a bound value means the same."""
