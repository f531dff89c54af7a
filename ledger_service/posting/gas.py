"""How much gas posting costs at most. Measured on the contract (tests/integration/posting/test_gas.py holds it to this table).

A batch's bound is decided when it is sealed, for the worst case: every account that the chain may not know yet is new.
"""

from __future__ import annotations

from ledger_service.domain.entries import Kind
from ledger_service.domain.orders import Order, OrderCode

TRANSACTION_BASE = 21_000
BATCH_BASE = 240_000
SIGNATURE = 12_000
NEED = 4_000
ANNEX_BYTE = 20  # calldata of proofs is dense: 16, and it is read into memory once
NEW_ACCOUNT = 17_300

_SIGNER = 28_000
_ORDERS: dict[int, int] = {
    OrderCode.REGISTER_DESK: 60_000,
    OrderCode.ROTATE_KEYS: 60_000,
    OrderCode.OFFICE_KEYS: 60_000,
    OrderCode.RATE: 110_000,
    OrderCode.COIN_VALUE: 85_000,
    OrderCode.DESK_LIMIT: 85_000,
    OrderCode.BUDGET: 85_000,
    OrderCode.PERSON_CAP: 85_000,
}
_OTHER_ORDER = 55_000
_WITH_SIGNERS = frozenset({OrderCode.REGISTER_DESK, OrderCode.ROTATE_KEYS, OrderCode.OFFICE_KEYS})

_ENTRY = {
    Kind.CREDIT: 9_800,  # of the month before the one that the account last counted; else 8,181
    Kind.REDEEM: 9_800,
    Kind.REFUND: 43_000,
    Kind.DONATE: 13_000,
    Kind.EXPIRE: 10_600,
    Kind.CORRECT: 45_000,
    Kind.SET_OFF: 11_000,
    Kind.MONTH_CLOSE: 60_000,
}
_OTHER_ENTRY = 30_000


def entry_gas(kind: int, *, is_new_account: bool) -> int:
    """One entry, with its calldata and log."""
    return _ENTRY.get(Kind(kind), _OTHER_ENTRY) + (NEW_ACCOUNT if is_new_account else 0)


def batch_gas(entries_gas: int, *, needs: int, annex_bytes: int, signatures: int) -> int:
    """A batch whose entries cost `entries_gas`."""
    return BATCH_BASE + entries_gas + NEED * needs + ANNEX_BYTE * annex_bytes + SIGNATURE * signatures


def order_gas(order: Order) -> int:
    """One order, with its notice and its log; each signer fills a storage slot."""
    signers = len(order.args) if order.code in _WITH_SIGNERS else 0
    return _ORDERS.get(order.code, _OTHER_ORDER) + _SIGNER * signers
