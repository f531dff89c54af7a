"""When coins expire, how much of an account a run may take, and when its holder is told (DOMAIN rule 18)."""

from __future__ import annotations

from collections.abc import Iterable

from ledger_service.domain.lots import Lot, expired_on

NOTICE_DAYS = (7, 30, 60)


def coins_to_expire(lots: Iterable[Lot], cut_day: int, *, held: int, free: int) -> int:
    """Coins of an account that a run up to a day takes: what has expired, never more than is free.

    `lots` are those left after every accepted debit. Open holds were promised before: they may still take the oldest coins.
    """
    return max(min(expired_on(lots, cut_day) - held, free), 0)


def notice_due(expiry_day: int, today: int) -> int | None:
    """Which of the notices is due, by its days ahead; None where there is none yet, or none any more.

    The nearest one only: who is told 7 days ahead for the first time is not told 60 and 30 as well.
    """
    days_left = expiry_day - today
    if days_left < 0:
        return None
    return next((days for days in NOTICE_DAYS if days_left <= days), None)


def expiring_between(lots: Iterable[Lot], first_day: int, last_day: int) -> dict[int, int]:
    """Coins by the day up to which they count, of the days between two."""
    coins: dict[int, int] = {}
    for lot in lots:
        if first_day <= lot.expiry_day <= last_day:
            coins[lot.expiry_day] = coins.get(lot.expiry_day, 0) + lot.left
    return coins
