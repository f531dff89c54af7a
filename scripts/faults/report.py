"""The table: what each class of faults did and what came of it, of one run or of all runs that a log knows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.faults.fault import KILLS, REORGS
from scripts.faults.run import Outcome

COLUMNS = (
    "faults", "rounds", "strikes", "kills", "reorgs", "operations", "requests", "lost", "doubled", "wrong balances", "holds left", "other",
    "drain s",
)  # fmt: skip
SOURCES = ("ledger_service", "scripts/faults")
_NAMED = {"lost": "lost", "doubled": "doubled", "balance": "wrong balances", "held": "holds left"}


def row_of(outcome: Outcome) -> dict[str, Any]:
    """A round as a row that can be added up."""
    kinds = Counter(_NAMED.get(one.kind, "other") for one in outcome.violations)
    return {
        "faults": outcome.round.fault,
        "rounds": 1,
        "strikes": len(outcome.round.events),
        "kills": outcome.tally[KILLS],
        "reorgs": outcome.tally[REORGS],
        "operations": outcome.operations,
        "requests": outcome.requests,
        **{name: kinds[name] for name in (*_NAMED.values(), "other")},
        "drain s": round(outcome.drain_seconds, 1),
    }


def added(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a class, and one of all; of the drain the longest."""
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        for name in (row["faults"], "all"):
            known = sums.setdefault(name, dict.fromkeys(COLUMNS, 0) | {"faults": name})
            for column in COLUMNS[1:-1]:
                known[column] += row[column]
            known["drain s"] = max(known["drain s"], row["drain s"])
    total = sums.pop("all", None)
    return [*sums.values(), *([total] if total else [])]


def short_of(rows: Sequence[dict[str, Any]], least: Mapping[str, int]) -> list[str]:
    """What these rounds together did not come to."""
    sums = {name: sum(row[name] for row in rows) for name in least}
    return [f"{sums[name]:,} {name} of at least {count:,}" for name, count in least.items() if sums[name] < count]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown, readable as it is."""
    shown = [
        [f"{row[column]:,}" if isinstance(row[column], int) else str(row[column]) for column in COLUMNS] for row in rows
    ]
    widths = [max(len(line[at]) for line in (list(COLUMNS), *shown)) for at in range(len(COLUMNS))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cells[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(["", "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:]), ""])
    return "\n".join([line(COLUMNS), rule, *(line(cells) for cells in shown)])


def sources_of(root: Path) -> str:
    """Names the service and the harness as they are: rounds of other sources are not added up with these."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for file in sorted((root / folder).rglob("*.py")):
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def read_log(file: Path, sources: str) -> list[dict[str, Any]]:
    """The rows that runs of the same sources wrote."""
    if not file.is_file():
        return []
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [row for row in rows if row["sources"] == sources]


def write_log(file: Path, sources: str, seed: int, row: dict[str, Any]) -> None:
    """Add a round."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(json.dumps({"sources": sources, "seed": seed} | row, ensure_ascii=False) + "\n")
