"""The figures of one run: a table on a terminal, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.measure import Agreement, Memory, Size, Spent
from scripts.benchmarks.naive import NaiveResult
from scripts.benchmarks.ours import OursResult
from scripts.benchmarks.raw import RawResult

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
    ours = report.ours
    console.print(f"{report.size.rows:,} rows, {report.size.members:,} residents\n")
    console.print(_peers(report))
    console.print(
        f"\nours by stage: {ours.rows_per_second:,.0f} rows/s, {ours.batches} batches in {ours.blocks} blocks\n"
    )
    console.print(_stages(ours))
    ratios = report.ratios
    console.print(
        f"\nours / raw limit: {ratios.ours_to_raw:.2f}   "
        f"(blocks filled by hand: {ratios.ours_to_raw_in_full_blocks:.2f}, "
        f"by processor: {ratios.ours_to_raw_by_processor:.2f})   "
        f"ours / naive: {ratios.ours_to_naive:.0f} x"
    )
    for one in report.disagreements:
        console.print(f"DISAGREES  {one.what}: expected {one.expected:,}, found {one.found:,}")
    if not report.disagreements:
        console.print(f"totals agree ({len(report.agreements)} checked)")


def _peers(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "credits", "seconds", "processor", "credits/s", "gas existing", "gas new", "memory", "anvil"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for run in report.raw.runs:
        blocks = "" if run.transactions_per_block == "any" else ", full blocks"
        table.add_row(
            f"raw limit, {run.batches_per_transaction} a transaction{blocks}",
            *(f"{run.credits:,}", *_spent(run.spent), f"{run.credits_per_second:,.0f}"),
            *(f"{run.gas_existing:,.0f}", f"{run.gas_new:,.0f}"),
            *_memory(report.raw.memory),
        )
    naive = report.naive
    table.add_row(
        "naive: web3.py, a mint each",
        *(f"{naive.mints:,}", *_spent(naive.spent), f"{naive.credits_per_second:,.0f}"),
        *(f"{naive.gas_existing:,.0f}", f"{naive.gas_new:,.0f}"),
        *_memory(naive.memory),
    )
    ours = report.ours
    table.add_row(
        "ours: file to final",
        *(f"{ours.credits:,}", *_spent(ours.spent), f"{ours.credits_per_second:,.0f}"),
        *("", f"{ours.gas:,.0f} mixed"),
        *_memory(ours.memory),
    )
    return table


def _stages(ours: OursResult) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("stage", "seconds", "share", "processor"):
        table.add_column(heading, justify="left" if heading == "stage" else "right", no_wrap=True)
    for stage in ours.stages:
        share = f"{stage.wall / ours.spent.wall:.0%}"
        table.add_row(stage.name, f"{stage.wall:.2f}", share, f"{stage.processor:.2f}")
    table.add_row("anvil, beside them", "", "", f"{ours.spent.anvil:.2f}")
    return table


def _spent(spent: Spent) -> tuple[str, str]:
    return f"{spent.wall:.2f}", f"{spent.processor:.2f}"


def _memory(memory: Memory) -> tuple[str, str]:
    return f"{memory.process / _MIB:,.0f} MiB", f"{memory.anvil / _MIB:,.0f} MiB"


def _with_speeds(value: Any) -> Any:
    """A result as JSON: its fields and what its properties compute of them."""
    if isinstance(value, tuple):
        return [_with_speeds(one) for one in value]
    if not is_dataclass(value):
        return value
    named = {field.name: _with_speeds(getattr(value, field.name)) for field in fields(value)}
    speeds = ("credits_per_second", "rows_per_second", "holds")
    return named | {name: getattr(value, name) for name in speeds if hasattr(value, name)}
