"""The page with a resident's code to pay with: it says when the code was used, and when its time is over."""

from __future__ import annotations

import re

import httpx

from ledger_service.domain.entries import DeskKind
from ledger_service.services import spend
from ledger_service.services.cards import PAYMENT_CODE_SECONDS
from ledger_service.services.consents import Word
from tests.web.month import Month
from tests.web.site import form, send
from tests.web.test_own_pages import ha as ha
from tests.web.test_own_pages import resident


def offer(mine: httpx.Client, **typed: str) -> tuple[httpx.Response, str, str]:
    """The page with a new code, the code, and the address that says what became of it."""
    page = send(mine, form(mine.get("/me"), "/me/payment-code"), **typed)
    code = re.search(r'class="big-code">([^<]+)<', page.text)
    state = re.search(r'hx-get="([^"]+)/state"', page.text)
    assert code is not None
    assert state is not None
    return page, code[1], state[1]


def pay(quiet: Month, code: str, coins: int) -> int:
    hall = quiet.hall
    desk = hall.books.desk(DeskKind.VENUE, "GYM")
    paid = spend.charge(hall.books.context, hall.counter("GYM"), None, None, desk, coins, Word(payment_code=code))
    return int(paid["journal_no"])


def test_a_code_that_was_used_says_so_with_its_receipt(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    page, code, where = offer(mine)
    assert page.headers["refresh"] == f"{PAYMENT_CODE_SECONDS + 1}; url={where}"
    assert mine.get(f"{where}/state").status_code == 204
    assert "아직 쓰지 않은 번호입니다" in mine.get(where).text
    journal_no = pay(quiet, code, 12)
    part = mine.get(f"{where}/state").text
    assert "hx-get" not in part, "it asks no more"
    for shown in (part, mine.get(where).text):
        assert "결제했습니다" in shown
        assert "gym · " in shown
        assert "12코인 (1,200원)" in shown
        assert f'href="/receipts/{journal_no}"' in shown
        assert code not in shown
        assert code.replace("-", "") not in shown
    assert "refresh" not in mine.get(where).headers


def test_a_code_whose_time_is_over_says_so_and_so_does_the_one_before(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    _, _, first = offer(mine)
    _, code, where = offer(mine, coins="5")
    assert "시간이 지난 번호입니다" in mine.get(f"{first}/state").text
    quiet.hall.books.clock.seconds += PAYMENT_CODE_SECONDS - 1
    assert mine.get(f"{where}/state").status_code == 204
    assert mine.get(where).headers["refresh"] == f"2; url={where}"
    quiet.hall.books.clock.seconds += 1
    for shown in (mine.get(f"{where}/state").text, mine.get(where).text):
        assert "이 번호로는 결제되지 않았습니다" in shown
        assert code not in shown
        assert code.replace("-", "") not in shown
    assert form(mine.get(where), "/me/payment-code").fields, "with a button for a new one"


def test_what_became_of_a_code_is_told_to_nobody_else(quiet: Month, ha: str) -> None:
    _, code, where = offer(quiet.visitor(ha))
    pay(quiet, code, 3)
    other = quiet.visitor(resident(quiet, 1))
    for path in (where, f"{where}/state", "/me/payment-code/nothing"):
        assert other.get(path).status_code == 404
        assert quiet.visitor("office").get(path).status_code == 403
