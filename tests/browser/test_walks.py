"""Each person's whole flow in a real Chromium: on a telephone, at a desk, at 400 %, with the keyboard alone, without a script.

At every stop: axe finds nothing (WCAG 2.2 A and AA), nothing runs off the side, targets are large, one button is the main one, and the page
holds neither inline script nor inline style.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.walks import WALKS, Hand, Keys, Mouse, Walk
from tests.web.site import Site

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TARGET_PIXELS_LEAST = 48
PAGE_BYTES_LEAST, PAGE_BYTES_MAX = 50_000, 200_000
PATIENCE_MS = 20_000
SHOTS = os.environ.get("BORAM_SCREENSHOTS")  # a folder: a picture of each stop in three text sizes

_SMALL = """least => [...document.querySelectorAll(
  'button, .button, main input:not([type=hidden]):not([type=radio]):not([type=checkbox]), select, summary, nav a')]
  .filter(one => { const box = one.getBoundingClientRect(); return box.height > 0 && box.height < least - 0.5 })
  .map(one => one.outerHTML.slice(0, 100))"""


@dataclass(frozen=True)
class Mode:
    """How somebody looks at the pages."""

    width: int
    height: int
    scale: float = 1
    scripts: bool = True
    hand: type[Hand] = Mouse


MODES = {
    "telephone": Mode(360, 740),
    "desk": Mode(1280, 900),
    "zoomed": Mode(320, 256, scale=4),  # 1280 x 1024 at 400 %
    "keyboard": Mode(1280, 900, hand=Keys),
    "no-script": Mode(360, 740, scripts=False),
}
pytestmark = pytest.mark.timeout(600)  # a walk has twenty stops, and axe takes a second at each
HELP = ("도움 전화", "Help by telephone")
ENGLISH_PAGES = {
    "resident": (
        "/me",
        "/me/lines",
        "/donate",
        "/me/objections",
        "/me/helpers",
        "/me/wish",
        "/me/looks",
        "/me/security",
    ),
    "clerk": ("/centre", "/centre/act", "/centre/file", "/corrections", "/approvals"),
    "counter": ("/desk",),
    "office": ("/office", "/office/dashboard", "/office/desks", "/office/rates", "/office/closes", "/office/accounts"),
    "registrar": ("/registrar",),
}
QUICK = {("telephone", "resident")}  # what make test has time for


@contextmanager
def opened(chromium: Browser, mode: Mode, *, keeps_worker: bool = True) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": mode.width, "height": mode.height},
        device_scale_factor=mode.scale,
        java_script_enabled=mode.scripts,
        service_workers="allow" if keeps_worker else "block",
        locale="ko-KR",
        timezone_id="Asia/Seoul",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


def inspector(page: Page, mode: Mode, name: str) -> Callable[[str], None]:
    """What is looked at wherever a walk stops."""

    def stop(stop_name: str) -> None:
        content = page.content() if mode.scripts else ""
        assert not re.search(r'<script(?! src="/assets/)', content), f"{stop_name} has a script of its own"
        assert not re.search(r'<[^>]+ style="[^"]', content), f"{stop_name} has an inline style"
        assert page.locator(".primary").count() <= 1, f"{stop_name} has two main buttons"
        assert page.locator(".help").inner_text().startswith(HELP), f"{stop_name} does not say whom to call"
        if not mode.scripts:
            return
        wide, room = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
        assert wide <= room, f"{stop_name} runs off the side: {wide} > {room}"
        assert page.evaluate(_SMALL, TARGET_PIXELS_LEAST) == [], f"{stop_name} has small targets"
        for frame in page.frames:  # the page itself, and the small one within it that tells until when one is signed in
            frame.evaluate(AXE.read_text())
            found = frame.evaluate("tags => axe.run(document, {runOnly: tags, iframes: false})", RULES)
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == [], (
                stop_name
            )
        if SHOTS:
            shoot(page, stop_name, name)

    return stop


def shoot(page: Page, stop_name: str, mode_name: str) -> None:
    """A picture in each text size, as the switcher's cookie would set it."""
    before = page.evaluate("document.documentElement.className")
    for size in ("1", "2", "3"):
        look(page, re.sub(r"text-\d", f"text-{size}", before))
        page.screenshot(path=Path(str(SHOTS)) / f"{stop_name}-{mode_name}-{size}.png", full_page=True)
    look(page, before)


def look(page: Page, name: str) -> None:
    for frame in page.frames:
        frame.evaluate("name => { document.documentElement.className = name }", name)


@pytest.mark.parametrize(
    ("name", "walk"),
    [
        (name, walk) if (name, walk) in QUICK else pytest.param(name, walk, marks=pytest.mark.slow)
        for name in MODES
        for walk in sorted(WALKS)
    ],
)
def test_a_walk_ends_where_it_should(chromium: Browser, site: Site, name: str, walk: str) -> None:
    mode = MODES[name]
    with opened(chromium, mode) as page:
        WALKS[walk](Walk(page, site, mode.hand(), inspector(page, mode, name)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "cookies", [{"contrast": "high"}, {"size": "3"}, {"lang": "en"}], ids=lambda one: next(iter(one))
)
def test_every_look_passes_axe(chromium: Browser, site: Site, cookies: dict[str, str]) -> None:
    with opened(chromium, MODES["telephone"]) as page:
        page.context.add_cookies(
            [{"name": name, "value": value, "url": site.address} for name, value in cookies.items()]
        )
        stop = inspector(page, MODES["telephone"], next(iter(cookies)))
        walk = Walk(page, site, Mouse(), stop)
        WALKS["everybody"](walk)
        if "lang" not in cookies:
            WALKS["resident"](walk)
            return
        for who, paths in ENGLISH_PAGES.items():  # a walk knows its buttons in Korean
            walk.be(who)
            for path in paths:
                walk.open(path)
                assert page.locator("html").get_attribute("lang") == "en"
                walk.stop(f"english{path.replace('/', '-')}")


def test_the_size_switcher_works_without_a_script(chromium: Browser, site: Site) -> None:
    with opened(chromium, MODES["no-script"]) as page:
        page.goto(site.address + "/rates")
        page.get_by_role("link", name="아주 크게").click()
        assert page.url == site.address + "/rates"
        assert page.locator("html").get_attribute("class") == "text-3"
        page.get_by_role("link", name="높은 대비").click()
        assert page.locator("html").get_attribute("class") == "text-3 high-contrast"


@pytest.mark.parametrize("path", ["/rates", "/courses", "/me"])
def test_a_page_weighs_little_the_first_time(chromium: Browser, site: Site, path: str) -> None:
    with opened(chromium, MODES["telephone"]) as page:
        page.context.add_cookies([{"name": "somebody", "value": "resident", "url": site.address}])
        sizes: dict[str, int] = {}  # by address: what the frame in the page asks for again, the browser has
        page.on("requestfinished", lambda request: sizes.setdefault(request.url, request.sizes()["responseBodySize"]))
        page.goto(site.address + path, wait_until="networkidle")
        assert PAGE_BYTES_LEAST <= sum(sizes.values()) <= PAGE_BYTES_MAX
