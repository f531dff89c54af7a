"""The tables of the books. Amounts are whole coins or won, days are civil day numbers, instants are UTC seconds.

Columns that end in `_sealed` hold personal data under the person's own key (journal/vault.py); an `_index` or `_key` column is a keyed HMAC,
by which a row is found without its content being readable.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)


class Bytes(LargeBinary):
    """Binary data that SQLAlchemy does not touch: both drivers take and give `bytes`.

    The class it stands for wraps every value in a call of its own, a quarter of the time that storing a month's entries takes.
    """

    def bind_processor(self, _dialect: Dialect) -> None:
        """Values go to the driver as they are."""

    def result_processor(self, _dialect: Dialect, _column_type: object) -> None:
        """And come back as they are."""


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a rowid alias only to INTEGER; PostgreSQL wants 64 bits for what grows without end.
GROWING = BigInteger().with_variant(Integer, "sqlite")

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
    Column("created_at", BigInteger, nullable=False),
    Column("merged_into", String(36), ForeignKey("persons.id")),  # the same person under another member number
    Index(
        "ix_persons_merged",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
)

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
    Index("ix_messages_state", "state", "id"),
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

desks = Table(
    "desks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("code", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("custody", Integer, nullable=False, server_default="0"),  # 0 the operator holds the key, 1 the organisation
    Column("step_coins", Integer, nullable=False, server_default="1"),  # a venue takes coins in steps of this many
    Column("sealed_seq", BigInteger, nullable=False, server_default="0"),
    Column("sealed_head", Bytes(32), nullable=False),
    Column("sealed_day", Integer, nullable=False, server_default="0"),
    Column("stopped", Text),  # why nothing is sealed or signed for this desk, if so
    Column("adopting", Boolean, nullable=False, server_default=text("false")),  # approved, and to be done by posting
    Column("resealing", Boolean, nullable=False, server_default=text("false")),  # said, and to be done by posting
    UniqueConstraint("kind", "code"),
)

rates = Table(
    "rates",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("programme", String(31), nullable=False),
    Column("name", String(200), nullable=False),
    Column("unit", String(32), nullable=False),
    Column("coins", Integer, nullable=False),
    Column("per_units", Integer, nullable=False),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer),
    Column("daily_cap_units", Integer, nullable=False),
    Column("min_age", Integer, nullable=False),
    Column("measure", String(8), nullable=False),
    Column("units_max", Integer, nullable=False),
    Column("expiry_months", Integer, nullable=False),
    Column("basis", String(200), nullable=False, server_default=""),  # the ordinance's article (DOMAIN rule 1)
)

coin_values = Table(
    "coin_values",
    metadata,
    Column("first_day", Integer, primary_key=True, autoincrement=False),
    Column("krw", Integer, nullable=False),
    Column(
        "choice", String(8), nullable=False, server_default=""
    ),  # of a change: devalue or convert what is outstanding
    Column("basis", String(200), nullable=False, server_default=""),
)

# What may still be issued or moved. `reserved` counts what waits for approval and what was accepted. From `next_day` on `next_coins` is the amount:
# the contract, too, knows one version that is ahead and no more.
_WITHIN = "reserved >= 0 AND (reserved <= coins OR reserved <= next_coins)"
desk_limits = Table(
    "desk_limits",
    metadata,
    Column("desk", Integer, primary_key=True, autoincrement=False),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("coins", BigInteger, nullable=False),
    Column("next_coins", BigInteger),
    Column("next_day", Integer),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    CheckConstraint(_WITHIN, name="within"),
)
budgets = Table(
    "budgets",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("coins", BigInteger, nullable=False),
    Column("next_coins", BigInteger),
    Column("next_day", Integer),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    CheckConstraint(_WITHIN, name="within"),
)
person_caps = Table(
    "person_caps",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("coins", BigInteger, nullable=False),
    Column("next_coins", BigInteger),
    Column("next_day", Integer),
)
person_months = Table(
    "person_months",
    metadata,
    Column("account", Bytes(20), ForeignKey("accounts.address"), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("reserved >= 0", name="not_negative"),
)

funds = Table(
    "funds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("body", String(200), nullable=False),  # the listed body that receives the money
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("ended_day", Integer),  # since when the project is cancelled
)

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
    Column("outcomes", Bytes, nullable=False),  # compressed JSON: [line, outcome, coins] of every row
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

orders = Table(
    "orders",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("proposal_id", String(36), ForeignKey("approvals.id"), nullable=False),
    Column("code", Integer, nullable=False),
    Column("args", Text, nullable=False),  # JSON list of decimal strings
    Column("account", Bytes(20)),  # whom it freezes or unfreezes
    Column("seq", BigInteger),
    Column("position", Integer),
    Column("skip_reason", Integer),
    Index("ix_orders_seq", "seq", "position"),
)
order_proposals = Table(
    "order_proposals",
    metadata,
    Column("id", String(36), ForeignKey("approvals.id"), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("content", Text, nullable=False),  # JSON: the master data and orders that approval puts in force
)

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

# What people are to be told: expiry_60, expiry_30, expiry_7, expired, corrected, restored, set_off, frozen, unfrozen. A row says whom and what,
# never their name; whoever sends it looks them up.
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
