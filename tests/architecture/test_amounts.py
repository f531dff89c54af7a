"""No text says an amount without its thousands set apart: coins and won are written by domain/amounts.py, or with a comma of their own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "ledger_service"
UNIT = re.compile(r"\s?(코인|coins?\b|원(?!장)|won\b|KRW\b)")


def bare_amounts(source: str) -> list[int]:
    """Lines of f-strings in which a value without a format, and that no function wrote, stands right before its unit."""
    return [
        value.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        for value, after in zip(node.values, node.values[1:], strict=False)
        if isinstance(value, ast.FormattedValue)
        and value.format_spec is None
        and not isinstance(value.value, ast.Call)
        and isinstance(after, ast.Constant)
        and UNIT.match(str(after.value))
    ]


def test_amounts_are_written_with_their_thousands() -> None:
    found = {
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted(ROOT.rglob("*.py"))
        for line in bare_amounts(file.read_text(encoding="utf-8"))
    }
    assert found == set(), "write them with domain/amounts.py"


def test_the_search_finds_a_bare_amount_in_either_language() -> None:
    assert bare_amounts('f"{left}코인입니다"; f"{left} coins"; f"{krw}원"; f"{krw} won"') == [1, 1, 1, 1]
    assert bare_amounts('f"{left:,}코인"; f"{amount(left)} coins"; f"{name}원장"; f"{coins}: coins"') == []
