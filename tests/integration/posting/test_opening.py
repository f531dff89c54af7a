"""The ledger is open for a month at a time, and stays open."""

from __future__ import annotations

from datetime import date, timedelta

from ledger_service.domain.days import civil_day
from ledger_service.posting.three_way import OPENING
from ledger_service.services.opening import EXTENDED_BELOW_DAYS, OPEN_DAYS, extend_opening
from tests.integration.posting.hall import Hall

OPENED = date(2024, 5, 2)


def test_the_ledger_is_open_for_a_month_and_stays_open(hall: Hall) -> None:
    context, clock = hall.books.context, hall.books.clock
    assert OPEN_DAYS <= 31, "a stolen desk's key could push the latest day far out"
    assert hall.contract.status("latest").open_until == civil_day(OPENED) + OPEN_DAYS
    assert extend_opening(context) == 0
    clock.business_date = OPENED + timedelta(days=OPEN_DAYS - EXTENDED_BELOW_DAYS)
    assert extend_opening(context) == 0
    clock.business_date += timedelta(days=1)
    assert extend_opening(context) == 1
    assert extend_opening(context) == 0
    hall.settle()
    assert hall.contract.status("latest").open_until == civil_day(clock.business_date) + OPEN_DAYS
    assert OPENING not in hall.poster.findings.all()


def test_a_ledger_that_is_about_to_close_is_said_a_week_before(hall: Hall) -> None:
    hall.books.clock.business_date = OPENED + timedelta(days=OPEN_DAYS - 6)
    hall.settle()
    assert "6 days from now" in hall.poster.findings.all()[OPENING]
    extend_opening(hall.books.context)
    hall.settle()
    hall.books.clock.business_date += timedelta(days=1)
    hall.settle()
    assert OPENING not in hall.poster.findings.all()
