"""What becomes coins: approvals, files, records, entries."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from ledger_service.journal.schema.columns import GROWING, Bytes, metadata

# One decision by a second person. An import, a single record and an order proposal each are one approval.
approvals = Table(
    "approvals",
    metadata,
    Column("id", String(36), primary_key=True),
    Column(
        "kind", String(16), nullable=False
    ),  # import, record, orders, close, balances, expiry, correction, closure, merge
    Column("status", String(16), nullable=False),  # staging, waiting, approved, rejected, withdrawn
    Column("submitted_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Column("decided_by", String(36), ForeignKey("actors.id")),
    Column("decided_at", BigInteger),
    Column("reason", Text),
    CheckConstraint("decided_by IS NULL OR status = 'withdrawn' OR decided_by <> submitted_by", name="two_persons"),
    Index("ix_approvals_status_id", "status", "id"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", String(36), ForeignKey("approvals.id"), primary_key=True),
    Column("source", String(32), nullable=False),
    Column("as_of", Integer, nullable=False),
    Column("as_of_reason", Text),
    Column("file_sha256", Bytes(32), nullable=False),
    Column("reserved_day", Integer, nullable=False),  # whose month and year the reservations are in
    Column("rows", Integer, nullable=False),
    Column("accepted_rows", Integer, nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column(
        "outcomes", Bytes, nullable=False
    ),  # compressed JSON: [line, outcome, coins] of every row, and its fault where it has one
)

records = Table(
    "records",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("import_id", String(36), ForeignKey("approvals.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("record_key", Bytes(32), nullable=False),
    Column("record_sealed", Bytes, nullable=False),  # sealed as business_key: an entry takes it as it is
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("desk", Integer, ForeignKey("desks.number"), nullable=False),
    Column("rate_id", Integer, ForeignKey("rates.id"), nullable=False),
    Column("activity_day", Integer, nullable=False),
    Column("start_minute", Integer),
    Column("end_minute", Integer),
    Column("units", BigInteger, nullable=False),
    Column("counted_units", Integer, nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("withdrawn", Boolean, nullable=False, server_default=text("false")),
    Index("ix_records_import_line", "import_id", "line"),
    Index("ix_records_person_day", "person_id", "activity_day"),
    Index(
        "uq_records_record_key",
        "record_key",
        unique=True,
        sqlite_where=text(
            "withdrawn = 0"
        ),  # as queries spell it there: SQLite takes a partial index for no other spelling
        postgresql_where=text("NOT withdrawn"),
    ),
)

entries = Table(
    "entries",
    metadata,
    Column("journal_no", GROWING, primary_key=True, autoincrement=False),
    Column("desk", Integer, ForeignKey("desks.number"), nullable=False),
    Column("kind", Integer, nullable=False),
    Column("account", Bytes(20), ForeignKey("accounts.address"), nullable=False),
    Column("person_id", String(36), ForeignKey("persons.id")),  # none of a venue's or fund's month close
    Column("ref", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("accepted_day", Integer, nullable=False),  # the business day of acceptance, and the day of its batch
    Column("accepted_at", BigInteger, nullable=False),
    Column("record_key", Bytes(32), nullable=False),  # keyed HMAC of the business key
    Column("business_key_sealed", Bytes, nullable=False),
    Column("who", String(36), ForeignKey("actors.id"), nullable=False),
    Column("approver", String(36), ForeignKey("actors.id")),
    Column("consent", String(36)),
    Column(
        "original_no", BigInteger
    ),  # of a refund: its redeem's journal number; of a correction: the credit's or expiry's
    Column("word_line", BigInteger),  # what the word's line says, where that is not its journal number
    Column("seq", BigInteger),
    Column("position", Integer),
    Column("skip_reason", Integer),
    Column(
        "freed_no", BigInteger, nullable=False, server_default="0"
    ),  # its journal number once its record is free again
    Index(
        "ix_entries_unsealed",
        "desk",
        "journal_no",
        "kind",
        "coins",
        sqlite_where=text("seq IS NULL"),
        postgresql_where=text("seq IS NULL"),
    ),
    Index(
        "ix_entries_unsealed_no",
        "journal_no",
        sqlite_where=text("seq IS NULL"),
        postgresql_where=text("seq IS NULL"),
    ),
    Index("uq_entries_place", "desk", "seq", "position", unique=True),
    # Once but for what the chain skipped: that stays as it was hashed, and its record may come again.
    Index("uq_entries_record_key", "record_key", "freed_no", unique=True),
    Index("ix_entries_account_no", "account", "journal_no"),
)
