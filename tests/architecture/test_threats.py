"""The threats' table and the security page name tests that exist, and leave nothing out."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THREATS = 43


@cache
def known_tests() -> frozenset[str]:
    found: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        found.update(re.findall(r"def (test_\w+)\(", file.read_text()))
    for file in (ROOT / "contracts" / "test").rglob("*.t.sol"):
        found.update(re.findall(r"function ((?:test|testFuzz|invariant)_\w+)\(", file.read_text()))
    return frozenset(found)


def rows(page: str) -> list[list[str]]:
    lines = (ROOT / "docs" / page).read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_every_threat_has_a_row_and_every_row_a_test() -> None:
    threats = [row for row in rows("threats.md") if row[0].isdigit()]
    assert [int(row[0]) for row in threats] == list(range(1, THREATS + 1))
    for number, _, control, named in threats:
        assert control
        assert re.findall(r"`(test\w+)`", named), number


@pytest.mark.parametrize("page", ["threats.md", "security.md"])
def test_the_tests_that_are_named_are_there(page: str) -> None:
    named = set(re.findall(r"`((?:test|testFuzz|invariant)_\w+)`", (ROOT / "docs" / page).read_text()))
    assert len(named) > 20
    assert named - known_tests() == set()


def test_every_line_of_the_verification_standard_has_a_state() -> None:
    lines = [row for row in rows("security.md") if re.match(r"\d+\.\d+\.\d+", row[0])]
    assert len(lines) > 60
    for row in lines:
        assert re.match(r"(met|n/a|deviation)\b", row[1]), row
        assert row[2], row
