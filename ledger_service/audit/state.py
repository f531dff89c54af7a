"""What the ledger holds, as docs/formats.md says it: the model's own memory, not the contract's layout."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger_service.domain.hashing import ZERO32

OPERATOR_CUSTODY = 0


@dataclass(slots=True)
class Account:
    """A holder of coins. `earned_before` is what was earned in the month before `month`."""

    coins: int = 0
    debt: int = 0
    earned: int = 0
    earned_before: int = 0
    month: int = 0
    is_frozen: bool = False
    is_closed: bool = False

    def packed(self) -> int:
        """The account as `slotsOf` packs it."""
        return (
            self.coins
            | self.debt << 64
            | self.earned << 128
            | self.earned_before << 160
            | self.month << 192
            | self.is_frozen << 208
            | self.is_closed << 209
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs for a desk. Only the office has a guardian."""

    threshold: int
    signers: frozenset[bytes]
    custody: int
    guardian: bytes | None = None


@dataclass(slots=True)
class Desk:
    """A desk and what it has posted. `key_changes` are (first seq, keys) in order; None is a revoked desk."""

    kind: int
    key_changes: list[tuple[int, Keys | None]]
    next_seq: int = 1
    last_head: bytes = ZERO32
    last_day: int = 0

    def keys_for_next(self) -> Keys | None:
        """The keys that sign the next batch."""
        keys = None
        for first_seq, changed in self.key_changes:
            if first_seq <= self.next_seq:
                keys = changed
        return keys

    def change_keys(self, first_seq: int, keys: Keys) -> None:
        """From `first_seq` on other keys sign; a change that has not begun is replaced."""
        self.key_changes = [(0, self.keys_for_next()), (first_seq, keys)]

    def revoke_keys(self) -> None:
        """At once nobody signs, until a later change begins."""
        self.key_changes = [(0, None)]


@dataclass(slots=True)
class Rate:
    """Coins for units of a programme, from `first_day` to `last_day`. `change_from`: first day of its last order."""

    terms: tuple[int, int, int, int, int, int]  # programme, first day, coins, per units, units max, expiry months
    last_day: int
    change_from: int

    @property
    def first_day(self) -> int:
        """The first activity day that earns by this rate."""
        return self.terms[1]

    @property
    def coins(self) -> int:
        """Coins for every `per_units` units."""
        return self.terms[2]

    @property
    def per_units(self) -> int:
        """Units that `coins` are given for."""
        return self.terms[3]

    @property
    def units_max(self) -> int:
        """The most units of one credit."""
        return self.terms[4]

    @property
    def expiry_months(self) -> int:
        """Months from the activity day after which the coins expire."""
        return self.terms[5]


@dataclass(slots=True)
class Limit:
    """Versions (first day, amount) in order, and what was used. Only the last two versions tell."""

    versions: list[tuple[int, int]] = field(default_factory=list)
    used: int = 0

    def amount_on(self, day: int) -> int:
        """The amount in force on a day; 0 before the first version."""
        for first_day, amount in reversed(self.versions[-1:]):
            if day >= first_day:
                return amount
        return self.versions[-2][1] if len(self.versions) > 1 else 0

    def left_on(self, day: int) -> int:
        """What may still be used on a day."""
        return max(0, self.amount_on(day) - self.used)

    def take_back_last(self) -> None:
        """The version before the last one holds again, from day 0."""
        self.versions.pop()
        self.versions = [(0, self.versions[-1][1] if self.versions else 0)]


@dataclass(slots=True)
class Due:
    """What the district owes to a venue or fund, and why: everything it took, less what month closes settled.

    `coins_taken` are a venue's redeems less what refunds took from its balance, `krw_taken` the worth of all its redeems
    less all its refunds (of a fund: of what it was given).
    """

    krw_taken: int = 0
    krw_settled: int = 0
    coins_taken: int = 0
    coins_closed: int = 0
    coins_reissued: int = 0

    @property
    def krw(self) -> int:
        """KRW still owed; negative where refunds followed a close."""
        return self.krw_taken - self.krw_settled


@dataclass(slots=True)
class Totals:
    """Coins since the beginning."""

    credited: int = 0
    opened: int = 0
    reissued: int = 0
    restored: int = 0
    burnt: int = 0

    @property
    def supply(self) -> int:
        """Coins in being."""
        return self.credited + self.opened + self.reissued + self.restored - self.burnt

    def as_tuple(self) -> tuple[int, int, int, int, int]:
        """In the order of the contract's `totals()`."""
        return self.credited, self.opened, self.reissued, self.restored, self.burnt


@dataclass(frozen=True, slots=True)
class Pending:
    """A change given with notice after setup, as a veto finds it. `key` names what it changes."""

    code: int
    key: tuple[int, ...]
    first_day: int
    last_day_before: int | None = None


@dataclass(slots=True)
class State:
    """The whole ledger after a number of posts."""

    posts: int = 0
    latest_day: int = 0
    open_until: int = 0
    is_sealed: bool = False
    is_paused: bool = False
    desks: dict[int, Desk] = field(default_factory=dict)
    heads: dict[tuple[int, int], bytes] = field(default_factory=dict)
    skips: dict[tuple[int, int], int] = field(default_factory=dict)
    undone: dict[tuple[int, int, int], int] = field(default_factory=dict)
    takings: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """Of every batch of a venue: coins and KRW that it had taken with it, since the beginning."""
    merged_into: dict[bytes, bytes] = field(default_factory=dict)
    accounts: dict[bytes, Account] = field(default_factory=dict)
    dues: dict[bytes, Due] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    rates: dict[int, Rate] = field(default_factory=dict)
    coin_values: list[tuple[int, int]] = field(default_factory=list)
    limits: dict[tuple[int, ...], Limit] = field(default_factory=dict)
    active_funds: set[int] = field(default_factory=set)
    pending: dict[tuple[int, int], Pending] = field(default_factory=dict)

    def coin_value_on(self, day: int) -> int:
        """KRW of a coin on a day; 0 before the first version."""
        value = 0
        for first_day, krw in self.coin_values:
            if first_day <= day:
                value = krw
        return value

    def limit(self, *key: int) -> Limit:
        """The limit of a key (order code, desk or year, month), made where there is none."""
        return self.limits.setdefault(key, Limit())

    def account(self, address: bytes) -> Account:
        """The account of an address, made where there is none."""
        found = self.accounts.get(address)
        if found is None:
            found = self.accounts[address] = Account()
        return found
