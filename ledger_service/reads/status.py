"""How the service stands: whether it may serve, and how much is still on its way to the chain."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ledger_service.journal.migrate import is_current
from ledger_service.journal.places import BATCH_NOT_FINAL
from ledger_service.journal.schema import batches, chain_identity, entries, findings, holds, orders, posting_status
from ledger_service.journal.unit import Journal, Unit

READY = "ready"
FINDINGS = "findings"  # posting goes on and a person has to look at something: served, and shown
SILENT_SECONDS_MAX = 60  # posting writes its row every 10 s
WAITING_SECONDS_SAID = 60  # an entry is usually on the chain within seconds


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be served, and what is wrong where not."""

    ready: bool
    database: str
    migrations: str
    chain: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What is on its way, `oldest_unposted_seconds` the age of the oldest of it. `settled`: every accepted entry and order is final on the chain."""

    day: date
    chain_state: str
    chain_detail: str | None
    chain_id: int | None
    contract: str | None
    settled: bool
    entries_unsealed: int
    orders_unsealed: int
    batches: dict[str, int]
    oldest_unposted_seconds: int
    holds_open: int


def readiness(journal: Journal, now: int) -> Readiness:
    """Database, migrations and the chain's status row. Never raises for a database that does not answer."""
    try:
        if not is_current(journal.engine):
            return Readiness(
                ready=False, database="ok", migrations="missing", chain="unknown", detail="start boram up again"
            )
        chain, detail, updated_at = _chain_state(journal)
        with journal.read() as unit:
            waiting = _waiting_seconds(unit, now)
    except SQLAlchemyError as error:
        name = type(error).__name__
        return Readiness(ready=False, database="down", migrations="unknown", chain="unknown", detail=name)
    if now - updated_at > SILENT_SECONDS_MAX and chain in (READY, FINDINGS):
        chain, detail = "silent", f"posting, or one of its two loops, has said nothing for {now - updated_at} s"
    if waiting >= WAITING_SECONDS_SAID:
        detail = "; ".join(
            part for part in (f"the oldest entry has waited for the chain for {waiting} s", detail) if part
        )
    return Readiness(ready=chain in (READY, FINDINGS), database="ok", migrations="ok", chain=chain, detail=detail)


def status(journal: Journal, now: int, today: date) -> Status:
    """Counts by index only, cheap enough to ask every second."""
    with journal.read() as unit:
        run = unit.connection.execute
        unsealed = run(select(func.count()).select_from(entries).where(entries.c.seq.is_(None))).scalar_one()
        waiting_orders = run(select(func.count()).select_from(orders).where(orders.c.seq.is_(None))).scalar_one()
        states = unit.backlog.batches_by_state()
        sealed = sum(desk.sealed_seq for desk in unit.master.desks())
        waiting = _waiting_seconds(unit, now)
        held = run(select(func.count()).select_from(holds).where(holds.c.state == "held")).scalar_one()
        identity = run(select(chain_identity)).one_or_none()
    chain, detail, _ = _chain_state(journal)
    return Status(
        day=today,
        chain_state=chain,
        chain_detail=detail,
        chain_id=identity.chain_id if identity else None,
        contract="0x" + identity.contract.hex() if identity else None,
        settled=not (unsealed or waiting_orders or states),
        entries_unsealed=unsealed,
        orders_unsealed=waiting_orders,
        batches={**states, "final": sealed - sum(states.values())},
        oldest_unposted_seconds=waiting,
        holds_open=held,
    )


@dataclass(frozen=True, slots=True)
class DeskLag:
    """A desk's batches that are sealed and not final, why it is stopped if it is, and the open findings and notices of all."""

    lags: dict[int, int]
    stopped: dict[int, str]
    findings: int
    notices: int


def lag(journal: Journal) -> DeskLag:
    """How far each desk's chain is behind its books, and what waits for a person."""
    with journal.read() as unit:
        counted = unit.connection.execute(
            select(batches.c.desk, func.count()).where(BATCH_NOT_FINAL).group_by(batches.c.desk)
        )
        waiting = {row[0]: row[1] for row in counted}
        desks = unit.master.desks()
        lags = {desk.number: waiting.get(desk.number, 0) for desk in desks}
        stopped = {desk.number: desk.stopped for desk in desks if desk.stopped}
        rows = unit.connection.execute(
            select(findings.c.kind, func.count())
            .where(findings.c.over_at.is_(None), findings.c.acknowledged_at.is_(None))
            .group_by(findings.c.kind)
        )
        kinds = {row[0]: row[1] for row in rows}
    return DeskLag(lags, stopped, kinds.get("finding", 0), kinds.get("notice", 0))


def measures(journal: Journal) -> dict[str, Any]:
    """What the poster measured of itself and wrote last; empty where it never ran."""
    with journal.read() as unit:
        written = unit.chain_marks.measures()
    return dict(json.loads(written)) if written else {}


def upkeep_ages(journal: Journal, now: int) -> dict[str, int]:
    """Seconds since the last backup (`backup`), and since one was last read whole (`verified`); what never was is missing."""
    with journal.read() as unit:
        return {name: max(0, now - at) for name, at in unit.upkeep.last().items()}


def oldest_unposted_seconds(journal: Journal, now: int) -> int:
    """How long what has waited longest for the chain has waited; 0 where nothing does."""
    with journal.read() as unit:
        return _waiting_seconds(unit, now)


def _waiting_seconds(unit: Unit, now: int) -> int:
    """The age of the oldest entry that no batch has taken, or batch that is not on the chain; 0 where nothing waits."""
    oldest_at = unit.backlog.oldest_at()
    return max(0, now - oldest_at) if oldest_at is not None else 0


def _chain_state(journal: Journal) -> tuple[str, str | None, int]:
    with journal.read() as unit:
        row = unit.connection.execute(select(posting_status)).one_or_none()
    return (row.state, row.detail, row.updated_at) if row else ("starting", None, 0)
