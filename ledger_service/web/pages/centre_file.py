"""A month's file of a centre: look first, submit, and get what was not taken as a file to mend."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from ledger_service.domain.rates import Measure
from ledger_service.domain.records import earliest_day
from ledger_service.errors import BoramError
from ledger_service.reads import catalogue
from ledger_service.reads.catalogue import ProgrammeLine
from ledger_service.reads.submissions import OutcomeLine
from ledger_service.services import intake
from ledger_service.services.judging import Judged
from ledger_service.web import repairs
from ledger_service.web.file_columns import ACTIVITIES, column_lines, filled_in
from ledger_service.web.pages.centre import centres_of
from ledger_service.web.visit import FieldInvalid, Visit, is_part

ROWS_SHOWN_MAX = 300
CSV = "text/csv; charset=utf-8"


def file_form(visit: Visit, error: BoramError | None = None) -> Response:
    """Choose a file: look first, or submit."""
    return visit.render(
        "centre/file.html",
        error.status if error else 200,
        columns=column_lines(ACTIVITIES),
        programmes=_programmes_to_enter(visit),
        timed=Measure.TIME.value,
        centres=centres_of(visit),
        sources=intake.SOURCES,
        error=error,
    )


def file_to_fill(visit: Visit) -> Response:
    """An activity file without rows."""
    return visit.file(filled_in(ACTIVITIES, []), CSV, f"{ACTIVITIES}.csv")


def file_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return file_form(visit, error)


def submit_file(visit: Visit) -> Response:
    """Submit the file, or only show what each row would become, or give the rows that would not be taken."""
    upload = visit.upload()
    source, action = _source(visit), visit.text("action")
    if action in ("preview", "repairs"):
        judged = intake.preview_import(visit.context, visit.me, upload.data, source, None)
        if action == "preview":
            return _preview(visit, judged, source)
        return visit.file(repairs.repair_file(repairs.of_judgements(judged.judgements)), CSV, "repairs.csv")
    answer = intake.submit_import(visit.context, visit.me, visit.once(), upload.data, source)
    return visit.go(f"/approvals/{answer['id']}", done="file")


def _preview(visit: Visit, judged: Judged, source: str) -> Response:
    accepted = judged.accepted
    return visit.render(
        "centre/looked.html" if is_part(visit.request) else "centre/preview.html",
        is_part=is_part(visit.request),
        source=source,
        sources=intake.SOURCES,
        rows=len(judged.judgements),
        accepted=len(accepted),
        coins=sum(one.coins for one in accepted),
        counts=judged.counts(),
        repairs=repairs.summed(repairs.of_judgements(judged.judgements)),
        taken=[OutcomeLine(one.line, one.outcome.value, one.coins) for one in accepted[:ROWS_SHOWN_MAX]],
        taken_more=max(0, len(accepted) - ROWS_SHOWN_MAX),
        value=catalogue.coin_value(visit.context.journal, visit.today),
        error=None,
    )


def _source(visit: Visit) -> str:
    wanted = visit.text("source") or intake.SOURCE_DEFAULT
    if wanted not in intake.SOURCES:
        raise FieldInvalid("choose where the record numbers come from", "실적번호의 출처를 골라 주세요", field="source")
    return wanted


def _programmes_to_enter(visit: Visit) -> list[ProgrammeLine]:
    """Those that a day which may still be entered is in; each code once, as it is lately."""
    first: date = earliest_day(visit.today)
    lines = catalogue.programmes(visit.context.journal).programmes
    current = [one for one in lines if one.first_day <= visit.today and (one.last_day is None or one.last_day >= first)]
    latest = {one.programme: one for one in sorted(current, key=lambda one: one.first_day)}
    return [latest[code] for code in sorted(latest)]
