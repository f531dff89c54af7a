"""Months that are not the sample, through the real service: other encodings, date forms and defects, full batches, unknown centres."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts.generate_month import Month, Plan, generate
from scripts.running import Client, RunningBoram, running
from tests.e2e.test_kill import audit
from tests.reference_import import Ledger

PLANS = {
    "a full batch in UTF-8": Plan(seed=41, rows=4_000, members=900, month=date(2025, 2, 1), format="utf-8-sig", defects_percent=25),
    "a workbook": Plan(seed=42, rows=400, members=80, month=date(2024, 11, 1), format="xlsx", defects_percent=50),
}  # fmt: skip


def limits(month: Month) -> bytes:
    """Room for whatever the month earns: what is tested here is the import."""
    codes = [row["code"] for row in csv.DictReader(io.StringIO(month.files["centers.csv"].decode("utf-8-sig")))]
    rows = [f"centre,{code},{month.as_of:%Y-%m},1000000" for code in codes]
    return "\n".join(
        ["limit,code,period,coins", *rows, f"budget,,{month.as_of.year},10000000", f"person,,{month.as_of.year},100000"]
    ).encode()


def load(service: RunningBoram, month: Month, tmp_path: Path) -> tuple[Client, Client]:
    office, second = service.add_actor("office", "office"), service.add_actor("second", "office")
    for kind in ("members", "centers", "programmes", "limits"):
        file = tmp_path / f"{kind}.csv"
        file.write_bytes(limits(month) if kind == "limits" else month.files[f"{kind}.csv"])
        loaded = office.upload(f"/api/v1/master/{kind}", file)
        if loaded["id"]:
            second.post(f"/api/v1/approvals/{loaded['id']}/approve")
    second.post(f"/api/v1/approvals/{office.post('/api/v1/orders/opening')['id']}/approve")
    return office, second


@pytest.mark.parametrize(
    "plan",
    [
        one if name.startswith("a full batch") else pytest.param(one, marks=pytest.mark.slow)
        for name, one in PLANS.items()
    ],
    ids=PLANS,
)
def test_a_generated_month_comes_out_as_an_independent_reading_of_the_rules_says(plan: Plan, tmp_path: Path) -> None:
    month = generate(plan)
    expected = Ledger(*(month.files[f"{kind}.csv"] for kind in ("members", "centers", "programmes"))).run(
        month.activities, month.as_of
    )
    counts = Counter(outcome for _, outcome, _ in expected)
    assert {"unknown_center", "ok", "capped", "duplicate_record", "malformed", "overlap"} <= set(counts)
    home = tmp_path / "home"
    with running(home, environment="test", business_date=month.as_of.isoformat()) as service:
        office, second = load(service, month, tmp_path)
        submitted: dict[str, Any] = office.try_upload("/api/v1/imports", month.activities).json()
        assert submitted["outcomes"] == counts
        lines = office.get(f"/api/v1/imports/{submitted['id']}/lines", limit=1000)
        first = [(one["line"], one["outcome"], one["coins"]) for one in lines["lines"]]
        assert first == expected[: len(first)]
        second.post(f"/api/v1/approvals/{submitted['id']}/approve")
        service.wait_until_settled(office)
        assert office.get("/api/v1/totals")["final_outstanding"] == sum(coins for _, _, coins in expected)
        assert office.try_upload("/api/v1/imports", month.activities).json()["code"] == "nothing_to_submit"
        sizes = [batch["entries"] for batch in office.get("/api/v1/batches", limit=200)["batches"]]
        assert (max(sizes) == 500) is (plan.rows > 1_000)
        code, report = audit(service, home)
        assert code == 0, report["findings"]
