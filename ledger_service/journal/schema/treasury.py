"""The treasury's acts: closes, checks, corrections, expiry, freezes, ends of accounts."""

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

from ledger_service.journal.schema.columns import Bytes, metadata

# What a venue or fund is paid for a month. The figures are written once, when it is prepared (of a fund when it is approved).
closes = Table(
    "closes",
    metadata,
    Column("id", String(36), primary_key=True),  # that of its approval, once there is one
    Column("month", Integer, nullable=False),
    Column("account", Bytes(20), ForeignKey("accounts.address"), nullable=False),
    Column("desk", Integer, ForeignKey("desks.number")),  # a venue's
    Column("fund", Integer, ForeignKey("funds.number")),
    Column("last_seq", BigInteger, nullable=False),  # the venue's last batch of the month; 0 of a fund
    Column("opening_coins", BigInteger, nullable=False),
    Column("opening_krw", BigInteger, nullable=False),
    Column("charges", Integer, nullable=False),
    Column("taken_coins", BigInteger, nullable=False),
    Column("taken_krw", BigInteger, nullable=False),
    Column("refunds", Integer, nullable=False),
    Column("refunded_coins", BigInteger, nullable=False),
    Column("refunded_krw", BigInteger, nullable=False),
    Column("reissued_coins", BigInteger, nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("krw", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),  # prepared, confirmed, approved, closed (final), rejected, skipped
    Column("prepared_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("prepared_at", BigInteger, nullable=False),
    Column("confirmed_by", String(36), ForeignKey("actors.id")),  # by the venue
    Column("confirmed_at", BigInteger),
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), unique=True),
    Column("signatures", Bytes),  # of the venue's keys, 65 bytes each
    CheckConstraint("(desk IS NULL) <> (fund IS NULL)", name="one_payee"),
    CheckConstraint("coins >= 0 AND krw >= 0", name="paid"),
    CheckConstraint("coins = opening_coins + taken_coins - refunded_coins + reissued_coins", name="coins_add_up"),
    CheckConstraint("krw = opening_krw + taken_krw - refunded_krw", name="krw_adds_up"),
    Index(
        "uq_closes_once",
        "account",
        "month",
        unique=True,
        sqlite_where=text("state NOT IN ('rejected', 'skipped')"),
        postgresql_where=text("state NOT IN ('rejected', 'skipped')"),
    ),
    Index("ix_closes_state", "state"),
)

# The three-way check: daily, and when somebody asks for one.
checks = Table(
    "checks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("day", Integer, nullable=False),
    Column("requested_by", String(36), ForeignKey("actors.id")),  # none: the day's own
    Column("requested_at", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),  # waiting, holds, differs
    Column("done_at", BigInteger),
    Column("detail", Text),  # JSON: the sums, and where they differ
    Index("ix_checks_state", "state", "requested_at"),
)

# The treasury's acts. A correction is accepted with its approval; `taken` is what it took, from acceptance on, and what the chain burnt once final.
corrections = Table(
    "corrections",
    metadata,
    Column("id", String(36), ForeignKey("approvals.id"), primary_key=True),
    Column("original_no", BigInteger, ForeignKey("entries.journal_no"), nullable=False),
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), unique=True),
    Column("coins", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False, server_default="0"),
    Column("restores", Boolean, nullable=False),  # it undoes an expiry
    Column("reason", String(200), nullable=False),
    CheckConstraint("coins > 0 AND taken >= 0 AND taken <= coins", name="within"),
    Index("ix_corrections_original", "original_no"),
)

# How much of an entry was corrected, never more than it moved.
corrected = Table(
    "corrected",
    metadata,
    Column("original_no", BigInteger, ForeignKey("entries.journal_no"), primary_key=True, autoincrement=False),
    Column("issued", BigInteger, nullable=False),
    Column("coins", BigInteger, nullable=False),
    CheckConstraint("coins >= 0 AND coins <= issued", name="within"),
)

expiry_runs = Table(
    "expiry_runs",
    metadata,
    Column("id", String(36), ForeignKey("approvals.id"), primary_key=True),
    Column("cut_day", Integer, nullable=False),  # lots are taken that count up to this day
    Column("accounts", Integer, nullable=False),
    Column("coins", BigInteger, nullable=False),
)

expiry_lines = Table(
    "expiry_lines",
    metadata,
    Column("run_id", String(36), ForeignKey("approvals.id"), primary_key=True),
    Column("account", Bytes(20), ForeignKey("accounts.address"), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("coins", BigInteger, nullable=False),
    CheckConstraint("coins > 0", name="positive"),
)

freezes = Table(
    "freezes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("proposal_id", String(36), ForeignKey("approvals.id"), nullable=False),
    Column("account", Bytes(20), ForeignKey("accounts.address"), nullable=False),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("first_day", Integer, nullable=False),
    Column("end_day", Integer, nullable=False),  # the last day on which it holds
    Column("appeal_day", Integer, nullable=False),  # up to which the person may object
    Column("state", String(8), nullable=False),  # frozen, lifted
    Index(
        "uq_freezes_once",
        "account",
        unique=True,
        sqlite_where=text("state = 'frozen'"),
        postgresql_where=text("state = 'frozen'"),
    ),
)

# Ends of accounts: a closure gives the balance to a fund or burns it, a merge takes it to another number of the same person.
account_ends = Table(
    "account_ends",
    metadata,
    Column("id", String(36), ForeignKey("approvals.id"), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("receiver_id", String(36), ForeignKey("persons.id")),  # of a merge
    Column("fund", Integer, ForeignKey("funds.number")),  # of a closure that gives; none: it burns
    Column(
        "reason", Integer, nullable=False
    ),  # of a closure, as its word says it (domain/account_ends.py); 0 of a merge
    Column("note", String(200), nullable=False),
    Column("coins", BigInteger, nullable=False, server_default="0"),  # once it is approved
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), unique=True),
    CheckConstraint("receiver_id IS NULL OR (fund IS NULL AND receiver_id <> person_id)", name="one_end"),
)
