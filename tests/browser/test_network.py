"""A network that fails at the counter never leaves doubt, even in a browser that keeps no page of ours: the coins are taken once.

Whatever the browser then offers to send again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, Route

from tests.api.conftest import COINS_EACH
from tests.browser.test_walks import MODES, opened
from tests.web.site import Site
from tests.web.test_pages import available, member_number

pytestmark = pytest.mark.slow  # the same is shown over HTTP in tests/web within a second
COINS = 12


@pytest.fixture
def counter(chromium: Browser, site: Site, resident: str) -> Iterator[Page]:
    """A counter that is about to take the coins: the name and the amount are on the screen."""
    with opened(chromium, MODES["desk"], keeps_worker=False) as page:
        page.context.add_cookies([{"name": "somebody", "value": "counter", "url": site.address}])
        page.goto(f"{site.address}/desk/{site.district.desk('SENIOR')}")
        page.get_by_label("회원번호", exact=True).fill(member_number(site, resident))
        page.get_by_label("받을 코인", exact=True).fill(str(COINS))
        page.get_by_role("button", name="다음").click()
        page.get_by_role("button", name=f"{COINS}코인 받기").wait_for()
        yield page


def press(page: Page) -> None:
    """Press the button while the network fails: the browser shows an error of its own."""
    with page.expect_event("requestfailed", lambda request: request.is_navigation_request()):
        page.get_by_role("button", name=f"{COINS}코인 받기").click(no_wait_after=True)
    page.locator("#main-frame-error").wait_for()


def lose_the_answer(page: Page) -> list[int]:
    """From now on the charge reaches the service and its answer does not come back."""
    reached: list[int] = []

    def cut(route: Route) -> None:
        reached.append(route.fetch(max_redirects=0).status)
        route.abort("connectionreset")

    page.route("**/charge", cut)
    return reached


def test_a_charge_that_never_left_is_sent_again_by_a_reload(counter: Page, site: Site, resident: str) -> None:
    counter.context.set_offline(offline=True)
    press(counter)
    assert available(site, resident) == COINS_EACH
    counter.context.set_offline(offline=False)
    counter.reload()
    assert "완료되었습니다" in counter.inner_text("main")
    assert available(site, resident) == COINS_EACH - COINS


def test_a_charge_whose_answer_was_lost_is_taken_once_when_it_is_sent_again(
    counter: Page, site: Site, resident: str
) -> None:
    reached = lose_the_answer(counter)
    press(counter)
    assert (reached, available(site, resident)) == ([303], COINS_EACH - COINS)
    counter.unroute_all()
    counter.reload()
    assert "완료되었습니다" in counter.inner_text("main")
    assert available(site, resident) == COINS_EACH - COINS


def test_going_back_after_a_lost_answer_shows_the_charge_instead_of_asking_for_it(
    counter: Page, site: Site, resident: str
) -> None:
    lose_the_answer(counter)
    press(counter)
    counter.unroute_all()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        counter.go_back()  # the page before was the answer to a form: the browser asks whether to send that form again
    counter.locator("#main-frame-error").wait_for()
    counter.reload()
    assert "이미 받은 코인입니다. 두 번 받지 않았습니다." in counter.inner_text("main")
    assert "/charges/" in counter.url
    assert available(site, resident) == COINS_EACH - COINS
