"""Holds, charges, and sign-ups as their venue sees them. Another venue's are not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.errors import NotFound
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import batches, courses, enrolments, entries, redemptions
from ledger_service.journal.unit import Journal
from ledger_service.reads.entries import state_of
from ledger_service.reads.paging import cut


@dataclass(frozen=True, slots=True)
class HoldLine:
    """Coins reserved before a charge; `state` is held, captured, released or expired, `expires_at` UTC seconds."""

    id: str
    person_id: str
    desk: int
    coins: int
    purpose: str
    state: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class RedemptionLine:
    """A charge: its coins, their value then, and what of it was refunded."""

    id: str
    journal_no: int
    person_id: str
    desk: int
    coins: int
    krw: int
    refunded_coins: int
    day: date
    state: str


@dataclass(frozen=True, slots=True)
class RedemptionsPage:
    """Newest first."""

    redemptions: list[RedemptionLine]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class EnrolmentLine:
    """A sign-up: held until the won rest is confirmed, then enrolled; cancelled or lapsed."""

    id: str
    course_id: str
    person_id: str
    state: str
    coins: int
    rest_krw: int
    hold_id: str | None
    redemption_id: str | None
    refunded_coins: int
    refunded_krw: int


def hold(journal: Journal, actor: Actor, hold_id: str) -> HoldLine:
    """One hold of a desk that is the actor's."""
    with journal.read() as unit:
        row = unit.spending.hold(hold_id)
    if row is None or not _may_see(actor, row.desk):
        raise NotFound(f"there is no hold {hold_id}", "해당 예약이 없습니다")
    return HoldLine(row.id, row.person_id, row.desk, row.coins, row.purpose, row.state, row.expires_at)


def redemption(journal: Journal, actor: Actor, redemption_id: str) -> RedemptionLine:
    """One charge of a desk that is the actor's."""
    with journal.read() as unit:
        row = unit.connection.execute(_WITH_STATE.where(redemptions.c.id == redemption_id)).one_or_none()
    if row is None or not _may_see(actor, row.desk):
        raise NotFound(f"there is no charge {redemption_id}", "해당 사용 내역이 없습니다")
    return _redemption(row)


def redemptions_of(journal: Journal, actor: Actor, desk: int, before: int | None, rows_max: int) -> RedemptionsPage:
    """The charges of a venue, newest first, paged by journal number."""
    if not _may_see(actor, desk):
        raise NotFound(f"there is no venue desk {desk}", f"사용처 {desk}번이 없습니다")
    wanted = _WITH_STATE.where(redemptions.c.desk == desk).order_by(redemptions.c.journal_no.desc()).limit(rows_max + 1)
    if before is not None:
        wanted = wanted.where(redemptions.c.journal_no < before)
    with journal.read() as unit:
        page, last = cut([_redemption(row) for row in unit.connection.execute(wanted)], rows_max)
    return RedemptionsPage(page, last.journal_no if last else None)


def enrolment(journal: Journal, actor: Actor, enrolment_id: str) -> EnrolmentLine:
    """One sign-up that is the actor's own, or for a course of a desk that is theirs."""
    with journal.read() as unit:
        row = unit.connection.execute(
            select(enrolments, courses.c.desk)
            .join(courses, courses.c.id == enrolments.c.course_id)
            .where(enrolments.c.id == enrolment_id)
        ).one_or_none()
    if row is None or not (_may_see(actor, row.desk) or actor.person_id == row.person_id):
        raise NotFound(f"there is no sign-up {enrolment_id}", "해당 수강 신청이 없습니다")
    return EnrolmentLine(**{name: getattr(row, name) for name in EnrolmentLine.__slots__})


_WITH_STATE = select(redemptions, batches.c.state, entries.c.skip_reason).select_from(
    redemptions.join(entries, entries.c.journal_no == redemptions.c.journal_no).outerjoin(batches, ITS_BATCH)
)


def _may_see(actor: Actor, desk: int) -> bool:
    return desk in actor.desks or actor.has(Role.OFFICE, Role.AUDITOR)


def _redemption(row) -> RedemptionLine:  # type: ignore[no-untyped-def]  # a row of the join above
    return RedemptionLine(
        id=row.id,
        journal_no=row.journal_no,
        person_id=row.person_id,
        desk=row.desk,
        coins=row.coins,
        krw=row.coins * row.krw_per_coin,
        refunded_coins=row.refunded_coins,
        day=date_of(row.day),
        state=state_of(row.state, row.skip_reason),
    )
