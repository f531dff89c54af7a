"""A conversion keeps what somebody holds worth what it was, to the coin, and never makes it more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger_service.domain.conversion import coins_to_add

COINS, KRW = st.integers(0, 10**7), st.integers(1, 10_000)


@given(COINS, KRW, KRW)
def test_the_worth_is_kept_to_less_than_one_coin(coins: int, old: int, new: int) -> None:
    added = coins_to_add(coins, old, new)
    if new >= old:
        assert added == 0
    else:
        assert 0 <= coins * old - (coins + added) * new < new


@given(COINS, COINS, KRW, KRW)
def test_more_coins_never_get_less(coins: int, more: int, old: int, new: int) -> None:
    assert coins_to_add(coins + more, old, new) >= coins_to_add(coins, old, new)


@given(st.integers(-(10**7), 0), KRW, KRW)
def test_who_held_nothing_gets_nothing(coins: int, old: int, new: int) -> None:
    assert coins_to_add(coins, old, new) == 0
