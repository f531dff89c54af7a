"""Opening balances from another system, in setup, by two people, to the real contract."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger_service.errors import Invalid, Refused
from ledger_service.reads import checks as checks_read
from ledger_service.services import balances, setup
from ledger_service.services.approvals import SamePerson
from ledger_service.services.balances import BalancesUnknown, LotThere, SetupOver
from tests.integration.posting.hall import Hall, audit_of

HEAD = "회원번호,coins,lot_day,expiry_months"


def propose(hall: Hall, *rows: str) -> str:
    file = "\n".join([HEAD, *rows]).encode()
    return str(balances.propose_balances(hall.books.context, hall.books.office, None, file)["id"])


def test_balances_are_brought_over_and_the_ledger_opens_with_them(bare_hall: Hall, tmp_path: Path) -> None:
    hall = bare_hall
    hall.books.load_district()
    context, second = hall.books.context, hall.books.second
    one, two = (member["회원번호"] for member in hall.members[:2])
    proposal = propose(hall, f"{one},120,2023-05-10,60", f"{one},30,2024-01-02,60", f"{two},5,2022-12-31,24")
    with pytest.raises(SamePerson):
        balances.approve_balances(context, hall.books.office, None, proposal)
    approved = balances.approve_balances(context, second, None, proposal)
    assert (approved["entries"], approved["coins"]) == (3, 155)
    opening = setup.propose_opening(context, hall.books.office, None)
    with pytest.raises(Refused, match="not final"):
        setup.approve_orders(context, second, None, opening["id"])
    hall.poster.prepare()
    hall.settle()
    setup.approve_orders(context, second, None, opening["id"])
    hall.settle()
    assert (hall.books.account(one).available, hall.books.account(two).available) == (150, 5)
    assert hall.contract.totals("latest").opened == 155
    assert hall.contract.status("latest").is_sealed
    (check, *_) = checks_read.checks(hall.books.journal, 1)
    assert check.state == "holds", check.differences
    assert hall.poster.findings.all() == {}
    report = audit_of(hall, tmp_path)
    assert report.findings == ()
    assert report.counts.coins_opened == report.counts.supply == 155
    hall.charge("GYM", 0, 100)  # spendable like any coin
    hall.settle()
    with pytest.raises(SetupOver):
        propose(hall, f"{two},1,2024-01-03,60")


def test_a_lot_is_brought_over_once(bare_hall: Hall) -> None:
    hall = bare_hall
    hall.books.load_district()
    one = hall.members[0]["회원번호"]
    with pytest.raises(LotThere):
        propose(hall, f"{one},120,2023-05-10,60", f"{one},1,2023-05-10,60")
    proposal = propose(hall, f"{one},120,2023-05-10,60")
    balances.approve_balances(hall.books.context, hall.books.second, None, proposal)
    with pytest.raises(LotThere):
        propose(hall, f"{one},120,2023-05-10,60")


def test_what_cannot_be_a_balance_is_refused_whole(bare_hall: Hall) -> None:
    hall = bare_hall
    hall.books.load_district()
    one = hall.members[0]["회원번호"]
    with pytest.raises(BalancesUnknown) as unknown:
        propose(hall, f"{one},1,2023-05-10,60", "S-NOBODY,1,2023-05-10,60")
    assert unknown.value.fields["lines"] == [3]
    assert "NOBODY" not in str(unknown.value.__dict__)
    hall.books.clock.business_date = date(2024, 5, 2)
    with pytest.raises(Invalid, match="not after today"):
        propose(hall, f"{one},1,2024-05-03,60")
    for row in (
        f"{one},0,2023-05-10,60",
        f"{one},1,2023-05-10,0",
        f"{one},16777216,2023-05-10,60",
        f"{one},-1,2023-05-10,60",
    ):
        with pytest.raises(Exception, match="Nothing was loaded"):
            propose(hall, row)
