"""What is on its way says by itself when it has arrived; nothing else of the page changes, and it stops to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.conftest import act, month
from tests.browser.test_walks import MODES, opened
from tests.web.site import Site
from tests.web.test_pages import member_number

PATIENCE_MS = 20_000


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with opened(chromium, MODES["desk"]) as made:
        yield made


def be(page: Page, site: Site, name: str) -> None:
    page.context.add_cookies([{"name": "somebody", "value": name, "url": site.address}])


def asked(page: Page, end: str) -> list[str]:
    """The addresses that end so and are asked for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.url.endswith(end) else None)
    return found


def test_a_charge_becomes_final_on_the_page_where_it_was_taken(page: Page, site: Site, resident: str) -> None:
    be(page, site, "counter")
    page.goto(f"{site.address}/desk/{site.district.desk('SENIOR')}")
    page.get_by_label("회원번호", exact=True).fill(member_number(site, resident))
    page.get_by_label("받을 코인", exact=True).fill("12")
    page.get_by_role("button", name="다음").click()
    page.get_by_role("button", name="12코인 받기").click()
    fact = page.locator("dl.facts div", has=page.get_by_text("원장 기록", exact=True))
    expect(fact).to_contain_text("처리 중")
    page.get_by_text("돌려주기", exact=True).click()
    page.get_by_label("돌려줄 코인").fill("5")
    asks = asked(page, "/state")
    expect.set_options(timeout=PATIENCE_MS)
    with page.expect_response(re.compile("/state$")):
        pass
    expect(fact).to_contain_text("처리 중")
    site.district.post_all()
    expect(fact).to_contain_text("완료")
    assert page.get_by_label("돌려줄 코인").input_value() == "5"
    before = len(asks)
    page.wait_for_timeout(2500)  # one more round, which does not come
    assert len(asks) == before


@pytest.mark.slow
def test_an_approved_file_counts_up_by_itself_and_ends_with_the_session(
    page: Page, site: Site, newcomer: dict[str, str]
) -> None:
    file = month(act(f"FRESH-{newcomer['회원번호']}", newcomer))
    answer = site.district.caller("clerk").upload("/imports", file)
    approval = answer.json()["id"]
    site.district.caller("approver").post(f"/approvals/{approval}/approve")
    be(page, site, "clerk")
    page.goto(f"{site.address}/approvals/{approval}")
    moving = page.locator("p", has=page.locator("progress"))
    expect(moving).to_contain_text("가운데 0건")
    page.context.clear_cookies()
    expect(page.get_by_text("로그인이 끝났습니다.").first).to_be_visible(timeout=PATIENCE_MS)
    be(page, site, "clerk")
    page.goto(f"{site.address}/approvals/{approval}")
    site.district.post_all()
    expect(moving).not_to_contain_text("가운데 0건", timeout=PATIENCE_MS)
    expect(moving.get_by_role("link")).to_have_count(0)
