"""The few variables that a command needs before (or without) the settings, read without their cost: language, actor, home."""

from __future__ import annotations

import os
from pathlib import Path


def speaks_korean() -> bool:
    """Whether the terminal's language is Korean, by LC_ALL, LC_MESSAGES, LANG."""
    chosen = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return chosen.lower().startswith("ko")


def acting_name() -> str | None:
    """Whom commands act as where `--as` is not given (BORAM_AS)."""
    return os.environ.get("BORAM_AS") or None


def home_folder(given: Path | None) -> Path:
    """The home of a command that needs no other setting (BORAM_HOME, default ./var)."""
    chosen = given or Path(os.environ.get("BORAM_HOME") or "var")
    return chosen.expanduser().absolute()
