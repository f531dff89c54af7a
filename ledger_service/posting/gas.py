"""How much gas posting costs at most. Measured on the contract (tests/integration/posting/test_gas.py holds it to this table).

A batch's bound is decided when it is sealed, for the worst case: every account that the chain may not know yet is new.
"""

from __future__ import annotations

from collections.abc import Iterable

from ledger_service.domain.entries import Kind
from ledger_service.domain.orders import Order

TRANSACTION_BASE = 21_000
BATCH_BASE = 300_000
SIGNATURE = 12_000
NEED = 4_000
ANNEX_BYTE = 20  # calldata of proofs is dense: 16, and it is read into memory once
NEW_ACCOUNT = 18_000
ORDER_BASE = 70_000
ORDER_ARGUMENT = 26_000

_ENTRY = {
    Kind.CREDIT: 8_900,
    Kind.REDEEM: 9_500,
    Kind.REFUND: 42_000,
    Kind.DONATE: 14_000,
}
_OTHER_ENTRY = 30_000


def entry_gas(kind: int, *, is_new_account: bool) -> int:
    """One entry, with its calldata and log."""
    return _ENTRY.get(Kind(kind), _OTHER_ENTRY) + (NEW_ACCOUNT if is_new_account else 0)


def batch_gas(entries_gas: int, *, needs: int, annex_bytes: int, signatures: int) -> int:
    """A batch whose entries cost `entries_gas`."""
    return BATCH_BASE + entries_gas + NEED * needs + ANNEX_BYTE * annex_bytes + SIGNATURE * signatures


def order_gas(order: Order) -> int:
    """One order; every argument may fill a storage slot."""
    return ORDER_BASE + ORDER_ARGUMENT * len(order.args)


def transaction_gas(batch_bounds: Iterable[int]) -> int:
    """A transaction of these batches."""
    return TRANSACTION_BASE + sum(batch_bounds)
