"""Signing up for a course: what the second step looks at, and the step before sent once more."""

from __future__ import annotations

from sqlalchemy import func, select

from ledger_service.journal.schema import accounts, enrolments
from ledger_service.services.spend import SIGN_UP_HELD_DAYS
from tests.web.month import Month
from tests.web.site import form, send
from tests.web.test_own_pages import ha as ha


def test_more_coins_than_there_are_are_refused_at_the_second_step(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    asks = form(mine.get(course(quiet)), "/confirm")
    refused = send(mine, asks, coins="60")
    assert refused.status_code == 409
    assert "쓸 수 있는 코인은 40코인입니다(60코인 요청)" in refused.text
    assert 'value="60"' in refused.text
    assert "−" not in refused.text
    page = send(mine, asks, coins="30").text
    assert f"코인은 {SIGN_UP_HELD_DAYS}일 동안 맡아 둡니다" in page
    without = send(mine, asks, coins="0").text
    assert "맡아 둡니다" not in without
    assert f"{SIGN_UP_HELD_DAYS}일 안에 창구에서 수강료를" in without


def test_what_this_venue_gives_back_pays_here_at_once(quiet: Month, ha: str) -> None:
    hall = quiet.hall
    hall.refund("HALL", hall.charge("HALL", 0, 30), 30)
    with hall.books.journal.read() as unit:
        assert unit.connection.execute(select(func.sum(accounts.c.refunding))).scalar_one() == 30
    mine = quiet.visitor(ha)
    page = send(mine, form(mine.get(course(quiet)), "/confirm"), coins="40")
    assert "신청한 뒤 남는 코인" in page.text
    assert "0코인 (0원)" in page.text
    assert "신청했습니다." in send(mine, form(page, "/sign-up")).text


def test_the_step_before_sent_again_shows_the_sign_up_that_was_made(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    first = form(mine.get(course(quiet)), "/confirm")
    signed = send(mine, form(send(mine, first, coins="20"), "/sign-up"))
    again = send(mine, first, coins="20")
    assert again.url.path == signed.url.path
    assert "두 번 신청하지 않았습니다" in again.text
    with quiet.hall.books.journal.read() as unit:
        assert unit.connection.execute(select(func.count()).select_from(enrolments)).scalar_one() == 1


def course(quiet: Month) -> str:
    """The address of the form for the sample's course."""
    listed = quiet.visitor("resident 0").get("/courses").text
    return listed[listed.index('href="/courses/') + 6 :].split('"')[0]
