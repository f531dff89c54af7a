"""The coin office's and the counters' month on the pages: closes, corrections, expiry, freezes. Each is proposed by one and decided by another."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import httpx

from tests.web.month import Month
from tests.web.site import form, send


def link(page: httpx.Response, start: str) -> str:
    """The first address of a page that begins so."""
    return next(one for one in re.findall(r'href="([^"]+)"', page.text) if one.startswith(start))


def test_a_month_is_worked_out_confirmed_approved_and_paid(month: Month) -> None:
    hall, office = month.hall, month.visitor("office")
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    charge = hall.charge("GYM", 0, 30)
    hall.refund("GYM", charge, 10)
    hall.settle()
    assert "아직 끝나지 않은 달입니다." in office.get("/office/closes?month=2024-05").text
    hall.today("2024-06-03")
    made = month.send("office", "/office/closes?month=2024-05", "/office/closes")
    assert "정산하지 않은 곳 2곳" in made.text  # the other venue and the fund took nothing
    assert "gym" in made.text
    close = link(made, "/office/closes/").rpartition("/")[2]
    gym, counter = f"/desk/{hall.venue('GYM')}/closes", month.visitor("counter GYM")
    assert link(counter.get(gym), f"{gym}/") == f"{gym}/{close}"
    shown = counter.get(f"{gym}/{close}")
    assert "2,000원" in shown.text
    assert send(counter, form(shown, "/confirm")).status_code == 422, "without saying that the figures are right"
    assert "확인했습니다" in send(counter, form(shown, "/confirm"), agreed="yes").text
    for name in ("counter HALL", "clerk", "auditor"):
        stranger = month.visitor(name)
        assert stranger.get(f"{gym}/{close}").status_code in (403, 404)
        assert stranger.get(f"/closes/{close}/statement").status_code == (
            200 if name == "auditor" else 403 if name == "clerk" else 404
        )
    second = month.visitor("second")
    assert "gym 2024년 5월 정산" in second.get("/approvals").text
    approved = send(second, form(second.get(f"/approvals/{close}", follow_redirects=True), "/approve"))
    assert "승인했습니다." in approved.text
    hall.settle()
    after = office.get("/office/closes?month=2024-05")
    assert "확정" in after.text
    paid = office.get(link(after, "/office/payments/"))
    assert paid.headers["content-type"].startswith("text/csv")
    assert "gym" in paid.text
    assert "2000" in paid.text
    statement = counter.get(f"/closes/{close}/statement")
    assert (statement.content[:5], statement.headers["content-disposition"]) == (
        b"%PDF-",
        'attachment; filename="statement-2024-05-GYM.pdf"',
    )


def test_the_same_month_asked_for_twice_gives_the_same_closes(month: Month) -> None:
    hall, office = month.hall, month.visitor("office")
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-03")
    page = form(office.get("/office/closes?month=2024-05"), "/office/closes")
    closes = {link(send(office, page), "/office/closes/") for _ in range(2)}
    assert len(closes) == 1


def test_a_venue_takes_its_confirmation_back_before_anybody_decides(month: Month) -> None:
    hall = month.hall
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-03")
    (made,) = hall.prepare("2024-05", "GYM")["closes"]
    page = f"/desk/{hall.venue('GYM')}/closes/{made['id']}"
    month.send("counter GYM", page, "/confirm", agreed="yes")
    assert month.send("counter GYM", page, "/withdraw").status_code == 200
    assert "/approve" not in month.visitor("second").get(f"/office/closes/{made['id']}").text


def entry_of(month: Month) -> int:
    with month.hall.books.journal.read() as unit:
        return unit.gifts.last_journal_no()


def test_a_wrong_credit_is_taken_back_by_two(month: Month) -> None:
    hall = month.hall
    hall.earn([0], "2024-05-01")
    hall.settle()
    number = entry_of(month)
    confirm = month.send(
        "clerk", "/corrections", "/corrections/confirm", entry=str(number), coins="15", reason="wrong hours"
    )
    assert "15코인 (1,500원)" in confirm.text
    clerk = month.visitor("clerk")
    proposed = send(clerk, form(confirm, "/corrections"))
    assert "제안했습니다" in proposed.text
    approval = proposed.url.path
    assert "/approve" not in proposed.text
    assert clerk.post(f"{approval}/approve", data=form(confirm, "/corrections").fields).status_code == 403
    second = month.visitor("second")
    assert "승인했습니다." in send(second, form(second.get(approval), "/approve")).text
    hall.settle()
    assert hall.books.account(hall.members[0]["회원번호"]).available == 25
    assert "적립 되돌리기" in clerk.get("/corrections").text
    too_many = month.send("clerk", "/corrections", "/corrections/confirm", entry=str(number), coins="26", reason="more")
    assert (too_many.status_code, 'value="26"' in too_many.text) == (409, True)


def test_another_centres_entry_is_not_there_to_correct(quiet: Month) -> None:
    hall = quiet.hall
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.books.actor("stranger", *hall.books.actor("clerk").roles)
    answer = quiet.send("stranger", "/corrections", "/corrections/confirm", entry=str(entry_of(quiet)), reason="no")
    assert answer.status_code == 404


def test_coins_whose_day_is_over_expire_by_two(month: Month) -> None:
    hall = month.hall
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 10)
    hall.settle()
    hall.today("2029-05-02")
    preview = month.send("office", "/office/expiry", "/preview", to="2029-05-01")
    assert "70코인" in preview.text
    office, second = month.visitor("office"), month.visitor("second")
    proposed = send(office, form(preview, "/office/expiry"))
    assert "제안했습니다" in proposed.text
    assert "/approve" not in proposed.text
    assert "소멸" in second.get("/approvals").text
    assert month.send("office", "/office/expiry", "/preview", to="2029-05-02").status_code == 409
    assert month.visitor("auditor").get("/office/expiry").status_code == 200


def test_a_freeze_is_proposed_with_its_name_seen_and_lifted_by_two(quiet: Month) -> None:
    hall = quiet.hall
    one = hall.members[3]
    confirm = quiet.send(
        "office",
        "/office/freezes",
        "/confirm",
        member_number=one["회원번호"],
        until="2024-06-30",
        reason="double account",
    )
    assert one["이름"] in confirm.text
    proposed = send(quiet.visitor("office"), form(confirm, "/office/freezes"))
    assert one["회원번호"] not in str(proposed.url)
    second = quiet.visitor("second")
    send(second, form(second.get(proposed.url.path), "/approve"))
    listed = second.get("/office/freezes")
    assert one["이름"] in listed.text
    lifted = send(second, form(listed, "/lift"), reason="it was one person")
    office = quiet.visitor("office")
    send(office, form(office.get(lifted.url.path), "/approve"))
    assert one["이름"] not in office.get("/office/freezes").text


def test_findings_are_acknowledged_with_a_reason(quiet: Month) -> None:
    with quiet.hall.books.journal.write() as unit:
        unit.findings.open_one("notice", "skip 1/1/0", "entry 1/1/0 was skipped: Balance", quiet.hall.books.clock.now())
        unit.commit()
    office = quiet.visitor("office")
    assert "skipped: Balance" in office.get("/office/findings").text
    assert "기록을 반영하지 않았습니다" in office.get("/office/findings").text
    assert quiet.send("office", "/office/findings", "/office/findings/").status_code == 422
    assert (
        "확인했다고 적었습니다." in quiet.send("office", "/office/findings", "/office/findings/", reason="looked").text
    )
    assert "skipped: Balance" not in office.get("/office/findings").text
    assert "skipped: Balance" in office.get("/office/findings?state=all").text


def test_a_file_of_limits_becomes_a_proposal(quiet: Month) -> None:
    office = quiet.visitor("office")
    page = form(office.get("/office/propose"), "/office/propose")
    file = {"file": ("limits.csv", b"limit,code,period,coins\nbudget,,2025,2000000\n", "text/csv")}
    sent = office.post("/office/propose", data=page.fields | {"kind": "limits"}, files=file, follow_redirects=True)
    assert "한도 1가지" in sent.text
    assert quiet.visitor("clerk").get("/office/propose").status_code == 403


def test_no_cell_of_the_statistics_stands_for_fewer_than_five(quiet: Month) -> None:
    hall = quiet.hall
    dong: Callable[[int], str] = lambda place: hall.members[place]["동"]  # noqa: E731
    home = dong(0)
    neighbours = [place for place in range(len(hall.members)) if dong(place) == home][:5]
    alone = next(place for place in range(len(hall.members)) if dong(place) != home)
    hall.earn([*neighbours, alone], "2024-05-01")
    hall.settle()
    page = quiet.visitor("office").get("/office/dashboard").text
    rows = dict(re.findall(r'<th[^>]* scope="row">([^<]+)</th>(.*?)</tr>', page.partition("동별로 모두")[2]))
    assert "5명 미만" in rows[home], "or the other would follow from the sum"
    assert dong(alone) not in rows, "what few gave as their dong may be an address"
    assert "5명 미만" in rows["그 밖 또는 알 수 없음"]


def test_an_answer_to_a_form_leads_back_to_the_page_that_the_form_is_on(quiet: Month) -> None:
    desk = f"/desk/{quiet.hall.venue('GYM')}"
    asked = quiet.send("counter GYM", desk, "/charge/confirm", member_number="nobody", coins="5")
    assert asked.status_code in (404, 422)
    assert f"size=2&amp;back={desk}" in asked.text
    own = {"origin": quiet.address, "sec-fetch-site": "same-origin"}
    for path in (f"{desk}/charge/confirm", "/centre/file"):
        gone = httpx.post(quiet.address + path, data={"coins": "5"}, headers=own)
        page = path.removesuffix("/charge/confirm")
        assert (gone.status_code, gone.headers["location"]) == (303, f"/sign-in?back={quote(page, safe='')}")


def test_rule_42_the_public_page_has_the_budget_left_months_and_dongs_once_five_people_took_part(quiet: Month) -> None:
    hall, anybody = quiet.hall, quiet.visitor()
    hall.earn([0, 1, 2, 3], "2024-05-01")
    hall.settle()
    assert "남은 예산" not in anybody.get("/impact").text
    hall.earn([4, 5], "2024-05-01")
    hall.settle()
    quiet.forget_sums()
    page = anybody.get("/impact").text
    assert "남은 예산" in page
    assert re.search(r"2024년 예산 [\d,]+코인 가운데 240코인 씀", page)
    assert [one in page for one in ("달마다 모두", "동별로 모두")] == [True, True]
