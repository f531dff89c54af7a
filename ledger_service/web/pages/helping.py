"""Helpers: whom a resident lets look, and what the helper sees. A helper's look is a look of somebody else's and stands in the access log."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from ledger_service.errors import BoramError
from ledger_service.reads import catalogue, residents, statement
from ledger_service.reads import helping as reads
from ledger_service.reads import sign_ups as sign_up_reads
from ledger_service.reads.paging import PAGE_ROWS_MAX
from ledger_service.services import helping as services
from ledger_service.web.visit import Visit

DAYS_SUGGESTED = 90
LINES_SHOWN_MAX = 30
WAITING_SHOWN_MAX = 30
SIGN_UPS_SHOWN_MAX = 30


def helpers(visit: Visit, error: BoramError | None = None) -> Response:
    """Who helps me, whom I help, and the form to name somebody."""
    context = visit.context
    return visit.render(
        "helping/helpers.html",
        error.status if error else 200,
        helpers=reads.helpers_of(context.journal, context.vault, visit.me, visit.person_id, visit.today),
        helped=reads.helped_by(context.journal, context.vault, visit.me, visit.person_id, visit.today),
        until=visit.today + timedelta(days=DAYS_SUGGESTED),
        latest=visit.today + timedelta(days=services.HELP_DAYS_MAX),
        done=visit.request.query_params.get("done", ""),
        error=error,
    )


def helpers_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return helpers(visit, error)


def name_helper(visit: Visit) -> Response:
    """Name somebody."""
    services.name_helper(
        visit.context,
        visit.me,
        visit.once(),
        visit.text("member_number"),
        visit.text("name"),
        visit.day("until", "마지막 날"),
        may_sign_up=visit.text("may_sign_up") == "yes",
    )
    return visit.go("/me/helpers", done="named")


def end_help(visit: Visit) -> Response:
    """End it, from either side."""
    services.end_help(visit.context, visit.me, visit.once(), visit.path["grant"])
    return visit.go("/me/helpers", done="ended")


def one(visit: Visit) -> Response:
    """What a helper sees: coins, what waits, the latest lines, sign-ups."""
    context, me, person_id = visit.context, visit.me, visit.person_id
    return visit.render(
        "helping/one.html",
        who=residents.resident(context.journal, context.vault, me, person_id),
        balance=residents.balance(context.journal, me, person_id, visit.today),
        waits=statement.waiting(context.journal, me, person_id, WAITING_SHOWN_MAX, visit.now),
        lines=statement.statement(context.journal, me, person_id, None, LINES_SHOWN_MAX).lines,
        sign_ups=sign_up_reads.sign_ups_of(context.journal, me, person_id, visit.today, SIGN_UPS_SHOWN_MAX),
        value=catalogue.coin_value(context.journal, visit.today),
    )


def courses(visit: Visit) -> Response:
    """The courses that a helper may sign up for."""
    journal = visit.context.journal
    listed = catalogue.courses(journal, visit.today, "", PAGE_ROWS_MAX).courses
    return visit.render(
        "helping/courses.html",
        who=residents.resident(journal, visit.context.vault, visit.me, visit.person_id),
        courses=[line for line in listed if line.last_day >= visit.today and line.seats_left],
        places={place.number: place.name for place in catalogue.places(journal)},
        value=catalogue.coin_value(journal, visit.today),
    )
