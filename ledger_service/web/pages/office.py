"""The coin office: how the ledger stands, what was issued and spent, and each desk's limits."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.reads import catalogue, status, submissions, totals
from ledger_service.reads.paging import PAGE_ROWS_DEFAULT
from ledger_service.reads.submissions import DECIDED_WITHIN_SECONDS
from ledger_service.web.charts import bars
from ledger_service.web.remembered import impact_of
from ledger_service.web.visit import Visit


def home(visit: Visit) -> Response:
    """Status, sums, what waits, and the months."""
    journal = visit.context.journal
    waiting = submissions.approvals_page(journal, visit.me, "waiting", "", PAGE_ROWS_DEFAULT).approvals
    found = impact_of(visit)
    months = found.months[-12:]
    charts = {
        "credited": bars([(visit.formats.month(one.month), one.credited) for one in months]),
        "spent": bars([(visit.formats.month(one.month), one.spent) for one in months]),
    }
    return visit.render(
        "office/home.html",
        standing=status.status(journal, visit.now, visit.today),
        totals=totals.totals(journal),
        waiting=waiting,
        late=[one for one in waiting if one.submitted_at + DECIDED_WITHIN_SECONDS < visit.now],
        impact=found,
        months=months,
        charts=charts,
        limits=catalogue.desks(journal, visit.today),
        value=catalogue.coin_value(journal, visit.today),
    )


def desks(visit: Visit) -> Response:
    """Every desk with its month's limit, used and left."""
    found = catalogue.desks(visit.context.journal, visit.today)
    return visit.render(
        "office/desks.html", limits=found, value=catalogue.coin_value(visit.context.journal, visit.today)
    )
