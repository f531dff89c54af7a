"""The bench's arithmetic: ratios within one run, and totals that must agree."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from scripts.benchmarks.measure import MONTH, Agreement, Memory, Size, Spent, Stage, Watch, memory_peaks, read_spent
from scripts.benchmarks.naive import NaiveResult, measure_naive
from scripts.benchmarks.ours import OursResult, measure_ours
from scripts.benchmarks.progress import Telling
from scripts.benchmarks.raw import RawResult, RawRun, measure_raw
from scripts.benchmarks.report import Report, show
from scripts.generate_month import Plan, generate

NO_SUCH_PROCESS = 2**30
MEMORY = Memory(100 * 2**20, 50 * 2**20)


def _run(batches: int, seconds: float, blocks: str = "any") -> RawRun:
    return RawRun(batches, blocks, 1_000, 2, Spent(seconds, seconds / 4, seconds / 2), 8_000.0, 25_000.0)


def _report(supply: int = 5_000) -> Report:
    agreed = Agreement("raw: supply", 5_000, supply)
    return Report(
        Size(1_000, 100),
        RawResult((_run(1, 0.4), _run(2, 0.2), _run(3, 0.1), _run(3, 0.05, "full")), MEMORY, (agreed,)),
        NaiveResult(100, Spent(10.0, 4.0, 1.0), 34_000.0, 51_000.0, MEMORY, ()),
        OursResult(
            1_250, 1_000, 5_000, 3, 1, Spent(0.5, 0.2, 0.1), 9_000.0, (Stage("judge", 0.1, 0.1),), MEMORY, ()
        ),
    )  # fmt: skip


def test_the_raw_limit_is_the_best_of_the_transactions_that_are_sent_as_they_come() -> None:
    report = _report()
    assert report.raw.best.batches_per_transaction == 3
    assert report.raw.best_in_full_blocks.transactions_per_block == "full"
    assert report.ratios.ours_to_raw == 2_000 / 10_000
    assert report.ratios.ours_to_raw_in_full_blocks == 2_000 / 20_000
    assert report.ratios.ours_to_naive == 200
    assert round(report.ratios.ours_to_raw_by_processor, 9) == 0.25


def test_a_total_that_differs_is_told() -> None:
    report = _report(supply=4_999)
    shown = io.StringIO()
    show(report, Console(file=shown, width=160))
    assert "DISAGREES  raw: supply: expected 5,000, found 4,999" in shown.getvalue()
    assert report.disagreements == [Agreement("raw: supply", 5_000, 4_999)]


def test_the_table_is_plain_where_it_is_not_a_terminal() -> None:
    shown = io.StringIO()
    show(_report(), Console(file=shown, width=160))
    assert "\x1b" not in shown.getvalue()
    assert "totals agree (1 checked)" in shown.getvalue()


def test_the_figures_are_json_with_their_speeds() -> None:
    figures = orjson.loads(orjson.dumps(_report().as_json()))
    assert figures["raw"]["runs"][2]["credits_per_second"] == 10_000
    assert figures["ours"]["rows_per_second"] == 2_500
    assert figures["size"] == {"members": 222, "rows": 1_000, "mints": 100}
    assert figures["disagreements"] == []


def test_a_stage_that_comes_again_is_added_up() -> None:
    watch = Watch()
    assert watch.take("seal", lambda: 7) == 7
    watch.add("seal", 1.0, 0.5)
    watch.add("send", 2.0, 1.0)
    seal, send = watch.stages
    assert (seal.name, send) == ("seal", Stage("send", 2.0, 1.0))
    assert 1.0 <= seal.wall < 2.0
    watch.clear()
    assert watch.stages == ()


def test_a_process_that_is_gone_counts_nothing() -> None:
    assert read_spent(NO_SUCH_PROCESS).anvil == 0
    assert memory_peaks(NO_SUCH_PROCESS).anvil == 0
    assert memory_peaks(NO_SUCH_PROCESS).process > 0


@pytest.mark.slow
def test_a_small_month_goes_the_whole_way_and_the_totals_agree(tmp_path: Path) -> None:
    size = Size(600, 4)
    month = generate(Plan(seed=1, rows=size.rows, members=size.members, month=MONTH))
    with Telling() as telling:
        for part in ("raw", "naive", "ours"):
            (tmp_path / part).mkdir()
        report = Report(
            size,
            measure_raw(size, tmp_path / "raw", telling),
            measure_naive(size, tmp_path / "naive", telling),
            measure_ours(size, month, tmp_path / "ours", telling),
        )
    assert report.disagreements == []
    assert report.ours.batches > 0
    assert {stage.name for stage in report.ours.stages} >= {"judge", "approve", "seal + hash", "send", "follow"}
