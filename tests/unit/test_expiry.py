"""How much a run takes of an account, and when its holder is told (DOMAIN rule 18)."""

from __future__ import annotations

import pytest

from ledger_service.domain.expiry import coins_to_expire, expiring_between, notice_due
from ledger_service.domain.lots import Lot

LOTS = [
    Lot(100, (1, 0), (1, 1, 0), 10, (1, 0)),
    Lot(110, (2, 0), (1, 2, 0), 20, (2, 0)),
    Lot(110, (3, 0), (1, 3, 0), 5, (3, 0)),
]


@pytest.mark.parametrize(
    ("cut_day", "held", "free", "coins"),
    [
        (99, 0, 35, 0),
        (100, 0, 35, 10),
        (110, 0, 35, 35),
        (100, 4, 31, 6),  # what a hold may still take is not expired under it
        (100, 10, 25, 0),
        (110, 0, 12, 12),  # never more than is free
        (110, 0, -3, 0),
    ],
)
def test_a_run_takes_what_has_expired_and_is_free(cut_day: int, held: int, free: int, coins: int) -> None:
    assert coins_to_expire(LOTS, cut_day, held=held, free=free) == coins


@pytest.mark.parametrize(
    ("days_left", "notice"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)]
)
def test_the_nearest_notice_is_due(days_left: int, notice: int | None) -> None:
    assert notice_due(1000 + days_left, 1000) == notice


def test_coins_of_one_day_are_told_together() -> None:
    assert expiring_between(LOTS, 101, 200) == {110: 25}
