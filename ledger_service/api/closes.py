"""Month closes: prepared by the coin office, confirmed by the venue, approved by another of the office; the statement and the payment file."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import AfterValidator, Field

from ledger_service.api.guard import new_router
from ledger_service.api.models import Answer, Code, Id, IdPath, Question, responses
from ledger_service.api.ports import ActorPort, ContextPort, OncePort
from ledger_service.domain.days import read_month
from ledger_service.printing.statement import statement_pdf
from ledger_service.printing.tables import payment_file
from ledger_service.reads import closes as reads
from ledger_service.reads.closes import CloseLine, Payments
from ledger_service.services import close_month

TAG = "Month closes"
router = new_router(TAG, "/closes")
PDF = "application/pdf"


def _is_month(text: str) -> str:
    read_month(text)
    return text


MONTH_PATTERN = r"^\d{4}-\d{2}$"
MonthText = Annotated[str, Field(pattern=MONTH_PATTERN, examples=["2024-05"]), AfterValidator(_is_month)]
MonthPath = Annotated[str, Path(pattern=MONTH_PATTERN, examples=["2024-05"]), AfterValidator(_is_month)]
MonthQuery = Annotated[str, Query(pattern=MONTH_PATTERN, examples=["2024-05"]), AfterValidator(_is_month)]


class NewCloses(Question):
    """A month to close, of one venue or of every venue and fund."""

    month: MonthText
    venue: Code | None = Field(None, description="a venue's code; none: every venue and fund")


class CloseMade(Answer):
    """A close that was prepared now, or was there already."""

    id: Id
    code: str
    state: str
    coins: int
    krw: int


class CloseLeft(Answer):
    """A venue or fund that is not closed, and why."""

    code: str
    reason: str
    detail: str
    detail_ko: str


class ClosesMade(Answer):
    """The closes of a month, and what is left out."""

    month: str
    closes: list[CloseMade]
    left: list[CloseLeft]


class CloseConfirmed(Answer):
    """A close that the venue agreed to; it waits for the coin office under the same id."""

    id: Id
    state: str
    coins: int
    krw: int


@router.post("", status_code=201, responses=responses(400, 401, 403, 404, 409, 422, 503))
def prepare_closes(new: NewCloses, context: ContextPort, actor: ActorPort, once: OncePort) -> ClosesMade:
    """Work out a month's closes. Everything of the month must be final on the chain."""
    return ClosesMade(**close_month.prepare_closes(context, actor, once, read_month(new.month), new.venue))


@router.get("", responses=responses(401, 403, 422))
def list_closes(context: ContextPort, actor: ActorPort, month: MonthQuery) -> list[CloseLine]:
    """The closes of a month: all for the coin office and auditors, a venue's own for its people."""
    return reads.closes_of_month(context.journal, actor, read_month(month))


@router.post("/{close_id}/confirm", responses=responses(400, 401, 403, 404, 409, 422, 503))
def confirm_close(close_id: IdPath, context: ContextPort, actor: ActorPort, once: OncePort) -> CloseConfirmed:
    """The venue's own person agrees. Then another person approves it: POST /approvals/{id}/approve."""
    return CloseConfirmed(**close_month.confirm_close(context, actor, once, close_id))


@router.get(
    "/{close_id}/statement",
    response_class=Response,
    responses={**responses(401, 403, 404), 200: {"content": {PDF: {}}}},
)
def read_statement(close_id: IdPath, context: ContextPort, actor: ActorPort) -> Response:
    """The statement, to print."""
    found = reads.statement(context.journal, actor, close_id)
    return Response(statement_pdf(found, context.clock.now()), media_type=PDF)


@router.get("/payments/{month}", responses=responses(401, 403, 422))
def list_payments(month: MonthPath, context: ContextPort) -> Payments:
    """What is to be paid for a month, of closes that are final."""
    return reads.payments(context.journal, read_month(month))


@router.get(
    "/payments/{month}/file",
    response_class=Response,
    responses={**responses(401, 403, 422), 200: {"content": {"text/csv": {}}}},
)
def read_payment_file(month: MonthPath, context: ContextPort) -> Response:
    """The same as a CSV file, one line a payee."""
    found = reads.payments(context.journal, read_month(month))
    return Response(payment_file(found), media_type="text/csv; charset=utf-8")
