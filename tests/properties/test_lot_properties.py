"""Random histories of lots against a second implementation that knows single coins and nothing of how the first one works."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_service.domain.entries import Kind
from ledger_service.domain.lots import LotFold, Movement, Name

ACCOUNTS = [bytes([number]) * 20 for number in (1, 2, 3)]
DAYS = 400


@dataclass
class Coin:
    """One coin. It is spent in the order of (expires, lot, credit)."""

    expires: int
    lot: tuple[int, int]
    credit: Name
    owner: bytes | None

    @property
    def order(self) -> tuple[int, tuple[int, int], Name]:
        return self.expires, self.lot, self.credit


@dataclass
class Purse:
    """All coins there ever were, one object each."""

    coins: list[Coin] = field(default_factory=list)
    gone: dict[Name, list[Coin]] = field(default_factory=dict)  # by the redeem or expiry that took them, in order
    debt: dict[bytes, int] = field(default_factory=dict)

    def of(self, account: bytes) -> list[Coin]:
        return sorted((coin for coin in self.coins if coin.owner == account), key=lambda coin: coin.order)

    def take(self, account: bytes, count: int, name: Name | None = None) -> None:
        taken = self.of(account)[:count]
        assert len(taken) == count
        for coin in taken:
            coin.owner = None
        if name is not None:
            self.gone[name] = taken

    def give_back(self, account: bytes, count: int, name: Name, day: int, place: tuple[int, int]) -> None:
        for _ in range(count):
            last = max(self.gone[name], key=lambda coin: coin.order)
            self.gone[name].remove(last)
            # A coin that comes back with other days is a new one: earlier charges name the old.
            kept = last.expires >= day + 30
            self.coins.append(
                Coin(last.expires if kept else day + 30, last.lot if kept else place, last.credit, account)
            )

    def correct(self, account: bytes, count: int, credit: Name) -> None:
        mine = self.of(account)
        queue = [coin for coin in mine if coin.credit == credit] + [coin for coin in mine if coin.credit != credit]
        for coin in queue[:count]:
            coin.owner = None
        self.debt[account] = self.debt.get(account, 0) + max(count - len(queue), 0)


class Pair:
    """Both implementations, fed with what a chain would apply."""

    def __init__(self) -> None:
        self.fold, self.purse = LotFold(), Purse()
        self.post, self.day = 0, 0
        self.credits: list[tuple[Name, bytes, int]] = []  # name, account, coins left to correct
        self.redeems: list[tuple[Name, bytes, int]] = []
        self.expiries: list[tuple[Name, bytes, int]] = []
        self.heir = {account: account for account in ACCOUNTS}

    def step(self, draw: Any) -> None:
        self.post += 1
        self.day += draw(st.integers(0, 20))
        choice = draw(
            st.sampled_from(
                ["credit", "credit", "redeem", "redeem", "refund", "expire", "correct", "restore", "set_off", "merge"]
            )
        )
        getattr(self, f"do_{choice}")(draw)
        self.check()

    def apply(self, kind: Kind, account: bytes, coins: int, **fields: Any) -> int:
        place, name = (self.post, 0), (1, self.post, 0)
        return self.fold.apply(Movement(place, name, account, kind, coins, fields.pop("day", self.day), **fields))

    @property
    def name(self) -> Name:
        return 1, self.post, 0

    def account(self, draw: Any) -> bytes:
        return self.heir[draw(st.sampled_from(ACCOUNTS))]

    def do_credit(self, draw: Any) -> None:
        account, coins = self.account(draw), draw(st.integers(1, 9))
        expires = self.day + draw(st.integers(-10, DAYS))
        self.apply(Kind.CREDIT, account, coins, expiry_day=expires)
        self.purse.coins += [Coin(expires, (self.post, 0), self.name, account) for _ in range(coins)]
        self.credits.append((self.name, account, coins))

    def do_redeem(self, draw: Any) -> None:
        account = self.account(draw)
        if held := len(self.purse.of(account)):
            coins = draw(st.integers(1, held))
            self.apply(Kind.REDEEM, account, coins)
            self.purse.take(account, coins, self.name)
            self.redeems.append((self.name, account, coins))

    def do_refund(self, draw: Any) -> None:
        if chosen := self.pick(draw, self.redeems):
            name, account, coins = chosen
            self.apply(Kind.REFUND, account, coins, original=name)
            self.purse.give_back(account, coins, name, self.day, (self.post, 0))

    def do_expire(self, draw: Any) -> None:
        account, cut = self.account(draw), self.day - draw(st.integers(0, 5))
        expired = sum(coin.expires <= cut for coin in self.purse.of(account))
        if expired:
            coins = draw(st.integers(1, expired))
            assert self.apply(Kind.EXPIRE, account, coins, day=cut) == 0
            self.purse.take(account, coins, self.name)
            self.expiries.append((self.name, account, coins))

    def do_correct(self, draw: Any) -> None:
        if chosen := self.pick(draw, self.credits):
            name, account, coins = chosen
            self.apply(Kind.CORRECT, account, coins, original=name)
            self.purse.correct(account, coins, name)

    def do_restore(self, draw: Any) -> None:
        if chosen := self.pick(draw, self.expiries):
            name, account, coins = chosen
            self.apply(Kind.CORRECT, account, coins, original=name)
            self.purse.give_back(account, coins, name, self.day, (self.post, 0))

    def do_set_off(self, draw: Any) -> None:
        account = self.account(draw)
        most = min(self.purse.debt.get(account, 0), len(self.purse.of(account)))
        if most:
            coins = draw(st.integers(1, most))
            self.apply(Kind.SET_OFF, account, coins)
            self.purse.take(account, coins)
            self.purse.debt[account] -= coins

    def do_merge(self, draw: Any) -> None:
        giver, taker = self.account(draw), self.account(draw)
        if giver == taker:
            return
        self.apply(Kind.MERGE, giver, len(self.purse.of(giver)), receiver=taker)
        for coin in self.purse.of(giver):
            coin.owner = taker
        self.purse.debt[taker] = self.purse.debt.get(taker, 0) + self.purse.debt.pop(giver, 0)
        self.heir = {one: taker if heir == giver else heir for one, heir in self.heir.items()}

    def pick(self, draw: Any, entries: list[tuple[Name, bytes, int]]) -> tuple[Name, bytes, int] | None:
        """Some entry with a part of what can still be undone of it, and who may undo it now."""
        open_ = [index for index, (_, _, left) in enumerate(entries) if left]
        if not open_:
            return None
        index = draw(st.sampled_from(open_))
        name, account, left = entries[index]
        coins = draw(st.integers(1, left))
        entries[index] = (name, account, left - coins)
        return name, self.heir[account], coins

    def check(self) -> None:
        assert self.fold.uncovered == 0
        for account in set(self.heir.values()):
            lots = self.fold.lots(account)
            assert all(lot.left > 0 for lot in lots)
            assert [lot.key for lot in lots] == sorted(lot.key for lot in lots)
            single = [(lot.expiry_day, lot.place, lot.credit) for lot in lots for _ in range(lot.left)]
            assert single == [coin.order for coin in self.purse.of(account)]
            assert self.fold.coins(account) == len(self.purse.of(account))
            assert self.fold.debt(account) == self.purse.debt.get(account, 0)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_lots_are_the_coins_that_a_slow_book_of_single_coins_has(data: st.DataObject) -> None:
    pair = Pair()
    for _ in range(data.draw(st.integers(1, 40))):
        pair.step(data.draw)
