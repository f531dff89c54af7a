"""docs/rules.md names code and tests: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (ROOT / "docs" / "rules.md").read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_is_read() -> None:
    assert len(ROWS) > 30
    assert {len(row) for row in ROWS} == {4}


def test_every_named_test_stands_in_the_file_named_before_it() -> None:
    missing = []
    for number, _, _, tests in ROWS:
        file = None
        for name in quoted(tests):
            if name.startswith("test_"):
                text = file.read_text() if file is not None and file.is_file() else ""
                if f"def {name}(" not in text:
                    missing.append((number, name))
            else:
                file = ROOT / "tests" / name
                if not file.is_file():
                    missing.append((number, name))
    assert missing == []


def test_every_named_module_is_there_and_has_the_name() -> None:
    missing = []
    for number, _, where, _ in ROWS:
        module = None
        for name in quoted(where):
            if "/" in name:
                module = ROOT / name if name.startswith("contracts/") else ROOT / "ledger_service" / name
                if not module.exists():
                    missing.append((number, name))
            elif module is not None and module.is_file() and name not in module.read_text():
                missing.append((number, name))
    assert missing == []


def test_every_rule_has_a_test_that_says_what_it_shows() -> None:
    assert [number for number, _, _, tests in ROWS if not quoted(tests)] == []
