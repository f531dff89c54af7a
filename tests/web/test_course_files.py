"""Courses from a file on the pages: the coin office's and a venue's own, at once and never twice."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from tests.web.month import Month
from tests.web.site import Form, form

OFFICE = "/office/courses"
HEADER = "code,venue,name,first_day,last_day,seats,price_krw"
NEW = f"{HEADER}\nG-1,GYM,배드민턴,2024-06-03,2024-08-30,12,30000\nG-2,HALL,서예,2024-06-04,2024-08-27,8,20000\n"


def opened(month: Month, name: str, page: str) -> Form:
    return form(month.visitor(name).get(page), page)


def upload(month: Month, name: str, filled: Form, text: str) -> httpx.Response:
    file = {"file": ("courses.csv", text.encode(), "text/csv")}
    return month.visitor(name).post(filled.action, data=filled.fields, files=file, follow_redirects=True)


def load(month: Month, name: str, page: str, text: str) -> httpx.Response:
    return upload(month, name, opened(month, name, page), text)


def codes(month: Month) -> list[str]:
    with month.hall.books.journal.read() as unit:
        return [one.code for one in unit.courses.courses()]


def test_a_file_is_loaded_at_once_and_what_was_known_stays(quiet: Month) -> None:
    before = codes(quiet)
    done = load(quiet, "office", OFFICE, NEW)
    assert "새 강좌 2개를 넣었습니다." in done.text
    assert "이미 있어" not in done.text
    assert ("배드민턴" in done.text, "30,000원" in done.text) == (True, True)
    assert sorted(codes(quiet)) == sorted([*before, "G-1", "G-2"])
    again = load(
        quiet, "office", OFFICE, NEW.replace("12,30000", "12,99000") + "G-3,GYM,탁구,2024-06-03,2024-08-30,9,1000\n"
    )
    assert "새 강좌 1개를 넣었습니다. 2개는 이미 있어" in again.text
    assert "이미 있는 강좌 1개는 파일과 내용이 다릅니다" in again.text
    assert "99,000원" not in again.text
    assert "배드민턴" in quiet.visitor().get("/courses").text, "residents sign up at once"


def test_the_same_form_sent_twice_says_the_same_and_adds_nothing(quiet: Month) -> None:
    filled = opened(quiet, "office", OFFICE)
    answers = [upload(quiet, "office", filled, NEW) for _ in range(2)]
    assert [str(one.url).partition("?")[2] for one in answers] == ["added=2&known=0&differing=0"] * 2
    assert codes(quiet).count("G-1") == 1
    other = upload(quiet, "office", filled, NEW.replace("G-1", "G-9"))
    assert (other.status_code, "G-9" in codes(quiet)) == (422, False), "the form's key is another file's"


def test_what_is_wrong_is_listed_by_line_and_nothing_is_loaded(quiet: Month) -> None:
    before = codes(quiet)
    wrong = f"{HEADER}\nG-1,GYM,요가,soon,2024-08-30,12,30000\nG-2,GYM,서예,2024-06-04,2024-06-01,many,20000\n"
    refused = load(quiet, "office", OFFICE, wrong)
    assert refused.status_code == 422
    for line, column in ((2, "first_day"), (3, "last_day"), (3, "seats")):
        assert re.search(rf">{line}</th><td[^>]*><div>{column}</div>", refused.text), (line, column)
    missing = load(quiet, "office", OFFICE, NEW.replace("GYM", "NONE").replace("HALL", "NOWHERE"))
    assert (missing.status_code, missing.text.count("사용처의 코드가 아닙니다</div>")) == (422, 2)
    empty = quiet.visitor("office").post(OFFICE, data=opened(quiet, "office", OFFICE).fields)
    assert (empty.status_code, "파일을 골라 주세요" in empty.text) == (422, True)
    assert codes(quiet) == before


def test_a_venue_loads_its_own_and_nobody_elses(quiet: Month) -> None:
    gym, hall = quiet.hall.venue("GYM"), quiet.hall.venue("HALL")
    own, page = NEW.replace("HALL", "GYM"), f"/desk/{gym}/courses"
    refused = load(quiet, "counter GYM", page, NEW)
    assert (refused.status_code, "3번째 줄: 다른 기관의 업무입니다" in refused.text) == (403, True)
    assert "G-1" not in codes(quiet)
    done = load(quiet, "counter GYM", page, own)
    assert "새 강좌 2개를 넣었습니다" in done.text
    others = [
        one for one in quiet.visitor("office").get(f"/desk/{hall}/courses").text.split("<tr>") if "배드민턴" in one
    ]
    assert others == [], "another venue's list has its own only"
    assert quiet.visitor("counter GYM").get(f"/desk/{hall}/courses").status_code == 404
    filled = opened(quiet, "counter GYM", page)
    filled.fields["form_token"] = "0" * 64
    assert upload(quiet, "counter GYM", filled, NEW.replace("G-1", "G-8")).status_code == 403


@pytest.mark.parametrize("name", ["clerk", "approver", "auditor", "registrar", "counter GYM"])
def test_the_offices_page_is_the_offices(quiet: Month, name: str) -> None:
    assert [quiet.visitor(name).get(f"{OFFICE}{end}").status_code for end in ("", "/to-come", "/to-fill")] == [403] * 3


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-disposition"] == 'attachment; filename="courses.csv"'
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_files_to_fill_in_are_taken_as_they_are(quiet: Month) -> None:
    office = quiet.visitor("office")
    load(quiet, "office", OFFICE, NEW + "OLD,GYM,지난 강좌,2023-06-03,2023-08-30,9,1000\n")
    got = office.get(f"{OFFICE}/to-come")
    listed = {row["code"]: row for row in rows_of(got)}
    assert listed["G-1"] == dict(
        zip(HEADER.split(","), ["G-1", "GYM", "배드민턴", "2024-06-03", "2024-08-30", "12", "30000"], strict=True)
    )
    assert "OLD" not in listed
    assert "새 강좌 0개를 넣었습니다" in (same := load(quiet, "office", OFFICE, got.content.decode("utf-8-sig"))).text
    assert "파일과 내용이 다릅니다" not in same.text
    gym = quiet.visitor("counter GYM").get(f"/desk/{quiet.hall.venue('GYM')}/courses/to-come")
    assert {row["venue"] for row in rows_of(gym)} == {"GYM"}
    empty = office.get(f"{OFFICE}/to-fill")
    assert (rows_of(empty), empty.content.decode("utf-8-sig").strip()) == ([], HEADER)


def test_a_list_longer_than_a_page_goes_on(quiet: Month) -> None:
    many = "".join(f"Z-{number:03},GYM,강좌 {number},2024-06-03,2024-08-30,5,1000\n" for number in range(101))
    first = load(quiet, "office", OFFICE, f"{HEADER}\n{many}")
    assert "강좌 100<" not in first.text
    after = first.text.partition(f'href="{OFFICE}?after=')[2].partition('"')[0]
    assert "강좌 100<" in quiet.visitor("office").get(f"{OFFICE}?after={after}").text


def test_a_venue_without_courses_is_told_what_to_do(quiet: Month) -> None:
    page = f"/desk/{quiet.hall.venue('GYM')}/courses"
    shown = quiet.visitor("counter GYM").get(page).text
    assert ("아직 강좌가 없습니다" in shown, f"{page}/to-come" in shown, f"{page}/to-fill" in shown) == (
        True,
        False,
        True,
    )
