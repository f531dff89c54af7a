"""Kinds 5 to 11 on the real contract, each as a fact that the audit agrees with: undoing, merges, closes, setup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from ledger_service.audit.findings import Report
from ledger_service.audit.state import State
from ledger_service.audit.verify import Audit
from ledger_service.domain.batches import Batch, annex_of, proof_item
from ledger_service.domain.entries import Entry, Kind, Skip, desk_account, fund_account
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, text_arg
from tests.audit.support import DAY, FIRST_DAY, MONTH, Desk, Ledger, person, statement_item

BALANCE_MAX = 2**24 - 1
A, B, C = person(1), person(2), person(3)


def audited(ledger: Ledger) -> tuple[Report, State, list[tuple[int, int]]]:
    """Report, state and the skips of the last batch; nothing is found."""
    skips: list[list[tuple[int, int]]] = []
    found = Audit(ledger.rpc, ledger.contract, batch_seen=[lambda _landed, _signed, one: skips.append(one.skips)]).run()
    assert [finding.message for finding in found.report.findings] == []
    return found.report, found.state, skips[-1]


@pytest.fixture
def desks(ledger: Ledger) -> dict[int, Desk]:
    """A has 20 coins earned and has spent 12 of them at venue 11; B has 7, of which 2 expired."""
    desks = ledger.set_up()
    ledger.post(
        desks[1].seal(ledger.domain, [credit(A, 480, 1), credit(A, 480, 2), credit(A, 240, 3), credit(B, 420, 4)])
    )
    ledger.post(desks[11].seal(ledger.domain, [Entry(A, Kind.REDEEM, 0, 12, DAY, 5)]))
    ledger.post(desks[21].seal(ledger.domain, [Entry(B, Kind.EXPIRE, 0, 2, DAY, 6)]))
    return desks


def credit(account: bytes, minutes: int, line: int) -> Entry:
    return Entry(account, Kind.CREDIT, 1, minutes, DAY, line)


def correct(account: bytes, original: Batch, index: int, coins: int) -> Entry:
    return Entry(account, Kind.CORRECT, index, coins, original.desk, original.seq)


def merge(giver: bytes, taker: bytes, coins: int) -> list[Entry]:
    return [Entry(account, Kind.MERGE, ref, coins, DAY, 90) for ref, account in enumerate((giver, taker))]


def close(ledger: Ledger, desk: Desk, coins: int, krw: int) -> tuple[Entry, bytes]:
    """A month close of a venue up to its last batch, with the venue's statement."""
    entry = Entry(desk_account(desk.number), Kind.MONTH_CLOSE, MONTH, coins, DAY, desk.seq)
    return entry, statement_item(ledger.domain, desk.number, MONTH, desk.head, coins, krw, desk.signers)


def test_what_was_spent_already_becomes_debt_and_is_set_off(ledger: Ledger, desks: dict[int, Desk]) -> None:
    credits, treasury = desks[1].batches[0], desks[21]
    words = [correct(A, credits, index, coins) for index, coins in ((0, 8), (1, 3), (1, 6), (2, 4))]
    ledger.post(treasury.seal(ledger.domain, words, annex=annex_of([proof_item(credits, 0)])))
    _, state, skips = audited(ledger)
    assert skips == [(2, Skip.BAD_ORIGINAL)]
    assert (state.accounts[A].coins, state.accounts[A].debt) == (0, 7)
    ledger.post(desks[1].seal(ledger.domain, [credit(A, 300, 7)]))
    set_offs = [Entry(A, Kind.SET_OFF, 0, coins, DAY, 8) for coins in (8, 6, 5, 3)]
    ledger.post(treasury.seal(ledger.domain, set_offs))
    report, state, skips = audited(ledger)
    assert skips == [(0, Skip.NOT_ALLOWED), (1, Skip.BALANCE), (3, Skip.NOT_ALLOWED)]
    assert (state.accounts[A].coins, state.accounts[A].debt) == (0, 2)
    assert (report.counts.coins_corrected, report.counts.coins_set_off) == (15, 5)


def test_an_expiry_is_given_back_once(ledger: Ledger, desks: dict[int, Desk]) -> None:
    expired = desks[21].batches[0]
    words = [correct(B, expired, 0, 2), correct(B, expired, 0, 1)]
    ledger.post(desks[21].seal(ledger.domain, words, annex=annex_of([proof_item(expired, 0)])))
    report, state, skips = audited(ledger)
    assert skips == [(1, Skip.BAD_ORIGINAL)]
    assert state.accounts[B].coins == 7
    counts = report.counts
    assert (counts.coins_expired, counts.coins_restored, counts.coins_burnt) == (2, 2, 2)
    assert counts.supply == counts.coins_credited + counts.coins_restored - counts.coins_burnt == 27


def test_an_original_is_undone_over_four_merges_and_not_over_five(ledger: Ledger, desks: dict[int, Desk]) -> None:
    credits, redeems, treasury = desks[1].batches[0], desks[11].batches[0], desks[21]
    chain = [A, *(person(number) for number in range(101, 106))]
    for steps, (giver, taker) in enumerate(pairwise(chain), 1):
        coins = audited(ledger)[1].accounts[giver].coins
        ledger.post(treasury.seal(ledger.domain, merge(giver, taker, coins)))
        annex = annex_of([proof_item(credits, 0)])
        ledger.post(treasury.seal(ledger.domain, [correct(taker, credits, 0, 1)], annex=annex))
        expected = [] if steps <= 4 else [(0, Skip.BAD_ORIGINAL)]
        assert audited(ledger)[2] == expected
        refund = Entry(taker, Kind.REFUND, 0, 1, DAY, redeems.seq)
        ledger.post(desks[11].seal(ledger.domain, [refund], annex=annex_of([proof_item(redeems, 0)])))
        assert audited(ledger)[2] == expected


def test_a_merge_adds_what_both_earned_up_to_32_bits(ledger: Ledger) -> None:
    most = 2**32 - 1
    desks = ledger.set_up(budget=2**40, person_cap=most, limit=2**40, seal=False)
    ledger.post(ledger.order(Order(OrderCode.RATE, (9, text_arg("much"), FIRST_DAY, OPEN_DAY, most, 1, 1, 0))))
    ledger.post(desks[1].seal(ledger.domain, [Entry(one, Kind.CREDIT, 9, 1, DAY, 1) for one in (A, B)]))
    # Its units have 24 bits: an account with more cannot be merged or closed.
    ledger.post(desks[21].seal(ledger.domain, merge(A, B, BALANCE_MAX)))
    assert audited(ledger)[2] == [(0, Skip.BALANCE), (1, Skip.BALANCE)]
    expiries = [Entry(A, Kind.EXPIRE, 0, BALANCE_MAX, DAY, line) for line in range(256)]
    ledger.post(desks[21].seal(ledger.domain, [*expiries, *merge(A, B, most - 256 * BALANCE_MAX)]))
    _, state, skips = audited(ledger)
    assert skips == []
    assert (state.accounts[B].earned, state.accounts[B].coins) == (most, most + 255)


def test_a_merge_keeps_what_was_earned_in_the_later_month_and_the_one_before(ledger: Ledger) -> None:
    desks = ledger.set_up()
    ledger.post(desks[1].seal(ledger.domain, [credit(A, 120, 1), credit(B, 180, 2)]))
    ledger.post(desks[1].seal(ledger.domain, [credit(A, 300, 3)], day=DAY + 30))
    ledger.post(desks[21].seal(ledger.domain, merge(A, B, 7)))
    _, state, _ = audited(ledger)
    merged = state.accounts[B]
    assert (merged.coins, merged.earned, merged.earned_before, merged.month) == (10, 5, 5, MONTH + 1)


def test_a_close_settles_what_the_venue_signed_and_later_refunds_are_netted(
    ledger: Ledger, desks: dict[int, Desk]
) -> None:
    venue, treasury, redeems = desks[11], desks[21], desks[11].batches[0]
    entry, item = close(ledger, venue, 12, 2_400)
    ledger.post(treasury.seal(ledger.domain, [entry], annex=annex_of([item])))
    refund = Entry(A, Kind.REFUND, 0, 5, DAY, 1)
    ledger.post(venue.seal(ledger.domain, [refund], annex=annex_of([proof_item(redeems, 0)])))
    report, state, skips = audited(ledger)
    assert skips == []
    assert state.dues[desk_account(11)].krw == -1_000
    assert (report.counts.coins_reissued, report.counts.coins_closed, report.counts.month_closes) == (5, 12, 1)
    ledger.post(venue.seal(ledger.domain, [Entry(A, Kind.REDEEM, 0, 3, DAY, 9)]))
    entry, item = close(ledger, venue, 3, -400)
    again, _ = close(ledger, venue, 0, 0)
    ledger.post(treasury.seal(ledger.domain, [entry, again], annex=annex_of([item])))
    report, state, skips = audited(ledger)
    assert skips == [(1, Skip.BAD_ANNEX)]
    assert (state.dues[desk_account(11)].krw, state.accounts[desk_account(11)].coins) == (0, 0)
    assert report.counts.month_closes == 2


@pytest.mark.parametrize("number", [0, 1, 21, 77])
def test_a_desk_that_is_no_venue_is_not_closed(ledger: Ledger, desks: dict[int, Desk], number: int) -> None:
    desk = ledger.office if number == 0 else desks.get(number, Desk(77, desks[1].signers))
    entry, item = close(ledger, desk, 0, 0)
    ledger.post(desks[21].seal(ledger.domain, [entry], annex=annex_of([item])))
    assert audited(ledger)[2] == [(0, Skip.BAD_ANNEX)]


def test_a_fund_is_closed_whole_and_uses_a_statement_that_it_does_not_look_at(
    ledger: Ledger, desks: dict[int, Desk]
) -> None:
    treasury = desks[21]
    ledger.post(treasury.seal(ledger.domain, [Entry(B, Kind.DONATE, 1, 3, DAY, 7)]))
    funds = [Entry(fund_account(1), Kind.MONTH_CLOSE, MONTH, coins, DAY, 0) for coins in (2, 3)]
    entry, item = close(ledger, desks[11], 12, 2_400)
    ledger.post(treasury.seal(ledger.domain, [*funds, entry], annex=annex_of([item, item])))
    assert audited(ledger)[2] == [(0, Skip.BALANCE), (2, Skip.BAD_ANNEX)]
    ledger.post(treasury.seal(ledger.domain, [entry], annex=annex_of([item])))
    _, state, skips = audited(ledger)
    assert skips == []
    assert state.dues[fund_account(1)].krw == state.accounts[fund_account(1)].coins == 0


def test_a_closed_account_is_nobodys_any_more(ledger: Ledger, desks: dict[int, Desk]) -> None:
    credits, treasury = desks[1].batches[0], desks[21]
    taken = [correct(A, credits, index, coins) for index, coins in ((0, 8), (1, 2))]
    ledger.post(treasury.seal(ledger.domain, taken, annex=annex_of([proof_item(credits, 0)])))
    closures = [Entry(A, Kind.CLOSURE, 0, 0, DAY, 1), Entry(B, Kind.CLOSURE, 1, 5, DAY, 1)]
    closures += [closures[0], Entry(C, Kind.CLOSURE, 0, 0, DAY, 1)]
    ledger.post(treasury.seal(ledger.domain, [*closures, Entry(A, Kind.SET_OFF, 0, 2, DAY, 9)]))
    report, state, skips = audited(ledger)
    assert skips == [(2, Skip.BAD_ACCOUNT), (4, Skip.BAD_ACCOUNT)]
    assert (state.accounts[A].debt, state.accounts[fund_account(1)].coins) == (2, 5)
    assert report.counts.accounts_closed == 3


def test_openings_end_with_the_seal(ledger: Ledger) -> None:
    desks = ledger.set_up(seal=False)
    opened = [Entry(A, Kind.OPENING, 60, 9, DAY - 400, 1)]
    ledger.post(desks[21].seal(ledger.domain, opened))
    ledger.post(ledger.order(Order(OrderCode.SEAL, ())))
    ledger.post(desks[21].seal(ledger.domain, opened))
    report, state, skips = audited(ledger)
    assert skips == [(0, Skip.NOT_ALLOWED)]
    assert (report.counts.coins_opened, report.counts.supply, state.accounts[A].coins) == (9, 9, 9)


# A month close that stands before it must not make a proof of nothing true, in whosever batch it stands.


def forged(original: Batch, entry: Entry) -> bytes:
    return proof_item(replace(original, words=entry.pack()), 0)


def forged_expiry(desks: dict[int, Desk]) -> tuple[Desk, Entry, bytes]:
    expired = desks[21].batches[0]
    item = forged(expired, Entry(C, Kind.EXPIRE, 0, 1_000, DAY, 6))
    return desks[21], correct(C, expired, 0, 1_000), item


def forged_redeem(desks: dict[int, Desk]) -> tuple[Desk, Entry, bytes]:
    redeems = desks[11].batches[0]
    item = forged(redeems, Entry(C, Kind.REDEEM, 0, 12, DAY, 5))
    return desks[11], Entry(C, Kind.REFUND, 0, 12, DAY, redeems.seq), item


@pytest.mark.parametrize("forge", [forged_expiry, forged_redeem])
def test_a_month_close_does_not_make_a_forged_proof_true(
    ledger: Ledger, desks: dict[int, Desk], forge: Callable[[dict[int, Desk]], tuple[Desk, Entry, bytes]]
) -> None:
    desk, entry, item = forge(desks)
    first = Entry(fund_account(1), Kind.MONTH_CLOSE, MONTH, 1, DAY, 0)  # skipped: the fund has nothing, or not its desk
    ledger.post(desk.seal(ledger.domain, [first, entry], annex=annex_of([item])))
    _, state, skips = audited(ledger)
    assert [index for index, _ in skips] == [0, 1]
    assert C not in state.accounts
