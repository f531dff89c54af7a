"""What is on its way says by itself when it has arrived; nothing else of the page changes, and it stops to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.api.conftest import act, month
from tests.browser.line import line_to
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


def test_a_charge_becomes_final_on_the_page_where_it_was_taken(page: Page, site: Site, resident: str) -> None:
    be(page, site, "counter")
    page.goto(f"{site.address}/desk/{site.district.desk('SENIOR')}")
    page.get_by_label("회원번호", exact=True).fill(member_number(site, resident))
    page.get_by_label("받을 코인", exact=True).fill("12")
    page.get_by_role("button", name="다음").click()
    page.get_by_role("button", name="12코인 받기").click()
    fact = page.locator("dl.facts div", has=page.get_by_text("기록 상태", exact=True))
    expect(fact).to_contain_text("처리 중")
    page.get_by_text("환불하기", exact=True).click()
    page.get_by_label("환불할 코인").fill("5")
    expect.set_options(timeout=PATIENCE_MS)
    with page.expect_response(re.compile("/state$")):
        pass
    expect(fact).to_contain_text("처리 중")
    site.district.post_all()
    expect(fact).to_contain_text("완료")
    assert page.get_by_label("환불할 코인").input_value() == "5"
    assert fact.locator("[hx-get]").count() == 0, "it asks no more"


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


@pytest.fixture
def upload(newcomer: dict[str, str]) -> FilePayload:
    rows = month(
        act(f"LOOK-{newcomer['회원번호']}", newcomer),
        act(f"LOOKED-{newcomer['회원번호']}", newcomer, hours="18:00,10:00"),
    )
    return {"name": "4월.csv", "mimeType": "text/csv", "buffer": rows}


@pytest.mark.slow
def test_a_file_that_was_looked_at_stays_chosen(page: Page, site: Site, upload: FilePayload) -> None:
    be(page, site, "clerk")
    page.goto(f"{site.address}/centre/file")
    look = page.get_by_role("button", name="먼저 살펴보기")
    look.click()
    expect(page.locator("#looked #problem")).to_contain_text("파일을 골라 주세요", timeout=PATIENCE_MS)
    page.get_by_label("파일", exact=True).set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    look.click()
    expect(page.locator("#looked #problem")).not_to_contain_text("파일을 골라 주세요", timeout=PATIENCE_MS)
    page.get_by_label("파일", exact=True).set_input_files(upload)
    look.click()
    expect(page.locator("#looked")).to_contain_text("2줄 가운데 1줄을 인정하고", timeout=PATIENCE_MS)
    expect(page.locator("#looked")).to_contain_text("고칠 줄")
    page.get_by_role("button", name="제출", exact=True).click()
    expect(page.get_by_text("제출했습니다.")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.slow
def test_a_file_that_cannot_be_looked_at_is_sent_as_a_form(chromium: Browser, site: Site, upload: FilePayload) -> None:
    with line_to(site.address) as line, opened(chromium, MODES["desk"]) as page:
        page.context.add_cookies([{"name": "somebody", "value": "clerk", "url": line.address}])
        page.goto(f"{line.address}/centre/file")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.get_by_label("파일", exact=True).set_input_files(upload)
        line.is_down = True
        page.get_by_role("button", name="먼저 살펴보기").click()
        page.locator("#main-frame-error").wait_for()  # the browser's own: files are left to it
