"""The year's reckoning is worth something only as long as it shares no code with what it is held against."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

RECKONING = Path(__file__).parents[2] / "scripts" / "year" / "reckoning.py"


def test_the_reckoning_imports_the_standard_library_alone() -> None:
    imported = set()
    for node in ast.walk(ast.parse(RECKONING.read_text())):
        if isinstance(node, ast.Import):
            imported |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert imported
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names | {"__future__"}
