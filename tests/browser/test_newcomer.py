"""What a newcomer does after reading README: `boram up --demo`, sign in as each printed person through the real door, do their job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ledger_service.commands.demo import code_of
from scripts.running import Demo, running_demo
from tests.browser.test_walks import MODES, opened

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo") / "home") as running:
        yield running


@pytest.fixture
def page(chromium: Browser, demo: Demo) -> Iterator[Page]:
    with opened(chromium, MODES["telephone"]) as opened_page:
        yield opened_page


def press(page: Page, role: str, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("main").get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


def fill(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)


def resident(page: Page, demo: Demo, place: int) -> None:
    page.goto(demo.address + "/sign-in")
    fill(page, "카드 번호", demo.cards[place])
    fill(page, "비밀번호 숫자 6자리", demo.pin)
    press(page, "button", "로그인")


def staff(page: Page, demo: Demo, name: str) -> None:
    """The password that was printed, and the code that `boram actor code NAME` prints."""
    page.goto(demo.address + "/sign-in?staff=1")
    fill(page, "이름(계정)", name)
    fill(page, "비밀번호", demo.passwords[name])
    fill(page, "인증 앱의 숫자 6자리", code_of(demo.home, name) or "")
    press(page, "button", "로그인")


def sign_out(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="로그아웃").click()


def test_a_resident_signs_up_gives_and_keeps_the_receipt(page: Page, demo: Demo) -> None:
    resident(page, demo, 0)
    assert "님의 코인" in page.inner_text("h1")
    press(page, "link", "강좌에 쓰기")
    press(page, "link", "노래 교실 신청")
    fill(page, "사용할 코인", "10")
    press(page, "button", "다음")
    press(page, "button", "신청하기")
    assert "신청했습니다." in page.inner_text("main")
    page.goto(demo.address + "/donate")
    assert "목표 5,000코인 (500,000원)" in page.inner_text("main")
    page.locator("input[name=fund][value=WINTER]").check()
    press(page, "button", "10코인 (1,000원)")
    press(page, "button", "기부하기")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="종이 영수증 받기(PDF)").click()
    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF")
    page.goto(demo.address + "/places")
    assert "방배3동" in (page.locator(".plan").text_content() or "")


def test_an_act_is_entered_and_approved_by_another(page: Page, demo: Demo) -> None:
    staff(page, demo, "clerk-park")
    press(page, "link", "활동 한 건 입력")
    fill(page, "회원번호나 카드 번호", "S102238")
    press(page, "button", "다음")
    fill(page, "시작", "07:00")
    fill(page, "끝", "08:00")
    press(page, "button", "제출")
    assert "제출했습니다." in page.inner_text("main")
    sign_out(page)
    staff(page, demo, "approver-choi")
    page.goto(demo.address + "/approvals")
    press(page, "link", "활동 한 건")
    press(page, "button", "승인")
    assert "승인했습니다." in page.inner_text("main")


def test_a_counter_takes_coins_by_card_and_pin_and_gives_some_back(page: Page, demo: Demo) -> None:
    staff(page, demo, "counter-jung")
    press(page, "link", "서초유스센터")
    fill(page, "결제 번호나 카드 번호", demo.cards[1])
    fill(page, "받을 코인", "7")
    press(page, "button", "다음")
    fill(page, "비밀번호 숫자 6자리", demo.pin)
    press(page, "button", "7코인 받기")
    assert "완료되었습니다." in page.inner_text("main")
    page.locator("summary").click()
    fill(page, "환불할 코인", "2")
    press(page, "button", "다음")
    press(page, "button", "2코인 환불")
    assert "환불했습니다." in page.inner_text("main")


def test_the_office_proposes_and_a_colleague_approves(page: Page, demo: Demo) -> None:
    staff(page, demo, "office-kim")
    for path in ("/office", "/office/dashboard", "/office/budget", "/office/desks", "/office/rates", "/office/closes"):
        answer = page.goto(demo.address + path)
        assert answer is not None
        assert answer.status == 200, path
    page.goto(demo.address + "/office/propose")
    page.get_by_role("radio", name="모금").check()
    funds = "code,name,body,goal_coins\nBOOKS,마을 책방,사회복지공동모금회,300\n".encode()
    page.get_by_label("파일", exact=True).set_input_files(
        {"name": "funds.csv", "mimeType": "text/csv", "buffer": funds}
    )
    press(page, "button", "제안하기")
    sign_out(page)
    staff(page, demo, "office-lee")
    page.goto(demo.address + "/approvals")
    press(page, "link", "운영 변경")
    press(page, "button", "승인")
    assert "승인했습니다." in page.inner_text("main")


def test_the_registrar_gives_a_card(page: Page, demo: Demo) -> None:
    staff(page, demo, "registrar-yoon")
    page.locator("#found_number").fill("S100000")
    press(page, "button", "찾기")
    fill(page, "새 비밀번호 숫자 6자리", "271828")
    press(page, "button", "카드 만들기")
    assert "님의 새 카드" in page.inner_text("h1")
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="인쇄하기").click()
    assert page.title() == "printed"
