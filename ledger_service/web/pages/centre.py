"""A centre's clerk: one act; what waits, and what is left of the allotment."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from ledger_service.domain.cells import read_date
from ledger_service.domain.credentials import read_card_number
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.rates import Measure
from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import catalogue, payers, residents, submissions
from ledger_service.reads.catalogue import DeskLine, ProgrammeLine
from ledger_service.reads.paging import PAGE_ROWS_DEFAULT
from ledger_service.reads.residents import Resident
from ledger_service.reads.submissions import DECIDED_WITHIN_SECONDS
from ledger_service.services import intake
from ledger_service.web.visit import FieldInvalid, Visit


def home(visit: Visit) -> Response:
    """What waits and what is late, and what the centres may still give this month."""
    waiting = submissions.approvals_page(visit.context.journal, visit.me, "waiting", "", PAGE_ROWS_DEFAULT).approvals
    late = [one for one in waiting if one.submitted_at + DECIDED_WITHIN_SECONDS < visit.now]
    return visit.render(
        "centre/home.html",
        waiting=[one for one in waiting if one.kind != "orders"],
        late=late,
        centres=centres_of(visit),
        centre_names=centre_names(visit),
        value=catalogue.coin_value(visit.context.journal, visit.today),
    )


def act_form(visit: Visit, error: BoramError | None = None) -> Response:
    """Who, what, which day."""
    return visit.render(
        "centre/act.html",
        error.status if error else 200,
        centres=centres_of(visit),
        programmes=programmes_of(visit),
        error=error,
    )


def act_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return act_form(visit, error)


def act_confirm(visit: Visit, error: BoramError | None = None) -> Response:
    """The person's name, to be sure; and how long or how many."""
    who = _who(visit)
    programme = _programme(visit)
    centre = _centre(visit)
    return visit.render(
        "centre/act_confirm.html",
        error.status if error else 200,
        who=who,
        programme=programme,
        centre=centre,
        is_timed=programme.measure == Measure.TIME.value,
        day=_day(visit),
        error=error,
    )


def act_confirm_again(visit: Visit, error: BoramError) -> Response:
    """The second step with what is wrong."""
    return act_confirm(visit, error)


def submit_act(visit: Visit) -> Response:
    """Submit; another person decides."""
    who = _who(visit)
    answer = intake.submit_act_of(
        visit.context,
        visit.me,
        visit.once(),
        _centre(visit).number,
        who.person_id,
        {name: visit.text(name) for name in ("programme", "start", "end", "quantity")}
        | {"activity_day": visit.text("day")},
    )
    return visit.go(f"/approvals/{answer['id']}", done="act")


def _who(visit: Visit) -> Resident:
    """By the member number, or by the card that is read in its place."""
    context, typed = visit.context, visit.text("member_number")
    if read_card_number(typed) is not None:
        return payers.payer_of_card(context.journal, context.vault, typed)
    return residents.find_resident(context.journal, context.vault, typed)


def _day(visit: Visit) -> date:
    day = read_date(visit.text("day"))
    if day is None:
        raise FieldInvalid("the day, as 2026-11-22", "활동한 날을 2026-11-22처럼 적어 주세요", field="day")
    return day


def centres_of(visit: Visit) -> list[DeskLine]:
    """The centres that whoever is signed in works for; all of them for the coin office."""
    return [one for one in _all_centres(visit) if visit.has("office") or one.number in visit.me.desks]


def centre_names(visit: Visit) -> dict[str, str]:
    """Of every centre, by its code."""
    return {one.code: one.name for one in _all_centres(visit)}


def _all_centres(visit: Visit) -> list[DeskLine]:
    kind = DeskKind.CENTRE.name.lower()
    return [one for one in catalogue.desks(visit.context.journal, visit.today).desks if one.kind == kind]


def _centre(visit: Visit) -> DeskLine:
    centres = centres_of(visit)
    wanted = visit.text("centre")
    for one in centres:
        if str(one.number) == wanted:
            return one
    raise FieldInvalid("choose a centre", "센터를 골라 주세요", field="centre")


def programmes_of(visit: Visit) -> list[ProgrammeLine]:
    """Those in force today, each once."""
    today = visit.today
    lines = catalogue.programmes(visit.context.journal).programmes
    return [one for one in lines if one.first_day <= today and (one.last_day is None or one.last_day >= today)]


def _programme(visit: Visit) -> ProgrammeLine:
    wanted = visit.text("programme")
    for one in programmes_of(visit):
        if one.programme == wanted:
            return one
    raise NotFound("choose an activity", "활동을 골라 주세요", field="programme")
