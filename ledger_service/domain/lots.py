"""Lots: the coins of one credit with the day up to which they count, folded from final entries in chain order (DOMAIN rules 18-21).

A pure fold, the same for the books' screens, for expiry and for the audit; it reads nothing but entries.

- A credit or an opening makes a lot. Its expiry day is the activity's (opening: the lot's) day plus the rate's months, at most the month's end; the
  coins count up to and with that day.
- Coins leave by (expiry day, place on the chain, place of their credit): what expires first is spent first.
- A refund goes back to the lots that its redeem took, what expires last first; where fewer than 30 days are left from the refund's day, the coins
  become a lot of their own that counts 30 days more. An expiry that is undone is treated alike, from the day of the batch that undoes it.
- An expiry takes lots whose day is not after its own.
- A correction of a credit takes that credit's own lots first. What of them was spent already it takes from the others in the order of spending: those
  would have been spent, had the wrong credit never been there. What the account does not hold is debt, and a set-off takes it later as any spending.
- A merge moves lots, with their days and places, and the debt. Where an account's coins all leave, so do its lots.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ledger_service.domain.days import add_months, civil_day, date_of
from ledger_service.domain.entries import Kind

RETURN_DAYS_LEAST = 30  # DOMAIN rule 20
_LAST_DAY = civil_day(date.max)
_MONTHS_MAX = 12 * 7_000  # beyond it a lot never expires; every calendar ends somewhere

Place = tuple[int, int]
"""(post number, index in the batch): where an entry stands on the chain."""

Name = tuple[int, int, int]
"""(desk, seq, index): what an entry is called."""


@dataclass(slots=True)
class Lot:
    """Coins of one credit that count up to and with `expiry_day`. `place` is that of the entry that made this lot, `credit` the name
    of the credit or opening that issued its coins, and `origin` that one's place."""

    expiry_day: int
    place: Place
    credit: Name
    left: int
    origin: Place

    @property
    def key(self) -> tuple[int, Place, Place]:
        """Coins leave in this order."""
        return self.expiry_day, self.place, self.origin


@dataclass(frozen=True, slots=True)
class Movement:
    """One applied entry of a person's account.

    `day` of a refund is its own day, of an expiry the last day that it takes, of a correction the day of its batch. `expiry_day` belongs to a
    credit or an opening, `original` to a refund or a correction, `receiver` to a merge.
    """

    place: Place
    name: Name
    account: bytes
    kind: int
    coins: int
    day: int
    expiry_day: int = 0
    original: Name | None = None
    receiver: bytes | None = None


_Taken = list[tuple[Lot, int]]


class LotFold:
    """The lots of some accounts after a number of movements, fed in chain order."""

    def __init__(self) -> None:
        self._lots: dict[bytes, list[Lot]] = {}
        self._debts: dict[bytes, int] = {}
        self._redeemed: dict[Name, _Taken] = {}
        self._expired: dict[Name, _Taken] = {}
        self.uncovered = 0
        """Coins that left without being in a lot: 0 on a chain; a forecast may follow another order."""

    def lots(self, account: bytes) -> Sequence[Lot]:
        """What an account holds, in the order of spending."""
        return self._lots.get(account, ())

    def coins(self, account: bytes) -> int:
        """The balance: the sum of the lots."""
        return sum(lot.left for lot in self.lots(account))

    def debt(self, account: bytes) -> int:
        """What corrections took and the account did not have."""
        return self._debts.get(account, 0)

    def apply(self, movement: Movement) -> int:
        """One entry; of an expiry how many coins it took that had not expired, 0 otherwise."""
        account, kind, coins = movement.account, movement.kind, movement.coins
        lots = self._lots.setdefault(account, [])
        if kind in (Kind.CREDIT, Kind.OPENING):
            _add(lots, Lot(movement.expiry_day, movement.place, movement.name, coins, movement.place))
        elif kind == Kind.REDEEM:
            self._redeemed[movement.name] = self._take(lots, coins)
        elif kind == Kind.REFUND:
            self._give_back(lots, movement, self._redeemed)
        elif kind == Kind.EXPIRE:
            return self._expire(lots, movement)
        elif kind == Kind.CORRECT:
            self._correct(lots, movement)
        elif kind == Kind.MERGE:
            self._merge(movement)
        else:
            self._take(lots, coins)
            if kind == Kind.SET_OFF:
                self._debts[account] = self.debt(account) - coins
        return 0

    def _take(self, lots: list[Lot], coins: int) -> _Taken:
        taken, left = _take(lots, coins, _LAST_DAY)
        self.uncovered += left
        return taken

    def _expire(self, lots: list[Lot], movement: Movement) -> int:
        taken, excess = _take(lots, movement.coins, movement.day)
        self._expired[movement.name] = [*taken, *self._take(lots, excess)]
        return excess

    def _give_back(self, lots: list[Lot], movement: Movement, taken_by: dict[Name, _Taken]) -> None:
        """To the lots that were taken, the last to expire first."""
        assert movement.original is not None, "a refund or correction names its original"
        taken = taken_by.get(movement.original, [])
        coins, least = movement.coins, movement.day + RETURN_DAYS_LEAST
        while coins and taken:
            lot, took = taken.pop()
            part = min(took, coins)
            coins -= part
            if part < took:
                taken.append((lot, took - part))
            if lot.expiry_day < least:
                _add(lots, Lot(least, movement.place, lot.credit, part, lot.origin))
            else:
                lot.left += part
                if lot.left == part:  # it had been empty, and is in no account's list
                    _add(lots, lot)
        if coins:  # only of a forecast: the original's lots are not known here
            _add(lots, Lot(least, movement.place, movement.original, coins, movement.place))

    def _correct(self, lots: list[Lot], movement: Movement) -> None:
        assert movement.original is not None, "a refund or correction names its original"
        if movement.original in self._expired:
            self._give_back(lots, movement, self._expired)
            return
        own = [lot for lot in lots if lot.credit == movement.original]
        _, left = _take(own, movement.coins, _LAST_DAY)
        lots[:] = [lot for lot in lots if lot.left]
        _, left = _take(lots, left, _LAST_DAY)
        if left:
            self._debts[movement.account] = self.debt(movement.account) + left

    def _merge(self, movement: Movement) -> None:
        """Of the pair's first half; the second half has no receiver and moves nothing."""
        if movement.receiver is None:
            return
        into = self._lots.setdefault(movement.receiver, [])
        for lot in self._lots.pop(movement.account, ()):
            _add(into, lot)
        if debt := self._debts.pop(movement.account, 0):
            self._debts[movement.receiver] = self.debt(movement.receiver) + debt


def fold(movements: Iterable[Movement]) -> LotFold:
    """The lots after these movements, in chain order."""
    folded = LotFold()
    for movement in movements:
        folded.apply(movement)
    return folded


@lru_cache(maxsize=65_536)  # a year of activity days and a few rates
def expiry_day_of(day: int, months: int) -> int:
    """The last civil day on which coins of this day count: the same day of the month that many months later, or that month's last."""
    return civil_day(add_months(date_of(day), months)) if months <= _MONTHS_MAX else _LAST_DAY


def expired_on(lots: Iterable[Lot], day: int) -> int:
    """Coins that an expiry up to this day takes."""
    return sum(lot.left for lot in lots if lot.expiry_day <= day)


def _take(lots: list[Lot], coins: int, last_day: int) -> tuple[_Taken, int]:
    """Take coins of lots that expire up to a day, first to expire first; what was taken, and the coins that were not there."""
    taken: _Taken = []
    empty = 0
    for lot in lots:
        if not coins or lot.expiry_day > last_day:
            break
        part = min(lot.left, coins)
        coins -= part
        lot.left -= part
        empty += not lot.left
        taken.append((lot, part))
    del lots[:empty]
    return taken, coins


def _add(lots: list[Lot], lot: Lot) -> None:
    if not lots or lots[-1].key <= lot.key:
        lots.append(lot)
    else:
        insort(lots, lot, key=lambda one: one.key)
