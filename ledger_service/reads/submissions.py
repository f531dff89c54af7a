"""What waits for a second person, what became of it, and the outcome of every row of an import."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Row, exists, func, or_, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of, month_name
from ledger_service.domain.records import Outcome
from ledger_service.errors import NotFound
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import (
    actors,
    approvals,
    batches,
    closes,
    desks,
    entries,
    funds,
    imports,
    order_proposals,
    records,
)
from ledger_service.journal.unit import Journal, Unit
from ledger_service.reads.entries import state_of
from ledger_service.reads.paging import cut

SUBMISSION_KINDS = ("import", "record")
DECIDED_WITHIN_SECONDS = 7 * 24 * 3600  # what residents are told; what waits for longer is called late
_ORDER = {outcome.value: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """Something that one person submitted and another decides. `title` says what it is; `rows` and `coins` are an import's."""

    id: str
    kind: str
    status: str
    title: str
    submitted_by: str
    submitted_at: int
    decided_by: str | None
    decided_at: int | None
    reason: str | None
    is_mine: bool
    rows: int | None
    accepted_rows: int | None
    coins: int | None


@dataclass(frozen=True, slots=True)
class ApprovalsPage:
    """Oldest first."""

    approvals: list[ApprovalLine]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A submitted file or record: rows by outcome, and its entries by state once approved."""

    id: str
    kind: str
    status: str
    source: str
    as_of: date
    as_of_reason: str | None
    rows: int
    accepted_rows: int
    coins: int
    outcomes: dict[str, int]
    entries: dict[str, int]
    reason: str | None


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """What one line of a file became, and the coins it earns. The header is line 1."""

    line: int
    outcome: str
    coins: int


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not taken; `fault` names the cell where one is to blame."""

    line: int
    outcome: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class OutcomesPage:
    """In file order."""

    lines: list[OutcomeLine]
    next_after: int | None


def approvals_page(journal: Journal, actor: Actor, status: str, after: str, rows_max: int) -> ApprovalsPage:
    """Approvals of one status that are this actor's to see, oldest first."""
    with journal.read() as unit:
        rows = unit.connection.execute(
            _lines(actor)
            .where(approvals.c.status == status, approvals.c.id > after)
            .order_by(approvals.c.id)
            .limit(rows_max + 1)
        ).all()
    page, last = cut([_line(row, actor) for row in rows], rows_max)
    return ApprovalsPage(page, last.id if last else None)


def approval(journal: Journal, actor: Actor, approval_id: str) -> ApprovalLine:
    """One approval, or NotFound where it is not this actor's to see."""
    with journal.read() as unit:
        row = unit.connection.execute(_lines(actor).where(approvals.c.id == approval_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is nothing to approve with the id {approval_id}", "승인할 항목이 없습니다")
    return _line(row, actor)


def next_to_decide(journal: Journal, actor: Actor) -> str | None:
    """The id of what has waited longest for this actor's decision; None where nothing does."""
    actor.require(Role.OFFICE, Role.APPROVER)
    waiting = select(approvals.c.id).where(
        approvals.c.status == "waiting", approvals.c.submitted_by != actor.id, _visible(actor)
    )
    with journal.read() as unit:
        return unit.connection.execute(waiting.order_by(approvals.c.id).limit(1)).scalar_one_or_none()


def import_result(journal: Journal, actor: Actor, import_id: str) -> ImportResult:
    """A submission's sums."""
    line = approval(journal, actor, import_id)
    with journal.read() as unit:
        stored = unit.records.read_import(import_id)
        if stored is None:
            raise NotFound(f"there is no import {import_id}", "해당 제출 건이 없습니다")
        states = _entry_states(unit, import_id)
    counts = Counter(outcome for _, outcome, _ in _outcomes(stored.outcomes))
    return ImportResult(
        id=import_id,
        kind=line.kind,
        status=line.status,
        source=stored.source,
        as_of=date_of(stored.as_of),
        as_of_reason=stored.as_of_reason,
        rows=stored.rows,
        accepted_rows=stored.accepted_rows,
        coins=stored.coins,
        outcomes=dict(sorted(counts.items(), key=lambda item: _ORDER[item[0]])),
        entries=states,
        reason=line.reason,
    )


def entry_states(journal: Journal, actor: Actor, import_id: str) -> dict[str, int]:
    """How many entries of a submission stand where."""
    approval(journal, actor, import_id)
    with journal.read() as unit:
        return _entry_states(unit, import_id)


def import_outcomes(journal: Journal, actor: Actor, import_id: str, after: int, rows_max: int) -> OutcomesPage:
    """What became of each line of a submission, by line."""
    approval(journal, actor, import_id)
    with journal.read() as unit:
        stored = unit.records.read_import(import_id)
    if stored is None:
        raise NotFound(f"there is no import {import_id}", "해당 제출 건이 없습니다")
    rows = [OutcomeLine(*one) for one in _outcomes(stored.outcomes) if one[0] > after]
    page, last = cut(rows, rows_max)
    return OutcomesPage(page, last.line if last else None)


def refused_lines(journal: Journal, actor: Actor, import_id: str) -> list[RefusedLine]:
    """All lines of a submission that were not taken, by line."""
    approval(journal, actor, import_id)
    with journal.read() as unit:
        stored = unit.records.read_import(import_id)
    if stored is None:
        raise NotFound(f"there is no import {import_id}", "해당 제출 건이 없습니다")
    return [
        RefusedLine(line, outcome, fault[0] if fault else None)
        for line, outcome, _, *fault in json.loads(zlib.decompress(stored.outcomes))
        if not Outcome(outcome).accepted
    ]


def _outcomes(stored: bytes) -> list[tuple[int, str, int]]:
    return [(line, outcome, coins) for line, outcome, coins, *_ in json.loads(zlib.decompress(stored))]


def _entry_states(unit: Unit, import_id: str) -> dict[str, int]:
    rows = unit.connection.execute(
        select(batches.c.state, entries.c.skip_reason, func.count())
        .select_from(records.join(entries, entries.c.record_key == records.c.record_key).outerjoin(batches, ITS_BATCH))
        .where(records.c.import_id == import_id, ~records.c.withdrawn, entries.c.freed_no == 0)
        .group_by(batches.c.state, entries.c.skip_reason)
    )
    states: Counter[str] = Counter()
    for batch_state, skip_reason, count in rows:
        states[state_of(batch_state, skip_reason)] += count
    return dict(states)


def _lines(actor: Actor):  # type: ignore[no-untyped-def]  # the type of a ten-column join says nothing
    submitter = actors.alias("submitter")
    decider = actors.alias("decider")
    return (
        select(
            approvals,
            submitter.c.name.label("submitter_name"),
            decider.c.name.label("decider_name"),
            order_proposals.c.title,
            closes.c.month.label("close_month"),
            desks.c.name.label("close_venue"),
            funds.c.name.label("close_fund"),
            closes.c.coins.label("close_coins"),
            imports.c.source,
            imports.c.rows,
            imports.c.accepted_rows,
            imports.c.coins,
        )
        .join(submitter, submitter.c.id == approvals.c.submitted_by)
        .outerjoin(decider, decider.c.id == approvals.c.decided_by)
        .outerjoin(order_proposals, order_proposals.c.id == approvals.c.id)
        .outerjoin(imports, imports.c.id == approvals.c.id)
        .outerjoin(closes, closes.c.id == approvals.c.id)
        .outerjoin(desks, desks.c.number == closes.c.desk)
        .outerjoin(funds, funds.c.number == closes.c.fund)
        .where(approvals.c.status != "staging", _visible(actor))
    )


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.has(Role.OFFICE, Role.AUDITOR):
        return approvals.c.id.is_not(None)
    touches = exists().where(records.c.import_id == approvals.c.id, records.c.desk.in_(sorted(actor.desks)))
    own_correction = (approvals.c.kind == "correction") & (approvals.c.submitted_by == actor.id)
    return own_correction | approvals.c.kind.in_(SUBMISSION_KINDS) & or_(approvals.c.submitted_by == actor.id, touches)


def _line(row: Row[tuple[object, ...]], actor: Actor) -> ApprovalLine:
    return ApprovalLine(
        id=row.id,
        kind=row.kind,
        status=row.status,
        title=row.title or row.source or _close_title(row) or row.kind,
        submitted_by=row.submitter_name,
        submitted_at=row.submitted_at,
        decided_by=row.decider_name,
        decided_at=row.decided_at,
        reason=row.reason,
        is_mine=row.submitted_by == actor.id,
        rows=row.rows,
        accepted_rows=row.accepted_rows,
        coins=row.coins if row.close_month is None else row.close_coins,
    )


def _close_title(row: Row[tuple[object, ...]]) -> str | None:
    if row.close_month is None:
        return None
    return f"close {month_name(row.close_month)}: {row.close_venue or row.close_fund}"
