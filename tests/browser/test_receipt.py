"""The paper: the QR code is read back from the rendered page, and its signature is the service's."""

from __future__ import annotations

import struct
import zlib

import zxingcpp
from playwright.sync_api import Browser, Page

from ledger_service.bootstrap.surfaces import app_of
from ledger_service.chain.signing import recover
from ledger_service.domain.batches import receipt_digest
from tests.browser.test_walks import MODES, opened
from tests.web.site import Site


def grey(png: bytes) -> memoryview:
    """An 8-bit PNG of RGB or RGBA as rows of grey (PNG specification, 9: the five filters)."""
    width, height, _, colours = struct.unpack(">IIBB", png[16:26])
    channels = {2: 3, 6: 4}[colours]
    packed, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    raw, stride, above, pixels = zlib.decompress(packed), width * channels, bytearray(width * channels), bytearray()
    for row in range(height):
        start = row * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for place in range(stride):
            left = line[place - channels] if place >= channels else 0
            corner = above[place - channels] if place >= channels else 0
            guess = left + above[place] - corner
            paeth = min((left, above[place], corner), key=lambda one: abs(guess - one))
            line[place] = (line[place] + (0, left, above[place], (left + above[place]) // 2, paeth)[kind]) % 256
        pixels += line[::channels]
        above = line
    return memoryview(bytes(pixels)).cast("B", (height, width))


def code_on(page: Page) -> str:
    """What a phone's camera reads off the page."""
    found = zxingcpp.read_barcodes(grey(page.locator(".qr-box").screenshot()))
    assert len(found) == 1, "one code is read"
    return str(found[0].text)


def test_the_receipts_code_is_the_services_signature(chromium: Browser, site: Site) -> None:
    with opened(chromium, MODES["telephone"]) as page:
        page.context.add_cookies([{"name": "somebody", "value": "resident", "url": site.address}])
        page.goto(site.address + "/me/lines")
        page.locator(".line").last.click()
        name, *numbers, signature = code_on(page).split(":")
        page.get_by_text("기록 확인").click()
        shown = page.locator(".proof").inner_text()
    journal_no, desk, kind, account, units, day, posted_by = numbers
    installation = site.district.installation
    digest = receipt_digest(
        installation.domain, int(journal_no), int(desk), int(kind), bytes.fromhex(account), int(units), int(day), int(posted_by)
    )  # fmt: skip
    assert name == "BORAM1"
    assert recover(digest, bytes.fromhex(signature)) == app_of(installation).state.ports.service_key
    assert app_of(installation).state.ports.service_key.hex() in shown
    for word in ("머리값", "증빙 뿌리값", "잎에서 뿌리까지", "원장 순서"):
        assert word in shown


def test_a_receipt_prints_large_and_whole(chromium: Browser, site: Site) -> None:
    with opened(chromium, MODES["desk"]) as page:
        page.context.add_cookies([{"name": "somebody", "value": "resident", "url": site.address}])
        page.goto(site.address + "/me/lines")
        page.locator(".line").last.click()
        page.locator(".receipt").wait_for()
        page.emulate_media(media="print")
        sizes = page.evaluate(
            "[...document.querySelectorAll('.receipt *')].filter(one => one.innerText && one.getClientRects().length)"
            ".map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert min(sizes) >= 13 * 96 / 72 - 0.1, "13 points at least"
        assert not page.locator("nav.main").is_visible()
        assert page.locator(".help").is_visible()
        assert code_on(page).startswith("BORAM1:")


def test_a_payment_code_is_read_and_pays_once(chromium: Browser, site: Site, resident: str) -> None:
    site.district.add("payer", ["resident"], person_id=resident)
    with opened(chromium, MODES["telephone"]) as page:
        page.context.add_cookies([{"name": "somebody", "value": "payer", "url": site.address}])
        page.goto(site.address + "/me")
        page.get_by_role("button", name="창구에서 쓸 QR 보기").click()
        code = code_on(page)
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "somebody", "value": "counter", "url": site.address}])
        for attempt, seen in (("first", "완료되었습니다"), ("second", "이미 사용했거나")):
            page.goto(f"{site.address}/desk/{site.district.desk('SENIOR')}")
            page.get_by_label("결제 번호나 카드 번호", exact=True).fill(code)
            page.get_by_label("받을 코인", exact=True).fill("7")
            page.get_by_role("button", name="다음").click()
            if attempt == "first":
                page.get_by_role("button", name="7코인 받기").click()
            assert seen in page.inner_text("main"), attempt
