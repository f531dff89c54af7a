"""The three-way check (DOMAIN rule 31) on the real contract: it holds after every kind of movement, and names what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from ledger_service.chain.contract import AccountSlot, LedgerContract
from ledger_service.chain.hexes import BlockTag
from ledger_service.domain.alarms import Alarms
from ledger_service.domain.days import civil_day
from ledger_service.posting.three_way import SUBJECT, ThreeWay
from ledger_service.reads import checks as reads
from ledger_service.reads import totals as totals_read
from ledger_service.services import checks, close_month, credit, donate
from ledger_service.services.ledger_state import BooksDiffer
from tests.integration.posting.hall import Hall


def asked(hall: Hall) -> reads.CheckLine:
    answer = checks.ask_for_check(hall.books.context, hall.books.office, None)
    hall.settle()
    return reads.check(hall.books.journal, answer["id"])


def test_it_holds_after_credits_charges_refunds_gifts_and_closes(hall: Hall) -> None:
    hall.earn([0, 1, 2], "2024-05-01")
    hall.settle()
    charged = hall.charge("GYM", 0, 30)
    donate.donate(hall.books.context, hall.books.office, None, hall.person(1), "WARM", 12)
    hall.refund("GYM", charged, 5)
    hall.settle()
    assert asked(hall).differences == []
    hall.today("2024-06-01")
    hall.close("2024-05", "GYM")
    hall.refund("GYM", charged, 7)
    hall.settle()
    found = asked(hall)
    assert found.state == "holds", found.differences
    assert (found.credited, found.reissued, found.burnt) == (120, 7, 25)
    assert found.balances == found.supply == 102


def test_it_holds_while_entries_are_on_their_way(hall: Hall) -> None:
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.earn([2], "2024-05-01")
    hall.poster.sealer.seal_step()
    hall.charge("HALL", 1, 10)
    answer = checks.ask_for_check(hall.books.context, hall.books.office, None)
    assert hall.poster.three_way.check_step() == 1
    found = reads.check(hall.books.journal, answer["id"])
    assert (found.state, found.balances, found.supply) == ("holds", 80, 80)


def test_its_sums_are_of_one_moment(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    year = civil_day(date(2024, 1, 1)), civil_day(date(2024, 12, 31))
    with hall.books.journal.read_moment() as unit:
        before = unit.checks.credited_between(*year)
        hall.earn([1], "2024-05-01")
        assert unit.checks.credited_between(*year) == before
    with hall.books.journal.read_moment() as unit:
        assert unit.checks.credited_between(*year) > before


def test_the_totals_are_of_one_moment(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.earn([0], "2024-05-01")
    add_up, asked = totals_read._sums, []

    def add_up_while_more_is_earned(*question: Any) -> dict[int, tuple[int, int, int]]:
        found = add_up(*question)
        if not asked:
            hall.earn([1], "2024-05-01")
        asked.append(question)
        return found

    monkeypatch.setattr(totals_read, "_sums", add_up_while_more_is_earned)
    found = totals_read.totals(hall.books.journal)
    assert len(asked) > 1
    assert {one.kind: (one.final_entries, one.final_coins) for one in found.kinds} == {"credit": (0, 0)}


def test_each_business_day_has_a_check_of_its_own(hall: Hall) -> None:
    hall.settle()
    assert [one.asked_for for one in reads.checks(hall.books.journal, 10)] == [False]
    hall.today("2024-05-03")
    hall.settle()
    days = [one.day.isoformat() for one in reads.checks(hall.books.journal, 10)]
    assert sorted(days) == ["2024-05-02", "2024-05-03"]


def test_a_difference_is_noticed_within_the_hour_and_its_alarm_ends_with_it(hall: Hall) -> None:
    hall.settle()
    address = hall.books.account(hall.members[1]["회원번호"]).address
    change(hall, "UPDATE accounts SET credited = credited + 7 WHERE address = :address", address=address)
    hall.books.clock.seconds += 3_599
    assert hall.poster.three_way.check_step() == 0
    hall.books.clock.seconds += 1
    assert hall.poster.three_way.check_step() == 1
    assert (SUBJECT in hall.poster.findings.all(), alarm(hall)) == (True, 7)
    change(hall, "UPDATE accounts SET credited = credited - 7 WHERE address = :address", address=address)
    asked(hall)
    assert (SUBJECT in hall.poster.findings.all(), alarm(hall)) == (False, 0)


@pytest.mark.parametrize(("lies", "is_said"), [([3, 0], False), ([3, 5], False), ([3, 3], True)])
def test_what_stops_crediting_is_said_twice_by_the_chain(
    hall: Hall, lies: list[int], is_said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a block comes in, a node may answer about the one before with its state: a fault of the node, which was seen."""
    hall.settle()
    honest, left = LedgerContract.slots_of, list(lies)

    def slots_of(contract: LedgerContract, accounts: Sequence[bytes], block: BlockTag) -> list[AccountSlot]:
        off = left.pop(0) if left else 0
        return [replace(slot, coins=slot.coins + off) for slot in honest(contract, accounts, block)]

    monkeypatch.setattr(LedgerContract, "slots_of", slots_of)
    hall.books.clock.seconds += 3_600
    assert hall.poster.three_way.check_step() == 1
    assert left == []
    assert (SUBJECT in hall.poster.findings.all()) is is_said
    assert (reads.checks(hall.books.journal, 1)[0].state == "differs") is is_said


def alarm(hall: Hall) -> object:
    return hall.poster.findings.measures.as_json()["numbers"]["reconciliation_difference_coins"]


def test_a_difference_says_where_it_lies_and_stops_crediting_and_closes(hall: Hall) -> None:
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    account = hall.books.account(hall.members[1]["회원번호"]).address
    change(hall, "UPDATE accounts SET credited = credited + 7 WHERE address = :address", address=account)
    found = asked(hall)
    assert found.state == "differs"
    assert found.differences == ["supply: books 87, chain 80", f"account 0x{account.hex()}: books 47, chain 40"]
    hall.today("2024-06-01")
    with pytest.raises(BooksDiffer):
        hall.earn([2], "2024-05-31")
    with pytest.raises(BooksDiffer):
        close_month.prepare_closes(hall.books.context, hall.books.office, None, 52)
    change(hall, "UPDATE accounts SET credited = credited - 7 WHERE address = :address", address=account)
    assert asked(hall).state == "holds"
    with hall.books.journal.read() as unit:
        waiting = unit.connection.execute(text("SELECT id FROM approvals WHERE status = 'waiting'")).scalar_one()
    assert credit.approve(hall.books.context, hall.books.second, None, waiting)["coins"] == 40


def test_rule_8_a_reached_threshold_is_a_notice_and_crediting_goes_on(hall: Hall) -> None:
    hall.poster.context = replace(hall.poster.context, alarms=Alarms(outstanding_krw=4_000))
    hall.poster.three_way = ThreeWay(hall.poster.context, hall.poster.chain, hall.poster.findings)
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.today("2024-05-03")
    hall.settle()
    assert "worth 4,000 won" in hall.poster.findings.all()["thresholds"]
    hall.earn([1], "2024-05-01")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE entries SET coins = coins + 1 WHERE kind = 1", "credited: books 41, chain 40"),
        ("UPDATE entries SET coins = coins + 1 WHERE kind = 2", "coins of venue"),
        ("UPDATE coin_values SET krw = 150 WHERE krw = 100", "won due to venue"),
    ],
)
def test_each_sum_is_looked_at(hall: Hall, statement: str, named: str) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    change(hall, statement)
    found = asked(hall).differences
    assert any(named in one for one in found)
    assert any(one.startswith("batch 1 of desk") for one in found) is statement.startswith("UPDATE entries")


def change(hall: Hall, statement: str, **values: object) -> None:
    """Somebody with the database."""
    with hall.books.journal.write() as unit:
        unit.connection.execute(text(statement), values)
        unit.commit()
