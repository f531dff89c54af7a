"""The threats' table and the security page name tests that exist, and leave nothing out."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THREATS = 43
LEAST_NAMED = {"threats.md": 80, "security.md": 0, "asvs.md": 60}
LEVEL_TWO: dict[int, dict[int, tuple[int, tuple[int, ...]]]] = {
    1: {
        1: (7, ()), 2: (4, ()), 4: (5, (2, 3)), 5: (4, ()), 6: (4, ()), 7: (2, ()), 8: (2, ()), 9: (2, ()), 10: (1, ()),
        11: (2, ()), 12: (2, (1,)), 14: (6, ()),
    },
    2: {
        1: (12, ()), 2: (3, ()), 3: (3, ()), 4: (6, ()), 5: (7, ()), 6: (3, ()), 7: (6, ()), 8: (7, ()), 9: (3, ()),
        10: (4, ()),
    },
    3: {1: (1, ()), 2: (4, ()), 3: (4, ()), 4: (5, ()), 5: (3, ()), 7: (1, ())},
    4: {1: (5, (4,)), 2: (2, ()), 3: (3, ())},
    5: {1: (5, ()), 2: (8, ()), 3: (10, ()), 4: (3, ()), 5: (4, ())},
    6: {1: (3, ()), 2: (6, ()), 3: (2, ()), 4: (2, ())},
    7: {1: (4, ()), 2: (2, ()), 3: (4, (2,)), 4: (3, ())},
    8: {1: (4, ()), 2: (3, ()), 3: (8, ())},
    9: {1: (3, ()), 2: (4, ())},
    10: {2: (2, ()), 3: (3, ())},
    11: {1: (8, ())},
    12: {1: (3, ()), 2: (1, ()), 3: (6, ()), 4: (2, ()), 5: (2, ()), 6: (1, ())},
    13: {1: (5, (2,)), 2: (6, (4,)), 3: (2, ()), 4: (2, ())},
    14: {1: (4, ()), 2: (6, ()), 3: (3, (1,)), 4: (7, ()), 5: (4, ())},
}  # fmt: skip


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


@pytest.mark.parametrize("page", ["threats.md", "security.md", "asvs.md"])
def test_the_tests_that_are_named_are_there(page: str) -> None:
    named = set(re.findall(r"`((?:test|testFuzz|invariant)_\w+)`", (ROOT / "docs" / page).read_text()))
    assert len(named) >= LEAST_NAMED[page]
    assert named - known_tests() == set()


def test_the_code_that_the_verification_standard_names_is_there() -> None:
    named = set(re.findall(r"`([\w/-]+(?:\.\w+|/))`", (ROOT / "docs" / "asvs.md").read_text()))
    assert len(named) > 40
    assert [one for one in named if not any((place / one).exists() for place in (ROOT, ROOT / "ledger_service"))] == []


def level_two() -> set[str]:
    """The lines of OWASP ASVS 4.0.3 that level 2 asks for: chapter, section, how many lines, and those that are deleted or of level 3."""
    found = set()
    for chapter, sections in LEVEL_TWO.items():
        for section, (last, without) in sections.items():
            found |= {f"{chapter}.{section}.{number}" for number in range(1, last + 1) if number not in without}
    return found


def test_every_line_of_the_verification_standard_has_a_state() -> None:
    lines = {row[0]: row for row in rows("asvs.md") if re.match(r"\d+\.\d+\.\d+", row[0])}
    assert set(lines) == level_two()
    for row in lines.values():
        assert row[1] in ("met", "n/a", "deviation"), row
        assert row[2], row


def test_the_count_of_the_verification_standard_is_right() -> None:
    states = [row[1] for row in rows("asvs.md") if re.match(r"\d+\.\d+\.\d+", row[0])]
    said = (
        f"Of {len(states)} lines {states.count('met')} are met, {states.count('n/a')} do not apply, "
        f"{states.count('deviation')} are deviations."
    )
    assert said in (ROOT / "docs" / "asvs.md").read_text()
