"""A resident's lines in words: what, where, how much and what it was worth on its day; and what is still waiting, until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, exists, select

from ledger_service.domain.account_ends import MERGED_INTO
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import Kind, Skip
from ledger_service.errors import NotFound
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import (
    approvals,
    batches,
    courses,
    enrolments,
    entries,
    holds,
    rates,
    records,
    redemptions,
)
from ledger_service.journal.unit import Journal, Unit
from ledger_service.reads.entries import state_of
from ledger_service.reads.paging import cut
from ledger_service.reads.residents import ENTRIES_ROLES, require_person
from ledger_service.reads.submissions import DECIDED_WITHIN_SECONDS

RETURNED_SHOWN_SECONDS = 30 * 24 * 3600
INTO = frozenset({Kind.CREDIT, Kind.REFUND, Kind.OPENING})  # always; a correction and a merge by what they name


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line. `place` is the desk's name; `what` the programme, course or fund, where there is one. `krw` by the value of `day`.

    `is_in`: coins that came; of the others they went. Of a merge's incoming half `coins` are those of the other half, which moves them.
    `accepted_at` is UTC seconds.
    """

    journal_no: int
    kind: str
    is_in: bool
    state: str
    skip_reason: str | None
    coins: int
    krw: int | None
    units: int
    unit: str | None
    day: date
    accepted_at: int
    desk: int
    place: str
    what: str | None
    original_no: int | None
    seq: int | None
    position: int | None


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Newest first."""

    lines: list[StatementLine]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class WaitingAct:
    """An act that another person of the centre has still to approve, by `decide_by` as residents are told (UTC seconds)."""

    programme: str
    place: str
    day: date
    coins: int
    submitted_at: int
    decide_by: int


@dataclass(frozen=True, slots=True)
class ReturnedAct:
    """An act that was sent back to its centre at `returned_at` (UTC seconds), and has not been entered again.

    `reason` of one that was entered by itself: that of a file is about other people's rows too.
    """

    programme: str
    place: str
    day: date
    coins: int
    returned_at: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class HeldCoins:
    """Coins reserved for a charge or a sign-up, free again at `expires_at` (UTC seconds) if nothing comes of it."""

    purpose: str
    place: str
    what: str | None
    coins: int
    expires_at: int
    enrolment_id: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is on its way to or from an account, and what of it was sent back lately."""

    acts: list[WaitingAct]
    holds: list[HeldCoins]
    returned: list[ReturnedAct]


def statement(journal: Journal, actor: Actor, person_id: str, before: int | None, rows_max: int) -> StatementPage:
    """A resident's lines, paged by journal number."""
    with journal.read() as unit:
        person = require_person(unit, actor, person_id, *ENTRIES_ROLES)
        wanted = _WITH_STATE.where(entries.c.account == person.account).order_by(entries.c.journal_no.desc())
        if before is not None:
            wanted = wanted.where(entries.c.journal_no < before)
        rows = unit.connection.execute(wanted.limit(rows_max + 1)).all()
        page, last = cut(_lines(unit, rows), rows_max)
    return StatementPage(page, last.journal_no if last else None)


def statement_line(journal: Journal, actor: Actor, journal_no: int) -> StatementLine:
    """One line: the resident's own, of the actor's desk, or any for the coin office and auditors."""
    with journal.read() as unit:
        row = unit.connection.execute(_WITH_STATE.where(entries.c.journal_no == journal_no)).one_or_none()
        if row is None or not _may_see(actor, row):
            raise NotFound(f"there is no entry {journal_no}", "해당 기록이 없습니다")
        return _lines(unit, [row])[0]


def waiting(journal: Journal, actor: Actor, person_id: str, rows_max: int, now: int) -> Waiting:
    """What waits for approval, what was sent back in the last days, and what is reserved, newest first. `now` in UTC seconds."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, *ENTRIES_ROLES)
        names = {desk.number: desk.name for desk in unit.master.desks()}
        acts = unit.connection.execute(
            select(rates.c.name, records.c.desk, records.c.activity_day, records.c.coins, approvals.c.submitted_at)
            .join(approvals, approvals.c.id == records.c.import_id)
            .join(rates, rates.c.id == records.c.rate_id)
            .where(approvals.c.status == "waiting", records.c.person_id == person_id, ~records.c.withdrawn)
            .order_by(records.c.id.desc())
            .limit(rows_max)
        ).all()
        held = unit.connection.execute(
            select(holds, courses.c.name, enrolments.c.id.label("enrolment_id"))
            .select_from(
                holds.outerjoin(enrolments, enrolments.c.hold_id == holds.c.id).outerjoin(
                    courses, courses.c.id == enrolments.c.course_id
                )
            )
            .where(holds.c.person_id == person_id, holds.c.state == "held")
            .order_by(holds.c.expires_at)
            .limit(rows_max)
        ).all()
        returned = unit.connection.execute(_returned(person_id, now - RETURNED_SHOWN_SECONDS).limit(rows_max)).all()
    return Waiting(
        [
            WaitingAct(row[0], names[row[1]], date_of(row[2]), row[3], row[4], row[4] + DECIDED_WITHIN_SECONDS)
            for row in acts
        ],
        [
            HeldCoins(row.purpose, names[row.desk], row.name, row.coins, row.expires_at, row.enrolment_id)
            for row in held
        ],
        [
            ReturnedAct(
                row.name, names[row.desk], date_of(row.activity_day), row.coins, row.decided_at,
                row.reason if row.kind == "record" and row.reason else None,
            )
            for row in returned
        ],
    )  # fmt: skip


def _returned(person_id: str, since: int) -> Select[Any]:
    """Acts that were sent back since then, the latest first; one of the same day and programme that came later stands for it."""
    again = records.alias("again")
    return (
        select(
            rates.c.name, records.c.desk, records.c.activity_day, records.c.coins, approvals.c.decided_at, approvals.c.kind,
            approvals.c.reason,
        )
        .join(approvals, approvals.c.id == records.c.import_id)
        .join(rates, rates.c.id == records.c.rate_id)
        .where(approvals.c.status == "rejected", approvals.c.decided_at >= since, records.c.person_id == person_id)
        .where(
            ~exists().where(
                again.c.person_id == person_id,
                again.c.activity_day == records.c.activity_day,
                again.c.rate_id == records.c.rate_id,
                again.c.id > records.c.id,
                ~again.c.withdrawn,
            )
        )
        .order_by(approvals.c.decided_at.desc(), records.c.id.desc())
    )  # fmt: skip


_WITH_STATE = select(
    entries, batches.c.state, redemptions.c.id.label("redemption_id"), courses.c.name.label("course")
).select_from(
    entries.outerjoin(batches, ITS_BATCH)
    .outerjoin(redemptions, redemptions.c.journal_no == entries.c.journal_no)
    .outerjoin(enrolments, enrolments.c.hold_id == redemptions.c.hold_id)
    .outerjoin(courses, courses.c.id == enrolments.c.course_id)
)


def _may_see(actor: Actor, row: Row[tuple[object, ...]]) -> bool:
    return (
        actor.has(Role.OFFICE, Role.AUDITOR)
        or actor.person_id == row.person_id
        or (row.desk in actor.desks and actor.has(Role.VENUE))
    )


def _lines(unit: Unit, rows: Sequence[Row[tuple[object, ...]]]) -> list[StatementLine]:
    names = {desk.number: desk.name for desk in unit.master.desks()}
    versions = {rate.rate_id: rate for rate in unit.master.rate_versions()}
    funds = {fund.number: fund.name for fund in unit.master.funds()}
    values = sorted(unit.master.coin_values())
    named = _entries_named_by(unit, rows)
    lines = []
    for row in rows:
        kind = Kind(row.kind)
        rate = versions.get(row.ref) if kind is Kind.CREDIT else None
        what = rate.name if rate else funds.get(row.ref) if kind is Kind.DONATE else row.course
        is_in, coins = _moved(row, named)
        value = max(((first, krw) for first, krw in values if first <= row.day), default=None)
        lines.append(
            StatementLine(
                journal_no=row.journal_no,
                kind=kind.name.lower(),
                is_in=is_in,
                state=state_of(row.state, row.skip_reason),
                skip_reason=Skip(row.skip_reason).name.lower() if row.skip_reason is not None else None,
                coins=coins,
                krw=coins * value[1] if value else None,
                units=row.units,
                unit=rate.unit if rate else None,
                day=date_of(row.day),
                accepted_at=row.accepted_at,
                desk=row.desk,
                place=names[row.desk],
                what=what,
                original_no=row.original_no,
                seq=row.seq,
                position=row.position,
            )
        )
    return lines


def _moved(row: Row[tuple[object, ...]], named: Mapping[int, tuple[int, int]]) -> tuple[bool, int]:
    """Whether the coins of a line came, and how many: what a correction undoes and the half of a merge that it is decide."""
    if row.kind == Kind.CORRECT:
        kind, _ = named.get(row.original_no or 0, (int(Kind.CREDIT), 0))
        return kind == Kind.EXPIRE, row.coins
    if _is_incoming_half(row):
        _, coins = named.get(row.word_line or 0, (int(Kind.MERGE), row.coins))
        return True, coins
    return Kind(row.kind) in INTO, row.coins


def _entries_named_by(unit: Unit, rows: Sequence[Row[tuple[object, ...]]]) -> dict[int, tuple[int, int]]:
    """Kind and coins of what the corrections among these lines undo, and of the outgoing halves of their merges. By journal number."""
    wanted = {row.original_no for row in rows if row.kind == Kind.CORRECT}
    wanted |= {row.word_line for row in rows if _is_incoming_half(row)}
    if not wanted:
        return {}
    found = unit.connection.execute(
        select(entries.c.journal_no, entries.c.kind, entries.c.coins).where(entries.c.journal_no.in_(wanted))
    )
    return {row.journal_no: (row.kind, row.coins) for row in found}


def _is_incoming_half(row: Row[tuple[object, ...]]) -> bool:
    return bool(row.kind == Kind.MERGE and row.ref == MERGED_INTO)
