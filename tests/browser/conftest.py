"""A real Chromium. Where there is none the tests are skipped and say how to get one; `make browser` then fails instead."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from scripts.chromium import find_chromium
from tests.api.conftest import district as district
from tests.api.conftest import newcomer as newcomer
from tests.api.conftest import resident as resident
from tests.integration.posting.conftest import anvil as anvil
from tests.integration.posting.conftest import bare_hall as bare_hall
from tests.integration.posting.conftest import hall as hall
from tests.integration.posting.conftest import rpc as rpc
from tests.web.conftest import books as books
from tests.web.conftest import month as month
from tests.web.conftest import site as site

HOW = "no Chromium: the pages were NOT tested in a browser. Install it: sudo apt-get install chromium"
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")  # while it is open, its event loop runs in this thread
def chromium() -> Iterator[Browser]:
    found = find_chromium()
    if found is None:
        if os.environ.get("BORAM_BROWSER") == "required":
            pytest.fail(HOW)
        pytest.skip(HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()
