"""The meter of the budget, and the thresholds (DOMAIN rules 8 and 9): reserved from submission on, in books on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import date

from ledger_service.domain.alarms import NO_ALARMS, Alarms
from ledger_service.domain.entries import DeskKind
from ledger_service.reads.budget import Budget, budget
from ledger_service.services import credit, intake
from tests.books import SAMPLES, Books

APRIL = (SAMPLES / "activities-2024-04.csv").read_bytes()


def meter(books: Books, thresholds: Alarms = NO_ALARMS) -> Budget:
    return budget(books.journal, books.clock.today(), thresholds)


def test_rule_9_what_waits_is_reserved_and_what_is_approved_is_issued(district: Books) -> None:
    empty = meter(district)
    assert (empty.appropriated, empty.reserved, empty.issued, empty.left) == (1_000_000, 0, 0, 1_000_000)
    submitted = intake.submit_import(district.context, district.office, None, APRIL, "1365")
    coins = submitted["coins"]
    waiting = meter(district)
    assert (waiting.reserved, waiting.issued, waiting.left) == (coins, 0, 1_000_000 - coins)
    assert sum(one.reserved for one in waiting.programmes) == coins
    assert sum(one.reserved for one in waiting.centres) == coins
    credit.approve(district.context, district.second, None, submitted["id"])
    issued = meter(district)
    assert (issued.reserved, issued.issued, issued.left) == (0, coins, 1_000_000 - coins)
    assert sum(one.issued for one in issued.programmes) == sum(one.issued for one in issued.centres) == coins
    with district.journal.read() as unit:
        limits = [unit.limits.desk_limit(district.desk(DeskKind.CENTRE, one.code), 52).left for one in issued.centres]
    assert [one.left for one in issued.centres] == limits


def test_rule_9_what_is_withdrawn_is_free_again(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, APRIL, "1365")
    credit.decline(district.context, district.office, None, submitted["id"], "wrong month")
    assert meter(district).left == 1_000_000


def test_rule_8_a_threshold_that_is_reached_is_said_in_won(district: Books) -> None:
    district.grant("S100000", 100)  # 10,000 won
    assert meter(district, Alarms(outstanding_krw=10_001)).alarms == []
    (alarm,) = meter(district, Alarms(outstanding_krw=10_000)).alarms
    assert "10,000 won" in alarm
    submitted = intake.submit_import(district.context, district.office, None, APRIL, "1365")
    credit.approve(district.context, district.second, None, submitted["id"])
    krw = submitted["coins"] * 100
    assert meter(district, Alarms(year_issue_krw=krw + 1)).alarms == []
    (alarm,) = meter(district, Alarms(year_issue_krw=krw)).alarms
    assert f"2024 are worth {krw:,} won" in alarm
    district.clock.business_date = date(2025, 1, 2)
    assert meter(district, Alarms(year_issue_krw=krw)).alarms == []
