"""How coins and won are written where people read them: thousands set apart, in English and Korean."""

from __future__ import annotations


def in_coins(coins: int) -> str:
    """1,000 coins; 1 coin."""
    return f"{coins:,} coin{'' if abs(coins) == 1 else 's'}"


def in_coins_ko(coins: int) -> str:
    """1,000코인."""
    return f"{coins:,}코인"


def in_won(krw: int) -> str:
    """250,000 won."""
    return f"{krw:,} won"


def in_won_ko(krw: int) -> str:
    """250,000원."""
    return f"{krw:,}원"
