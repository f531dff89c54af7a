"""Random years of a venue (DOMAIN rule 30): whatever is charged, refunded and closed, no coin and no won is lost or paid twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_service.domain.closes import Figures, Movement, fold_venue, venue_figures
from ledger_service.domain.entries import Kind

VALUES = (200, 100, 50)

acts = st.lists(
    st.one_of(
        st.tuples(st.just("charge"), st.integers(1, 500), st.sampled_from(VALUES)),
        st.tuples(st.just("refund"), st.integers(0, 200), st.integers(1, 500)),
        st.tuples(st.just("close"), st.integers(0, 3), st.just(0)),
    ),
    max_size=60,
)


def play(script: list[tuple[str, int, int]]) -> tuple[list[Movement], list[Figures], list[tuple[int, int]]]:
    """A venue's year as the services would let it happen: movements, paid closes, and (coins, krw) still open of each charge.

    The third is an account of its own: it knows nothing of balances, closes or sums.
    """
    moved: list[Movement] = []
    paid: list[Figures] = []
    open_charges: list[list[int]] = []
    seq, closed_to = 0, 0
    for act, first, second in script:
        if act == "charge":
            seq += 1
            moved.append(Movement(Kind.REDEEM, seq, seq, first, first * second))
            open_charges.append([first, second])
        elif act == "refund" and open_charges:
            charge = open_charges[first % len(open_charges)]
            coins = min(second, charge[0])
            if coins:
                seq += 1
                charge[0] -= coins
                moved.append(Movement(Kind.REFUND, seq, seq, coins, coins * charge[1]))
        elif act == "close" and seq - first > closed_to:  # cut some batches back: what came since is the next month's
            account = fold_venue(moved)
            figures = venue_figures(account, closed_to, seq - first)
            if not figures.is_carried and figures.coins <= account.balance:
                closed_to = seq - first
                paid.append(figures)
                moved.append(Movement(Kind.MONTH_CLOSE, closed_to, closed_to, figures.coins, figures.krw))
    return moved, paid, [(coins, value) for coins, value in open_charges]


@given(acts)
@settings(max_examples=400, deadline=None)
def test_what_is_paid_and_still_due_is_what_was_kept(script: list[tuple[str, int, int]]) -> None:
    moved, paid, kept = play(script)
    account = fold_venue(moved)
    due = account.sums.krw - account.settled_krw
    assert sum(one.krw for one in paid) + due == sum(coins * value for coins, value in kept)
    assert sum(one.coins for one in paid) + account.balance - account.sums.reissued == sum(coins for coins, _ in kept)
    assert account.balance >= 0
    assert account.sums.reissued <= account.closed


@given(acts, acts)
@settings(max_examples=200, deadline=None)
def test_whatever_comes_later_a_closed_month_is_told_the_same(
    script: list[tuple[str, int, int]], later: list[tuple[str, int, int]]
) -> None:
    _, paid, _ = play(script)
    moved, after, _ = play(script + later)
    assert after[: len(paid)] == paid
    account, seq_before = fold_venue(moved), 0
    cuts = [one.seq for one in moved if one.kind == Kind.MONTH_CLOSE]
    for figures, last_seq in zip(after, cuts, strict=True):
        told = venue_figures(account, seq_before, last_seq)
        assert (told.taken_coins, told.taken_krw) == (figures.taken_coins, figures.taken_krw)
        assert (told.refunded_coins, told.refunded_krw, told.reissued_coins) == (
            figures.refunded_coins, figures.refunded_krw, figures.reissued_coins,
        )  # fmt: skip
        seq_before = last_seq


@given(acts)
@settings(max_examples=200, deadline=None)
def test_every_close_adds_up(script: list[tuple[str, int, int]]) -> None:
    for one in play(script)[1]:
        assert one.coins == one.opening_coins + one.taken_coins - one.refunded_coins + one.reissued_coins
        assert one.krw == one.opening_krw + one.taken_krw - one.refunded_krw
        assert one.coins >= 0
        assert one.krw >= 0
