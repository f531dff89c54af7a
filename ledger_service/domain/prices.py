"""What a price costs in coins and won, and what comes back when a course is cancelled. Whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass

CASH_STEP_KRW = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, as a fraction."""

    numerator: int
    denominator: int


WHOLE = Share(1, 1)
TWO_THIRDS = Share(2, 3)
HALF = Share(1, 2)
NOTHING = Share(0, 1)


def coins_at_most(price_krw: int, krw_per_coin: int, step_coins: int) -> int:
    """The most coins that a price can take: no more than it is worth, in the venue's steps (DOMAIN rule 19)."""
    whole = price_krw // krw_per_coin
    return whole - whole % step_coins


def rest_krw(price_krw: int, coins: int, krw_per_coin: int) -> int:
    """The won that remain to be paid in cash or by card."""
    return price_krw - coins * krw_per_coin


def refund_share(cancelled_day: int, first_day: int, last_day: int, *, by_centre: bool) -> Share:
    """What share of a course's price comes back (DOMAIN rule 20).

    All before the start or when the centre cancels; two thirds before a third of its days have passed, half before half, then nothing.
    """
    if by_centre or cancelled_day < first_day:
        return WHOLE
    days = last_day - first_day + 1
    passed = cancelled_day - first_day
    if passed * 3 < days:
        return TWO_THIRDS
    return HALF if passed * 2 < days else NOTHING


def refunded_coins(paid: int, share: Share) -> int:
    """ceil(coins × share), at most what was paid: rounding never costs the resident a coin."""
    return min(paid, -(-paid * share.numerator // share.denominator))


def refunded_krw(paid: int, share: Share) -> int:
    """The share of the cash, rounded down to 10 won."""
    due = paid * share.numerator // share.denominator
    return due - due % CASH_STEP_KRW
