"""What final batches bring to accounts, how the audit log is chained, and how a fee is raised."""

from __future__ import annotations

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from ledger_service.chain.signing import LocalSigner, sign_transaction
from ledger_service.chain.transactions import Fees
from ledger_service.domain.entries import Kind
from ledger_service.domain.hashing import ZERO32, keccak
from ledger_service.domain.orders import Order, OrderCode
from ledger_service.journal.audit_log import AuditRow
from ledger_service.posting.audit_chain import row_hash
from ledger_service.posting.fees import raised, replaced
from ledger_service.posting.gas import entry_gas, order_gas
from ledger_service.posting.settlement import Settlement

ONE, TWO = b"\x01" * 20, b"\x02" * 20


def test_applied_credits_and_refunds_bring_coins_and_skipped_debits_give_them_back() -> None:
    sums = Settlement()
    sums.add(
        3,
        4,
        [
            (ONE, Kind.CREDIT, 10, 0),
            (ONE, Kind.CREDIT, 5, 1),
            (TWO, Kind.REFUND, 3, 2),
            (TWO, Kind.REFUND, 4, 3),
            (ONE, Kind.REDEEM, 7, 4),
            (ONE, Kind.REDEEM, 8, 5),
            (TWO, Kind.DONATE, 9, 6),
            (ONE, Kind.CORRECT, 2, 7),
            (ONE, Kind.CORRECT, 2, 8),
            (TWO, Kind.EXPIRE, 1, 9),
            (TWO, Kind.SET_OFF, 1, 10),
        ],
        {1, 3, 5, 6, 8, 10},
    )
    assert sums.credits == {ONE: 10}
    assert sums.refunds == {TWO: 3}
    assert sums.refused_debits == {ONE: 8, TWO: 10}
    assert sums.corrections == [(3, 4, 7)]


def test_a_row_of_the_audit_log_is_hashed_as_the_formats_say() -> None:
    row = AuditRow(7, 1_700_000_000, "an-actor", "propose", "a-subject", '{"b":[1,2],"title":"코인"}', None, None)
    canonical = (
        '{"action":"propose","actor":"an-actor","at":1700000000,"detail":{"b":[1,2],"title":"코인"},"id":7,'
        '"subject":"a-subject"}'
    )
    assert row_hash(ZERO32, row) == keccak(ZERO32 + keccak(canonical.encode()))


def test_a_raised_fee_keeps_the_nonce_and_the_call() -> None:
    signer = LocalSigner(b"\x09" * 32)
    first = sign_transaction(
        signer, chain_id=5, nonce=3, to=ONE, data=b"\x01\x02", gas=50_000, max_fee=1_000, max_priority_fee=100
    )
    fees = raised(first.raw, Fees(900, 10))
    second = replaced(signer, first.raw, fees)
    assert (fees.max_fee, fees.max_priority_fee) == (1_131, 114)
    before, after = (TypedTransaction.from_bytes(HexBytes(one.raw)).as_dict() for one in (first, second))
    changed = {name for name in before if before[name] != after[name]} - {"r", "s", "v"}
    assert changed == {"maxFeePerGas", "maxPriorityFeePerGas"}
    assert raised(first.raw, Fees(9_000, 200)) == Fees(9_000, 200)


def test_an_unknown_kind_or_order_has_a_bound_too() -> None:
    assert entry_gas(Kind.MERGE, is_new_account=True) > entry_gas(Kind.CREDIT, is_new_account=True)
    assert order_gas(Order(99, ())) > 0
    assert order_gas(Order(OrderCode.REGISTER_DESK, (1, 1, 0, 1, 2, 3))) > order_gas(
        Order(OrderCode.REGISTER_DESK, (1, 1, 0, 1, 2))
    )
