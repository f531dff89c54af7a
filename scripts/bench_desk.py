"""What the clerk with a queue waits for: from pressing the last button until the screen says that the coins were taken, in a real Chromium.

    scripts/bench_desk.py               40 charges by member number, 10 by card and PIN

The service is `boram up --demo`, which posts beside it. A figure, not a threshold: docs/benchmarks.md says what it means.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ledger_service.commands.demo import code_of  # noqa: E402
from scripts.chromium import find_chromium  # noqa: E402
from scripts.running import Demo, running_demo  # noqa: E402

CHARGES, BY_CARD = 40, 10
MEMBER = "S102238"


def main() -> int:
    """Sign in as the counter and charge."""
    browser_path = find_chromium()
    if browser_path is None:
        print("no Chromium: install one, such as by apt-get install chromium", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="boram-desk-") as name,
        running_demo(Path(name) / "home") as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(locale="ko-KR")
        page.goto(demo.address + "/sign-in?staff=1")
        page.get_by_label("이름(계정)").fill("counter-jung")
        page.get_by_label("비밀번호", exact=True).fill(demo.passwords["counter-jung"])
        page.get_by_label("인증 앱의 숫자 6자리").fill(code_of(demo.home, "counter-jung") or "")
        press(page, "로그인")
        page.get_by_role("main").get_by_role("link", name="서초유스센터").click()
        page.get_by_label("받을 코인", exact=True).wait_for()
        desk = page.url
        numbers = [charge(page, demo, desk, member=None) for _ in range(BY_CARD)]
        print(line("by card and PIN", numbers))
        print(line("by member number", [charge(page, demo, desk, member=MEMBER) for _ in range(CHARGES)]))
        browser.close()
    return 0


def charge(page: Page, demo: Demo, desk: str, member: str | None) -> float:
    """One coin of somebody; the seconds from the press to the word that it was taken."""
    page.goto(desk)
    if member is None:
        page.get_by_label("결제 번호나 카드 번호").fill(demo.cards[1])
    else:
        page.get_by_label("회원번호", exact=True).fill(member)
    page.get_by_label("받을 코인", exact=True).fill("1")
    press(page, "다음")
    if member is None:
        page.get_by_label("비밀번호 숫자 6자리").fill(demo.pin)
    button = page.get_by_role("button", name="1코인 받기")
    button.wait_for()
    begun = time.monotonic()
    button.click(no_wait_after=True)
    page.get_by_text("완료되었습니다.").wait_for()
    return time.monotonic() - begun


def press(page: Page, name: str) -> None:
    """Press what opens another page."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=name).click()


def line(how: str, seconds: list[float]) -> str:
    """A line of the result."""
    ordered = sorted(seconds)
    middle, worst = ordered[len(ordered) // 2], ordered[-1]
    return f"{len(ordered):3} charges {how}: p50 {middle * 1000:.0f} ms, slowest {worst * 1000:.0f} ms (to reach: 1 s)"


if __name__ == "__main__":
    sys.exit(main())
