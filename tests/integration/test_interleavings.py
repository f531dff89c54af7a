"""What two people do at the same moment, or in an unusual order: nothing comes back twice, nothing is stuck."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.errors import BoramError
from ledger_service.services import credit, enrol, intake, ledger_state, spend
from ledger_service.services.context import Once
from ledger_service.services.reserve import AllotmentExceeded
from tests.books import SAMPLES, Books
from tests.integration.test_spend import OTHER, RESIDENT, course_id, entry_count, gym, hall, seats_taken


def at_once(count: int, act: Callable[[int], Any]) -> Counter[str]:
    """What `count` threads got: "done", or the code of the error."""
    outcomes: list[str] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            act(number)
            outcomes.append("done")
        except BoramError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def signed_up(books: Books, coins: int, member: str = RESIDENT) -> str:
    books.grant(member, coins)
    enrolment = enrol.enrol(books.context, books.office, None, course_id(books), books.person(member), coins)
    return str(enrolment["id"])


def month_left(books: Books, desk: int, month: int = 52) -> int:
    with books.journal.read() as unit:
        return unit.limits.desk_limit(desk, month).left


def test_a_sign_up_cancelled_twice_at_once_comes_back_once(district: Books) -> None:
    enrolment = signed_up(district, 100)
    enrol.confirm_enrolment(district.context, district.office, None, enrolment)
    district.clock.business_date = date(2024, 7, 5)  # half comes back: nothing else would keep it from coming twice
    office = district.office
    outcomes = at_once(4, lambda n: enrol.cancel_enrolment(district.context, office, None, enrolment))
    assert outcomes == {"done": 1, "enrolment_ended": 3}
    assert (entry_count(district, Kind.REFUND), seats_taken(district)) == (1, 0)
    assert district.account(RESIDENT).refunding == 50


def test_confirming_and_cancelling_at_once_do_one_of_the_two(district: Books) -> None:
    enrolment = signed_up(district, 0)
    office = district.office
    acts = (enrol.confirm_enrolment, enrol.cancel_enrolment)
    at_once(2, lambda n: acts[n](district.context, office, None, enrolment))
    with district.journal.read() as unit:
        after = unit.courses.enrolment(enrolment)
    assert after is not None
    assert (after.state, seats_taken(district)) in (("enrolled", 1), ("cancelled", 0))


def test_the_hold_of_a_sign_up_is_ended_by_the_sign_up_alone(district: Books) -> None:
    enrolment = signed_up(district, 100)
    with district.journal.read() as unit:
        row = unit.courses.enrolment(enrolment)
    assert row is not None
    assert row.hold_id is not None
    for act in (spend.capture_hold, spend.release_hold):
        with pytest.raises(spend.HoldOfSignUp):
            act(district.context, district.office, None, row.hold_id)
    assert enrol.confirm_enrolment(district.context, district.office, None, enrolment)["state"] == "enrolled"


def test_what_the_counter_gave_back_does_not_come_back_again_with_the_course(district: Books) -> None:
    enrolment = signed_up(district, 200)
    done = enrol.confirm_enrolment(district.context, district.office, None, enrolment)
    spend.refund(district.context, district.office, None, done["redemption_id"], 30)
    cancelled = enrol.cancel_enrolment(district.context, district.office, None, enrolment, by_centre=True)
    assert (cancelled["refunded_coins"], cancelled["refunded_krw"]) == (170, 500)


def test_a_sign_up_without_coins_lapses_too(district: Books) -> None:
    signed_up(district, 0)
    district.clock.seconds += spend.HOLD_SECONDS["sign_up"] - 1
    assert spend.expire_holds(district.context) == 0
    district.clock.seconds += 1
    assert spend.expire_holds(district.context) == 1
    assert seats_taken(district) == 0


def test_a_request_sent_again_at_once_gets_the_answer_of_the_first(district: Books) -> None:
    district.grant(RESIDENT, 30)
    person, desk, office = district.person(RESIDENT), gym(district), district.office
    outcomes = at_once(6, lambda n: spend.charge(district.context, office, Once.of("k", b"b"), person, desk, 30))
    assert outcomes == {"done": 6}
    assert entry_count(district, Kind.REDEEM) == 1


def test_a_key_is_not_used_up_by_a_request_that_was_refused(district: Books) -> None:
    once = Once.of("k", b"b")
    with pytest.raises(spend.InsufficientCoins):
        spend.charge(district.context, district.office, once, district.person(RESIDENT), gym(district), 30)
    district.grant(RESIDENT, 30)
    assert spend.charge(district.context, district.office, once, district.person(RESIDENT), gym(district), 30)


def test_charges_refunds_and_an_approval_at_once_never_wait_for_each_other_for_ever(district: Books) -> None:
    members = ["S101923", "S100194", "S104579", "S101616"]
    for member in members:
        district.grant(member, 1_000)
    april = (SAMPLES / "activities-2024-04.csv").read_bytes()
    submitted = intake.submit_import(district.context, district.office, None, april, "1365")
    people, desk, office = [district.person(member) for member in members], gym(district), district.office
    second = district.second

    def act(number: int) -> None:
        if number == 0:
            credit.approve(district.context, second, None, submitted["id"])
            return
        for _ in range(8):
            charged = spend.charge(district.context, office, None, people[number % 4], desk, 5)
            held = spend.place_hold(district.context, office, None, people[(number + 1) % 4], desk, 5)
            spend.refund(district.context, office, None, charged["id"], 5)
            spend.capture_hold(district.context, office, None, held["id"])

    assert at_once(5, act) == {"done": 5}
    assert entry_count(district, Kind.CREDIT) == 1673


def test_a_hold_reserves_the_venues_month_and_gives_it_back(district: Books) -> None:
    district.grant(RESIDENT, 100)
    before = month_left(district, gym(district))
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 40)
    assert month_left(district, gym(district)) == before - 40
    spend.release_hold(district.context, district.office, None, hold["id"])
    spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 40)
    district.clock.seconds += spend.HOLD_SECONDS["counter"]
    spend.expire_holds(district.context)
    assert month_left(district, gym(district)) == before


def test_a_hold_captured_in_the_next_month_counts_there(district: Books) -> None:
    district.grant(RESIDENT, 100)
    district.clock.business_date = date(2024, 5, 31)
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 40)
    district.clock.business_date = date(2024, 6, 1)
    spend.capture_hold(district.context, district.office, None, hold["id"])
    assert (month_left(district, gym(district), 52), month_left(district, gym(district), 53)) == (100_000, 99_960)


def test_a_hold_beyond_the_venues_month_is_refused_at_once(district: Books) -> None:
    district.grant(RESIDENT, 100)
    with district.journal.write() as unit:
        unit.limits.set_desk_limit(gym(district), 52, 30)
        unit.commit()
    with pytest.raises(AllotmentExceeded):
        spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 40)
    assert district.account(RESIDENT).available == 100


def test_a_sign_up_across_a_value_change_keeps_the_price_that_was_told(district: Books) -> None:
    enrolment = signed_up(district, 100)
    district.clock.business_date = date(2024, 5, 3)
    with district.journal.write() as unit:
        unit.master.add_coin_value(civil_day(date(2024, 5, 3)), 50)
        unit.commit()
    confirmed = enrol.confirm_enrolment(district.context, district.office, None, enrolment)
    assert confirmed["rest_krw"] == 10_500  # 20,500 won less 100 coins of 100 won, as the day before
    with district.journal.read() as unit:
        redemption = unit.spending.redemption(confirmed["redemption_id"])
        assert redemption is not None
        entry = unit.entries.read(redemption.journal_no)
    assert (redemption.krw_per_coin, redemption.day) == (100, civil_day(date(2024, 5, 2)))
    assert entry is not None
    assert (entry.day, entry.accepted_day) == (redemption.day, redemption.day + 1)


class MidnightClock:
    """Every look at the calendar is a day later."""

    def __init__(self, books: Books) -> None:
        self._clock = books.clock

    def now(self) -> int:
        return self._clock.now()

    def today(self) -> date:
        day = self._clock.business_date
        self._clock.business_date = date.fromordinal(day.toordinal() + 1)
        return day


def test_a_charge_over_midnight_has_one_day(district: Books) -> None:
    from dataclasses import replace

    district.grant(RESIDENT, 10)
    district.clock.business_date = date(2024, 5, 31)
    person, desk, office = district.person(RESIDENT), gym(district), district.office
    context = replace(district.context, clock=MidnightClock(district))
    charged = spend.charge(context, office, None, person, desk, 10)
    with district.journal.read() as unit:
        entry = unit.entries.read(charged["journal_no"])
    assert entry is not None
    assert (entry.day, entry.accepted_day, month_left(district, desk, 52)) == (19_874, 19_874, 99_990)


def test_a_desk_that_was_stopped_does_not_close_the_others(district: Books) -> None:
    district.grant(RESIDENT, 100)
    district.grant(OTHER, 100)
    spend.charge(district.context, district.office, None, district.person(RESIDENT), hall(district), 10)
    district.clock.seconds += ledger_state.LEDGER_BEHIND_SECONDS + 1
    with pytest.raises(ledger_state.LedgerBehind):
        spend.charge(district.context, district.office, None, district.person(OTHER), gym(district), 10)
    with district.journal.write() as unit:
        unit.master.stop_desk(district.desk(DeskKind.VENUE, "HALL"), "looked into")
        unit.commit()
    assert spend.charge(district.context, district.office, None, district.person(OTHER), gym(district), 10)
