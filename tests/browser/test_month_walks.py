"""The pages that need a month to end, and those of people who help each other, in a real Chromium, looked at as in test_walks.py."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.month_walks import MONTH_WALKS, MonthWalk, set_up
from tests.browser.test_walks import MODES, inspector, opened
from tests.web.month import Month

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


@pytest.mark.parametrize("walk", MONTH_WALKS)
@pytest.mark.parametrize("name", MODES)
def test_a_month_is_walked_through(chromium: Browser, month: Month, name: str, walk: str) -> None:
    mode = MODES[name]
    set_up(month)
    with opened(chromium, mode) as page:
        MONTH_WALKS[walk](MonthWalk(page, month, mode.hand(), inspector(page, mode, f"month-{name}"), month))
