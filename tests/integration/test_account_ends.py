"""Closed and merged accounts in the books, on SQLite and PostgreSQL, over a chain in memory that the audit's model decides for."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.domain.account_ends import MERGES_MAX
from ledger_service.domain.actors import Role
from ledger_service.domain.entries import DeskKind, Kind, fund_account
from ledger_service.reads import residents, totals
from ledger_service.services import (
    account_ends,
    approvals,
    cards,
    decide,
    donate,
    freeze,
    frozen,
    gifts,
    intake,
    set_off,
    sign_in,
    spend,
)
from ledger_service.services.ended import AccountClosed
from ledger_service.services.forget import NotSettled, forget
from tests.books import Books
from tests.integration.test_treasury import (
    OTHER,
    RESIDENT,
    agree,
    chain,
    charge,
    earn,
    gym,
    open_years,
    run_expiry,
    take_back,
)
from tests.memory_chain import MemoryChain

__all__ = ["chain"]
MONTH = 52  # May 2024
PIN = "271828"


def close(books: Books, member: str, fund: str | None = None, reason: str = "moved_away") -> dict[str, int]:
    made = account_ends.propose_closure(
        books.context, books.office, None, books.person(member), reason, fund, "asked for it"
    )
    return decide.APPROVE["closure"](books.context, books.second, None, made["id"])


def merge(books: Books, giver: str, receiver: str) -> dict[str, int]:
    made = account_ends.propose_merge(
        books.context, books.office, None, books.person(giver), books.person(receiver), "registered twice"
    )
    return decide.APPROVE["merge"](books.context, books.second, None, made["id"])


def coins(chain: MemoryChain, account: bytes) -> int:
    return chain.model.state.account(account).coins


def test_rule_24_a_closed_account_gives_what_is_left_to_a_fund(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    done = close(district, RESIDENT, "WARM")
    assert (done["coins"], done["entries"], done["debt"]) == (10, 1, 0)
    assert district.account(RESIDENT).closed
    chain.post()
    agree(district, chain)
    account = district.account(RESIDENT).address
    assert (coins(chain, account), coins(chain, fund_account(1))) == (0, 10)
    assert chain.model.state.account(account).is_closed
    with district.journal.read() as unit:
        assert [(one.kind, one.coins, one.krw) for one in unit.closes.gifts_to_close(1)] == [(Kind.CLOSURE, 10, 1000)]


def test_rule_25_a_closure_without_a_fund_burns(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    assert close(district, RESIDENT, reason="died")["coins"] == 10
    chain.post()
    agree(district, chain)
    assert chain.model.state.totals.burnt == 10
    assert totals.totals(district.journal).outstanding == 0


def test_nothing_comes_to_a_closed_account_and_nothing_leaves_it(district: Books, chain: MemoryChain) -> None:
    context, person = district.context, district.person(RESIDENT)
    journal_no = earn(district, RESIDENT)
    chain.post()
    charged = charge(district, RESIDENT, 4)
    chain.post()
    close(district, RESIDENT)
    chain.post()
    with pytest.raises(AccountClosed):
        earn(district, RESIDENT, "2024-04-12")
    with pytest.raises(AccountClosed):
        spend.refund(context, district.office, None, str(charged["id"]), 4)
    with pytest.raises(AccountClosed):
        charge(district, RESIDENT, 1)
    with pytest.raises(AccountClosed):
        donate.donate(context, district.office, None, person, "WARM", 1)
    with pytest.raises(AccountClosed):
        take_back(district, journal_no, 1)
    with pytest.raises(AccountClosed):
        close(district, RESIDENT)
    with pytest.raises(AccountClosed):
        merge(district, OTHER, RESIDENT)
    made = freeze.propose_freeze(context, district.office, None, person, date(2024, 5, 9), "late")
    with pytest.raises(AccountClosed):
        decide.APPROVE["orders"](context, district.second, None, made["id"])
    assert district.account(RESIDENT).debited == 10


def test_a_closure_waits_until_everything_of_the_account_is_settled(district: Books, chain: MemoryChain) -> None:
    context, person = district.context, district.person(RESIDENT)
    earn(district, RESIDENT)
    with pytest.raises(NotSettled) as refused:  # the credit is not final
        close(district, RESIDENT)
    assert refused.value.fields == {"entries": 1}
    chain.post()
    hold = spend.place_hold(context, district.office, None, person, gym(district), 3)
    assert close(district, RESIDENT)["coins"] == 10
    with district.journal.read() as unit:
        ended = unit.spending.hold(hold["id"])
    assert ended is not None
    assert ended.state == "released"
    chain.post()
    agree(district, chain)


def test_who_proposed_an_end_does_not_approve_it(district: Books, chain: MemoryChain) -> None:
    made = account_ends.propose_closure(
        district.context, district.office, None, district.person(RESIDENT), "own_wish", None, "asked"
    )
    with pytest.raises(approvals.SamePerson):
        decide.APPROVE["closure"](district.context, district.office, None, made["id"])
    decide.DECLINE["closure"](district.context, district.second, None, made["id"], "stays")
    with pytest.raises(approvals.NotWaiting):
        decide.APPROVE["closure"](district.context, district.second, None, made["id"])
    assert not district.account(RESIDENT).closed


def test_a_debt_is_set_off_before_an_account_is_closed(district: Books, chain: MemoryChain) -> None:
    wrong = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 8)
    chain.post()
    take_back(district, wrong)  # 2 are there, 8 are owed
    chain.post()
    earn(district, RESIDENT, "2024-04-12", hours=1)
    chain.post()
    with pytest.raises(account_ends.DebtOpen) as refused:
        close(district, RESIDENT)
    assert refused.value.fields == {"debt": 8, "coins": 5}
    set_off.set_off_debts(district.context)
    chain.post()
    done = close(district, RESIDENT)
    assert (done["coins"], done["debt"]) == (0, 3)  # what nobody pays any more stays written
    chain.post()
    agree(district, chain)


def test_a_frozen_account_is_not_closed(district: Books, chain: MemoryChain) -> None:
    made = freeze.propose_freeze(
        district.context, district.office, None, district.person(RESIDENT), date(2024, 5, 9), "padded"
    )
    decide.APPROVE["orders"](district.context, district.second, None, made["id"])
    with pytest.raises(frozen.AccountFrozen):
        close(district, RESIDENT)


def test_rule_7_two_numbers_of_one_person_become_one_account(district: Books, chain: MemoryChain) -> None:
    first = earn(district, RESIDENT)
    earn(district, OTHER, hours=1)
    chain.post()
    old = charge(district, RESIDENT, 4)
    chain.post()
    done = merge(district, RESIDENT, OTHER)
    assert (done["coins"], done["entries"]) == (6, 2)
    giver, receiver = (district.account(member).address for member in (RESIDENT, OTHER))
    assert district.account(OTHER).available == 5  # until the chain has them
    chain.post()
    agree(district, chain)
    assert (coins(chain, giver), coins(chain, receiver)) == (0, 11)
    assert district.account(OTHER).available == 11
    assert totals.totals(district.journal).outstanding == 11

    # What the old number is asked for is the other one's.
    assert residents.find_resident(district.journal, district.context.vault, RESIDENT).person_id == district.person(
        OTHER
    )
    spend.refund(district.context, district.office, None, str(old["id"]), 4)
    chain.post()
    agree(district, chain)
    assert coins(chain, receiver) == 15
    take_back(district, first, 3)
    chain.post()
    agree(district, chain)
    earn(district, RESIDENT, "2024-04-12")
    chain.post()
    agree(district, chain)
    assert district.account(OTHER).available == 22
    charge(district, RESIDENT, 22)
    chain.post()
    agree(district, chain)
    assert coins(chain, receiver) == 0


def test_the_card_of_a_merged_number_signs_in_who_they_are_now(district: Books, chain: MemoryChain) -> None:
    passwords = Argon2Passwords(light=True)
    registrar = district.actor("registrar", Role.REGISTRAR)
    old, new = (district.person(member) for member in (RESIDENT, OTHER))
    card = cards.issue_card(district.context, passwords, registrar, old, PIN)
    earn(district, RESIDENT)
    chain.post()
    merge(district, RESIDENT, OTHER)
    chain.post()
    signed_in = sign_in.sign_in_resident(district.context, passwords, "127.0.0.1", card, PIN)
    assert signed_in.actor.person_id == new


def test_rule_14_hours_of_both_numbers_are_one_persons_hours(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    merge(district, RESIDENT, OTHER)
    chain.post()
    with pytest.raises(intake.NothingToSubmit) as refused:
        earn(district, OTHER)  # the same hours, by the other number
    assert refused.value.fields["outcomes"] == {"overlap": 1}


def test_a_merge_takes_the_debt_along(district: Books, chain: MemoryChain) -> None:
    wrong = earn(district, RESIDENT)
    earn(district, OTHER)
    chain.post()
    charge(district, RESIDENT, 10)
    chain.post()
    take_back(district, wrong)
    chain.post()
    assert district.account(RESIDENT).debt == 10
    merge(district, RESIDENT, OTHER)
    chain.post()
    agree(district, chain)
    assert (district.account(RESIDENT).debt, district.account(OTHER).debt) == (0, 10)
    assert set_off.set_off_debts(district.context) == 1
    chain.post()
    agree(district, chain)
    assert district.account(OTHER).debt == 0


def test_merged_coins_keep_their_days(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT, "2024-04-11")
    earn(district, OTHER, "2024-04-20")
    chain.post()
    merge(district, RESIDENT, OTHER)
    chain.post()
    district.clock.business_date = date(2029, 4, 12)
    assert run_expiry(district, date(2029, 4, 11))["coins"] == 10
    chain.post()
    agree(district, chain)
    assert district.account(OTHER).available == 10


def test_what_both_numbers_earned_this_month_counts_towards_one_cap(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    earn(district, OTHER)
    chain.post()
    merge(district, RESIDENT, OTHER)
    with district.journal.read() as unit:
        (earned,) = unit.limits.person_months(MONTH, [district.account(OTHER).address]).values()
    assert earned == 20
    chain.post()
    holder = chain.model.state.account(district.account(OTHER).address)
    assert (holder.earned, holder.month) == (20, MONTH)


def test_a_standing_wish_ends_with_the_account(district: Books, chain: MemoryChain) -> None:
    gifts.set_wish(district.context, district.office, None, district.person(RESIDENT), "WARM")
    close(district, RESIDENT)
    with district.journal.read() as unit:
        assert unit.gifts.wish(district.person(RESIDENT)) is None


def test_of_two_merges_crosswise_one_counts(district: Books, chain: MemoryChain) -> None:
    one, two = (
        account_ends.propose_merge(
            district.context, district.office, None, district.person(a), district.person(b), "twice"
        )
        for a, b in ((RESIDENT, OTHER), (OTHER, RESIDENT))
    )
    decide.APPROVE["merge"](district.context, district.second, None, one["id"])
    with pytest.raises((AccountClosed, account_ends.NotMergeable)):
        decide.APPROVE["merge"](district.context, district.second, None, two["id"])
    chain.post()
    agree(district, chain)


def test_more_merges_in_a_row_than_the_chain_follows_are_refused(district: Books, chain: MemoryChain) -> None:
    with district.journal.read() as unit:
        people = unit.people.by_ids(
            row[0] for row in unit.connection.exec_driver_sql("SELECT id FROM persons ORDER BY id LIMIT 6").all()
        )
    ids = sorted(person.id for person in people)
    for giver, receiver in itertools.pairwise(ids[: MERGES_MAX + 1]):
        made = account_ends.propose_merge(district.context, district.office, None, giver, receiver, "again")
        decide.APPROVE["merge"](district.context, district.second, None, made["id"])
        chain.post()
    with pytest.raises(account_ends.NotMergeable):
        account_ends.propose_merge(district.context, district.office, None, ids[4], ids[5], "again")


def test_forgetting_a_person_forgets_their_other_number(district: Books, chain: MemoryChain) -> None:
    ids = [district.person(member) for member in (RESIDENT, OTHER)]
    merge(district, RESIDENT, OTHER)
    chain.post()
    forget(district.context, district.actor("registrar", Role.REGISTRAR), None, ids[1])
    assert set(ids) <= set(district.context.vault.forgotten())


def test_a_closure_that_the_chain_skips_leaves_the_account_as_it_was(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    account = district.account(RESIDENT).address
    close(district, RESIDENT)
    chain.model.state.account(account).coins += 1  # a chain that does not agree with the books
    chain.post()
    found = district.account(RESIDENT)
    assert (found.closed, found.available) == (False, 10)
    with district.journal.read() as unit:
        treasury = unit.master.desk_of_code(DeskKind.TREASURY, "TREASURY")
        assert treasury is not None
        assert unit.limits.desk_limit(treasury.number, MONTH).reserved == 0
