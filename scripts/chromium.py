"""Where this machine's Chromium is."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Its path, or None where there is none: `sudo apt-get install chromium` gets one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)
