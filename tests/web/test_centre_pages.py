"""A centre's door and desk on the pages: coming and going by card, cards and accounts, and a resident who is assisted."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import httpx
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from ledger_service.bootstrap.surfaces import app_of
from ledger_service.domain.actors import Actor
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.schema import access_log, attendances
from ledger_service.reads.actors import actor_of_name
from ledger_service.services import cards, intake
from ledger_service.services.sign_in import open_session
from ledger_service.web.pages import kiosk as kiosk_pages
from tests.integration.posting.hall import HEADER
from tests.web.month import PASSWORDS, Month
from tests.web.site import Site, form, forms, send
from tests.web.test_pages import card as card

PIN = "314159"
DOOR_NAME = "서초구자원봉사센터 · 자원봉사"


@pytest.fixture
def card_of(quiet: Month) -> Callable[[int], str]:
    books = quiet.hall.books
    return lambda place: cards.issue_card(
        books.context, PASSWORDS, books.actors["registrar"], quiet.hall.person(place), PIN
    )


def kiosk(quiet: Month) -> str:
    return f"/kiosk/{quiet.hall.books.desk(DeskKind.CENTRE, 'SVC')}/VOL"


def opened(quiet: Month, name: str = "clerk") -> httpx.Client:
    """A device at the centre's door, at which the clerk pressed the activity."""
    device = quiet.visitor(name)
    choices = forms(device.get("/kiosk").text)
    chosen = next(one for one in choices if one.fields.get("programme") == "VOL")
    assert send(device, chosen).url.path == kiosk(quiet)
    return device


def read(quiet: Month, number: str, device: httpx.Client | None = None) -> httpx.Response:
    device = device or opened(quiet)
    return send(device, form(device.get(kiosk(quiet)), kiosk(quiet)), card_number=number)


def test_coming_and_going_makes_one_act_that_another_approves(quiet: Month, card_of: Callable[[int], str]) -> None:
    number, name = card_of(5), quiet.hall.members[5]["이름"]
    came = read(quiet, number)
    assert "어서 오세요" in came.text
    assert name not in came.text, "the next in the queue reads no name in full"
    quiet.hall.books.clock.seconds += 2 * 3600
    assert "2시간 동안 하셨습니다" in read(quiet, number.lower()).text
    waiting = quiet.visitor("approver").get("/approvals")
    (path,) = set(re.findall(r'href="(/approvals/[0-9a-f-]{36})"', waiting.text))
    approver = quiet.visitor("approver")
    assert "10코인 승인" in approver.get(path).text
    assert "제출함" in quiet.visitor("clerk").get("/centre/attendance").text


def test_the_same_reading_sent_again_does_not_send_somebody_away(quiet: Month, card_of: Callable[[int], str]) -> None:
    number, door = card_of(6), opened(quiet)
    page = form(door.get(kiosk(quiet)), kiosk(quiet))
    assert "어서 오세요" in send(door, page, card_number=number).text
    quiet.hall.books.clock.seconds += 600
    assert "어서 오세요" in send(door, page, card_number=number).text, "a reload in ten minutes"
    second = form(door.get(kiosk(quiet)), kiosk(quiet))
    assert "수고하셨습니다" in send(door, second, card_number=number).text
    assert "수고하셨습니다" in send(door, second, card_number=number).text
    with quiet.hall.books.journal.read() as unit:
        assert len(unit.connection.execute(select(attendances)).all()) == 1


def test_who_forgot_to_go_is_ended_by_a_clerk_and_nothing_is_guessed(
    quiet: Month, card_of: Callable[[int], str]
) -> None:
    number = card_of(7)
    read(quiet, number)
    assert read(quiet, number).status_code == 409, "within the same minute"
    quiet.hall.today("2024-05-03")
    assert "담당자가 나간 시각을 적어야 합니다" in read(quiet, number).text
    clerk = quiet.visitor("clerk")
    listed = clerk.get("/centre/attendance")
    assert "나간 기록이 없음" in listed.text
    assert send(clerk, form(listed, "/centre/attendance/"), action="end", end="25:00").status_code == 422
    assert (
        "승인 대기로 보냈습니다."
        in send(clerk, form(clerk.get("/centre/attendance"), "/centre/attendance/"), action="end", end="23:30").text
    )
    read(quiet, number)
    assert (
        "기록을 삭제했습니다."
        in send(clerk, form(clerk.get("/centre/attendance"), "/centre/attendance/"), action="drop").text
    )


def test_who_has_not_gone_is_not_pushed_off_the_list_by_later_ones(
    quiet: Month, card_of: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosk_pages, "SHOWN_MAX", 2)
    forgot, later = card_of(8), card_of(9)
    read(quiet, forgot)
    for _ in range(3):
        read(quiet, later)
        quiet.hall.books.clock.seconds += 600
        read(quiet, later)
        quiet.hall.books.clock.seconds += 600
    listed = quiet.visitor("clerk").get("/centre/attendance").text
    assert ("지금 있음" in listed, listed.count("제출함")) == (True, 2)
    assert "가장 나중의 2건만 보입니다" in listed


def test_no_card_no_entry_and_another_centres_door_is_not_there(quiet: Month) -> None:
    assert read(quiet, "AAAA-BBBB-CCCC-D").status_code == 404
    other, clerk = quiet.hall.books.desk(DeskKind.CENTRE, "YJSW"), quiet.visitor("clerk")
    offered = [one.fields for one in forms(clerk.get("/kiosk").text)]
    assert {one["desk"] for one in offered} == {kiosk(quiet).split("/")[2]}
    assert "PET" not in {one["programme"] for one in offered}, "not measured in time"
    choice = form(clerk.get("/kiosk"), "/kiosk")
    assert send(clerk, choice, desk=str(other)).status_code == 404


def test_an_ordinary_session_does_not_stand_at_a_door(quiet: Month, card_of: Callable[[int], str]) -> None:
    clerk, path = quiet.visitor("clerk"), kiosk(quiet)
    token = form(clerk.get("/kiosk"), "/kiosk").fields["form_token"]
    fields = {"form_token": token, "key": "one", "card_number": card_of(10)}
    for answer in (clerk.get(path), clerk.post(path, data=fields)):
        assert (answer.status_code, answer.headers["location"]) == (303, "/kiosk")
    with quiet.hall.books.journal.read() as unit:
        assert unit.connection.execute(select(attendances)).all() == []


def test_an_account_lists_the_pages_at_doors_and_each_can_be_ended(quiet: Month) -> None:
    listed = quiet.visitor("clerk").get("/account")
    assert f"문 앞 출석 화면</strong> {DOOR_NAME}" in listed.text
    assert [one.action.split("/")[3] for one in forms(listed.text) if "/sessions/" in one.action] == ["other", "door"]


def test_a_registrar_opens_somebody_and_gives_a_card(quiet: Month) -> None:
    registrar = quiet.visitor("registrar")
    typed = {"member_number": "S777001", "name": "Nguyễn Thị Ánh", "birth_date": "1950-03-01", "residence": "서초1동"}
    opened = send(registrar, form(registrar.get("/registrar"), "/registrar/open"), **typed)
    assert "등록했습니다" in opened.text
    assert "S777001" not in str(opened.url)
    weak = send(registrar, form(opened, "/registrar/cards"), pin="111111")
    assert (weak.status_code, "추측하기 쉬운" in weak.text, "111111" in weak.text) == (422, True, False)
    made = send(registrar, form(opened, "/registrar/cards"), pin=PIN)
    number = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]", made.text)
    assert number is not None
    assert "S777001" in made.text, "a desk finds a resident by it"
    assert "어서 오세요" in read(quiet, number[0]).text
    found = send(registrar, form(registrar.get("/registrar"), "/registrar/find"), member_number="S777001")
    assert "카드 1장을 정지했습니다." in send(registrar, form(found, "/registrar/block")).text
    assert read(quiet, number[0]).status_code == 404
    assert quiet.visitor("clerk").get("/registrar").status_code == 403


def test_at_a_desk_the_residents_session_goes_before_the_clerks_and_ends_alone(
    site: Site, resident: str, card: Callable[[], str]
) -> None:
    installation = site.district.installation
    clerk = actor_of_name(installation.journal, "clerk")
    assert clerk is not None
    with installation.journal.write() as unit:
        secret = open_session(installation.context, unit, clerk, "password totp").secret
        unit.commit()
    desk = TestClient(app_of(installation), headers={"origin": "http://testserver"})
    desk.cookies.set("boram-on-loopback" if installation.settings.is_loopback_demo else "__Host-boram", secret)
    fields = forms(desk.get("/assist").text)[0].fields
    number = card()
    assert desk.post("/assist", data=fields | {"card_number": number, "pin": "271828"}).status_code == 401
    page = desk.post("/assist", data=fields | {"card_number": number, "pin": PIN})
    assert page.url.path == "/me"
    assert "주민과 함께 쓰고 있습니다." in page.text
    with installation.journal.read() as unit:
        looks = unit.connection.execute(
            select(access_log.c.assisted_by).where(access_log.c.person_id == resident)
        ).scalars()
        assert clerk.id in set(looks), "both are recorded"
    token = forms(desk.get("/donate").text)[0].fields["form_token"]
    ended = desk.post("/sign-out", data={"form_token": token})
    assert ended.url.path == "/centre", "the clerk goes on"
    assert desk.get("/me").status_code == 403


def ways_out(page: httpx.Response) -> set[str]:
    """Where links and forms of a page lead."""
    found = {unescape(one) for one in re.findall(r'<(?:a|form)\b[^>]*? (?:href|action)="([^"]*)"', page.text)}
    return {one.partition("?")[0] if one.startswith("/view?") else one for one in found}


def test_the_door_leads_nowhere_but_to_itself(quiet: Month, card_of: Callable[[int], str]) -> None:
    door, path = opened(quiet), kiosk(quiet)
    foreign = door.post(path, data={"form_token": "another's"})
    answers = [door.get(path), read(quiet, card_of(4), door), read(quiet, "AAAA-BBBB-CCCC-D", door), foreign]
    assert [one.status_code for one in answers] == [200, 200, 404, 403]
    for page in answers:
        own = page.url.path
        assert ways_out(page) <= {own, "/view", "#main"}
        assert {unescape(one) for one in re.findall(r"back=([^\"]*)", page.text)} <= {own}
    assert "/sign-out" in quiet.visitor("clerk").get("/kiosk").text


def test_an_act_is_entered_by_the_card(quiet: Month, card_of: Callable[[int], str]) -> None:
    number, member, clerk = card_of(3), quiet.hall.members[3], quiet.visitor("clerk")
    first = form(clerk.get("/centre/act"), "/centre/act/confirm")
    asked = send(clerk, first, member_number=number.lower(), programme="VOL", day="2024-05-01")
    assert f"{member['이름']} 님이 맞나요?" in asked.text
    assert number not in asked.text, "what is sent on is the member number"
    done = send(clerk, form(asked, "/centre/act"), start="09:00", end="10:00")
    assert "제출했습니다" in done.text


def test_who_decided_is_led_to_what_has_waited_longest_for_them(quiet: Month) -> None:
    books = quiet.hall.books
    own, *others = [submit(quiet, who, number) for number, who in enumerate((books.second, books.office, books.office))]
    second = quiet.visitor("second")
    assert "다음 건 보기" not in second.get(f"/approvals/{others[0]}").text, "nothing is decided yet"
    done = send(second, form(second.get(f"/approvals/{others[0]}"), "/approve"))
    assert f'href="/approvals/{others[1]}">다음 건 보기' in done.text
    done = send(second, form(second.get(f"/approvals/{others[1]}"), "/decline"), reason="날짜가 다릅니다")
    assert "돌려보냈습니다" in done.text
    assert "다음 건 보기" not in done.text, "their own is another's to decide"
    done = send(quiet.visitor("approver"), form(quiet.visitor("approver").get(f"/approvals/{own}"), "/approve"))
    assert "승인했습니다" in done.text


def submit(quiet: Month, who: Actor, place: int) -> str:
    """A file of one act that waits for somebody else."""
    one = quiet.hall.members[place]
    row = f"NEXT-{place},{one['회원번호']},{one['이름']},{one['생년월일']},SVC,VOL,2024-04-11,09:00,11:00,,"
    return str(intake.submit_import(quiet.hall.books.context, who, None, f"{HEADER}\n{row}".encode(), "1365")["id"])
