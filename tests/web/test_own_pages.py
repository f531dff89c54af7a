"""What a resident has of their own on the pages: objections, helpers, who looked, the standing wish, and the receipt on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import httpx
import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select, update

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.schema import access_log, accounts, audit_log, helpers, objections
from ledger_service.services import freeze, setup
from ledger_service.services.objections import ANSWER_DAYS
from tests.web.month import Month
from tests.web.site import form, send


@pytest.fixture
def ha(quiet: Month) -> str:
    """A resident with 40 coins: the name they are signed in by."""
    quiet.hall.earn([0], "2024-05-01")
    quiet.hall.settle()
    return resident(quiet, 0)


def resident(quiet: Month, place: int) -> str:
    books, name = quiet.hall.books, f"resident {place}"
    if name not in books.actors:
        with books.journal.write() as unit:
            actor = unit.actors.of_person(quiet.hall.person(place))
            assert actor is None
            made = Actor(
                books.context.new_id(), name, frozenset({Role.RESIDENT}), frozenset(), quiet.hall.person(place)
            )
            unit.actors.add(made, None, books.clock.now())
            unit.commit()
        books.actors[name] = made
    return name


def receipt_of(visitor: httpx.Client) -> str:
    return next(
        one for one in re.findall(r'href="([^"]+)"', visitor.get("/me/lines").text) if one.startswith("/receipts/")
    )


def test_an_objection_is_answered_by_the_office_and_read_by_nobody_else(quiet: Month, ha: str) -> None:
    mine, office = quiet.visitor(ha), quiet.visitor("office")
    receipt = receipt_of(mine)
    about = receipt.rpartition("/")[2]
    words = "두 시간이 빠졌습니다. <b>확인</b> 부탁드려요"
    filed = send(mine, form(mine.get(f"/me/objections?about={about}"), "/me/objections"), text=words)
    assert "2024년 5월 16일\u00a0(목)까지 답합니다" in filed.text
    assert "<b>확인</b>" not in filed.text
    queue = office.get("/office/objections")
    assert quiet.hall.members[0]["이름"] in queue.text
    path = next(one for one in re.findall(r'href="([^"]+)"', queue.text) if one.startswith("/office/objections/"))
    for name in ("clerk", "approver", "auditor", "registrar", "counter GYM", resident(quiet, 1)):
        assert quiet.visitor(name).get(path).status_code == 403
    stranger = quiet.visitor(resident(quiet, 1))
    objection = path.rpartition("/")[2]
    token = form(stranger.get("/me/objections"), "/me/objections").fields
    assert stranger.post(f"/me/objections/{objection}/withdraw", data=token).status_code == 404
    assert stranger.get(f"/me/objections?about={about}").status_code == 404
    assert "답했습니다" in send(office, form(office.get(path), path), text="센터에 확인했고 바로잡았습니다.").text
    assert "센터에 확인했고 바로잡았습니다." in mine.get("/me/objections").text
    with quiet.hall.books.journal.read() as unit:
        row = unit.connection.execute(select(objections)).one()
        written = str(unit.connection.execute(select(audit_log)).all())
    assert "빠졌".encode() not in row.text_sealed
    assert "빠졌" not in written


def test_an_answer_is_given_once_and_what_is_late_is_marked(quiet: Month, ha: str) -> None:
    mine, office = quiet.visitor(ha), quiet.visitor("office")
    send(mine, form(mine.get("/me/objections"), "/me/objections"), text="5월 1일 봉사가 없습니다")
    quiet.hall.today("2024-05-17")
    assert "늦어짐" in office.get("/office/objections").text
    path = next(
        one
        for one in re.findall(r'href="([^"]+)"', office.get("/office/objections").text)
        if one.startswith("/office/objections/")
    )
    answer = form(office.get(path), path)
    assert send(office, answer, text="").status_code == 422
    send(office, answer, text="찾았습니다")
    answer.fields["key"] = "another"
    assert send(office, answer, text="다시").status_code == 409
    assert "찾았습니다" in mine.get("/me/objections").text


def name_helper(quiet: Month, who: str, helper: int, **more: str) -> httpx.Response:
    one = quiet.hall.members[helper]
    typed = {"member_number": one["회원번호"], "name": one["이름"], "until": "2024-06-30"} | more
    mine = quiet.visitor(who)
    return send(mine, form(mine.get("/me/helpers"), "/me/helpers"), **typed)


def helping(visitor: httpx.Client) -> str | None:
    page = visitor.get("/me/helpers").text
    return next((one for one in re.findall(r'href="([^"]+)"', page) if one.startswith("/helping/")), None)


def test_a_helper_looks_until_it_ends_and_each_look_is_recorded(quiet: Month, ha: str) -> None:
    friend = quiet.visitor(resident(quiet, 1))
    assert helping(friend) is None
    assert "도우미를 정했습니다." in name_helper(quiet, ha, 1).text
    page = helping(friend)
    assert page is not None
    assert "40코인 (4,000원)" in friend.get(page).text
    assert friend.get(f"{page}/courses").status_code == 404, "looking only"
    assert quiet.visitor(resident(quiet, 2)).get(page).status_code == 404
    assert quiet.visitor(ha).get(page).status_code == 404, "nor does the helped reach it"
    books = quiet.hall.books
    with books.journal.read() as unit:
        rows = unit.connection.execute(
            select(access_log.c.person_id, access_log.c.assisted_by).where(
                access_log.c.action == "GET /helping/{grant}"
            )
        ).all()
    assert (quiet.hall.person(0), books.actors["resident 1"].id) in [tuple(row) for row in rows]
    mine = quiet.visitor(ha)
    looks = mine.get("/me/looks").text
    assert "도우미 화면" in looks
    assert f"도우미 {quiet.hall.members[1]['이름']}" in looks
    ended = send(mine, form(mine.get("/me/helpers"), "/end"))
    assert "끝냈습니다." in ended.text
    assert friend.get(page).status_code == 404
    assert helping(friend) is None


def test_help_ends_with_its_last_day(quiet: Month, ha: str) -> None:
    name_helper(quiet, ha, 1, until="2024-05-03")
    friend = quiet.visitor(resident(quiet, 1))
    page = helping(friend)
    assert page is not None
    quiet.hall.today("2024-05-03")
    assert friend.get(page).status_code == 200
    quiet.hall.today("2024-05-04")
    assert friend.get(page).status_code == 404
    assert name_helper(quiet, ha, 1).status_code == 200, "and may be named again"


def test_a_helper_who_may_signs_up_and_the_log_names_both(quiet: Month, ha: str) -> None:
    name_helper(quiet, ha, 1, may_sign_up="yes")
    friend = quiet.visitor(resident(quiet, 1))
    page = helping(friend)
    listed = friend.get(f"{page}/courses")
    path = next(one for one in re.findall(r'href="([^"]+)"', listed.text) if one.endswith("/sign-up"))
    confirm = send(friend, form(friend.get(path), "/confirm"), coins="20")
    done = send(friend, form(confirm, "/sign-up"))
    assert "신청했습니다." in done.text
    assert quiet.hall.books.account(quiet.hall.members[0]["회원번호"]).available == 20
    with quiet.hall.books.journal.read() as unit:
        said = str(unit.connection.execute(select(audit_log.c.detail)).all())
    assert quiet.hall.books.actors["resident 1"].id in said
    cancelled = send(friend, form(friend.get(f"{done.url.path}/cancel"), "/cancel"))
    assert "취소됨" in cancelled.text
    assert "yoga" in quiet.visitor(ha).get("/me/sign-ups").text


@pytest.mark.parametrize(
    "typed", [{"name": "다른 이름"}, {"member_number": "S999999"}, {"until": "2026-01-01"}, {"until": "2024-05-01"}]
)
def test_somebody_who_does_not_fit_is_not_named(quiet: Month, ha: str, typed: dict[str, str]) -> None:
    answer = name_helper(quiet, ha, 1, **typed)
    assert answer.status_code in (404, 422)
    assert helping(quiet.visitor(resident(quiet, 1))) is None
    with quiet.hall.books.journal.read() as unit:
        assert unit.connection.execute(select(helpers)).all() == []


def test_nobody_helps_themselves(quiet: Month, ha: str) -> None:
    assert name_helper(quiet, ha, 0).status_code == 404


def test_a_standing_wish_is_set_and_ended(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    wish = form(mine.get("/me/wish"), "/me/wish/confirm")
    asked = send(mine, wish, fund="WARM")
    assert "winter" in asked.text
    assert "하나도 남지 않고" in asked.text
    assert 'value="WARM" checked' not in mine.get("/me/wish").text, "one press sets nothing"
    assert 'value="WARM" checked' in send(mine, form(asked, "/me/wish")).text
    assert "바꾸었습니다" in send(mine, wish, fund="WARM").text, "the step before, sent once more"
    ending = send(mine, form(mine.get("/me/wish"), "/me/wish/confirm"), fund="")
    assert 'value="WARM" checked' in mine.get("/me/wish").text
    assert 'value="WARM" checked' not in send(mine, form(ending, "/me/wish")).text
    assert send(mine, wish, fund="NONE").status_code == 404


def test_of_two_projects_none_is_chosen_beforehand_and_amounts_are_in_won_too(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    assert 'value="WARM" required checked' in mine.get("/donate").text
    quiet.hall.books.load("funds", b"code,name,body\nKIDS,children,chest\n")
    page = mine.get("/donate").text
    assert "required checked" not in page
    assert ">10코인 (1,000원)</button>" in page
    assert "40코인 (4,000원)</span>" in page
    assert 'value="KIDS" required checked' in mine.get("/donate?fund=KIDS").text


def test_a_paper_receipt_is_read_back_and_a_changed_one_is_not_ours(quiet: Month, ha: str, tmp_path: Path) -> None:
    mine, anybody = quiet.visitor(ha), quiet.visitor()
    receipt = receipt_of(mine)
    paper = mine.get(f"{receipt}/pdf")
    assert paper.content.startswith(b"%PDF-")
    assert quiet.visitor(resident(quiet, 1)).get(f"{receipt}/pdf").status_code == 404
    assert anybody.get(f"{receipt}/pdf").status_code == 303
    code = next(one for one in re.findall(r"<code>([^<]+)</code>", mine.get(receipt).text) if one.startswith("BORAM1:"))
    check = form(anybody.get("/proof"), "/proof")
    assert "장부에 그대로 있습니다" in send(anybody, check, code=code).text
    number = code.split(":")[1]
    public = anybody.get(f"/proof/{number}")
    assert public.status_code == 200
    for personal in (quiet.hall.members[0]["이름"], "40코인", code.split(":")[4].lower()):
        assert personal not in public.text.lower()
    assert anybody.get("/proof/999999").status_code == 404
    if shutil.which("pdftoppm") is None:
        return
    (tmp_path / "receipt.pdf").write_bytes(paper.content)
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-singlefile", tmp_path / "receipt.pdf", tmp_path / "page"], check=True
    )
    read = {
        one.text
        for one in zxingcpp.read_barcodes(Image.open(tmp_path / "page.png"), formats=zxingcpp.BarcodeFormat.QRCode)
    }
    assert read == {code, f"{quiet.address}/proof/{number}"}


def test_a_receipt_is_found_by_its_number_as_it_is_printed(quiet: Month, ha: str) -> None:
    anybody = quiet.visitor()
    number = receipt_of(quiet.visitor(ha)).rsplit("/", 1)[1]
    for typed in (number, f" {number}번 ", f"no. {number}", f"0,00{number}", "０" + number):
        found = anybody.get("/proof", params={"number": typed}, follow_redirects=True)
        assert (found.status_code, found.url.path) == (200, f"/proof/{number}"), typed
    for typed, status, said in (
        ("BORAM1", 422, "숫자로 적어 주세요"),
        ("999999", 404, "없습니다"),
        ("9999999999", 404, "없습니다"),
        ("1" * 20, 422, "숫자로 적어 주세요"),
    ):
        refused = anybody.get("/proof", params={"number": typed})
        assert refused.status_code == status
        assert said in refused.text
        assert f'value="{typed}"' in refused.text


def test_a_forged_receipt_is_refused_and_a_kept_one_that_the_books_lost_is_evidence(quiet: Month, ha: str) -> None:
    """The hall's receipts are unsigned zeros, so a signature of ones is a forgery, and the fields may be another entry's."""
    mine, anybody = quiet.visitor(ha), quiet.visitor()
    code = next(
        one for one in re.findall(r"<code>([^<]+)</code>", mine.get(receipt_of(mine)).text) if one.startswith("BORAM1:")
    )
    check = form(anybody.get("/proof"), "/proof")
    forged = code[: -len("00" * 65)] + "11" * 65
    assert "저희가 서명한 영수증이 아닙니다" in send(anybody, check, code=forged).text
    parts = code.split(":")
    parts[1] = "4000"
    assert "저희 잘못의 증거입니다" in send(anybody, check, code=":".join(parts)).text
    for nonsense in ("BORAM1", code + ":1", code.replace(parts[4], "zz"), "1" * 400):
        assert send(anybody, check, code=nonsense).status_code == 422


def test_who_is_frozen_or_owes_is_told_so(quiet: Month, ha: str) -> None:
    with quiet.hall.books.journal.write() as unit:
        unit.connection.execute(update(accounts).where(accounts.c.debt == 0).values(debt=7))
        unit.commit()
    page = quiet.visitor(ha).get("/me").text
    assert "7코인 (700원) 남아 있습니다" in page
    assert "2029년 5월 1일" in page, "and the next expiry"


def test_who_is_frozen_reads_why_until_when_and_up_to_which_day_they_may_object(quiet: Month, ha: str) -> None:
    books, mine = quiet.hall.books, quiet.visitor(ha)
    proposed = freeze.propose_freeze(
        books.context, books.office, None, quiet.hall.person(0), date(2024, 7, 31), "두 센터에서 같은 시간"
    )
    assert "두 센터에서 같은 시간" not in mine.get("/me").text, "not before a second person has decided"
    setup.approve_orders(books.context, books.second, None, proposed["id"])
    page = mine.get("/me").text
    assert "까닭: 두 센터에서 같은 시간" in page
    assert "2024년 7월 31일\u00a0(수)까지 쌓거나 쓸 수 없습니다" in page
    assert "2024년 5월 16일\u00a0(목)까지 이의를 낼 수 있습니다" in page
    books.clock.business_date = date(2024, 5, 17)
    page = mine.get("/me").text
    assert "까지 이의를 낼 수 있습니다" not in page
    assert "기한은 2024년 5월 16일\u00a0(목)까지였습니다" in page


def test_a_resident_finds_their_own_number_and_a_receipt_says_what_expires_next(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    assert quiet.hall.members[0]["회원번호"] in mine.get("/me").text
    shown = mine.get(receipt_of(mine)).text
    assert "먼저 소멸하는 코인" in shown
    assert "40코인 (4,000원), 2029년 5월 1일" in shown
    office = quiet.visitor("office").get(receipt_of(mine)).text
    assert "먼저 소멸하는 코인" not in office, "what is left is the resident's own to read"


def test_the_days_for_an_answer_are_those_of_the_rule(quiet: Month, ha: str) -> None:
    mine = quiet.visitor(ha)
    filed = send(mine, form(mine.get("/me/objections"), "/me/objections"), text="빠졌습니다")
    assert f"제출했습니다. 담당 부서가 {ANSWER_DAYS}일 안에 여기에 답합니다" in filed.text
    back = send(mine, form(filed, "/withdraw"))
    assert "이의 제출을 취소했습니다" in back.text
