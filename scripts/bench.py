"""Measure in one run what the chain takes, what a naive ledger reaches, and what this one does, and say the ratios.

    scripts/bench.py                       56,000 rows, as make bench does
    scripts/bench.py --rows 2000           a look in some seconds
    scripts/bench.py --json FILE           the figures for machines, too

Every part runs in a process of its own with a fresh embedded chain on the loopback address. Exit 0 when all parts ran and every
total agrees, 1 when one disagrees, 2 when a part could not run. What the figures mean: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import orjson
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledger_service.errors import BoramError
from scripts.benchmarks.measure import MONTH, Size
from scripts.benchmarks.naive import measure_naive
from scripts.benchmarks.ours import measure_ours
from scripts.benchmarks.progress import Telling
from scripts.benchmarks.raw import measure_raw
from scripts.benchmarks.report import Report, show
from scripts.compile import Refusal
from scripts.generate_month import Plan, generate

ROWS = 56_000
MINTS_MAX = 500
ROWS_PER_MINT = 40  # a short run is short in every part
DEFECTS_PERCENT = 3

Result = TypeVar("Result")


class PartFailed(Exception):
    """A part could not run."""


def main() -> int:
    """Run the parts and print the report."""
    given = _arguments()
    size = Size(given.rows, min(MINTS_MAX, given.rows // ROWS_PER_MINT + 1))
    month = generate(
        Plan(
            seed=1,
            rows=size.rows,
            members=size.members,
            month=MONTH,
            defects_percent=DEFECTS_PERCENT,
            odd_spellings_percent=DEFECTS_PERCENT,
        )
    )
    try:
        report = Report(
            size,
            raw=_apart(measure_raw, size),
            naive=_apart(measure_naive, size),
            ours=_apart(measure_ours, size, month),
        )
    except PartFailed as error:
        print(f"could not run: {error}", file=sys.stderr)
        return 2
    show(report, Console(highlight=False))
    if given.json is not None:
        given.json.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2))
    return 1 if report.disagreements else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows of the month's file (default: {ROWS:,})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    given = parser.parse_args()
    if given.rows < 1:
        parser.error("a month has a row at least")
    return given


def _apart(part: Callable[..., Result], *arguments: object) -> Result:
    """Run a part in a fresh process: its memory peak is its own, and nothing that another part left slows it down."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_in_its_place, part, *arguments).result()


def _in_its_place(part: Callable[..., Result], *arguments: object) -> Result:
    """The part with a folder of its own; an error crosses to the parent as its words."""
    try:
        with tempfile.TemporaryDirectory(prefix="boram-bench-") as folder, Telling() as telling:
            return part(*arguments, Path(folder), telling)
    except (BoramError, Refusal, OSError) as error:
        raise PartFailed(f"{part.__name__}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
