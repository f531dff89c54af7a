"""Who may act, and how they prove it: staff, tokens, second factors, sessions, counted failures, consents."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from ledger_service.journal.schema.columns import Bytes, metadata

actors = Table(
    "actors",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("roles", String(200), nullable=False),  # comma-separated
    Column("desks", String(2000), nullable=False),  # comma-separated desk numbers
    Column("person_id", String(36), ForeignKey("persons.id")),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

# Bearer tokens of machines and of the command line. `scopes` is a comma-separated list, `*` for all that the roles allow.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("label", String(64), nullable=False),
    Column("token_hash", Bytes(32), nullable=False, unique=True),
    Column("scopes", String(1000), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("used_at", BigInteger),
    Index("ix_api_tokens_actor", "actor_id"),
)

# How staff prove who they are. Until `confirmed_at` the second factor was never shown, and nobody signs in with it.
credentials = Table(
    "credentials",
    metadata,
    Column("actor_id", String(36), ForeignKey("actors.id"), primary_key=True),
    Column("password_hash", String(200), nullable=False),  # argon2id of the password's keyed HMAC
    Column("totp_sealed", Bytes, nullable=False),
    Column(
        "totp_step", BigInteger, nullable=False, server_default="0"
    ),  # the last one that was used: none is taken twice
    Column("changed_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
)

invitations = Table(
    "invitations",
    metadata,
    Column("secret_hash", Bytes(32), primary_key=True),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

# Passkeys of staff: the public halves. A challenge is kept as long as it could be shown again.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("credential_hash", Bytes(32), nullable=False, unique=True),
    Column("credential_id", Bytes, nullable=False),
    Column("public_key", Bytes, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index("ix_passkeys_actor", "actor_id"),
)

# What a district's own sign-on calls somebody, as a keyed index, and the account that it opens.
sign_on_subjects = Table(
    "sign_on_subjects",
    metadata,
    Column("actor_id", String(36), ForeignKey("actors.id"), primary_key=True),
    Column("subject_index", Bytes(32), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
)

used_challenges = Table(
    "used_challenges",
    metadata,
    Column("hash", Bytes(32), primary_key=True),
    Column("kept_until", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),  # names a session in lists; the secret is in the cookie alone
    Column("secret_hash", Bytes(32), nullable=False, unique=True),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("assisted_by", String(36), ForeignKey("actors.id")),
    Column("factors", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("idle_seconds", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("door", String(64), nullable=False),  # '': good everywhere; else at this one address
    Index("ix_sessions_actor", "actor_id"),
)

# Failed attempts by account, card and address: a keyed HMAC of each. Counted before the secret is looked at.
throttles = Table(
    "throttles",
    metadata,
    Column("subject", Bytes(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("lockouts", Integer, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

# How often somebody may ask, where all processes count together: by kind and caller (a keyed HMAC), until when their turns are taken.
rate_arrivals = Table(
    "rate_arrivals",
    metadata,
    Column("subject", Bytes(32), primary_key=True),
    Column("due_ms", BigInteger, nullable=False),
)

# A resident's word for a debit: a one-time code shown at the counter, or card and PIN. Used once, for one desk and amount.
consents = Table(
    "consents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),  # payment_code, card_pin
    Column("person_id", String(36), ForeignKey("persons.id"), nullable=False),
    Column("secret_hash", Bytes(32), unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("desk", Integer),
    Column("coins", BigInteger),
    CheckConstraint("used_at IS NULL OR (desk IS NOT NULL AND coins IS NOT NULL)", name="bound_when_used"),
    Index("ix_consents_person", "person_id"),
)
