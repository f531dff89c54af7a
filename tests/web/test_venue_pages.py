"""A counter's day on the pages: the whole day's sum, the days before, and a receipt by its number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger_service.journal.schema import courses
from ledger_service.services import correct, enrol
from ledger_service.web.pages import treasury, venue_lists
from tests.web.month import Month
from tests.web.site import form, send


def settled(month: Month) -> int:
    month.hall.settle()
    return month.hall.venue("GYM")


def receipt_of(month: Month, charge: str) -> int:
    with month.hall.books.journal.read() as unit:
        found = unit.spending.redemption(charge)
    assert found is not None
    return found.journal_no


def test_the_days_sum_is_of_the_whole_day_and_the_list_has_pages(quiet: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = settled(quiet)
    monkeypatch.setattr(venue_lists, "CHARGES_SHOWN", 2)
    charges = [quiet.hall.charge("GYM", 0, coins) for coins in (10, 5, 5)]
    quiet.hall.refund("GYM", charges[0], 4)
    counter = quiet.visitor("counter GYM")
    first = counter.get(f"/desk/{desk}/today")
    assert "16코인 (1,600원)" in first.text
    assert [one for one in charges if one in first.text] == charges[1:]
    last = counter.get(
        f"/desk/{desk}/today?day={quiet.hall.books.clock.today()}&before={receipt_of(quiet, charges[1])}"
    )
    assert [one for one in charges if one in last.text] == charges[:1]
    assert "16코인 (1,600원)" in last.text


def test_a_receipt_of_yesterday_is_found_by_its_number_and_refunded(quiet: Month) -> None:
    desk = settled(quiet)
    charge = quiet.hall.charge("GYM", 0, 10)
    taken_on = quiet.hall.books.clock.today()
    quiet.hall.today(str(taken_on + timedelta(days=1)))
    counter = quiet.visitor("counter GYM")
    today = counter.get(f"/desk/{desk}/today")
    assert charge not in today.text
    assert f"?day={taken_on}" in today.text
    that_day = counter.get(f"/desk/{desk}/today?day={taken_on}").text
    assert charge in that_day
    assert f"?day={taken_on}" not in that_day, "it is no other day"
    number = receipt_of(quiet, charge)
    found = counter.get(f"/desk/{desk}/today?receipt={number:,}번", follow_redirects=True)
    assert found.url.path.endswith(charge)
    asked = send(counter, form(found, "/refund/confirm"), coins="10", reason="counter")
    send(counter, form(asked, "/refund"))
    with quiet.hall.books.journal.read() as unit:
        row = unit.spending.redemption(charge)
        assert row is not None
        assert row.refunded_coins == 10


def test_another_counters_receipt_is_not_there(quiet: Month) -> None:
    desk = settled(quiet)
    other = quiet.hall.charge("HALL", 0, 10)
    counter = quiet.visitor("counter GYM")
    for typed, status in ((str(receipt_of(quiet, other)), 404), ("9" * 10, 404), ("abc", 422)):
        answer = counter.get(f"/desk/{desk}/today?receipt={typed}", follow_redirects=True)
        assert (answer.status_code, "영수증" in answer.text, other in answer.text) == (status, True, False)


def test_open_sign_ups_have_pages(quiet: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    hall, books = quiet.hall, quiet.hall.books
    monkeypatch.setattr(venue_lists, "SIGN_UPS_SHOWN", 1)
    with books.journal.read() as unit:
        course = unit.connection.execute(select(courses.c.id).where(courses.c.code == "YOGA")).scalar_one()
    for place in (0, 1):
        books.grant(hall.members[place]["회원번호"], 40)
        enrol.enrol(books.context, hall.counter("HALL"), None, course, hall.person(place), 10)
    counter, path = quiet.visitor("counter HALL"), f"/desk/{hall.venue('HALL')}/sign-ups"
    first, second = counter.get(path).text, counter.get(f"{path}?page=2").text
    assert f"{path}?page=2" in first
    assert f"{path}?page=3" not in second
    names = [hall.members[place]["이름"] for place in (0, 1)]
    assert [[name for name in names if name in page] for page in (first, second)] in (
        [[one] for one in names],
        [[one] for one in names[::-1]],
    )


def test_corrections_have_pages(quiet: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    hall, books = quiet.hall, quiet.hall.books
    monkeypatch.setattr(treasury, "LINES_SHOWN_MAX", 1)
    hall.earn([0], "2024-05-01")
    with books.journal.read() as unit:
        entry = str(unit.gifts.last_journal_no())
    made = []
    for _ in range(2):
        books.clock.seconds += 1
        made.append(correct.propose_correction(books.context, books.office, None, entry, 5, "hours")["id"])
    clerk = quiet.visitor("clerk")
    first = clerk.get("/corrections").text
    assert [one for one in made if f"/approvals/{one}" in first] == made[1:]
    last = clerk.get(f"/corrections?before={made[1]}").text
    assert f"/corrections?before={made[1]}" in first
    assert [one for one in made if f"/approvals/{one}" in last] == made[:1]
    assert "?before=" not in last
