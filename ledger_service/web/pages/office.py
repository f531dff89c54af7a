"""The coin office: how the ledger stands, the budget, desks and keys, rates with what is scheduled, findings, and files to propose."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.domain.actors import Role
from ledger_service.errors import BoramError
from ledger_service.reads import budget as budgets
from ledger_service.reads import catalogue, desk_keys, status, submissions, totals
from ledger_service.reads import findings as found_reads
from ledger_service.reads.master_files import master_rows_in_force
from ledger_service.reads.paging import PAGE_ROWS_DEFAULT
from ledger_service.reads.submissions import DECIDED_WITHIN_SECONDS
from ledger_service.services import findings as found_services
from ledger_service.services import setup
from ledger_service.services.file_steps import FILE_COLUMNS
from ledger_service.web.charts import bars
from ledger_service.web.file_columns import column_lines, filled_in
from ledger_service.web.meanings import meaning_of
from ledger_service.web.remembered import dongs_of, impact_of
from ledger_service.web.visit import FieldInvalid, Visit

MONTHS_SHOWN = 12
FINDINGS_SHOWN_MAX = 100


def home(visit: Visit) -> Response:
    """Status, sums, what waits."""
    journal = visit.context.journal
    waiting = submissions.approvals_page(journal, visit.me, "waiting", "", PAGE_ROWS_DEFAULT).approvals
    return visit.render(
        "office/home.html",
        standing=status.status(journal, visit.now, visit.today),
        totals=totals.totals(journal),
        waiting=waiting,
        late=[one for one in waiting if one.submitted_at + DECIDED_WITHIN_SECONDS < visit.now],
        meter=budgets.budget(journal, visit.today, visit.ports.alarms),
        open_findings=found_reads.findings_page(journal, "open", None, FINDINGS_SHOWN_MAX).findings,
        value=catalogue.coin_value(journal, visit.today),
    )


def dashboard(visit: Visit) -> Response:
    """Issued, spent, donated, expired and outstanding: in all, by month, by programme and by dong."""
    journal = visit.context.journal
    found = impact_of(visit)
    months, dongs = found.months[-MONTHS_SHOWN:], dongs_of(visit)
    charts = {
        "issued": bars([(visit.formats.month(one.month), one.credited) for one in months]),
        "spent": bars([(visit.formats.month(one.month), one.spent) for one in months]),
        "programmes": bars([(one.name, one.coins) for one in found.deeds]),
        "dongs": bars([(one.name or visit.say("그 밖 또는 알 수 없음"), one.issued) for one in dongs]),
    }
    return visit.render(
        "office/dashboard.html",
        totals=totals.totals(journal),
        impact=found,
        months=months,
        dongs=dongs,
        charts=charts,
        value=catalogue.coin_value(journal, visit.today),
    )


def budget(visit: Visit) -> Response:
    """What may still be issued this year and month, by programme and centre, and which thresholds are reached."""
    journal = visit.context.journal
    found = budgets.budget(journal, visit.today, visit.ports.alarms)
    return visit.render("office/budget.html", meter=found, alarms=visit.ports.alarms, value=found.krw_per_coin or None)


def desks(visit: Visit) -> Response:
    """Every desk with its month's limit, its keys, and what stops it."""
    journal = visit.context.journal
    return visit.render(
        "office/desks.html",
        limits=catalogue.desks(journal, visit.today),
        keys=desk_keys.desk_keys(journal),
        value=catalogue.coin_value(journal, visit.today),
    )


def rates(visit: Visit) -> Response:
    """Every version of every rate and coin value by its first day, those to come first."""
    journal = visit.context.journal
    found = catalogue.programmes(journal)
    by_programme: dict[str, list[catalogue.ProgrammeLine]] = {}
    for line in sorted(found.programmes, key=lambda one: one.first_day, reverse=True):
        by_programme.setdefault(line.programme, []).append(line)
    return visit.render(
        "office/rates.html",
        programmes=list(by_programme.values()),
        coming=[one for one in found.programmes if one.first_day > visit.today],
        values=sorted(found.coin_values, key=lambda one: one.first_day, reverse=True),
        funds=found.funds,
        meter=budgets.budget(journal, visit.today, visit.ports.alarms),
        value=catalogue.coin_value(journal, visit.today),
    )


def findings(visit: Visit, error: BoramError | None = None) -> Response:
    """What posting and the checks found: open ones to acknowledge, or all there were."""
    wanted = "all" if visit.request.query_params.get("state") == "all" else "open"
    before = visit.number_in_query("before")
    page = found_reads.findings_page(visit.context.journal, wanted, before, FINDINGS_SHOWN_MAX)
    return visit.render(
        "office/findings.html",
        error.status if error else 200,
        page=page,
        meanings={one.id: meaning_of(visit.say, one.subject) for one in page.findings},
        wanted=wanted,
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def findings_again(visit: Visit, error: BoramError) -> Response:
    """The findings with what is wrong."""
    return findings(visit, error)


def acknowledge(visit: Visit) -> Response:
    """The coin office has looked, and says why it may be closed."""
    reason = visit.required("reason", "까닭")
    found_services.acknowledge(visit.context, visit.me, visit.once(), visit.number_in_path("finding"), reason)
    return visit.go("/office/findings", done="acknowledged")


def propose_form(visit: Visit, error: BoramError | None = None) -> Response:
    """Choose a master file: it becomes a proposal that another person approves."""
    columns = {kind: column_lines(kind) for kind in FILE_COLUMNS}
    return visit.render("office/propose.html", error.status if error else 200, columns=columns, error=error)


def file_in_force(visit: Visit) -> Response:
    """A master file with what is in force, to be changed and proposed."""
    kind = visit.path["kind"]
    rows = master_rows_in_force(visit.context.journal, kind, visit.today)
    return visit.file(filled_in(kind, rows), "text/csv; charset=utf-8", f"{kind}.csv")


def propose_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return propose_form(visit, error)


def propose(visit: Visit) -> Response:
    """Propose what the file holds."""
    visit.me.require(Role.OFFICE)
    kind = visit.text("kind")
    if kind not in FILE_COLUMNS:
        raise FieldInvalid("choose what the file holds", "무엇을 바꾸는 파일인지 골라 주세요", field="kind")
    upload = visit.upload()
    answer = setup.propose_file(visit.context, visit.me, visit.once(), kind, upload.data)
    return visit.go(f"/approvals/{answer['id']}", done="proposed")
