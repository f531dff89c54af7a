"""What can be checked: batches and their heads, receipts with their evidence, sums, and how far the chain is."""

from __future__ import annotations

from itertools import chain as chain_lines
from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.models import (
    DESK_MAX,
    JOURNAL_NO_MAX,
    ROWS_DEFAULT,
    Answer,
    Id,
    IdPath,
    Question,
    RowsMax,
    responses,
)
from ledger_service.api.ports import ActorPort, ContextPort, OncePort, ports_of
from ledger_service.reads import books, chain, checks, looks, status, totals
from ledger_service.reads import findings as reads_findings
from ledger_service.reads.chain import BatchesPage, ChainPlace, Proof
from ledger_service.reads.checks import CheckLine
from ledger_service.reads.findings import FindingsPage
from ledger_service.reads.looks import AccessPage
from ledger_service.reads.status import Status
from ledger_service.reads.totals import Totals
from ledger_service.services import accept, findings
from ledger_service.services import checks as check_service
from ledger_service.services.context import POSTED_BY_DAYS

TAG = "Ledger"
FINDING_MAX = 2**31 - 1
router = new_router(TAG)


class Receipt(Answer):
    """The service key's signature over an accepted entry (EIP-712, docs/formats.md). Without its entry on the chain after
    the day `posted_by` it is evidence of omission.
    """

    journal_no: int
    desk: int
    kind: int
    account: str
    units: int
    day: int
    posted_by: int
    signature: str


class Acknowledgement(Question):
    """What was looked at and why it is in order. Kept with the finding; no personal data."""

    reason: str = Field(
        min_length=1, max_length=500, examples=["the replaced blocks were compared, all batches are back"]
    )


class Acknowledged(Answer):
    """A finding that is closed."""

    id: int
    subject: str
    state: str


class ReceiptWithProof(Answer):
    """A receipt, the entry's state, its evidence up to the batch's head once sealed, and its place on the chain once posted."""

    receipt: Receipt
    state: str
    proof: Proof | None
    chain: ChainPlace | None


@router.get("/batches", responses=responses(422))
def list_batches(
    context: ContextPort,
    desk: Annotated[int | None, Query(ge=0, le=DESK_MAX)] = None,
    after: Annotated[str | None, Query(max_length=20, description="the next_after of the page before")] = None,
    limit: RowsMax = ROWS_DEFAULT,
) -> BatchesPage:
    """Sealed batches and their heads, by desk and sequence number."""
    return chain.batches_page(context.journal, desk, after, limit)


@router.get("/receipts/{journal_no}", responses=responses(401, 403, 404, 409))
def read_receipt(
    journal_no: Annotated[int, Path(ge=1, le=JOURNAL_NO_MAX)], context: ContextPort, actor: ActorPort
) -> ReceiptWithProof:
    """The signed receipt of an entry, for its resident, its desk, the coin office and auditors."""
    found = chain.entry_proof(context.journal, context.vault, actor, journal_no)
    receipt = Receipt(**accept.receipt(context, journal_no))
    return ReceiptWithProof(receipt=receipt, state=found.state, proof=found.proof, chain=found.chain)


@router.get(
    "/books",
    response_class=StreamingResponse,
    responses={**responses(401, 403, 409), 200: {"content": {"application/x-ndjson": {}}}},
)
def export_books(request: Request, context: ContextPort) -> StreamingResponse:
    """The books as JSON lines, from one moment, for `boram verify --books` (docs/audit.md). The last line is the totals."""
    ports = ports_of(request)
    signing = books.Signing(ports.service_key, context.receipts.sign, POSTED_BY_DAYS)
    lines = books.export_books(context.journal, context.vault, signing)
    first = next(lines)  # what can be refused is refused before the answer begins
    return StreamingResponse(chain_lines([first], lines), media_type="application/x-ndjson")


@router.get("/findings", responses=responses(401, 403, 422))
def list_findings(
    context: ContextPort,
    state: Annotated[Literal["open", "all"], Query(description="open, or all")] = "open",
    before: Annotated[int | None, Query(ge=1, le=FINDING_MAX, description="the next_before of the page before")] = None,
    limit: RowsMax = ROWS_DEFAULT,
) -> FindingsPage:
    """What posting found. While a finding is open nothing is credited; a notice stops nothing."""
    return reads_findings.findings_page(context.journal, state, before, limit)


@router.post("/findings/{finding_id}/acknowledge", responses=responses(400, 401, 403, 404, 409, 422))
def acknowledge_finding(
    finding_id: Annotated[int, Path(ge=1, le=FINDING_MAX)],
    why: Acknowledgement,
    context: ContextPort,
    actor: ActorPort,
    once: OncePort,
) -> Acknowledged:
    """The coin office has looked. Refused while what was found is still there; opened again where posting meets the same."""
    return Acknowledged(**findings.acknowledge(context, actor, once, finding_id, why.reason))


@router.get("/access-log", responses=responses(400, 401, 403, 422))
def export_access_log(
    context: ContextPort,
    person_id: Annotated[Id | None, Query(description="of one resident")] = None,
    after: Annotated[int, Query(ge=0, le=2**62, description="the next_after of the page before")] = 0,
    limit: RowsMax = ROWS_DEFAULT,
) -> AccessPage:
    """Who looked at whom, when, from where and why, oldest first. Asking is a look, too: the reason is kept."""
    return looks.access_page(context.journal, person_id, after, limit)


@router.get(
    "/access-log.csv",
    response_class=Response,
    responses={**responses(400, 401, 403), 200: {"content": {"text/csv": {}}}},
)
def export_access_log_csv(
    context: ContextPort, after: Annotated[int, Query(ge=0, le=2**62)] = 0, limit: RowsMax = ROWS_DEFAULT
) -> Response:
    """The same for a spreadsheet, safe against formulas."""
    page = looks.access_page(context.journal, None, after, limit)
    return Response(looks.access_csv(page), media_type="text/csv; charset=utf-8")


@router.get("/totals", responses=responses(401, 403))
def read_totals(context: ContextPort) -> Totals:
    """Coins credited, spent, refunded, donated and outstanding."""
    return totals.totals(context.journal)


class CheckAsked(Answer):
    """A check that was asked for. It is done within seconds: read it by its id."""

    id: Id
    state: str


@router.post("/checks", status_code=202, responses=responses(400, 401, 403, 422))
def ask_for_check(context: ContextPort, actor: ActorPort, once: OncePort) -> CheckAsked:
    """Hold the books' balances against the chain's supply and sums now. The day's own check needs no asking."""
    return CheckAsked(**check_service.ask_for_check(context, actor, once))


@router.get("/checks", responses=responses(401, 403, 422))
def list_checks(context: ContextPort, limit: RowsMax = ROWS_DEFAULT) -> list[CheckLine]:
    """The last checks, newest first."""
    return checks.checks(context.journal, limit)


@router.get("/checks/{check_id}", responses=responses(401, 403, 404))
def read_check(check_id: IdPath, context: ContextPort) -> CheckLine:
    """One check: `holds`, or `differs` and where."""
    return checks.check(context.journal, check_id)


@router.get("/status", responses=responses(401, 403))
def read_status(context: ContextPort) -> Status:
    """How far the chain is; `settled` when everything accepted is final."""
    return status.status(context.journal, context.clock.now(), context.clock.today())
