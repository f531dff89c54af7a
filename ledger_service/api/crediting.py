"""Records, imports and approvals: how coins are earned, and how a second person decides."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query, Request
from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.metrics import count_import
from ledger_service.api.models import (
    ROWS_DEFAULT,
    Answer,
    Day,
    DeskNumber,
    Id,
    IdPath,
    PlainText,
    Question,
    RowsMax,
    responses,
)
from ledger_service.api.ports import ActorPort, ContextPort, OncePort
from ledger_service.api.uploads import TableFile, content_of, once_of_upload
from ledger_service.domain.days import FIRST_DAY, LAST_DAY
from ledger_service.reads import submissions
from ledger_service.reads.paging import LINES_MAX
from ledger_service.reads.submissions import ApprovalLine, ApprovalsPage, ImportResult, OutcomeLine, OutcomesPage
from ledger_service.services import decide, intake

TAG = "Crediting"
router = new_router(TAG)

Cell = Annotated[str, Field(max_length=100)]
Status = Annotated[
    str,
    Query(pattern="^(waiting|approved|rejected|withdrawn)$", description="waiting, approved, rejected or withdrawn"),
]
SourceField = Annotated[PlainText, Form(max_length=32, description="where the record numbers come from")]
AsOfField = Annotated[
    Day | None,
    Form(description=f"the import day, {FIRST_DAY} to {LAST_DAY}; an earlier one wants an approver's reason"),
]
ReasonField = Annotated[PlainText | None, Form(max_length=200)]


class Record(Question):
    """One act that a clerk types. Cells are text, as in a file; timed programmes want start and end, others a quantity."""

    desk: DeskNumber
    member_number: Cell = Field(examples=["S100215"])
    name: Cell = Field(examples=["하하린"])
    birth_date: Cell = Field(examples=["1963-02-09"])
    programme: Cell = Field(examples=["VOL"])
    activity_day: Cell = Field(examples=["2024-04-11"])
    start: Cell = Field("", examples=["08:30"])
    end: Cell = Field("", examples=["10:10"])
    quantity: Cell = Field("", examples=["", "3"])


class Submitted(Answer):
    """A submission that reserves its accepted rows and waits for another person."""

    id: Id
    status: str
    rows: int
    accepted_rows: int
    coins: int
    outcomes: dict[str, int]


class Preview(Answer):
    """What a file would become; nothing is stored."""

    rows: int
    accepted_rows: int
    coins: int
    outcomes: dict[str, int]
    lines: list[OutcomeLine]


class Decided(Answer):
    """A decision. Of an approved import, record or close: its entries, coins and won; of approved orders: how many wait for the office's batch.

    Of an expiry: accounts that had moved and were `left_out`; of a correction: what it found (`taken`), and what is owed now (`debt`).
    """

    id: Id
    status: str
    entries: int | None = None
    coins: int | None = None
    krw: int | None = None
    first_journal_no: int | None = None
    title: str | None = None
    orders: int | None = None
    not_closed: list[str] | None = Field(None, description="of a new coin value: venues with charges not settled yet")
    left_out: int | None = None
    taken: int | None = None
    debt: int | None = None


class Reason(Question):
    """Why it is not approved. Kept with the decision; no personal data."""

    reason: str = Field(min_length=1, max_length=200, examples=["wrong month"])


@router.post("/records", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def submit_record(record: Record, context: ContextPort, actor: ActorPort, once: OncePort) -> Submitted:
    """Submit one act; it is judged like a row of a file and numbered `DESK-YEAR-n`."""
    act = record.model_dump(exclude={"desk"})
    answer = intake.submit_record(context, actor, once, record.desk, act)
    count_import(answer["outcomes"])
    return Submitted(**answer)


@router.post("/imports", status_code=201, responses=responses(400, 401, 403, 409, 413, 415, 422, 503))
def submit_import(
    request: Request,
    context: ContextPort,
    actor: ActorPort,
    file: TableFile,
    source: SourceField = intake.SOURCE_DEFAULT,
    as_of: AsOfField = None,
    as_of_reason: ReasonField = None,
) -> Submitted:
    """Submit a month's file. Every row gets one outcome; the accepted rows are reserved until another person decides."""
    data = content_of(request, file)
    once = once_of_upload(request, data, source, as_of, as_of_reason)
    answer = intake.submit_import(context, actor, once, data, source, as_of, as_of_reason)
    count_import(answer["outcomes"])
    return Submitted(**answer)


@router.post("/imports/preview", responses=responses(401, 403, 413, 415, 422, 503))
def preview_import(
    request: Request,
    context: ContextPort,
    actor: ActorPort,
    file: TableFile,
    source: SourceField = intake.SOURCE_DEFAULT,
    as_of: AsOfField = None,
) -> Preview:
    """What each row of a file would become now. Any `as_of` may be asked for."""
    judged = intake.preview_import(context, actor, content_of(request, file), source, as_of)
    return Preview(
        rows=len(judged.judgements),
        accepted_rows=len(judged.accepted),
        coins=sum(one.coins for one in judged.accepted),
        outcomes=judged.counts(),
        lines=[OutcomeLine(*one) for one in judged.outcomes()],
    )


@router.get("/imports/{import_id}", responses=responses(401, 403, 404))
def import_result(import_id: IdPath, context: ContextPort, actor: ActorPort) -> ImportResult:
    """A submission's rows by outcome, and its entries by state once it is approved."""
    return submissions.import_result(context.journal, actor, import_id)


@router.get("/imports/{import_id}/lines", responses=responses(401, 403, 404))
def import_lines(
    import_id: IdPath,
    context: ContextPort,
    actor: ActorPort,
    after: Annotated[int, Query(ge=0, le=10**9, description="the next_after of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=LINES_MAX)] = LINES_MAX,
) -> OutcomesPage:
    """What became of each line, in file order."""
    return submissions.import_outcomes(context.journal, actor, import_id, after, limit)


@router.get("/approvals", responses=responses(401, 403))
def list_approvals(
    context: ContextPort,
    actor: ActorPort,
    status: Status = "waiting",
    after: Annotated[PlainText, Query(max_length=36, description="the next_after of the page before")] = "",
    limit: RowsMax = ROWS_DEFAULT,
) -> ApprovalsPage:
    """What waits for a second person (or was decided), oldest first: your desks' submissions, everything for the coin office."""
    return submissions.approvals_page(context.journal, actor, status, after, limit)


@router.get("/approvals/{approval_id}", responses=responses(401, 403, 404))
def read_approval(approval_id: IdPath, context: ContextPort, actor: ActorPort) -> ApprovalLine:
    """One submission or proposal."""
    return submissions.approval(context.journal, actor, approval_id)


@router.post("/approvals/{approval_id}/approve", responses=responses(400, 401, 403, 404, 409, 422))
def approve(approval_id: IdPath, context: ContextPort, actor: ActorPort, once: OncePort) -> Decided:
    """Approve what another person submitted: credits are accepted, orders wait for the office's next batch."""
    kind = submissions.approval(context.journal, actor, approval_id).kind
    return Decided(**decide.APPROVE[kind](context, actor, once, approval_id))


@router.post("/approvals/{approval_id}/reject", responses=responses(400, 401, 403, 404, 409, 422))
def reject(approval_id: IdPath, reason: Reason, context: ContextPort, actor: ActorPort, once: OncePort) -> Decided:
    """Reject what another person submitted, or withdraw what is your own: its rows and coins are free again."""
    kind = submissions.approval(context.journal, actor, approval_id).kind
    return Decided(**decide.DECLINE[kind](context, actor, once, approval_id, reason.reason))
