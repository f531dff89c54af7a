"""A resident's donation, in two steps, since it cannot be undone."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import catalogue, residents
from ledger_service.reads.catalogue import FundLine
from ledger_service.services import donate
from ledger_service.services.spend import require_coins, too_few
from ledger_service.web.remembered import impact_of
from ledger_service.web.visit import Visit


def form(visit: Visit, error: BoramError | None = None) -> Response:
    """Which project, how many coins."""
    funds = [fund for fund in catalogue.programmes(visit.context.journal).funds if fund.active]
    balance = residents.balance(visit.context.journal, visit.me, visit.person_id, visit.today)
    return visit.render(
        "resident/donate.html",
        error.status if error else 200,
        funds=funds,
        balance=balance,
        value=balance.krw_per_coin,
        gathered={place.name: place.coins for place in impact_of(visit).funds},
        error=error,
    )


def form_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return form(visit, error)


def confirm(visit: Visit) -> Response:
    """The amount in big type, and that it cannot be undone."""
    fund, coins = _fund(visit), _coins(visit)
    require_coins(coins)
    balance = residents.balance(visit.context.journal, visit.me, visit.person_id, visit.today)
    if coins > balance.available:
        raise too_few(balance.available, coins)
    return visit.render(
        "resident/donate_confirm.html",
        fund=fund,
        coins=coins,
        after=balance.available - coins,
        value=balance.krw_per_coin,
    )


def give(visit: Visit) -> Response:
    """Give."""
    answer = donate.donate(
        visit.context, visit.me, visit.once(), visit.person_id, visit.text("fund"), visit.whole("coins", "기부할 코인")
    )
    return visit.go(f"/receipts/{answer['journal_no']}", done="donate")


def _coins(visit: Visit) -> int:
    """What was typed, or else the amount that was chosen."""
    return visit.whole("coins" if visit.text("coins") or not visit.text("quick") else "quick", "기부할 코인")


def _fund(visit: Visit) -> FundLine:
    wanted = visit.text("fund")
    for fund in catalogue.programmes(visit.context.journal).funds:
        if fund.active and fund.code == wanted:
            return fund
    raise NotFound("choose a project to give to", "기부할 곳을 골라 주세요", field="fund")
