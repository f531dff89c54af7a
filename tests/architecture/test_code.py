"""Rules of the code that no linter of ours knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ledger_service import errors
from ledger_service.errors import BoramError

SERVICE = Path(errors.__file__).parent
MODULES = sorted(SERVICE.rglob("*.py"))
MONEY = [path for path in MODULES if path.parent.name in {"domain", "services", "posting", "journal"}]


def every_error() -> list[type[BoramError]]:
    import importlib

    for path in MODULES:
        if "migrations" not in path.parts and path.name != "__init__.py":
            importlib.import_module(".".join(("ledger_service", *path.relative_to(SERVICE).with_suffix("").parts)))
    found, open_ends = [], [BoramError]
    while open_ends:
        for subclass in open_ends.pop().__subclasses__():
            found.append(subclass)
            open_ends.append(subclass)
    return [one for one in found if one.__module__.startswith("ledger_service.")]


def test_every_error_has_a_code_of_its_own_and_a_status() -> None:
    codes = [one.code for one in every_error()]
    assert sorted(codes) == sorted(set(codes))
    assert all(400 <= one.status <= 599 for one in every_error())


@pytest.mark.parametrize("path", MONEY, ids=lambda path: path.stem)
def test_no_float_decides_money(path: Path) -> None:
    tree = ast.parse(path.read_text())
    floats = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    named = [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "float") or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
    ]  # fmt: skip
    allowed = {
        "engine",
        "migrate",
        "bundles",
        "kept_logs",
        "loops",
        "poster_lease",
        "rate_limits",
        "workbook_file",
    }  # paths, seconds, cells of a spreadsheet
    assert path.stem in allowed or not floats + named


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_clocks_ids_and_the_environment_come_in_as_arguments(path: Path) -> None:
    if path.stem == "config" or path.parent.name in {"adapters", "bootstrap", "commands"}:
        return
    calls = {
        f"{node.func.value.id}.{node.func.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    assert not calls & {"datetime.now", "date.today", "time.time", "uuid.uuid4", "os.getenv", "random.random"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_log_line_is_one_fixed_text(path: Path) -> None:
    """Arguments are not written (adapters/logs.py): they may be personal. A line with a hole in it says nothing."""
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    holed = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "_log"
        and node.func.attr in levels
        and not (len(node.args) == 1 and isinstance(node.args[0], ast.Constant))
    ]
    assert holed == []
