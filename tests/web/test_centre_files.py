"""A centre's file on the pages: what was not taken, as a file to mend; the codes; and whose record numbers they are."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from ledger_service.services import credit, intake
from ledger_service.web import repairs
from tests.api.conftest import act
from tests.api.conftest import month as file_of
from tests.web.month import Month
from tests.web.site import form, send


def upload(month: Month, data: bytes, action: str, **typed: str) -> httpx.Response:
    clerk = month.visitor("clerk")
    page = form(clerk.get("/centre/file"), "/centre/file")
    return clerk.post(
        page.action,
        data=page.fields | {"action": action} | typed,
        files={"file": ("a.csv", data)},
        follow_redirects=True,
    )


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-disposition"].startswith("attachment"), answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def three_faults(month: Month) -> bytes:
    """Line 2 is known already, 3 names somebody else, 4 has no readable time, 5 is taken."""
    one, other = month.hall.members[:2]
    month.hall.earn([0], "2024-04-10")  # ACT-1
    return file_of(
        act("ACT-1", one, "2024-04-10"),
        act("=2+3", one | {"이름": "다른이"}),
        act("ACT-3", one, hours="25:00,27:00"),
        act("ACT-4", other),
    )


def test_all_rows_that_were_not_taken_are_a_file_those_to_mend_first(quiet: Month) -> None:
    data = three_faults(quiet)
    got = rows_of(upload(quiet, data, "repairs"))
    assert [(one["줄"], one["실적번호"]) for one in got] == [("3", "'=2+3"), ("4", "ACT-3"), ("2", "ACT-1")]
    assert [one["까닭"] for one in got] == ["이름이 명부와 다릅니다", "시각을 읽을 수 없습니다", ""]
    shown = upload(quiet, data, "submit")
    assert "고칠 줄 2줄" in shown.text
    assert "이름이 명부와 다릅니다" in shown.text
    kept = rows_of(quiet.visitor("approver").get(f"{shown.url.path}/repairs"))
    assert [(one["줄"], one["까닭"], one["할 일"]) for one in kept] == [
        (one["줄"], one["까닭"], one["할 일"]) for one in got
    ]
    assert {one["실적번호"] for one in kept} == {""}, "the books keep no number of a row that was refused"


def test_what_is_beyond_the_page_is_counted_and_duplicates_do_not_fill_it(
    quiet: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairs, "SHOWN_MAX", 2)
    data = three_faults(quiet)
    for action in ("preview", "submit"):
        shown = upload(quiet, data, action).text
        assert "그 밖에 1줄" in shown
        assert "시각을 읽을 수 없습니다" in shown
        assert "이미 접수되어 그대로 두면 되는 줄 1줄" in shown
        assert "두 번 적립되지 않습니다" not in shown


def test_the_codes_of_a_file_stand_where_it_is_uploaded(quiet: Month) -> None:
    shown = quiet.visitor("clerk").get("/centre/file").text
    codes = shown[shown.index('id="codes"') :]
    assert ">VOL</th>" in codes
    assert ">SVC</th>" in codes
    assert ">YJSW</th>" not in codes, "another centre's"


def test_the_same_number_of_another_source_is_another_record(quiet: Month) -> None:
    quiet.hall.earn([0], "2024-04-10")
    data = file_of(act("ACT-1", quiet.hall.members[1]))
    assert "0줄을 인정하고" in upload(quiet, data, "preview").text
    assert "1줄을 인정하고" in upload(quiet, data, "preview", source="VMS").text
    assert "파일 · VMS" in upload(quiet, data, "submit", source="VMS").text
    assert upload(quiet, data, "submit", source="elsewhere").status_code == 422


def test_whoever_may_correct_finds_the_receipt_number_of_a_row(quiet: Month) -> None:
    one, other = quiet.hall.members[:2]
    submitted = upload(quiet, file_of(act("ACT-1", one), act("ACT-2", other)), "submit")
    path = f"{submitted.url.path}/entries"
    clerk, approver = quiet.visitor("clerk"), quiet.visitor("approver")
    assert "적립된 줄이 없습니다" in clerk.get(path).text
    assert "승인했습니다" in send(approver, form(approver.get(submitted.url.path), "/approve")).text
    listed = clerk.get(path)
    assert path in clerk.get(submitted.url.path).text
    assert "ACT-1" in listed.text
    links = re.findall(r"/corrections\?entry=[0-9]+", listed.text)
    assert len(links) == 2
    found = send(clerk, form(listed, "/entries"), member_number=other["회원번호"])
    assert re.findall(r"/corrections\?entry=[0-9]+", found.text) == links[1:]
    assert other["회원번호"] not in str(found.url)
    number = links[1].rpartition("=")[2]
    assert f'value="{number}"' in clerk.get(links[1]).text
    later = clerk.get(f"{path}?after=2")
    assert ("ACT-1" in later.text, "ACT-2" in later.text) == (False, True)
    quiet.hall.books.actor("stranger", *quiet.hall.books.actor("clerk").roles)
    assert quiet.visitor("stranger").get(path).status_code == 404
    assert quiet.visitor("auditor").get(path).status_code == 403


def test_a_file_of_two_centres_shows_each_its_own_entries(quiet: Month) -> None:
    books = quiet.hall.books
    one, other = quiet.hall.members[:2]
    data = file_of(act("ACT-1", one), act("ACT-2", other, centre="YJSW"))
    submitted = intake.submit_import(books.context, books.office, None, data, "1365")
    credit.approve(books.context, books.second, None, submitted["id"])
    path = f"/approvals/{submitted['id']}/entries"
    assert quiet.visitor("office").get(path).text.count("/corrections?entry=") == 2
    assert quiet.visitor("clerk").get(path).text.count("/corrections?entry=") == 1


def test_the_queue_says_who_stands_out_as_the_submissions_page_does(quiet: Month) -> None:
    """One fills a day, one repeats the same times, the third is as usual; and a submission where nobody stands out has no mark."""
    full, same, usual, *plain = quiet.hall.members[:6]
    marked = upload(
        quiet,
        file_of(
            act("ACT-1", full),
            *[act(f"ACT-2{day}", same, f"2024-04-1{day}", hours="09:00,10:00") for day in range(5)],
            act("ACT-3", usual, hours="09:00,11:00"),
        ),
        "submit",
    )
    calm = upload(
        quiet,
        file_of(*[act(f"ACT-4{place}", one, hours="13:00,15:00") for place, one in enumerate(plain)]),
        "submit",
    )
    approver = quiet.visitor("approver")
    assert "살펴볼 사람이 2명 있습니다" in approver.get(marked.url.path).text
    queue = approver.get("/approvals").text
    lines = {path: queue[queue.index(path) :].partition("</li>")[0] for path in (marked.url.path, calm.url.path)}
    assert "살펴볼 사람 2명" in lines[marked.url.path]
    assert "살펴볼" not in lines[calm.url.path]
    assert "살펴볼" not in quiet.visitor("auditor").get("/approvals").text
