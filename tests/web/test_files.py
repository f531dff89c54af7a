"""The files that people fill in: got from a page, filled in or changed, and uploaded."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from ledger_service.services import setup
from ledger_service.services.file_steps import FILE_COLUMNS
from tests.web.month import Month
from tests.web.site import form

AHEAD = {
    "limits": (
        "limit,code,period,coins,effective_from\nbudget,,2024,5000000,2024-06-01\nperson,,2024,300,2024-06-01\n"
        "centre,SVC,2024-05,9000,2024-05-20\n"
    ),
    "values": "effective_from,krw,choice,basis\n2024-09-01,120,devalue,art. 3\n",
}


@pytest.fixture
def opened(quiet: Month) -> Month:
    """After setup, when a file proposes what it changes."""
    books = quiet.hall.books
    books.load("funds", "code,name,body,goal_coins\nFUND,밥상,복지재단,500\n".encode())
    opening = setup.propose_opening(books.context, books.office, None)
    setup.approve_orders(books.context, books.second, None, opening["id"])
    for kind, text in AHEAD.items():
        books.load(kind, text.encode())
    return quiet


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def propose(month: Month, kind: str, data: bytes) -> httpx.Response:
    office = month.visitor("office")
    filled = form(office.get("/office/propose"), "/office/propose")
    return office.post(
        filled.action, data=filled.fields | {"kind": kind}, files={"file": (f"{kind}.csv", data)}, follow_redirects=True
    )


@pytest.mark.parametrize("kind", FILE_COLUMNS)
def test_what_is_in_force_proposes_nothing_when_it_is_uploaded_unchanged(opened: Month, kind: str) -> None:
    got = opened.visitor("office").get(f"/office/propose/{kind}")
    assert rows_of(got)
    again = propose(opened, kind, got.content)
    assert (again.status_code, "바뀌는 내용이 없어" in again.text) == (422, True), again.text


def test_a_change_that_is_ahead_is_in_the_file_as_it_was_approved(opened: Month) -> None:
    office = opened.visitor("office")
    value = rows_of(office.get("/office/propose/values"))[-1]
    assert list(value.values()) == ["2024-09-01", "120", "devalue", "art. 3"]
    limits = {one["limit"]: one for one in rows_of(office.get("/office/propose/limits")) if not one["code"]}
    assert (limits["budget"]["coins"], limits["budget"]["effective_from"]) == ("5000000", "2024-06-01")


def test_what_was_changed_and_added_is_all_that_is_proposed(opened: Month) -> None:
    rows = rows_of(opened.visitor("office").get("/office/propose/venues"))
    gym = next(row for row in rows if row["code"] == "GYM")
    gym["dong"] = "역삼동"
    proposed = propose(opened, "venues", file_of([*rows, gym | {"code": "POOL", "name": "수영장"}]))
    assert "바뀌는 것 2가지" in proposed.text
    refused = propose(opened, "venues", file_of([gym | {"name": "다른 이름"}]))
    assert (refused.status_code, "동만 바꿀 수 있습니다" in refused.text) == (409, True)


def file_of(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    lines = csv.DictWriter(text, list(rows[0]))
    lines.writeheader()
    lines.writerows(rows)
    return text.getvalue().encode()


def test_a_centre_gets_a_file_to_fill_in(quiet: Month) -> None:
    clerk = quiet.visitor("clerk")
    got = clerk.get("/centre/file/to-fill")
    header = got.content.decode("utf-8-sig").strip()
    shown = clerk.get("/centre/file").text
    assert rows_of(got) == []
    assert [one for one in header.split(",") if f">{one}</th>" not in shown] == []
    member = quiet.hall.members[0]
    filled = dict.fromkeys(header.split(","), "") | {
        "실적번호": "A-1", "회원번호": member["회원번호"], "이름": member["이름"], "생년월일": member["생년월일"],
        "센터코드": "SVC", "활동코드": "VOL", "활동일": "2024-05-01", "시작": "09:00", "종료": "11:00",
    }  # fmt: skip
    page = form(clerk.get("/centre/file"), "/centre/file")
    file = {"file": ("a.csv", file_of([filled]))}
    assert "1줄을 인정하고" in clerk.post(page.action, data=page.fields | {"action": "preview"}, files=file).text
