"""Accounts that end: closed, or merged into another number of the same person; proposed by one of the coin office, decided by another."""

from __future__ import annotations

from sqlalchemy import func, select

from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import account_ends, entries
from tests.web.month import Month
from tests.web.site import form, send


def numbers(quiet: Month, *places: int) -> list[str]:
    return [quiet.hall.members[place]["회원번호"] for place in places]


def test_an_account_is_closed_by_two_who_see_whose_it_is(quiet: Month) -> None:
    books, (number,) = quiet.hall.books, numbers(quiet, 0)
    name = quiet.hall.members[0]["이름"]
    books.grant(number, 40)
    office, second = quiet.visitor("office"), quiet.visitor("second")
    asked = send(
        office,
        form(office.get("/office/accounts"), "/close/confirm"),
        member_number=number, reason="moved_away", fund="WARM", note="이사 확인",
    )  # fmt: skip
    assert f"{name} 님의 계정을 끝낼까요?" in asked.text
    assert "40코인 (4,000원)" in asked.text
    proposed = send(office, form(asked, "/accounts/close"))
    assert "제안했습니다" in proposed.text
    where = proposed.url.path
    assert "/approve" not in proposed.text  # not by whoever proposed it
    shown = second.get(where)
    for text in (name, number, "40코인", "구 밖으로 이사", "winter에 기부", "이사 확인"):
        assert text in shown.text
    done = send(second, form(shown, "/approve"))
    assert "승인했습니다." in done.text
    assert books.account(number).closed
    with books.journal.read() as unit:
        row = unit.connection.execute(select(entries).where(entries.c.kind == int(Kind.CLOSURE))).one()
    assert (row.coins, row.ref) == (40, 1)


def test_two_numbers_of_one_person_are_merged_by_two(quiet: Month) -> None:
    books, (first, other) = quiet.hall.books, numbers(quiet, 0, 1)
    books.grant(first, 40)
    office, second = quiet.visitor("office"), quiet.visitor("second")
    asked = send(
        office, form(office.get("/office/accounts"), "/merge/confirm"), from_number=first, into_number=other, note="같은 분"
    )  # fmt: skip
    for place in (0, 1):
        assert quiet.hall.members[place]["이름"] in asked.text
    proposed = send(office, form(asked, "/accounts/merge"))
    done = send(second, form(second.get(proposed.url.path), "/approve"))
    assert "승인했습니다." in done.text
    assert first in done.text  # still told after the first number leads to the other account
    assert books.account(first).closed
    assert not books.account(other).closed


def test_a_form_that_does_not_fit_comes_back_and_proposes_nothing(quiet: Month) -> None:
    books, (first,) = quiet.hall.books, numbers(quiet, 0)
    office = quiet.visitor("office")
    page = office.get("/office/accounts")
    closing, merging = form(page, "/close/confirm"), form(page, "/merge/confirm")
    fine = {"member_number": first, "reason": "died", "fund": "", "note": "확인"}
    for wrong, said in (
        ({"member_number": "S000000"}, "해당 회원번호의 주민이 없습니다"),
        ({"reason": "bored"}, "끝내는 까닭을 골라 주세요"),
        ({"fund": "NONE"}, "남은 코인이 갈 곳을 골라 주세요"),
        ({"note": " "}, "메모"),
    ):
        refused = send(office, closing, **(fine | wrong))
        assert refused.status_code in (404, 422)
        assert said in refused.text
        assert 'role="alert"' in refused.text
    assert "서로 다른 회원번호" in send(office, merging, from_number=first, into_number=first, note="x").text
    with books.journal.read() as unit:
        assert unit.connection.execute(select(func.count()).select_from(account_ends)).scalar_one() == 0


def test_an_account_with_something_on_its_way_is_not_closed_yet(quiet: Month) -> None:
    hall, (number,) = quiet.hall, numbers(quiet, 0)
    office, second = quiet.visitor("office"), quiet.visitor("second")
    hall.earn([0], "2024-05-01")
    asked = send(
        office, form(office.get("/office/accounts"), "/close/confirm"), member_number=number, reason="died", fund="", note="확인"
    )  # fmt: skip
    proposed = send(office, form(asked, "/accounts/close"))
    refused = send(second, form(second.get(proposed.url.path), "/approve"))
    assert refused.status_code == 409
    assert "정리할 것이 남아 있습니다" in refused.text
    assert not hall.books.account(number).closed
