"""What an approved submission was credited as: the receipt numbers that a correction is proposed by."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError
from ledger_service.reads import catalogue, residents, submissions
from ledger_service.reads.submitted_entries import submitted_entries
from ledger_service.web.pages.centre import centre_names
from ledger_service.web.visit import Visit

ROWS_SHOWN = 100


def entries(visit: Visit, error: BoramError | None = None, person_id: str | None = None) -> Response:
    """The entries by line, a page at a time."""
    journal, approval_id = visit.context.journal, visit.path["approval"]
    line = submissions.approval(journal, visit.me, approval_id)
    after = visit.number_in_query("after") or 0
    return visit.render(
        "centre/entries.html",
        error.status if error else 200,
        line=line,
        centres=centre_names(visit) if line.kind == "record" else {},
        page=submitted_entries(journal, visit.context.vault, visit.me, approval_id, after, ROWS_SHOWN, person_id),
        is_found=person_id is not None,
        value=catalogue.coin_value(journal, visit.today),
        error=error,
    )


def find(visit: Visit) -> Response:
    """Those of one resident. A form that is sent, since no address names a person."""
    who = residents.find_resident(visit.context.journal, visit.context.vault, visit.text("member_number"))
    return entries(visit, person_id=who.person_id)


def again(visit: Visit, error: BoramError) -> Response:
    """The list with what is wrong."""
    return entries(visit, error)
