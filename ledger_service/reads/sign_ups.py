"""Sign-ups with their course: a resident's own, and those of a venue's courses; and what would come back today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Row, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.prices import refund_share, refunded_coins, refunded_krw
from ledger_service.errors import NotFound
from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import courses, desks, enrolments, holds, persons, redemptions
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.paging import cut
from ledger_service.reads.residents import require_person

OPEN_STATES = ("held", "enrolled")


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up. `pay_until` is when a held one lapses (UTC seconds), where it holds coins; `back_*` what a cancellation of today
    brings back of what was paid. `resident` is the person's name, for the venue only.
    """

    id: str
    course: str
    course_code: str
    place: str
    desk: int
    first_day: date
    last_day: date
    state: str
    coins: int
    rest_krw: int
    pay_until: int | None
    back_coins: int
    back_krw: int
    refunded_coins: int
    refunded_krw: int
    created_at: int
    resident: str | None = None


def sign_ups_of(journal: Journal, actor: Actor, person_id: str, today: date, rows_max: int) -> list[SignUp]:
    """A resident's sign-ups, newest first."""
    with journal.read() as unit:
        require_person(unit, actor, person_id)
        rows = unit.connection.execute(
            _ALL.where(enrolments.c.person_id == person_id).order_by(enrolments.c.created_at.desc()).limit(rows_max)
        ).all()
    return [_line(row, today) for row in rows]


def sign_up(journal: Journal, actor: Actor, enrolment_id: str, today: date) -> SignUp:
    """One sign-up: the actor's own, or of a course of a desk that is theirs."""
    with journal.read() as unit:
        row = unit.connection.execute(_ALL.where(enrolments.c.id == enrolment_id)).one_or_none()
    if row is None or not (actor.person_id == row.person_id or _holds_desk(actor, row.desk)):
        raise NotFound(f"there is no sign-up {enrolment_id}", "해당 수강 신청이 없습니다")
    return _line(row, today)


def sign_ups_at(
    journal: Journal, vault: Vault, actor: Actor, desk: int, today: date, rows_max: int, page: int = 1
) -> tuple[list[SignUp], bool]:
    """The open sign-ups of a venue's courses, those that wait for a payment first, with the residents' names; and whether there is another page."""
    if not _holds_desk(actor, desk):
        raise NotFound(f"there is no venue desk {desk}", f"사용처 {desk}번이 없습니다")
    with journal.read() as unit:
        rows = unit.connection.execute(
            _ALL.where(courses.c.desk == desk, enrolments.c.state.in_(OPEN_STATES))
            .order_by(enrolments.c.state.desc(), courses.c.code, enrolments.c.created_at, enrolments.c.id)
            .limit(rows_max + 1)
            .offset((page - 1) * rows_max)
        ).all()
    shown, last = cut(rows, rows_max)
    seals = vault.of_many(row.person_id for row in shown)
    for row in shown:
        note_person(row.person_id)
    lines = [
        _line(row, today, seals[row.person_id].open("name", row.name_sealed) if row.person_id in seals else None)
        for row in shown
    ]
    return lines, last is not None


def sign_up_at(journal: Journal, vault: Vault, actor: Actor, enrolment_id: str, today: date) -> SignUp:
    """One sign-up for a course of the actor's venue, with the resident's name."""
    with journal.read() as unit:
        row = unit.connection.execute(_ALL.where(enrolments.c.id == enrolment_id)).one_or_none()
    if row is None or not _holds_desk(actor, row.desk):
        raise NotFound(f"there is no sign-up {enrolment_id}", "해당 수강 신청이 없습니다")
    note_person(row.person_id)
    seals = vault.of_many([row.person_id])
    name = seals[row.person_id].open("name", row.name_sealed) if row.person_id in seals else None
    return _line(row, today, name)


_ALL = select(
    enrolments,
    courses.c.name,
    courses.c.code,
    courses.c.desk,
    courses.c.first_day,
    courses.c.last_day,
    desks.c.name.label("place"),
    holds.c.expires_at,
    persons.c.name_sealed,
    redemptions.c.refunded_coins.label("came_back"),
).select_from(
    enrolments.join(courses, courses.c.id == enrolments.c.course_id)
    .join(desks, desks.c.number == courses.c.desk)
    .join(persons, persons.c.id == enrolments.c.person_id)
    .outerjoin(holds, holds.c.id == enrolments.c.hold_id)
    .outerjoin(redemptions, redemptions.c.id == enrolments.c.redemption_id)
)


def _holds_desk(actor: Actor, desk: int) -> bool:
    return actor.has(Role.OFFICE) or (desk in actor.desks and actor.has(Role.VENUE))


def _line(row: Row[tuple[object, ...]], today: date, resident: str | None = None) -> SignUp:
    back_coins, back_krw = 0, 0
    if row.state == "held":
        back_coins = row.coins
    elif row.state == "enrolled":
        share = refund_share(civil_day(today), row.first_day, row.last_day, by_centre=False)
        left = row.coins - (row.came_back or 0)
        back_coins, back_krw = min(refunded_coins(row.coins, share), left), refunded_krw(row.rest_krw, share)
    return SignUp(
        id=row.id,
        course=row.name,
        course_code=row.code,
        place=row.place,
        desk=row.desk,
        first_day=date_of(row.first_day),
        last_day=date_of(row.last_day),
        state=row.state,
        coins=row.coins,
        rest_krw=row.rest_krw,
        pay_until=row.expires_at if row.state == "held" else None,
        back_coins=back_coins,
        back_krw=back_krw,
        refunded_coins=row.refunded_coins,
        refunded_krw=row.refunded_krw,
        created_at=row.created_at,
        resident=resident,
    )
