"""What the treasury does to accounts: corrections, expiry, freezes. Each is proposed here and decided by another person under /approvals."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from ledger_service.domain.days import first_day_of_month, month_number
from ledger_service.errors import BoramError
from ledger_service.reads import catalogue, correcting, residents
from ledger_service.reads import treasury as reads
from ledger_service.services import correct, expire, freeze
from ledger_service.services.frozen import APPEAL_DAYS
from ledger_service.web.visit import Visit

LINES_SHOWN_MAX = 50
FREEZES_SHOWN_MAX = 200
REASON_LABEL = "까닭"


def corrections(visit: Visit, error: BoramError | None = None) -> Response:
    """The latest corrections, and the form for another."""
    return visit.render(
        "treasury/corrections.html",
        error.status if error else 200,
        page=correcting.corrections_of(
            visit.context.journal, visit.me, LINES_SHOWN_MAX, visit.request.query_params.get("before", "")[:36]
        ),
        entry=visit.text("entry") or visit.request.query_params.get("entry", "")[:20],
        value=catalogue.coin_value(visit.context.journal, visit.today),
        error=error,
    )


def corrections_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return corrections(visit, error)


def correction_confirm(visit: Visit) -> Response:
    """The entry that is meant, and what would happen."""
    context, entry, coins = visit.context, visit.text("entry").replace(",", ""), _coins(visit)
    reason = visit.required("reason", REASON_LABEL)
    found = correct.preview_correction(context, visit.me, entry, coins)
    return visit.render(
        "treasury/correction_confirm.html",
        found=found,
        original=correcting.original(context.journal, context.vault, visit.me, found["original_no"]),
        reason=reason,
        value=catalogue.coin_value(context.journal, visit.today),
    )


def propose_correction(visit: Visit) -> Response:
    """Put it before another person of the coin office."""
    reason = visit.required("reason", REASON_LABEL)
    answer = correct.propose_correction(
        visit.context, visit.me, visit.once(), visit.text("entry").replace(",", ""), _coins(visit), reason
    )
    return visit.go(f"/approvals/{answer['id']}", done="proposed")


def expiry(visit: Visit, error: BoramError | None = None) -> Response:
    """The runs so far, and the form to look what a run would take."""
    last = first_day_of_month(month_number(visit.today)) - timedelta(days=1)
    return visit.render(
        "treasury/expiry.html",
        error.status if error else 200,
        runs=reads.expiry_runs_of(visit.context.journal, LINES_SHOWN_MAX),
        to=last,
        latest=visit.today - timedelta(days=1),
        value=catalogue.coin_value(visit.context.journal, visit.today),
        error=error,
    )


def expiry_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return expiry(visit, error)


def expiry_preview(visit: Visit) -> Response:
    """How many accounts and coins a run would take now; nothing is stored."""
    found = expire.preview_expiry(visit.context, visit.me, visit.day("to", "날"))
    return visit.render(
        "treasury/expiry_preview.html",
        found=found,
        to=visit.day("to", "날"),
        value=catalogue.coin_value(visit.context.journal, visit.today),
    )


def propose_expiry(visit: Visit) -> Response:
    """Put the run before another person."""
    answer = expire.propose_expiry(visit.context, visit.me, visit.once(), visit.day("to", "날"))
    return visit.go(f"/approvals/{answer['id']}", done="proposed")


def freezes(visit: Visit, error: BoramError | None = None) -> Response:
    """Whose account is frozen, until when and why; and the form for another."""
    context = visit.context
    return visit.render(
        "treasury/freezes.html",
        error.status if error else 200,
        lines=reads.standing_freezes(context.journal, context.vault, FREEZES_SHOWN_MAX),
        appeal_days=APPEAL_DAYS,
        error=error,
    )


def freezes_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return freezes(visit, error)


def freeze_confirm(visit: Visit) -> Response:
    """The name, to be sure; nothing is proposed yet."""
    context = visit.context
    return visit.render(
        "treasury/freeze_confirm.html",
        who=residents.find_resident(context.journal, context.vault, visit.text("member_number")),
        until=visit.day("until", "정지하는 마지막 날"),
        reason=visit.required("reason", REASON_LABEL),
        appeal_days=APPEAL_DAYS,
    )


def propose_freeze(visit: Visit) -> Response:
    """Put it before another person."""
    context = visit.context
    once = visit.once()
    who = residents.find_resident(context.journal, context.vault, visit.text("member_number"))
    answer = freeze.propose_freeze(
        context, visit.me, once, who.person_id, visit.day("until", "정지하는 마지막 날"), visit.text("reason")
    )
    return visit.go(f"/approvals/{answer['id']}", done="proposed")


def propose_lift(visit: Visit) -> Response:
    """Put the end of a freeze before another person."""
    context = visit.context
    once = visit.once()
    who = residents.find_resident(context.journal, context.vault, visit.text("member_number"))
    reason = visit.required("reason", REASON_LABEL)
    answer = freeze.propose_unfreeze(context, visit.me, once, who.person_id, reason)
    return visit.go(f"/approvals/{answer['id']}", done="proposed")


def _coins(visit: Visit) -> int | None:
    """How many; nothing typed is all that is left of the entry."""
    return visit.whole("coins", "코인") if visit.text("coins") else None
