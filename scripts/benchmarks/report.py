"""The figures of one run: a table on a terminal, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.measure import Agreement, Memory, Size, Spent
from scripts.benchmarks.naive import NaiveResult
from scripts.benchmarks.ours import OursResult
from scripts.benchmarks.raw import RawResult, RawRun

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Ratios:
    """Ours, by credits a second, as a share or multiple of the others in the same run."""

    ours_to_raw: float
    ours_to_raw_in_full_blocks: float
    ours_to_raw_by_processor: float
    ours_to_naive: float
    gas_naive_to_ours: float


@dataclass(frozen=True, slots=True)
class Report:
    """One run of all parts."""

    size: Size
    raw: RawResult
    naive: NaiveResult
    ours: OursResult

    @property
    def ratios(self) -> Ratios:
        """What is quoted: figures alone say little on a busy machine."""
        ours, raw = self.ours.credits_per_second, self.raw.best
        return Ratios(
            ours / raw.credits_per_second,
            ours / self.raw.best_in_full_blocks.credits_per_second,
            raw.spent.processor / raw.credits / (self.ours.spent.processor / self.ours.credits),
            ours / self.naive.credits_per_second,
            self.naive.gas_existing / raw.gas_existing,
        )

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """Every total that two sides hold."""
        return (*self.raw.agreements, *self.naive.agreements, *self.ours.agreements)

    @property
    def disagreements(self) -> list[Agreement]:
        """Totals that differ: then no figure is worth anything."""
        return [one for one in self.agreements if not one.holds]

    def as_json(self) -> dict[str, Any]:
        """Everything, with the speeds and ratios that follow from it."""
        return {
            "size": {"members": self.size.members, **asdict(self.size)},
            "raw": _with_speeds(self.raw),
            "naive": _with_speeds(self.naive),
            "ours": _with_speeds(self.ours),
            "ratios": asdict(self.ratios),
            "disagreements": [asdict(one) for one in self.disagreements],
        }


def show(report: Report, console: Console) -> None:
    """Print the run."""
    ours, ratios = report.ours, report.ratios
    console.print(f"{report.size.rows:,} rows, {report.size.members:,} residents\n")
    console.print(_speeds(report))
    console.print()
    console.print(_costs(report))
    console.print(
        f"\nours by stage: {ours.rows_per_second:,.0f} rows/s, {ours.batches} batches in {ours.blocks} blocks\n"
    )
    console.print(_stages(ours))
    console.print(
        f"\nours / raw limit: {ratios.ours_to_raw:.2f}, by processor {ratios.ours_to_raw_by_processor:.2f}, "
        f"against full blocks {ratios.ours_to_raw_in_full_blocks:.2f}"
    )
    console.print(f"ours / naive: {ratios.ours_to_naive:.0f} x")
    for one in report.disagreements:
        console.print(f"DISAGREES  {one.what}: expected {one.expected:,}, found {one.found:,}")
    if not report.disagreements:
        console.print(f"totals agree ({len(report.agreements)} checked)")


def _speeds(report: Report) -> Table:
    table = _table("speed", "credits", "seconds", "processor", "credits/s")
    parts: list[tuple[str, int, Spent, float]] = [
        *((_name(run), run.credits, run.spent, run.credits_per_second) for run in report.raw.runs),
        ("naive: web3.py, a mint each", report.naive.mints, report.naive.spent, report.naive.credits_per_second),
        ("ours: file to final", report.ours.credits, report.ours.spent, report.ours.credits_per_second),
    ]
    for name, credits, spent, speed in parts:
        table.add_row(name, f"{credits:,}", f"{spent.wall:.2f}", f"{spent.processor:.2f}", f"{speed:,.0f}")
    return table


def _costs(report: Report) -> Table:
    table = _table("gas a credit, memory peak", "existing", "new", "process", "anvil")
    raw, naive, ours = report.raw, report.naive, report.ours
    rows: list[tuple[str, str, str, Memory]] = [
        ("raw limit", f"{raw.best.gas_existing:,.0f}", f"{raw.best.gas_new:,.0f}", raw.memory),
        ("naive", f"{naive.gas_existing:,.0f}", f"{naive.gas_new:,.0f}", naive.memory),
        ("ours, both kinds mixed", f"{ours.gas:,.0f}", "", ours.memory),
    ]
    for name, existing, new, memory in rows:
        table.add_row(name, existing, new, f"{memory.process / _MIB:,.0f} MiB", f"{memory.anvil / _MIB:,.0f} MiB")
    return table


def _stages(ours: OursResult) -> Table:
    table = _table("stage", "seconds", "share", "processor")
    for stage in ours.stages:
        share = f"{stage.wall / ours.spent.wall:.0%}"
        table.add_row(stage.name, f"{stage.wall:.2f}", share, f"{stage.processor:.2f}")
    table.add_row("anvil, beside them", "", "", f"{ours.spent.anvil:.2f}")
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True, min_width=28)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _name(run: RawRun) -> str:
    blocks = ", full blocks" if run.transactions_per_block == "full" else ""
    return f"raw: {run.batches_per_transaction} a transaction{blocks}"


def _with_speeds(value: Any) -> Any:
    """A result as JSON: its fields and what its properties compute of them."""
    if isinstance(value, tuple):
        return [_with_speeds(one) for one in value]
    if not is_dataclass(value):
        return value
    named = {field.name: _with_speeds(getattr(value, field.name)) for field in fields(value)}
    speeds = ("credits_per_second", "rows_per_second", "holds")
    return named | {name: getattr(value, name) for name in speeds if hasattr(value, name)}
