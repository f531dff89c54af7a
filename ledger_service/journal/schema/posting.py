"""The way to the chain and what came back from it: batches, transactions, blocks, findings, the lease of who posts."""

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

batches = Table(
    "batches",
    metadata,
    Column("desk", Integer, ForeignKey("desks.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),
    Column("previous_head", Bytes(32), nullable=False),
    Column("evidence_root", Bytes(32), nullable=False),
    Column("needs", Text, nullable=False),  # JSON: [[desk, seq], …]
    Column("words", Bytes, nullable=False),
    Column("annex", Bytes, nullable=False),
    Column("head", Bytes(32), nullable=False, unique=True),
    Column("audit_head", Bytes(32), nullable=False),
    Column("coins", BigInteger, nullable=False),  # the forecast of coinsApplied
    Column("gas_max", BigInteger, nullable=False),  # the gas that posting it needs at most, as far as the books know
    Column("signatures", Bytes),  # concatenated, 65 bytes each
    Column("state", String(8), nullable=False),  # sealed, signed, posted, final
    Column("sealed_at", BigInteger, nullable=False),
    Column("post_number", BigInteger),
    Column("block_number", BigInteger),
    Column("transaction_hash", Bytes(32)),
    Column("skipped", Integer),
    Index(
        "ix_batches_not_final",
        "state",
        "sealed_at",
        "desk",
        "coins",
        sqlite_where=text("state <> 'final'"),
        postgresql_where=text("state <> 'final'"),
    ),
    Index("uq_batches_post_number", "post_number", unique=True),
    Index("ix_batches_place", "desk", "seq", "state", "post_number", "day"),  # without reading the long row
)

# Batches that were out for signature for too long and have a replacement at their place: either may land.
replaced_batches = Table(
    "replaced_batches",
    metadata,
    Column("desk", Integer, ForeignKey("desks.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("head", Bytes(32), primary_key=True),
    Column("content", Text, nullable=False),  # JSON: the batch, and the numbers of its entries or orders in order
    Column("replaced_at", BigInteger, nullable=False),
)

# Batches of the chain that the books know by their words alone: the bundle is missing, or nobody here sealed them.
outside_batches = Table(
    "outside_batches",
    metadata,
    Column("desk", Integer, ForeignKey("desks.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),  # missing, foreign
    Column("head", Bytes(32), nullable=False),
    Column("first_day", Integer),  # of the activities that it credits
    Column("last_day", Integer),
    Column("moves", Text, nullable=False),  # JSON: [account, credited, refunding, debited], as it settles
    Column("skips", Text, nullable=False),  # JSON: [position, reason]
    Column("noted_at", BigInteger, nullable=False),
)

# Signatures that an organisation made on its own machine, until the posting loop has checked them.
offered_signatures = Table(
    "offered_signatures",
    metadata,
    Column("desk", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("signature", Bytes(65), primary_key=True),
    Column("head", Bytes(32), nullable=False),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("offered_at", BigInteger, nullable=False),
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("sender", Bytes(20), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("hash", Bytes(32), nullable=False, unique=True),
    Column("raw", Bytes, nullable=False),
    Column("state", String(8), nullable=False),  # stored, settled (its nonce is used on the chain), dropped
    Column("batches", Text, nullable=False),  # JSON: [[desk, seq], …] in order
    Column("created_at", BigInteger, nullable=False),
    Column("replaces", Boolean, nullable=False, server_default=text("false")),  # the same call with a higher fee
    Index("ix_transactions_state_nonce", "state", "nonce"),
    # The last guard against a nonce used for two things: another call at it is another first transaction.
    Index(
        "uq_transactions_sender_nonce",
        "sender",
        "nonce",
        unique=True,
        sqlite_where=text("state <> 'dropped' AND NOT replaces"),
        postgresql_where=text("state <> 'dropped' AND NOT replaces"),
    ),
)

chain_identity = Table(
    "chain_identity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis_hash", Bytes(32), nullable=False),
    Column("contract", Bytes(20), nullable=False),
    Column("code_hash", Bytes(32), nullable=False),
    Column("deploy_block", BigInteger, nullable=False),
    Column("deploy_block_hash", Bytes(32), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

chain_blocks = Table(
    "chain_blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Bytes(32), nullable=False),
)

posting_status = Table(
    "posting_status",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("state", String(24), nullable=False),  # starting, rebuilding, ready, chain_down, wrong_chain, …
    Column("detail", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("measures", Text),  # JSON: numbers for Prometheus
    CheckConstraint("id = 1", name="one_row"),
)

# What posting found and a person has to look at. Open until what was found is over, or until the coin office has acknowledged it.
findings = Table(
    "findings",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column(
        "kind", String(8), nullable=False
    ),  # finding: chain and books do not agree; notice: they do, and somebody should know
    Column("subject", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("over_at", BigInteger),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", String(36), ForeignKey("actors.id")),
    Column("reason", Text),
    Index(
        "uq_findings_open",
        "subject",
        unique=True,
        sqlite_where=text("over_at IS NULL AND acknowledged_at IS NULL"),
        postgresql_where=text("over_at IS NULL AND acknowledged_at IS NULL"),
    ),
)

# Who posts (journal/poster_lease.py). `renewed_at` is in milliseconds of the database's own clock.
posting_lease = Table(
    "posting_lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", String(36), nullable=False),
    Column("renewed_at", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# What every process on these books must have alike: fingerprints of the master key and of the key that signs receipts.
installation_marks = Table(
    "installation_marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Bytes(32), nullable=False),
)

# When what keeps the books safe was last done: backup, verified (a backup that was read whole). The newest of each.
upkeep = Table(
    "upkeep",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("at", BigInteger, nullable=False),
)
