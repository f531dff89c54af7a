"""What the district decided: desks, rates, the coin's value, limits, funds, and the orders that say so to the contract."""

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
    UniqueConstraint,
    text,
)

from ledger_service.journal.schema.columns import GROWING, Bytes, metadata

desks = Table(
    "desks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("code", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("custody", Integer, nullable=False, server_default="0"),  # 0 the operator holds the key, 1 the organisation
    Column("step_coins", Integer, nullable=False, server_default="1"),  # a venue takes coins in steps of this many
    Column("dong", String(50), nullable=False, server_default=""),  # the part of the district where a venue lies
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
    Column("goal_coins", Integer),  # what it wants to gather; none was set
)

orders = Table(
    "orders",
    metadata,
    Column("id", GROWING, primary_key=True, autoincrement=True),
    Column("proposal_id", String(36), ForeignKey("approvals.id"), nullable=False),
    Column("code", Integer, nullable=False),
    Column("args", Text, nullable=False),  # JSON list of decimal strings
    Column("account", Bytes(20)),  # whom it freezes or unfreezes
    Column("day", Integer, nullable=False),  # the civil day of its approval, and of its batch once it has one
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
