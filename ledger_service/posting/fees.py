"""Raising the fee of a transaction that nobody mines: the same nonce and call, some more for the miner."""

from __future__ import annotations

from typing import Any

from hexbytes import HexBytes

from ledger_service.chain.signing import SignedTransaction, Signer, sign_transaction
from ledger_service.chain.transactions import Fees

RAISE_PERCENT = 13  # nodes want 10 % more at least, some 12.5 %


def _fields(raw: bytes) -> dict[str, Any]:
    # Here and not above: it brings half a second of curve arithmetic into every start, for something that is rarely done.
    from eth_account.typed_transactions.typed_transaction import TypedTransaction

    return dict(TypedTransaction.from_bytes(HexBytes(raw)).as_dict())


def raised(raw: bytes, suggested: Fees) -> Fees:
    """Fees that replace those of a transaction, and that the next blocks take."""
    fields = _fields(raw)
    max_fee = _more(int(fields["maxFeePerGas"]))
    priority = _more(int(fields["maxPriorityFeePerGas"]))
    return Fees(
        max(max_fee, suggested.max_fee, priority, suggested.max_priority_fee),
        max(priority, suggested.max_priority_fee),
    )


def replaced(signer: Signer, raw: bytes, fees: Fees) -> SignedTransaction:
    """The transaction that replaces another one: only its fees differ."""
    fields = _fields(raw)
    return sign_transaction(
        signer,
        chain_id=int(fields["chainId"]),
        nonce=int(fields["nonce"]),
        to=bytes(HexBytes(fields["to"])),
        data=bytes(HexBytes(fields["data"])),
        gas=int(fields["gas"]),
        max_fee=fees.max_fee,
        max_priority_fee=fees.max_priority_fee,
    )


def _more(fee: int) -> int:
    return fee + fee * RAISE_PERCENT // 100 + 1
