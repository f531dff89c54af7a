"""The year as an accountant with a pencil would keep it, from its acts alone. It knows nothing of the ledger's code and imports none of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

VALUE_CHANGE = date(2024, 7, 1)
RATE_CHANGE = date(2024, 4, 1)
RETURNED_DAYS_LEAST = 30
SUMS = (
    "issued", "opened", "taken", "refunded", "given", "expired", "restored", "corrected", "owed", "set off", "converted",
    "burnt by closes", "burnt by closures", "reissued",
)  # fmt: skip


def coins_an_hour(day: date) -> int:
    return 3 if day < RATE_CHANGE else 5


def won_a_coin(day: date) -> int:
    return 200 if day < VALUE_CHANGE else 100


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@dataclass
class Lot:
    """Coins of one credit that count up to and with a day."""

    until: date
    coins: int
    source: object


@dataclass
class Purse:
    """What somebody holds, and owes."""

    lots: list[Lot] = field(default_factory=list)
    debt: int = 0

    @property
    def coins(self) -> int:
        return sum(lot.coins for lot in self.lots)

    def by_day(self) -> dict[str, int]:
        days: Counter[str] = Counter()
        for lot in self.lots:
            days[lot.until.isoformat()] += lot.coins
        return {day: coins for day, coins in days.items() if coins}

    def put(self, until: date, coins: int, source: object) -> None:
        self.lots.append(Lot(until, coins, source))

    def take(self, coins: int, of: Iterable[Lot] | None = None) -> list[tuple[Lot, int]]:
        """What counts least long goes first; what was taken of which lot. Less where there is less."""
        taken = []
        for lot in sorted(self.lots if of is None else of, key=lambda one: one.until):
            part = min(lot.coins, coins)
            if part:
                lot.coins -= part
                coins -= part
                taken.append((lot, part))
        return taken

    def give_back(self, taken: list[tuple[Lot, int]], coins: int, today: date) -> None:
        """To the lots it came from, what counts longest first, and for thirty days at least."""
        while coins:
            lot, took = taken.pop()
            part = min(took, coins)
            if part < took:
                taken.append((lot, took - part))
            coins -= part
            least = today + timedelta(days=RETURNED_DAYS_LEAST)
            if lot.until < least:
                self.put(least, part, lot.source)
            else:
                lot.coins += part


@dataclass
class Charge:
    """What a venue took."""

    id: str
    who: int
    venue: str
    coins: int
    day: date
    taken: list[tuple[Lot, int]]
    left: int


@dataclass
class Payee:
    """A venue or a project: coins that no close has burnt, and the won that no close has paid."""

    coins: int = 0
    krw: int = 0
    paid: int = 0
    moved: bool = False


@dataclass
class Reckoning:
    """Everybody's coins and everybody's won. `sums` are of the whole year."""

    purses: dict[int, Purse]
    payees: dict[str, Payee]
    sums: Counter[str] = field(default_factory=Counter)
    expired: dict[int, tuple[list[tuple[Lot, int]], int]] = field(default_factory=dict)

    @property
    def outstanding(self) -> int:
        return sum(purse.coins for purse in self.purses.values())

    @property
    def supply(self) -> int:
        return self.outstanding + sum(payee.coins for payee in self.payees.values())

    def open(self, who: int, coins: int, day: date, months: int) -> None:
        self.purses[who].put(months_later(day, months), coins, ("opening", who))
        self.sums["opened"] += coins

    def earn(self, who: int, hours: int, day: date, source: object) -> int:
        """Coins of an act; what was owed is paid of them first. The coins that were issued."""
        coins, purse = hours * coins_an_hour(day), self.purses[who]
        purse.put(months_later(day, 60), coins, source)
        self.sums["issued"] += coins
        return coins

    def settle_debts(self) -> None:
        for purse in self.purses.values():
            paid = sum(part for _, part in purse.take(min(purse.debt, purse.coins)))
            purse.debt -= paid
            self.sums["set off"] += paid

    def charge(self, charge_id: str, who: int, venue: str, coins: int, day: date) -> Charge:
        payee = self.payees[venue]
        payee.coins += coins
        payee.krw += coins * won_a_coin(day)
        payee.moved = True
        self.sums["taken"] += coins
        return Charge(charge_id, who, venue, coins, day, self.purses[who].take(coins), coins)

    def refund(self, charge: Charge, who: int, coins: int, today: date) -> None:
        payee = self.payees[charge.venue]
        self.purses[who].give_back(charge.taken, coins, today)
        charge.left -= coins
        payee.krw -= coins * won_a_coin(charge.day)
        payee.moved = True
        held = min(coins, payee.coins)
        payee.coins -= held
        self.sums["refunded"] += coins
        self.sums["reissued"] += coins - held

    def give(self, who: int, fund: str, coins: int, day: date) -> None:
        self.purses[who].take(coins)
        self._to_fund(fund, coins, day)
        self.sums["given"] += coins

    def _to_fund(self, fund: str, coins: int, day: date) -> None:
        self.payees[fund].coins += coins
        self.payees[fund].krw += coins * won_a_coin(day)
        self.payees[fund].moved = True

    def take_back(self, who: int, coins: int, source: object) -> None:
        """A wrong credit: its own coins first, then others; the rest is owed."""
        purse = self.purses[who]
        got = sum(part for _, part in purse.take(coins, [lot for lot in purse.lots if lot.source == source]))
        got += sum(part for _, part in purse.take(coins - got))
        purse.debt += coins - got
        self.sums["corrected"] += got
        self.sums["owed"] += coins - got

    def expire(self, to: date) -> dict[int, int]:
        """What everybody loses when what counts up to a day is over."""
        lost = {}
        for who, purse in self.purses.items():
            coins = sum(lot.coins for lot in purse.lots if lot.until <= to)
            if coins:
                self.expired[who] = (purse.take(coins, [lot for lot in purse.lots if lot.until <= to]), coins)
                lost[who] = coins
        self.sums["expired"] += sum(lost.values())
        return lost

    def undo_expiry(self, who: int, coins: int, today: date) -> None:
        self.purses[who].give_back(self.expired[who][0], coins, today)
        self.sums["restored"] += coins

    def convert(self, held: dict[int, int], programme_months: int) -> int:
        """Half the value, twice the coins: what everybody gets for what was out."""
        for who, coins in held.items():
            if coins > 0:
                self.purses[who].put(months_later(VALUE_CHANGE, programme_months), coins, ("conversion", who))
        given = sum(coins for coins in held.values() if coins > 0)
        self.sums["issued"] += given
        self.sums["converted"] += given
        return given

    def close_account(self, who: int, fund: str | None, day: date) -> int:
        coins = self.purses[who].coins
        self.purses[who].take(coins)
        if fund is None:
            self.sums["burnt by closures"] += coins
        else:
            self._to_fund(fund, coins, day)
        return coins

    def merge(self, giver: int, receiver: int) -> int:
        old, new = self.purses[giver], self.purses[receiver]
        coins = old.coins
        new.lots += old.lots
        new.debt += old.debt
        self.purses[giver] = Purse()
        return coins

    def close_month(self) -> dict[str, tuple[int, int]]:
        """(coins, won) of who is paid; a venue whose refunds outweigh what it took is carried over."""
        paid = {}
        for code, payee in self.payees.items():
            if not payee.moved or payee.krw < 0 or not (payee.krw or payee.coins):
                continue
            paid[code] = (payee.coins, payee.krw)
            payee.paid += payee.krw
            self.sums["burnt by closes"] += payee.coins
            payee.coins = payee.krw = 0
            payee.moved = False
        return paid
