"""The sealer's bound is never below what forge measured on the deployed code."""

from __future__ import annotations

import json

import pytest

from ledger_service.domain.entries import Kind
from ledger_service.posting.gas import TRANSACTION_BASE, batch_gas, entry_gas
from tests.chain.world import ROOT

BATCH_GAS_MAX = 14_000_000
GAS = json.loads((ROOT / "tests" / "vectors" / "gas.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("measured", "kind", "entries", "is_new", "annex_bytes"),
    [
        ("creditSameMonth", Kind.CREDIT, 500, False, 0),
        ("creditNewMonth", Kind.CREDIT, 500, False, 0),
        ("creditLateMonth", Kind.CREDIT, 500, False, 0),
        ("creditNewAccount", Kind.CREDIT, 500, True, 0),
        ("redeem", Kind.REDEEM, 500, False, 0),
        ("donate", Kind.DONATE, 500, False, 0),
        ("refundProofEach", Kind.REFUND, 150, False, 64_501),
    ],
)
def test_a_full_batch_costs_less_than_its_bound(
    measured: str, kind: Kind, entries: int, is_new: bool, annex_bytes: int
) -> None:
    each = entry_gas(kind, is_new_account=is_new)
    bound = batch_gas(entries * each, needs=0, annex_bytes=annex_bytes, signatures=1)
    assert GAS[measured] * entries < bound + TRANSACTION_BASE
    assert bound <= BATCH_GAS_MAX
