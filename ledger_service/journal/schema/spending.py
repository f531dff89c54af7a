"""What coins are spent on: holds, redemptions, refunds, donations, wishes."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, text

from ledger_service.journal.schema.columns import Bytes, metadata

holds = Table(
    "holds",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", Bytes(20), ForeignKey("accounts.address"), nullable=False),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("desk", Integer, ForeignKey("desks.number"), nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("purpose", String(16), nullable=False),  # counter, sign_up
    Column("state", String(16), nullable=False),  # held, captured, released, expired
    Column("created_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("reserved_day", Integer, nullable=False),  # in whose month the venue's limit is reserved
    CheckConstraint("coins > 0", name="positive"),
    Index("ix_holds_state_expires", "state", "expires_at"),
)

redemptions = Table(
    "redemptions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), nullable=False, unique=True),
    Column("hold_id", String(36), ForeignKey("holds.id"), nullable=False, unique=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("desk", Integer, ForeignKey("desks.number"), nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("krw_per_coin", Integer, nullable=False),
    Column("refunded_coins", BigInteger, nullable=False, server_default="0"),
    Column("day", Integer, nullable=False),
    CheckConstraint("refunded_coins >= 0 AND refunded_coins <= coins", name="refund_within"),
    Index("ix_redemptions_desk_no", "desk", "journal_no"),
    Index("ix_redemptions_desk_day", "desk", "day", "journal_no"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("redemption_id", String(36), ForeignKey("redemptions.id"), nullable=False),
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), nullable=False, unique=True),
    Column("coins", BigInteger, nullable=False),
    Column("reason", String(32), nullable=False),
)

donations = Table(
    "donations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), nullable=False, unique=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("fund", Integer, ForeignKey("funds.number"), nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    # Another project of the same body, once the fund's was cancelled. The coins stay where the chain has them.
    Column("designated_fund", Integer, ForeignKey("funds.number")),
    Index("ix_donations_person", "person_id"),
)

# A standing wish: what a resident earns from now on goes to a fund.
wishes = Table(
    "wishes",
    metadata,
    Column("person_id", String(36), ForeignKey("persons.id"), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),  # the consent that its gifts name
    Column("fund", Integer, ForeignKey("funds.number"), nullable=False),
    Column("since_no", BigInteger, nullable=False),  # credits with a later journal number
    Column("wished_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("wished_at", BigInteger, nullable=False),
)

wish_credits = Table(
    "wish_credits",
    metadata,
    Column("journal_no", BigInteger, ForeignKey("entries.journal_no"), primary_key=True, autoincrement=False),
    Column("donation_no", BigInteger, ForeignKey("entries.journal_no")),  # the gift that was made of it, if one was
    Index("ix_wish_credits_donation", "donation_no"),
)

# Acts that are no entries and that a bundle has to keep all the same: wishes, designations. They ride along with a batch.
loose_acts = Table(
    "loose_acts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("kind", String(12), nullable=False),  # wish, end wish, given, designated
    Column("content", Text, nullable=False),  # JSON with ids and numbers
    Column("desk", Integer),  # of the batch whose bundle keeps it
    Column("seq", BigInteger),
    Index("ix_loose_acts_place", "desk", "seq"),
    Index("ix_loose_acts_waiting", "id", sqlite_where=text("seq IS NULL"), postgresql_where=text("seq IS NULL")),
)
