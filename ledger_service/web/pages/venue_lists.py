"""A venue's lists: what its counter took on a day, a receipt by its number, and the open sign-ups of its courses."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

from starlette.responses import Response

from ledger_service.domain.cells import read_date
from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import catalogue, counter
from ledger_service.reads import sign_ups as signing
from ledger_service.web.pages.resident import JOURNAL_NO_MAX
from ledger_service.web.pages.venue import desk_of
from ledger_service.web.visit import FieldInvalid, Visit

CHARGES_SHOWN = 100
SIGN_UPS_SHOWN = 100
DAYS_OFFERED = 7
PAGES_MAX = 10_000


def day(visit: Visit) -> Response:
    """A day's charges with the sum of all of them; `?day=` an earlier one, `?receipt=` goes to one charge."""
    desk, query = desk_of(visit), visit.request.query_params
    error: BoramError | None = None
    if query.get("receipt", "").strip():
        try:
            charge = counter.charge_of_receipt(visit.context.journal, visit.me, desk.number, _receipt(visit))
            return visit.go(f"/desk/{desk.number}/charges/{charge}")
        except (FieldInvalid, NotFound) as wrong:
            error = wrong
    shown = _day(visit)
    before = visit.number_in_query("before")
    found = counter.charges_of_day(
        visit.context.journal, visit.context.vault, visit.me, desk.number, shown, CHARGES_SHOWN, before
    )
    lately = (visit.today - timedelta(days=back) for back in range(DAYS_OFFERED + 1))
    return visit.render(
        "venue/today.html",
        error.status if error else 200,
        desk=desk,
        day=shown,
        days=[one for one in lately if one != shown],
        page=found,
        sum=counter.sum_of_day(visit.context.journal, visit.me, desk.number, shown),
        receipt=query.get("receipt", "")[:20],
        error=error,
    )


def sign_ups(visit: Visit) -> Response:
    """The open sign-ups of this venue's courses."""
    desk = desk_of(visit)
    page = min(max(visit.number_in_query("page") or 1, 1), PAGES_MAX)
    found, has_more = signing.sign_ups_at(
        visit.context.journal, visit.context.vault, visit.me, desk.number, visit.today, SIGN_UPS_SHOWN, page
    )
    return visit.render(
        "venue/sign_ups.html",
        desk=desk,
        sign_ups=found,
        next_page=page + 1 if has_more else None,
        value=catalogue.coin_value(visit.context.journal, visit.today),
    )


def _day(visit: Visit) -> date:
    wanted = read_date(visit.request.query_params.get("day", ""))
    return visit.today if wanted is None else min(wanted, visit.today)


def _receipt(visit: Visit) -> int:
    typed = unicodedata.normalize("NFKC", visit.request.query_params["receipt"])
    number = typed.replace(",", "").replace("번", "").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 10):
        raise FieldInvalid("the number of the receipt, in digits", "영수증 번호를 숫자로 적어 주세요", field="receipt")
    return min(int(number), JOURNAL_NO_MAX)
