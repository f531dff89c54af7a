"""Changes once the ledger is open: rates, limits and the coin's value by two people, with notice, never backwards (DOMAIN rules 1, 9, 11, 12)."""

from __future__ import annotations

from datetime import date

import pytest

from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import OrderCode
from ledger_service.errors import Invalid
from ledger_service.reads import catalogue
from ledger_service.services import setup
from ledger_service.services.approvals import SamePerson
from ledger_service.services.limit_steps import BelowReserved
from ledger_service.services.master_file import MasterFileInvalid
from ledger_service.services.rate_steps import BasisMissing, ChoiceMissing
from ledger_service.services.steps import AlreadyThere, NoticeTooShort
from tests.books import SAMPLES, Books
from tests.memory_chain import MemoryChain

HEAD = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure,basis"
TODAY = date(2024, 5, 2)


@pytest.fixture
def opened(district: Books) -> Books:
    opening = setup.propose_opening(district.context, district.office, None)
    setup.approve_orders(district.context, district.second, None, opening["id"])
    return district


def propose(books: Books, kind: str, text: str) -> str:
    return str(setup.propose_file(books.context, books.office, None, kind, text.encode())["id"])


def approve(books: Books, proposal: str) -> dict[str, object]:
    return setup.approve_orders(books.context, books.second, None, proposal)


def last_orders(books: Books, count: int) -> list[tuple[int, tuple[int, ...]]]:
    with books.journal.read() as unit:
        return [(one.order.code, one.order.args) for one in unit.orders.unsealed(10_000)][-count:]


def test_rule_11_a_change_needs_its_notice_when_proposed_and_when_approved(opened: Books) -> None:
    with pytest.raises(NoticeTooShort) as refused:
        propose(opened, "limits", "limit,code,period,coins,effective_from\nbudget,,2024,1100000,2024-05-08\n")
    assert refused.value.fields["earliest"] == "2024-05-09"
    proposal = propose(opened, "limits", "limit,code,period,coins,effective_from\nbudget,,2024,1100000,2024-05-09\n")
    with pytest.raises(SamePerson):
        setup.approve_orders(opened.context, opened.office, None, proposal)
    opened.clock.business_date = date(2024, 5, 3)  # it lay for a day
    with pytest.raises(NoticeTooShort):
        approve(opened, proposal)


def test_rule_9_a_supplementary_budget_counts_from_its_day_on(opened: Books) -> None:
    approve(
        opened, propose(opened, "limits", "limit,code,period,coins,effective_from\nbudget,,2024,1100000,2024-05-09\n")
    )
    day = civil_day(date(2024, 5, 9))
    assert last_orders(opened, 1) == [(OrderCode.BUDGET, (2024, 1_100_000, day))]
    with opened.journal.write() as unit:
        assert unit.limits.budget(2024, day=day - 1).coins == 1_000_000
        assert unit.limits.budget(2024, day=day).coins == 1_100_000
        assert not unit.limits.reserve_budget(2024, 1_000_001, day=day - 1)
        assert unit.limits.reserve_budget(2024, 1_000_001, day=day)
        unit.commit()
    with pytest.raises(AlreadyThere, match="changes on 2024-05-09 already"):
        propose(opened, "limits", "limit,code,period,coins,effective_from\nbudget,,2024,1200000,2024-05-20\n")
    opened.clock.business_date = date(2024, 5, 10)
    with pytest.raises(BelowReserved):
        propose(opened, "limits", "limit,code,period,coins,effective_from\nbudget,,2024,1000000,2024-05-20\n")
    approve(
        opened, propose(opened, "limits", "limit,code,period,coins,effective_from\nbudget,,2024,1200000,2024-05-20\n")
    )
    with opened.journal.read() as unit:
        assert unit.limits.budget(2024, day=civil_day(date(2024, 5, 19))).coins == 1_100_000
        assert unit.limits.budget(2024, day=civil_day(date(2024, 5, 20))).coins == 1_200_000


def test_a_file_that_changes_nothing_is_no_proposal(opened: Books) -> None:
    with pytest.raises(Invalid, match="changes nothing"):
        propose(opened, "limits", "limit,code,period,coins\nbudget,,2024,1000000\n")
    with pytest.raises(Invalid, match="changes nothing"):
        propose(opened, "values", "effective_from,krw\n2022-01-01,200\n2023-07-03,100\n")


def test_limits_of_a_coming_month_and_only_of_that(opened: Books) -> None:
    rows = "limit,code,period,coins\nvenue,GYM,2024-05,100000\nvenue,GYM,2024-06,70000\n"
    approve(opened, propose(opened, "limits", rows))  # May is as it was: only June is an order
    gym = opened.desk(DeskKind.VENUE, "GYM")
    assert last_orders(opened, 1) == [(OrderCode.DESK_LIMIT, (gym, 53, 70_000, civil_day(date(2024, 6, 1))))]
    with pytest.raises(NoticeTooShort):
        propose(opened, "limits", "limit,code,period,coins\nvenue,GYM,2024-05,90000\n")


def test_a_limit_that_setup_gave_a_coming_month_changes_on_the_chain_too(opened: Books) -> None:
    chain = MemoryChain(opened)
    chain.post()
    gym, day = opened.desk(DeskKind.VENUE, "GYM"), civil_day(date(2024, 6, 1))
    assert chain.model.state.limit(OrderCode.DESK_LIMIT, gym, 53).amount_on(day) == 100_000
    approve(opened, propose(opened, "limits", "limit,code,period,coins\nvenue,GYM,2024-06,70000\n"))
    chain.post()
    limit = chain.model.state.limit(OrderCode.DESK_LIMIT, gym, 53)
    assert (limit.amount_on(day - 1), limit.amount_on(day)) == (100_000, 70_000)


def test_rule_11_the_notice_counts_from_the_day_of_approval_however_late_the_chain_takes_it(opened: Books) -> None:
    chain = MemoryChain(opened)
    chain.post()
    approve(opened, propose(opened, "values", "effective_from,krw,choice,basis\n2024-06-01,50,devalue,조례 제7조\n"))
    opened.clock.business_date = date(2024, 5, 20)
    chain.post()
    assert chain.skipped_orders == []
    assert chain.model.state.coin_value_on(civil_day(date(2024, 6, 1))) == 50


def test_one_coin_value_at_a_time_is_ahead(opened: Books) -> None:
    value = "effective_from,krw,choice,basis\n{},50,devalue,조례 제7조\n"
    approve(opened, propose(opened, "values", value.format("2024-07-01")))
    with pytest.raises(AlreadyThere, match="changes on 2024-07-01 already"):
        propose(opened, "values", value.format("2024-09-01"))
    opened.clock.business_date = date(2024, 7, 1)
    approve(opened, propose(opened, "values", value.format("2024-09-01").replace("50", "80")))


def test_rule_12_a_new_rate_ends_the_old_one_and_names_its_basis(opened: Books) -> None:
    old = "VOL,자원봉사,minute,5,60,2024-04-01,2024-06-30,480,0,time,"
    with pytest.raises(BasisMissing):
        propose(opened, "programmes", f"{HEAD}\n{old}\nVOL,자원봉사,minute,6,60,2024-07-01,,480,0,time,\n")
    new = "VOL,자원봉사,minute,6,60,2024-07-01,,480,0,time,조례 제5조(2024-05-01 개정)"
    approve(opened, propose(opened, "programmes", f"{HEAD}\n{old}\n{new}\n"))
    codes = [code for code, _ in last_orders(opened, 2)]
    assert codes == [OrderCode.RATE, OrderCode.RATE]
    with opened.journal.read() as unit:
        table = unit.master.rate_table()
        before, after = table.version_on("VOL", date(2024, 6, 30)), table.version_on("VOL", date(2024, 7, 1))
    assert before is not None
    assert after is not None
    assert (before.coins, after.coins, after.basis) == (5, 6, "조례 제5조(2024-05-01 개정)")


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("VOL,자원봉사,minute,5,60,2024-04-01,2024-05-07,480,0,time,", NoticeTooShort),
        ("VOL,자원봉사,minute,9,60,2024-04-01,2024-06-30,480,0,time,", AlreadyThere),  # a version is never edited
        ("VOL,자원봉사,minute,3,60,2022-01-01,2024-12-31,480,0,time,", AlreadyThere),  # nor made longer
    ],
)
def test_rule_11_a_version_only_ever_ends_earlier_and_with_notice(
    opened: Books, row: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        propose(opened, "programmes", f"{HEAD}\n{row}\n")


def test_a_new_coin_value_wants_30_days_and_a_choice_and_lists_who_is_not_closed(opened: Books) -> None:
    with pytest.raises(NoticeTooShort):
        propose(opened, "values", "effective_from,krw,choice\n2024-05-31,50,devalue\n")
    with pytest.raises(ChoiceMissing):
        propose(opened, "values", "effective_from,krw\n2024-07-01,50\n")
    with pytest.raises(MasterFileInvalid):
        propose(opened, "values", "effective_from,krw,choice\n2024-07-01,50,both\n")
    approved = approve(
        opened, propose(opened, "values", "effective_from,krw,choice,basis\n2024-07-01,50,devalue,조례 제7조\n")
    )
    assert approved["not_closed"] == []
    (value,) = catalogue.programmes(opened.journal).coin_values[-1:]
    assert (value.krw, value.choice, value.basis) == (50, "devalue", "조례 제7조")
    with opened.journal.read() as unit:
        assert unit.master.coin_value(civil_day(date(2024, 6, 30))) == 100
        assert unit.master.coin_value(civil_day(date(2024, 7, 1))) == 50


def test_a_file_of_desks_or_funds_proposes_only_the_lines_that_differ(opened: Books) -> None:
    venues, funds = "code,name,step_coins,dong\nGYM,gym,1,{}\nHALL,hall,10,\n", "code,name,body\nWARM,winter,chest\n{}"
    asked = setup.propose_file
    for kind, text in (("venues", venues.format("")), ("funds", funds.format(""))):
        with pytest.raises(Invalid, match="changes nothing"):
            asked(opened.context, opened.office, None, kind, text.encode())
    moved = asked(opened.context, opened.office, None, "venues", venues.format("역삼동").encode())
    added = asked(opened.context, opened.office, None, "funds", funds.format("KIDS,lunch,chest\n").encode())
    assert (moved["title"], added["title"]) == ("venues (1)", "funds (1)")
    assert (approve(opened, moved["id"])["orders"], approve(opened, added["id"])["orders"]) == (0, 1)
    with pytest.raises(Invalid, match="changes nothing"):
        propose(opened, "centers", (SAMPLES / "centers.csv").read_text("utf-8-sig"))
