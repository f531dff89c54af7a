"""Conversion after a change of the coin's value, in the books, on SQLite and PostgreSQL, over a chain in memory."""

from __future__ import annotations

from datetime import date

import pytest

from ledger_service.errors import Invalid
from ledger_service.journal.schema import notices
from ledger_service.services import convert, credit, freeze, notify, setup, spend
from ledger_service.services.expire import NotFinalYet
from tests.books import Books
from tests.integration.test_account_ends import merge
from tests.integration.test_treasury import OTHER, RESIDENT, agree, chain, charge, earn, take_back
from tests.memory_chain import MemoryChain

__all__ = ["chain"]
HEAD = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure,basis"
CHANGE = date(2024, 7, 1)
AFTER = date(2024, 7, 5)


def load(books: Books, kind: str, text: str) -> None:
    books.load(kind, text.encode())


@pytest.fixture
def changing(district: Books, chain: MemoryChain) -> Books:
    """Open, 100 won a coin, 50 from July on, and a programme that makes up for it."""
    opening = setup.propose_opening(district.context, district.office, None)
    setup.approve_orders(district.context, district.second, None, opening["id"])
    load(district, "values", "effective_from,krw,choice,basis\n2024-07-01,50,convert,조례 제7조\n")
    load(district, "programmes", f"{HEAD}\nCONV,가치 전환,coin,1,1,2024-07-01,,1000000,0,count,조례 제7조\n")
    chain.post()
    return district


def preview(books: Books) -> dict[str, int]:
    return convert.preview_conversion(books.context, books.office, CHANGE, "CONV")


def run(books: Books, chain: MemoryChain) -> int:
    """A conversion that is proposed, approved and final; the coins that it gave."""
    made = convert.propose_conversion(books.context, books.office, None, CHANGE, "CONV", "SVC")
    assert set(made["outcomes"]) == {"ok"}
    done = credit.approve(books.context, books.second, None, made["id"])
    chain.post()
    agree(books, chain)
    return int(done["coins"])


def test_what_people_hold_is_worth_the_same_after_a_conversion(changing: Books, chain: MemoryChain) -> None:
    earn(changing, RESIDENT)
    earn(changing, OTHER)
    chain.post()
    old = charge(changing, RESIDENT, 4)
    chain.post()
    changing.clock.business_date = AFTER
    charge(changing, OTHER, 3)  # of coins that were out: they lost, too
    chain.post()
    assert preview(changing) == {
        "value_from": "2024-07-01", "old_krw": 100, "new_krw": 50, "accounts": 2, "coins": 16, "left": 0, "over": 0,
    }  # fmt: skip
    assert run(changing, chain) == 16
    assert (changing.account(RESIDENT).available, changing.account(OTHER).available) == (12, 17)
    with pytest.raises(convert.NothingToConvert):
        run(changing, chain)

    # What comes back of an old charge was out as well.
    spend.refund(changing.context, changing.office, None, str(old["id"]), 4)
    chain.post()
    assert run(changing, chain) == 4
    assert changing.account(RESIDENT).available == 20


def test_what_is_earned_after_the_change_is_not_converted(changing: Books, chain: MemoryChain) -> None:
    changing.clock.business_date = AFTER
    earn(changing, RESIDENT, "2024-06-28")
    chain.post()
    assert preview(changing)["coins"] == 0


def test_a_correction_is_counted_however_late_it_comes(changing: Books, chain: MemoryChain) -> None:
    wrong = earn(changing, RESIDENT)
    earn(changing, OTHER)
    chain.post()
    changing.clock.business_date = AFTER
    take_back(changing, wrong, 4)
    chain.post()
    assert run(changing, chain) == 6 + 10
    take_back(changing, wrong, 6)
    chain.post()
    assert preview(changing)["over"] == 1


def test_a_persons_cap_leaves_the_rest_to_the_next_month(changing: Books, chain: MemoryChain) -> None:
    load(changing, "limits", "limit,code,period,coins,effective_from\nperson,,2024,12,2024-05-20\n")
    earn(changing, RESIDENT, hours=3)
    chain.post()
    changing.clock.business_date = AFTER
    assert (preview(changing)["coins"], preview(changing)["left"]) == (12, 3)
    assert run(changing, chain) == 12
    changing.clock.business_date = date(2024, 8, 2)
    assert run(changing, chain) == 3
    assert changing.account(RESIDENT).available == 30


def test_what_was_earned_this_month_counts_towards_the_cap_and_a_frozen_account_waits(
    changing: Books, chain: MemoryChain
) -> None:
    load(changing, "limits", "limit,code,period,coins,effective_from\nperson,,2024,20,2024-05-20\n")
    earn(changing, RESIDENT, hours=3)
    earn(changing, OTHER, hours=1)
    chain.post()
    changing.clock.business_date = AFTER
    earn(changing, RESIDENT, "2024-07-02")
    made = freeze.propose_freeze(
        changing.context, changing.office, None, changing.person(OTHER), date(2024, 7, 20), "lost card"
    )
    setup.approve_orders(changing.context, changing.second, None, made["id"])
    chain.post()
    assert (preview(changing)["coins"], preview(changing)["left"]) == (10, 5 + 5)


def test_a_merged_number_is_converted_with_the_one_it_became(changing: Books, chain: MemoryChain) -> None:
    earn(changing, RESIDENT)
    earn(changing, OTHER, hours=1)
    chain.post()
    changing.clock.business_date = AFTER
    merge(changing, RESIDENT, OTHER)
    chain.post()
    assert run(changing, chain) == 15
    assert changing.account(OTHER).available == 30


def test_everything_of_before_is_final_first_and_the_day_has_come(changing: Books, chain: MemoryChain) -> None:
    earn(changing, RESIDENT)
    with pytest.raises(convert.NotConverting):
        preview(changing)  # July is ahead
    changing.clock.business_date = AFTER
    with pytest.raises(NotFinalYet):
        preview(changing)
    chain.post()
    assert preview(changing)["coins"] == 10
    with pytest.raises(convert.NotConverting):
        convert.preview_conversion(changing.context, changing.office, date(2023, 7, 3), "CONV")  # that one said nothing
    with pytest.raises(convert.ProgrammeUnfit):
        convert.preview_conversion(changing.context, changing.office, CHANGE, "VOL")


def test_only_a_loss_is_converted(changing: Books) -> None:
    changing.clock.business_date = AFTER
    with pytest.raises(Invalid):
        load(changing, "values", "effective_from,krw,choice,basis\n2024-09-01,80,convert,조례 제7조\n")


def test_whoever_holds_coins_is_told_of_the_change_once(changing: Books, chain: MemoryChain) -> None:
    earn(changing, RESIDENT)
    chain.post()
    assert notify.queue_value_notices(changing.context) == 1
    assert notify.queue_value_notices(changing.context) == 0
    with changing.engine.connect() as connection:
        rows = connection.execute(notices.select().where(notices.c.kind == "value_change")).all()
    assert [(row.person_id, row.coins) for row in rows] == [(changing.person(RESIDENT), 10)]
