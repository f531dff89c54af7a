"""What the entries of one batch share while they are applied, and what they have done so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger_service.audit.annex import AnnexCursor, Proof, Statement
from ledger_service.audit.office import OrderResult
from ledger_service.audit.state import Account, Limit, State
from ledger_service.domain.batches import Batch, Domain
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import (
    DESK_ACCOUNT_PREFIX,
    FUND_ACCOUNT_PREFIX,
    Skip,
    desk_account,
    skipped_hash,
)
from ledger_service.domain.orders import OrderCode

NOBODY = bytes(20)
APPLIED = 0

Recover = Callable[[bytes, bytes], bytes | None]
"""The signer of a digest, None where the signature is none."""

_RESERVED = frozenset({DESK_ACCOUNT_PREFIX, FUND_ACCOUNT_PREFIX})


@dataclass(slots=True)
class Applied:
    """What a batch did. Coins are gross; transfers are (from, to, coins), with the zero address for issue and burn."""

    coins_applied: int = 0
    skips: list[tuple[int, int]] = field(default_factory=list)
    orders: list[OrderResult] = field(default_factory=list)
    transfers: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    reissued: list[tuple[int, int]] = field(default_factory=list)
    coins_of_kind: dict[int, int] = field(default_factory=dict)
    entries_of_kind: dict[int, int] = field(default_factory=dict)

    @property
    def skipped_hash(self) -> bytes:
        """As BatchPosted carries it."""
        return skipped_hash(self.skips)


@dataclass(slots=True)
class Run:
    """One batch on its way through the rules. `pair` is the second half of a merge and what became of the first."""

    state: State
    domain: Domain
    recover: Recover
    batch: Batch
    month: int
    allotment: Limit
    allotment_left: int
    budget: Limit
    budget_left: int
    person_cap: int
    desk_address: bytes
    items: AnnexCursor
    index: int = 0
    proof: Proof | None = None
    statement: Statement | None = None
    pair: tuple[int, int] = (-1, APPLIED)
    applied: Applied = field(default_factory=Applied)

    def move(self, giver: bytes, receiver: bytes, coins: int) -> None:
        """Write down that coins moved (nothing where there are none)."""
        if coins:
            self.applied.transfers.append((giver, receiver, coins))

    def burn(self, account: bytes, holder: Account, coins: int) -> None:
        """Take coins out of being."""
        holder.coins -= coins
        self.state.totals.burnt += coins
        self.move(account, NOBODY, coins)

    def count(self, coins: int) -> None:
        """Count coins towards the desk's allotment and the sum of the batch."""
        self.allotment_left -= coins
        self.allotment.used += coins
        self.applied.coins_applied += coins

    def spend(self, holder: Account, coins: int) -> int:
        """The reason why coins cannot leave the holder, who has kept them; where none, they are counted but not moved."""
        if coins > holder.coins:
            return Skip.BALANCE
        if coins > self.allotment_left:
            return Skip.ALLOTMENT
        self.count(coins)
        return APPLIED


def run_of(state: State, domain: Domain, recover: Recover, batch: Batch) -> Run:
    """A batch before its first entry, with the limits of its day."""
    day = batch.day
    date = date_of(day)
    month = max(0, month_number(date))
    allotment = state.limit(OrderCode.DESK_LIMIT, batch.desk, month)
    budget = state.limit(OrderCode.BUDGET, date.year)
    return Run(
        state,
        domain,
        recover,
        batch,
        month,
        allotment,
        allotment.left_on(day),
        budget,
        budget.left_on(day),
        state.limit(OrderCode.PERSON_CAP, date.year).amount_on(day),
        desk_account(batch.desk),
        AnnexCursor(batch.annex),
    )


def is_personal(account: bytes) -> bool:
    """Whether an account may be a resident's or shop's."""
    return account != NOBODY and account[:18] not in _RESERVED


def are_signed(
    digest: bytes, signatures: Sequence[bytes], threshold: int, allowed: frozenset[bytes], recover: Recover
) -> bool:
    """Whether enough signers signed a digest, every one of them allowed, ascending, none twice."""
    if len(signatures) < threshold:
        return False
    previous = NOBODY
    for signature in signatures:
        signer = recover(digest, signature)
        if signer is None or signer <= previous or signer not in allowed:
            return False
        previous = signer
    return True
