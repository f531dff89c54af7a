"""A month close: what a venue or fund is paid, and for which coins (DOMAIN rule 30).

The sums follow the contract: a refund takes the venue's coins first, and what they do not cover is issued again out of what earlier closes burnt. So
they are folded over the applied entries in the order of the chain, closes among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ledger_service.domain.batches import Domain
from ledger_service.domain.entries import Kind
from ledger_service.domain.hashing import keccak, word

_STATEMENT_TAG = 2
_CLOSE_TYPE = keccak(b"Close(uint16 desk,uint16 month,bytes32 lastHead,uint64 coins,int128 krw)")


@dataclass(frozen=True, slots=True)
class Movement:
    """One applied entry of a venue, or a close of it. `seq` is the venue's batch (of a close the last that it covers).

    `krw` is the coins' worth: of a charge on its day, of a refund on its charge's day, of a close what it settled.
    """

    kind: int
    seq: int
    day: int
    coins: int
    krw: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What a venue took and gave back, since the beginning. `reissued` is the part of the refunds that its coins did not cover."""

    charges: int = 0
    taken: int = 0
    taken_krw: int = 0
    refunds: int = 0
    refunded: int = 0
    refunded_krw: int = 0
    reissued: int = 0

    @property
    def coins(self) -> int:
        """Coins that came to the venue and did not go back."""
        return self.taken - self.refunded + self.reissued

    @property
    def krw(self) -> int:
        """Their worth, and that of the refunds that were issued again taken off."""
        return self.taken_krw - self.refunded_krw


@dataclass(slots=True)
class VenueAccount:
    """A venue's account after its entries. `sums_at` has the sums after each of its batches, by seq."""

    balance: int = 0
    closed: int = 0
    settled_krw: int = 0
    sums: Sums = field(default_factory=Sums)
    sums_at: dict[int, Sums] = field(default_factory=dict)

    def up_to(self, seq: int) -> Sums:
        """The sums up to and with a batch."""
        return self.sums_at[max((one for one in self.sums_at if one <= seq), default=0)] if self.sums_at else Sums()


@dataclass(frozen=True, slots=True)
class Figures:
    """One close: opening + taken - refunded + reissued = coins, and the same in won. Counts are entries.

    Opening is what closes before left: 0, but for a month that was carried over.
    """

    opening_coins: int
    opening_krw: int
    charges: int
    taken_coins: int
    taken_krw: int
    refunds: int
    refunded_coins: int
    refunded_krw: int
    reissued_coins: int

    @property
    def coins(self) -> int:
        """Coins that the close burns."""
        return self.opening_coins + self.taken_coins - self.refunded_coins + self.reissued_coins

    @property
    def krw(self) -> int:
        """Won that the district owes."""
        return self.opening_krw + self.taken_krw - self.refunded_krw

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened and nothing is open."""
        return not any((self.charges, self.refunds, self.opening_coins, self.opening_krw))

    @property
    def is_carried(self) -> bool:
        """Whether refunds outweigh what was taken: nothing is paid, and the next close nets it."""
        return self.coins < 0 or self.krw < 0


def fold_venue(movements: Iterable[Movement]) -> VenueAccount:
    """A venue's account from its applied entries and closes, in the order of the chain."""
    account = VenueAccount(sums_at={0: Sums()})
    for one in movements:
        if one.kind == Kind.MONTH_CLOSE:
            account.balance -= one.coins
            account.closed += one.coins
            account.settled_krw += one.krw
            continue
        account.sums = _moved(account, one)
        account.sums_at[one.seq] = account.sums
    return account


def _moved(account: VenueAccount, one: Movement) -> Sums:
    sums = account.sums
    if one.kind == Kind.REDEEM:
        account.balance += one.coins
        return replace(sums, charges=sums.charges + 1, taken=sums.taken + one.coins, taken_krw=sums.taken_krw + one.krw)
    if one.kind != Kind.REFUND:
        raise ValueError(f"an entry of kind {one.kind} does not move a venue's coins")
    held = min(one.coins, account.balance)
    account.balance -= held
    return replace(
        sums,
        refunds=sums.refunds + 1,
        refunded=sums.refunded + one.coins,
        refunded_krw=sums.refunded_krw + one.krw,
        reissued=sums.reissued + one.coins - held,
    )


def venue_figures(account: VenueAccount, seq_before: int, last_seq: int) -> Figures:
    """A venue's close up to and with batch `last_seq`; what came after `seq_before` is shown as the month's, the rest as opening."""
    before, after = account.up_to(seq_before), account.up_to(last_seq)
    return Figures(
        opening_coins=before.coins - account.closed,
        opening_krw=before.krw - account.settled_krw,
        charges=after.charges - before.charges,
        taken_coins=after.taken - before.taken,
        taken_krw=after.taken_krw - before.taken_krw,
        refunds=after.refunds - before.refunds,
        refunded_coins=after.refunded - before.refunded,
        refunded_krw=after.refunded_krw - before.refunded_krw,
        reissued_coins=after.reissued - before.reissued,
    )


def fund_figures(gifts: Sequence[Movement]) -> Figures:
    """A fund's close: everything that it was given since the last one. It is closed whole, so nothing is ever carried over."""
    return Figures(0, 0, len(gifts), sum(one.coins for one in gifts), sum(one.krw for one in gifts), 0, 0, 0, 0)


def close_digest(domain: Domain, desk: int, month: int, last_head: bytes, coins: int, krw: int) -> bytes:
    """The digest that a venue's keys sign to agree to its close (docs/formats.md, Closing statement)."""
    fields = word(desk) + word(month) + last_head + word(coins) + word(krw % 2**256)
    return domain.digest(keccak(_CLOSE_TYPE + fields))


def statement_item(signatures: bytes) -> bytes:
    """The annex item of a closing statement: its signatures, 65 bytes each, joined."""
    return bytes([_STATEMENT_TAG, len(signatures) // 65]) + signatures
