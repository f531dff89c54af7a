"""Without a network a page of ours says so, and sends the same form once more: nothing is lost, nothing happens twice, and no secret is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.api.conftest import COINS_EACH
from tests.browser.line import Line, line_to
from tests.browser.test_walks import MODES, inspector, opened
from tests.web.site import Site
from tests.web.test_pages import available, member_number
from tests.web.test_pages import card as card

COINS = 12
CUT = "연결이 끊겼습니다"
PIN = "314159"  # of the cards of tests/web


@pytest.fixture
def line(site: Site) -> Iterator[Line]:
    with line_to(site.address) as made:
        yield made


@pytest.fixture
def page(chromium: Browser, line: Line) -> Iterator[Page]:
    with opened(chromium, MODES["desk"]) as made:
        yield made


def be(page: Page, line: Line, name: str, path: str) -> None:
    """Open a page as somebody whose browser has the worker by now."""
    page.context.add_cookies([{"name": "somebody", "value": name, "url": line.address}])
    page.goto(line.address + path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def at_the_counter(page: Page, line: Line, site: Site, resident: str) -> None:
    """About to take the coins: the name and the amount are on the screen."""
    be(page, line, "counter", f"/desk/{site.district.desk('SENIOR')}")
    page.get_by_label("회원번호", exact=True).fill(member_number(site, resident))
    page.get_by_label("받을 코인", exact=True).fill(str(COINS))
    page.get_by_role("button", name="다음").click()
    page.get_by_role("button", name=f"{COINS}코인 받기").wait_for()


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()
    page.get_by_role("heading", name=CUT).wait_for()


@pytest.mark.parametrize("arrives", [False, True], ids=["never-left", "answer-lost"])
def test_a_charge_is_sent_again_by_the_page_that_says_that_the_network_is_gone(
    page: Page, line: Line, site: Site, resident: str, arrives: bool
) -> None:
    at_the_counter(page, line, site, resident)
    line.loses_answers, line.is_down = arrives, not arrives
    press(page, f"{COINS}코인 받기")
    assert available(site, resident) == COINS_EACH - COINS * arrives
    inspector(page, MODES["desk"], "desk")("offline-form")
    press(page, "다시 보내기")  # still gone
    line.loses_answers = line.is_down = False
    page.get_by_role("button", name="다시 보내기").click()
    page.get_by_text("완료되었습니다").wait_for()
    assert available(site, resident) == COINS_EACH - COINS


@pytest.mark.slow
def test_a_charge_by_card_asks_for_the_pin_again_and_keeps_none(
    page: Page, line: Line, site: Site, resident: str, card: Callable[[], str]
) -> None:
    be(page, line, "counter", f"/desk/{site.district.desk('SENIOR')}")
    page.get_by_label("결제 번호나 카드 번호").fill(card())
    page.get_by_label("받을 코인", exact=True).fill(str(COINS))
    page.get_by_role("button", name="다음").click()
    page.get_by_label("비밀번호").fill(PIN)
    line.is_down = True
    press(page, f"{COINS}코인 받기")
    assert PIN not in page.content()
    inspector(page, MODES["desk"], "desk")("offline-pin")
    line.is_down = False
    page.get_by_label("비밀번호").fill(PIN)
    page.get_by_role("button", name="다시 보내기").click()
    page.get_by_text("완료되었습니다").wait_for()
    assert available(site, resident) == COINS_EACH - COINS


def test_a_page_opens_when_the_network_is_there_again(page: Page, line: Line) -> None:
    be(page, line, "resident", "/rates")
    line.is_down = True
    page.get_by_role("link", name="내 코인").click()
    page.get_by_role("heading", name=CUT).wait_for()
    inspector(page, MODES["desk"], "desk")("offline-page")
    line.is_down = False
    page.get_by_role("link", name="다시 열기").click()
    page.get_by_role("heading", name="님의 코인").wait_for()


@pytest.mark.slow
def test_a_password_is_not_kept_for_sending_it_again(page: Page, line: Line) -> None:
    be(page, line, "", "/sign-in?staff=1")
    page.get_by_label("이름(계정)").fill("clerk-park")
    page.get_by_label("비밀번호", exact=True).fill("a long password")
    page.get_by_label("인증 앱의 숫자 6자리").fill("123456")
    line.is_down = True
    page.get_by_label("비밀번호", exact=True).press("Enter")
    page.get_by_role("heading", name=CUT).wait_for()
    assert page.locator("form").count() == 0
    assert "a long password" not in page.content()
    inspector(page, MODES["desk"], "desk")("offline-back")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/me/payment-code", "/kiosk/1/1"])
def test_what_could_happen_twice_or_too_late_is_not_offered_again(page: Page, line: Line, path: str) -> None:
    be(page, line, "resident", "/rates")
    line.is_down = True
    page.evaluate(
        """path => { const form = document.createElement("form"); form.method = "post"; form.action = path;
        document.body.append(form); form.submit() }""",
        path,
    )
    page.get_by_role("heading", name=CUT).wait_for()
    assert page.locator("form").count() == 0


@pytest.mark.slow
def test_a_form_of_another_site_is_left_to_the_browser(page: Page, line: Line) -> None:
    be(page, line, "counter", "/desk")
    target = line.address + "/desk/1/charge"
    page.route(
        "http://localhost:9/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<form method="post" action="{target}"><button>go</button></form>'
        ),
    )
    page.goto("http://localhost:9/")
    with page.expect_response(target) as answer:
        page.get_by_role("button").click()
    assert (answer.value.status, answer.value.from_service_worker) == (403, False)
    page.goto("http://localhost:9/")
    line.is_down = True
    page.get_by_role("button").click(no_wait_after=True)
    page.locator("#main-frame-error").wait_for()
