"""A resident's donation, in two steps, since it cannot be undone."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import catalogue, residents
from ledger_service.reads.catalogue import FundLine
from ledger_service.services import donate
from ledger_service.services.spend import require_coins, too_few
from ledger_service.web.following import following
from ledger_service.web.remembered import gathered
from ledger_service.web.visit import Visit

QUICK_COINS = (10, 50, 100)
FINE_COINS_MAX, COARSE_STEP = 100, 10  # a slider of more coins than that cannot be set to each of them with a finger


def form(visit: Visit, error: BoramError | None = None) -> Response:
    """Which project, how many coins."""
    funds = [fund for fund in catalogue.programmes(visit.context.journal).funds if fund.active]
    balance = residents.balance(visit.context.journal, visit.me, visit.person_id, visit.today)
    step = 1 if balance.available <= FINE_COINS_MAX else COARSE_STEP
    slid = visit.number_in_query("coins") or _slid(visit)
    return visit.render(
        "resident/donate.html",
        error.status if error else 200,
        funds=funds,
        balance=balance,
        value=balance.krw_per_coin,
        gathered=gathered(visit),
        chosen=visit.text("fund") or visit.request.query_params.get("fund", ""),
        quick=[coins for coins in QUICK_COINS if coins <= balance.available],
        step=step,
        slid=min(slid, balance.available) // step * step,
        error=error,
    )


def form_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return form(visit, error)


def confirm(visit: Visit) -> Response:
    """The amount in big type, and that it cannot be undone."""
    fund, coins = _fund(visit), _coins(visit)
    require_coins(coins)
    then = following(visit, "/donate", {"fund": fund.code, "coins": str(coins)})
    if then.done is not None:
        return visit.go(f"/receipts/{then.done['journal_no']}", done="before")
    balance = residents.balance(visit.context.journal, visit.me, visit.person_id, visit.today)
    if coins > balance.available:
        raise too_few(balance.available, coins)
    return visit.render(
        "resident/donate_confirm.html",
        fund=fund,
        coins=coins,
        after=balance.available - coins,
        next=then,
        value=balance.krw_per_coin,
    )


def give(visit: Visit) -> Response:
    """Give."""
    answer = donate.donate(
        visit.context, visit.me, visit.once(), visit.person_id, visit.text("fund"), visit.whole("coins", "기부할 코인")
    )
    return visit.go(f"/receipts/{answer['journal_no']}", done="donate")


def _coins(visit: Visit) -> int:
    """The amount of the button that was pressed; else what was typed; else where the slider stands, which is 0 for who left it alone."""
    if visit.text("quick"):
        return visit.whole("quick", "기부할 코인")
    return visit.whole("coins", "기부할 코인") if visit.text("coins") or not _slid(visit) else _slid(visit)


def _slid(visit: Visit) -> int:
    return visit.whole("slide", "기부할 코인") if visit.text("slide") else 0


def _fund(visit: Visit) -> FundLine:
    wanted = visit.text("fund")
    for fund in catalogue.programmes(visit.context.journal).funds:
        if fund.active and fund.code == wanted:
            return fund
    raise NotFound("choose a project to give to", "기부할 곳을 골라 주세요", field="fund")
