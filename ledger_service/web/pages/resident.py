"""A resident's own: coins, what waits, every line in plain words, and a receipt of each."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.reads import catalogue, freezes, payers, residents, statement
from ledger_service.reads.chain import EvidenceIncomplete, entry_proof
from ledger_service.services import accept, cards
from ledger_service.web.receipt_code import code_svg, receipt_code
from ledger_service.web.visit import Visit

LINES_ON_FIRST_PAGE = 5
LINES_A_PAGE = 30
WAITING_SHOWN_MAX = 30
JOURNAL_NO_MAX = 2**32 - 1


def balance(visit: Visit) -> Response:
    """Coins left, and what is on its way."""
    context, me = visit.context, visit.me
    found = residents.balance(context.journal, me, visit.person_id, visit.today)
    who = residents.resident(context.journal, context.vault, me, visit.person_id)
    waits = statement.waiting(context.journal, me, visit.person_id, WAITING_SHOWN_MAX, visit.now)
    lines = statement.statement(context.journal, me, visit.person_id, None, LINES_ON_FIRST_PAGE)
    is_told_why = found.frozen_until is not None and visit.helped is None
    return visit.render(
        "resident/balance.html",
        balance=found,
        freeze_reason=freezes.reason_told(context.journal, visit.person_id) if is_told_why else None,
        who=who,
        waits=waits,
        lines=lines.lines,
        value=found.krw_per_coin,
    )


def payment(visit: Visit) -> Response:
    """A one-time code to pay with, as QR and letters, for one place and amount where they were named; asking again ends the one before."""
    desk = visit.whole("desk", "받는 곳") if visit.text("desk") else None
    coins = visit.whole("coins", "코인") if visit.text("coins") else None
    offered = cards.offer_payment(visit.context, visit.me, desk, coins)
    places = catalogue.places(visit.context.journal)
    response = visit.render(
        "resident/payment.html",
        offer=offered.id,
        code=offered.code,
        expires_at=offered.expires_at,
        svg=code_svg(offered.code, visit.say("결제 QR")),
        places=places,
        place=next((one.name for one in places if one.number == desk), None),
        coins=coins,
        value=catalogue.coin_value(visit.context.journal, visit.today),
    )
    _when_over(visit, response, offered.id, offered.expires_at)
    return response


def payment_offered(visit: Visit) -> Response:
    """What became of a code. The code itself is kept nowhere, so an open one cannot be shown again."""
    one = payers.offered_payment(visit.context.journal, visit.me, visit.path["offer"], visit.now)
    value = catalogue.coin_value(visit.context.journal, visit.today)
    response = visit.render("resident/payment_offered.html", one=one, value=value)
    if one.state == "open":
        _when_over(visit, response, one.id, one.expires_at)
    return response


def payment_state(visit: Visit) -> Response:
    """The part of the code's page that moves: nothing while it can be used."""
    one = payers.offered_payment(visit.context.journal, visit.me, visit.path["offer"], visit.now)
    if one.state == "open":
        return Response(status_code=204)
    value = catalogue.coin_value(visit.context.journal, visit.today)
    return visit.render("resident/payment_state.html", one=one, value=value)


def _when_over(visit: Visit, response: Response, offer: str, expires_at: int) -> None:
    """Without a script too the page says when the code's time is over: the browser goes on by itself."""
    response.headers["refresh"] = f"{max(1, expires_at - visit.now + 1)}; url=/me/payment-code/{offer}"


def lines(visit: Visit) -> Response:
    """The whole history, newest first."""
    before = visit.number_in_query("before")
    page = statement.statement(visit.context.journal, visit.me, visit.person_id, before, LINES_A_PAGE)
    return visit.render("resident/lines.html", page=page, before=before)


def receipt(visit: Visit) -> Response:
    """One line as a receipt to keep or print; its proof on the chain behind "기록 확인"."""
    journal_no = min(visit.number_in_path("journal_no"), JOURNAL_NO_MAX)
    context = visit.context
    line = statement.statement_line(context.journal, visit.me, journal_no)
    proof, problem = None, None
    try:
        proof = entry_proof(context.journal, context.vault, visit.me, journal_no)
    except EvidenceIncomplete as error:
        problem = error
    signed = accept.receipt(context, journal_no)
    mine = None
    if visit.me.person_id is not None:
        mine = residents.balance(context.journal, visit.me, visit.me.person_id, visit.today)
    code = receipt_code(signed)
    return visit.render(
        "resident/receipt.html",
        line=line,
        proof=proof,
        problem=problem,
        code=code,
        svg=code_svg(code, visit.say("영수증 확인용 QR")),
        service_key="0x" + visit.ports.service_key.hex(),
        mine=mine,
        done=visit.request.query_params.get("done", ""),
    )
