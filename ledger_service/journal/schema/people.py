"""Residents: their accounts, what they have in the hand, what they said, and whom they let look."""

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
    UniqueConstraint,
    text,
)

from ledger_service.journal.schema.columns import GROWING, Bytes, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("address", Bytes(20), primary_key=True),
    Column("credited", BigInteger, nullable=False, server_default="0"),  # final credits and final refunds
    Column("refunding", BigInteger, nullable=False, server_default="0"),  # accepted refunds that are not final yet
    Column("debited", BigInteger, nullable=False, server_default="0"),  # accepted debits
    Column("held", BigInteger, nullable=False, server_default="0"),  # open holds
    Column("debt", BigInteger, nullable=False, server_default="0"),  # coins that corrections want and are not there yet
    Column("frozen", Boolean, nullable=False, server_default=text("false")),
    Column("closed", Boolean, nullable=False, server_default=text("false")),  # ended: by a closure or a merge
    Column("on_chain", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "credited >= 0 AND refunding >= 0 AND debited >= 0 AND held >= 0 AND debt >= 0", name="not_negative"
    ),
    CheckConstraint("credited + refunding - debited - held >= 0", name="not_overspent"),
    Index("ix_accounts_debt", "address", sqlite_where=text("debt > 0"), postgresql_where=text("debt > 0")),
    Index("ix_accounts_frozen", "address", sqlite_where=text("frozen"), postgresql_where=text("frozen")),
    Index("ix_accounts_closed", "address", sqlite_where=text("closed"), postgresql_where=text("closed")),
)

persons = Table(
    "persons",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", Bytes(20), ForeignKey("accounts.address"), nullable=False, unique=True),
    Column("member_number_index", Bytes(32), nullable=False, unique=True),
    Column("member_number_sealed", Bytes, nullable=False),
    Column("name_sealed", Bytes, nullable=False),
    Column("birth_date_sealed", Bytes, nullable=False),
    Column("phone_sealed", Bytes),
    Column("residence_sealed", Bytes),
    Column("identity_index", Bytes(32)),  # of name and birth date together; none of somebody forgotten
    Column("created_at", BigInteger, nullable=False),
    Column("merged_into", String(36), ForeignKey("persons.id")),  # the same person under another member number
    Index("ix_persons_identity", "identity_index"),
    Index(
        "ix_persons_merged",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
)

# What a resident has in the hand. The number is random and stands here only as a blind index.
cards = Table(
    "cards",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("number_index", Bytes(32), nullable=False, unique=True),
    Column("pin_hash", String(200), nullable=False),  # argon2id of the PIN's keyed HMAC
    Column("created_at", BigInteger, nullable=False),
    Column("blocked_at", BigInteger),
    Index("ix_cards_person", "person_id"),
)

phone_codes = Table(
    "phone_codes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("code_hash", Bytes(32), nullable=False),  # keyed HMAC of id and code
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("ix_phone_codes_person", "person_id", "expires_at"),
)

# Text messages on their way. The text is sealed under the person's key and dropped once it is sent.
messages = Table(
    "messages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text_sealed", Bytes),
    Column("state", String(8), nullable=False),  # waiting, sent, failed
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Index("ix_messages_state", "state", "expires_at", "id"),
)

# What people are to be told (domain/notices.py). A row says whom and what, never their name; whoever sends it looks them up.
notices = Table(
    "notices",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),  # what it is about: with person and kind, told once
    Column("due_day", Integer, nullable=False),
    Column("coins", BigInteger, nullable=False),
    Column("expiry_day", Integer),
    Column("queued_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    UniqueConstraint("person_id", "kind", "subject"),
    Index("ix_notices_unsent", "id", sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL")),
)

# A resident's objection, to a line or because one is missing: their own words and the office's answer, sealed under the resident's key.
objections = Table(
    "objections",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("journal_no", BigInteger),
    Column("text_sealed", Bytes, nullable=False),
    Column("state", String(16), nullable=False),  # open, answered, withdrawn
    Column("filed_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("filed_at", BigInteger, nullable=False),
    Column("due_day", Integer, nullable=False),
    Column("answer_sealed", Bytes),
    Column("answered_by", String(36), ForeignKey("actors.id")),
    Column("answered_at", BigInteger),
    CheckConstraint("(state = 'answered') = (answer_sealed IS NOT NULL)", name="answered_with_words"),
    CheckConstraint("(answered_by IS NULL) = (answer_sealed IS NULL)", name="answered_by_somebody"),
    Index("ix_objections_person", "person_id", "id"),
    Index(
        "ix_objections_open",
        "due_day",
        "id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

# Whom a resident named to look, and perhaps to sign up, in their place. It ends with its last day or when either of them ends it.
helpers = Table(
    "helpers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("helper_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("may_sign_up", Boolean, nullable=False),
    Column("named_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("named_at", BigInteger, nullable=False),
    Column("end_day", Integer, nullable=False),
    Column("ended_at", BigInteger),
    CheckConstraint("person_id <> helper_id", name="two_people"),
    Index("ix_helpers_person", "person_id"),
    Index("ix_helpers_helper", "helper_id"),
    Index(
        "uq_helpers_standing", "person_id", "helper_id", unique=True, sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)  # fmt: skip

# Who came to a centre and has not gone yet, and what became of it. Minutes are of the civil day in Seoul.
attendances = Table(
    "attendances",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("desk", Integer, ForeignKey("desks.number"), nullable=False),
    Column("programme", String(31), nullable=False),
    Column("day", Integer, nullable=False),
    Column("start_minute", Integer, nullable=False),
    Column("began_by", String(36), ForeignKey("actors.id"), nullable=False),
    Column("state", String(16), nullable=False),  # open, submitted, dropped
    Column("submission_id", String(36), ForeignKey("approvals.id")),
    CheckConstraint("(state = 'submitted') = (submission_id IS NOT NULL)", name="submitted_as_something"),
    Index(
        "uq_attendances_open", "person_id", unique=True, sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    Index("ix_attendances_desk", "desk", "id"),
)  # fmt: skip

courses = Table(
    "courses",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("desk", Integer, ForeignKey("desks.number"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("seats_taken", Integer, nullable=False, server_default="0"),
    Column("price_krw", Integer, nullable=False),
    CheckConstraint("seats_taken >= 0 AND seats_taken <= seats", name="not_oversold"),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("course_id", String(36), ForeignKey("courses.id"), nullable=False),
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("state", String(16), nullable=False),  # held, enrolled, cancelled, lapsed
    Column("coins", BigInteger, nullable=False),
    Column("rest_krw", BigInteger, nullable=False),
    Column("hold_id", String(36), ForeignKey("holds.id")),
    Column("redemption_id", String(36), ForeignKey("redemptions.id")),
    Column("refunded_coins", BigInteger, nullable=False, server_default="0"),
    Column("refunded_krw", BigInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Index(
        "uq_enrolments_once",
        "course_id",
        "person_id",
        unique=True,
        sqlite_where=text("state IN ('held', 'enrolled')"),
        postgresql_where=text("state IN ('held', 'enrolled')"),
    ),
    Index("ix_enrolments_hold", "hold_id"),
)
