"""Lots by hand-made examples: what is spent first, where a refund goes, what an expiry may take, what a correction finds (DOMAIN rules 18-21)."""

from __future__ import annotations

from datetime import date

import pytest

from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import Kind
from ledger_service.domain.lots import LotFold, Movement, Name, expired_on, expiry_day_of

ANN, BOB = b"a" * 20, b"b" * 20
DAY = civil_day(date(2024, 5, 2))


class Chain:
    """Feeds a fold, one batch an entry."""

    def __init__(self) -> None:
        self.fold = LotFold()
        self.posts = 0
        self.excess = 0

    def add(self, kind: Kind, coins: int, day: int = DAY, account: bytes = ANN, **fields: object) -> Name:
        self.posts += 1
        name = (1, self.posts, 0)
        movement = Movement((self.posts, 0), name, account, kind, coins, day, **fields)  # type: ignore[arg-type]
        self.excess = self.fold.apply(movement)
        return name

    def credit(self, coins: int, expiry_day: int, account: bytes = ANN) -> Name:
        return self.add(Kind.CREDIT, coins, account=account, expiry_day=expiry_day)

    def left(self, account: bytes = ANN) -> list[tuple[int, int]]:
        return [(lot.expiry_day - DAY, lot.left) for lot in self.fold.lots(account)]


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.mark.parametrize(
    ("day", "months", "expires"),
    [
        (date(2024, 5, 2), 60, date(2029, 5, 2)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
    ],
)
def test_coins_count_that_many_months_and_at_most_to_the_months_end(day: date, months: int, expires: date) -> None:
    assert expiry_day_of(civil_day(day), months) == civil_day(expires)


def test_a_lot_of_more_months_than_any_calendar_has_never_expires() -> None:
    assert expiry_day_of(DAY, 90_000) == expiry_day_of(65_535, 2**32) == civil_day(date.max)


def test_what_expires_first_is_spent_first_whenever_it_was_earned(chain: Chain) -> None:
    chain.credit(10, DAY + 300)
    chain.credit(10, DAY + 100)
    chain.add(Kind.REDEEM, 12)
    assert chain.left() == [(300, 8)]


def test_of_two_that_expire_together_the_earlier_on_the_chain_is_spent_first(chain: Chain) -> None:
    first, second = chain.credit(10, DAY + 100), chain.credit(10, DAY + 100)
    chain.add(Kind.DONATE, 10)
    assert [lot.credit for lot in chain.fold.lots(ANN)] == [second]
    assert first != second


def test_a_refund_goes_back_to_the_lot_that_expires_last_first(chain: Chain) -> None:
    chain.credit(10, DAY + 100)
    chain.credit(10, DAY + 300)
    charge = chain.add(Kind.REDEEM, 15)
    chain.add(Kind.REFUND, 7, original=charge)
    assert chain.left() == [(100, 2), (300, 10)]
    chain.add(Kind.REFUND, 8, original=charge)
    assert chain.left() == [(100, 10), (300, 10)]


def test_refunded_coins_have_at_least_thirty_days(chain: Chain) -> None:
    chain.credit(10, DAY + 29)
    chain.credit(10, DAY + 30)
    charge = chain.add(Kind.REDEEM, 20)
    chain.add(Kind.REFUND, 20, original=charge)
    assert chain.left() == [(30, 10), (30, 10)]
    late = Chain()
    late.credit(10, DAY - 5)
    charge = late.add(Kind.REDEEM, 10, day=DAY - 5)
    late.add(Kind.REFUND, 4, original=charge)
    assert late.left() == [(30, 4)]


def test_an_expiry_takes_lots_whose_day_is_over_and_says_what_it_took_beyond(chain: Chain) -> None:
    chain.credit(10, DAY)
    chain.credit(10, DAY + 1)
    assert expired_on(chain.fold.lots(ANN), DAY) == 10
    chain.add(Kind.EXPIRE, 10, day=DAY)
    assert (chain.left(), chain.excess) == ([(1, 10)], 0)
    chain.add(Kind.EXPIRE, 3, day=DAY)
    assert (chain.left(), chain.excess) == ([(1, 7)], 3)


def test_an_undone_expiry_gives_its_coins_thirty_days(chain: Chain) -> None:
    chain.credit(10, DAY - 1)
    expiry = chain.add(Kind.EXPIRE, 10, day=DAY - 1)
    chain.add(Kind.CORRECT, 6, day=DAY, original=expiry)
    assert chain.left() == [(30, 6)]


def test_a_correction_takes_its_own_credit_first_then_what_would_have_been_spent(chain: Chain) -> None:
    chain.credit(10, DAY + 100)
    wrong = chain.credit(10, DAY + 200)
    chain.credit(10, DAY + 300)
    chain.add(Kind.CORRECT, 4, original=wrong)
    assert chain.left() == [(100, 10), (200, 6), (300, 10)]
    chain.add(Kind.REDEEM, 12)
    chain.add(Kind.CORRECT, 6, original=wrong)  # 4 of it are left, 2 were spent
    assert chain.left() == [(300, 8)]
    assert chain.fold.debt(ANN) == 0


def test_what_a_correction_does_not_find_is_owed_until_it_is_set_off(chain: Chain) -> None:
    wrong = chain.credit(10, DAY + 100)
    chain.add(Kind.REDEEM, 7)
    chain.add(Kind.CORRECT, 10, original=wrong)
    assert (chain.left(), chain.fold.debt(ANN)) == ([], 7)
    chain.credit(9, DAY + 200)
    chain.add(Kind.SET_OFF, 7)
    assert (chain.left(), chain.fold.debt(ANN)) == ([(200, 2)], 0)


def test_a_refunded_part_of_a_corrected_credit_can_be_taken_back(chain: Chain) -> None:
    wrong = chain.credit(10, DAY + 5)
    charge = chain.add(Kind.REDEEM, 10)
    chain.add(Kind.REFUND, 10, original=charge)
    chain.credit(10, DAY + 20)
    chain.add(Kind.CORRECT, 10, original=wrong)
    assert chain.left() == [(20, 10)]


def test_a_merge_moves_lots_and_debt_and_refunds_follow(chain: Chain) -> None:
    wrong = chain.credit(5, DAY + 100, BOB)
    charge = chain.add(Kind.REDEEM, 2, account=BOB)
    chain.add(Kind.CORRECT, 4, account=BOB, original=wrong)
    chain.credit(10, DAY + 50)
    chain.add(Kind.MERGE, 0, account=BOB, receiver=ANN)
    chain.add(Kind.MERGE, 0)
    chain.add(Kind.REFUND, 2, original=charge)
    assert chain.left() == [(50, 10), (100, 2)]
    assert (chain.fold.debt(ANN), chain.fold.debt(BOB), chain.left(BOB)) == (1, 0, [])


def test_a_closure_leaves_no_lot(chain: Chain) -> None:
    chain.credit(5, DAY + 100)
    chain.credit(6, DAY + 50)
    chain.add(Kind.CLOSURE, 11)
    assert chain.left() == []


def test_a_forecast_that_spends_what_is_not_there_yet_says_so(chain: Chain) -> None:
    chain.credit(5, DAY + 100)
    chain.add(Kind.REDEEM, 8)
    assert (chain.left(), chain.fold.uncovered) == ([], 3)
