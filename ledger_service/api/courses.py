"""Courses and sign-ups: coins are held at once and taken when the won rest is paid."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.models import ROWS_DEFAULT, Answer, Id, IdPath, PlainText, Question, RowsMax, responses
from ledger_service.api.ports import ActorPort, ContextPort, OncePort
from ledger_service.domain.entries import UNITS_MAX
from ledger_service.reads import catalogue, spending
from ledger_service.reads.catalogue import CoursesPage
from ledger_service.reads.spending import EnrolmentLine
from ledger_service.services import enrol

TAG = "Courses"
router = new_router(TAG)


class NewEnrolment(Question):
    """A sign-up that pays part of the price with coins; 0 coins pays all in won."""

    course_id: Id
    person_id: Id
    coins: int = Field(
        ge=0, le=UNITS_MAX, examples=[50], description="in the venue's steps, at most what the price takes"
    )


class Enrolled(Answer):
    """A sign-up. `rest_krw` is to be paid in won; the coins are held until it is confirmed."""

    id: Id
    course_id: Id
    person_id: Id
    state: str
    coins: int
    rest_krw: int
    hold_id: Id | None
    redemption_id: Id | None


class Cancellation(Question):
    """`by_centre`: the centre cancels the course, so that all comes back."""

    by_centre: bool = False


class Cancelled(Answer):
    """What comes back: coins at once as a refund, won to be paid out."""

    id: Id
    state: str
    refunded_coins: int
    refunded_krw: int
    refund_id: Id | None


@router.get("/courses", responses=responses(422))
def list_courses(
    context: ContextPort,
    after: Annotated[PlainText, Query(max_length=32, description="the next_after of the page before")] = "",
    limit: RowsMax = ROWS_DEFAULT,
) -> CoursesPage:
    """Courses by code, with the seats that are left and the coins that their price takes today."""
    return catalogue.courses(context.journal, context.clock.today(), after, limit)


@router.post("/enrolments", status_code=201, responses=responses(400, 401, 403, 404, 409, 422, 503))
def enrol_resident(new: NewEnrolment, context: ContextPort, actor: ActorPort, once: OncePort) -> Enrolled:
    """Take a seat and hold the coins for two days; without a won rest the sign-up is complete at once."""
    return Enrolled(**enrol.enrol(context, actor, once, new.course_id, new.person_id, new.coins))


@router.get("/enrolments/{enrolment_id}", responses=responses(401, 403, 404))
def read_enrolment(enrolment_id: IdPath, context: ContextPort, actor: ActorPort) -> EnrolmentLine:
    """One sign-up."""
    return spending.enrolment(context.journal, actor, enrolment_id)


@router.post("/enrolments/{enrolment_id}/confirm", responses=responses(400, 401, 403, 404, 409, 422, 503))
def confirm(enrolment_id: IdPath, context: ContextPort, actor: ActorPort, once: OncePort) -> Enrolled:
    """The won rest is paid: take the held coins."""
    return Enrolled(**enrol.confirm_enrolment(context, actor, once, enrolment_id))


@router.post("/enrolments/{enrolment_id}/cancel", responses=responses(400, 401, 403, 404, 409, 422))
def cancel(
    enrolment_id: IdPath, how: Cancellation, context: ContextPort, actor: ActorPort, once: OncePort
) -> Cancelled:
    """Cancel a sign-up: held coins are free again, taken coins and won come back by the share of days that are left."""
    return Cancelled(**enrol.cancel_enrolment(context, actor, once, enrolment_id, by_centre=how.by_centre))
