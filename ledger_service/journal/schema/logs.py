"""Who did and who looked, each line chained to the one before; keys that were used; counters."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from ledger_service.journal.schema.columns import GROWING, Bytes, metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor_id", String(36), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("body_hash", Bytes(32), nullable=False),
    Column("answer", Text, nullable=False),  # JSON with ids and amounts only
    Column("created_at", BigInteger, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor_id", String(36), nullable=False),
    Column("action", String(48), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON with ids, amounts and reasons; nothing personal
    Column("number", BigInteger, unique=True),  # place in the chain of hashes, given by the sealer
    Column("hash", Bytes(32)),
    Index(
        "ix_audit_log_unchained",
        "id",
        sqlite_where=text("number IS NULL"),
        postgresql_where=text("number IS NULL"),
    ),
)

# Who looked at whom, when and why. `person_id` is null where more people were touched than have rows of their own.
access_log = Table(
    "access_log",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor_id", String(36), nullable=False),
    Column("assisted_by", String(36)),
    Column("address", String(64), nullable=False),
    Column("action", String(100), nullable=False),  # method and route
    Column("person_id", String(36)),
    Column("people", Integer, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("number", BigInteger, unique=True),  # place in the chain of hashes, given by the sealer
    Column("hash", Bytes(32)),
    Index("ix_access_log_person", "person_id", "id"),
    Index(
        "ix_access_log_unchained",
        "id",
        sqlite_where=text("number IS NULL"),
        postgresql_where=text("number IS NULL"),
    ),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
