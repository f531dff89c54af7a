"""Spending on real databases: exactly the affordable charges win, a hold ends once, what comes back is never more than was taken."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.batches import Batch
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.errors import BoramError, Forbidden, Invalid, NotFound
from ledger_service.journal.schema import courses, entries
from ledger_service.reads.status import status
from ledger_service.services import donate, enrol, ledger_state, spend
from ledger_service.services.context import Once
from ledger_service.services.reserve import AllotmentExceeded
from tests.books import Books

RESIDENT = "S100000"
OTHER = "S100013"


def gym(books: Books) -> int:
    return books.desk(DeskKind.VENUE, "GYM")


def hall(books: Books) -> int:
    return books.desk(DeskKind.VENUE, "HALL")


def entry_count(books: Books, kind: Kind) -> int:
    with books.journal.read() as unit:
        return int(
            unit.connection.execute(
                select(func.count()).select_from(entries).where(entries.c.kind == kind)
            ).scalar_one()
        )


def seal(books: Books, number: int) -> None:
    """A batch of what a desk has, which nobody posts."""
    with books.journal.write() as unit:
        desk, rows = unit.master.desk(number), unit.sealing.unsealed(number, 500)
        assert desk is not None
        batch = Batch(number, desk.sealed_seq + 1, rows[0].accepted_day, desk.sealed_head, bytes(32), (), b"", b"")
        head = hashlib.sha256(desk.sealed_head).digest()
        assert unit.master.move_sealed(number, batch.seq, head, batch.day)
        coins = sum(row.coins for row in rows)
        unit.batches.add(batch, head=head, audit_head=bytes(32), coins=coins, gas_max=1, now=books.clock.now())
        assert unit.sealing.place(batch.seq, [row.journal_no for row in rows])
        unit.commit()


def course_id(books: Books) -> str:
    with books.journal.read() as unit:
        found = unit.courses.course_of_code("YOGA")
    assert found is not None
    return found.id


def seats_taken(books: Books) -> int:
    with books.journal.read() as unit:
        return int(unit.connection.execute(select(courses.c.seats_taken)).scalar_one())


def test_a_charge_takes_the_coins_at_once(district: Books) -> None:
    district.grant(RESIDENT, 30)
    answer = spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 12)
    assert (answer["coins"], answer["krw"], answer["state"]) == (12, 1200, "accepted")
    assert district.account(RESIDENT).available == 18
    assert entry_count(district, Kind.REDEEM) == 1


def test_a_charge_above_the_balance_changes_nothing(district: Books) -> None:
    district.grant(RESIDENT, 10)
    with pytest.raises(spend.InsufficientCoins) as refused:
        spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 11)
    assert refused.value.fields == {"available": 10, "wanted": 11, "field": "coins"}
    assert district.account(RESIDENT).available == 10
    assert entry_count(district, Kind.REDEEM) == 0


@pytest.mark.parametrize("coins", [0, -5, 2**24])
def test_an_amount_outside_its_bounds_is_refused(district: Books, coins: int) -> None:
    district.grant(RESIDENT, 10)
    with pytest.raises(Invalid):
        spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), coins)


def test_a_venue_takes_coins_in_its_steps(district: Books) -> None:
    district.grant(RESIDENT, 30)
    with pytest.raises(spend.WrongStep):
        spend.charge(district.context, district.office, None, district.person(RESIDENT), hall(district), 15)


def test_a_venue_cannot_charge_at_another_desk(district: Books) -> None:
    district.grant(RESIDENT, 30)
    counter = district.actor("counter", Role.VENUE, desks=frozenset({gym(district)}))
    with pytest.raises(Forbidden):
        spend.charge(district.context, counter, None, district.person(RESIDENT), hall(district), 10)


def test_parallel_charges_beyond_the_balance_let_exactly_the_affordable_ones_win(district: Books) -> None:
    district.grant(RESIDENT, 100)
    person, desk, office = district.person(RESIDENT), gym(district), district.office
    outcomes: list[str] = []

    def charge() -> None:
        try:
            outcomes.append(spend.charge(district.context, office, None, person, desk, 30)["state"])
        except BoramError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=charge) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"accepted": 3, "insufficient_coins": 13}
    assert district.account(RESIDENT).available == 10


def test_one_request_sent_four_times_at_once_charges_once(district: Books) -> None:
    district.grant(RESIDENT, 100)
    person, desk, office = district.person(RESIDENT), gym(district), district.office
    answers: list[str] = []

    def charge() -> None:
        answers.append(spend.charge(district.context, office, Once.of("k", b"b"), person, desk, 30)["id"])

    threads = [threading.Thread(target=charge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert district.account(RESIDENT).available == 70


def test_a_hold_reserves_and_a_capture_takes_it_once(district: Books) -> None:
    district.grant(RESIDENT, 30)
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 20)
    assert district.account(RESIDENT).available == 10
    spend.capture_hold(district.context, district.office, None, hold["id"])
    with pytest.raises(spend.HoldEnded):
        spend.capture_hold(district.context, district.office, None, hold["id"])
    with pytest.raises(spend.HoldEnded):
        spend.release_hold(district.context, district.office, None, hold["id"])
    assert district.account(RESIDENT).available == 10
    assert entry_count(district, Kind.REDEEM) == 1


def test_a_hold_whose_time_is_over_cannot_be_captured_and_frees_its_coins(district: Books) -> None:
    district.grant(RESIDENT, 30)
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 20)
    district.clock.seconds += spend.HOLD_SECONDS["counter"]
    with pytest.raises(spend.HoldEnded):
        spend.capture_hold(district.context, district.office, None, hold["id"])
    assert spend.expire_holds(district.context) == 1
    assert spend.expire_holds(district.context) == 0
    assert district.account(RESIDENT).available == 30


def test_releasing_frees_the_coins_and_may_be_said_twice(district: Books) -> None:
    district.grant(RESIDENT, 30)
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 20)
    for _ in range(2):
        assert spend.release_hold(district.context, district.office, None, hold["id"])["state"] == "released"
    assert district.account(RESIDENT).available == 30


def test_a_refund_gives_back_at_most_what_was_taken(district: Books) -> None:
    district.grant(RESIDENT, 30)
    charged = spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 20)
    spend.refund(district.context, district.office, None, charged["id"], 15)
    with pytest.raises(spend.RefundTooLarge) as refused:
        spend.refund(district.context, district.office, None, charged["id"], 6)
    assert refused.value.fields["left"] == 5
    spend.refund(district.context, district.office, None, charged["id"], 5)
    assert entry_count(district, Kind.REFUND) == 2


def test_refunded_coins_are_spendable_at_once_where_they_came_from_and_elsewhere_once_final(district: Books) -> None:
    district.grant(RESIDENT, 20)
    charged = spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 20)
    spend.refund(district.context, district.office, None, charged["id"], 20)
    with pytest.raises(spend.InsufficientCoins):
        spend.charge(district.context, district.office, None, district.person(RESIDENT), hall(district), 10)
    spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 20)
    assert district.account(RESIDENT).available == 0


def test_a_venues_month_has_a_limit(district: Books) -> None:
    district.grant(RESIDENT, 30)
    with district.journal.write() as unit:
        unit.limits.set_desk_limit(gym(district), 52, 10)
        unit.commit()
    with pytest.raises(AllotmentExceeded):
        spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 11)
    assert district.account(RESIDENT).available == 30


def test_charges_wait_when_the_ledger_is_a_day_behind(district: Books) -> None:
    district.grant(RESIDENT, 30)
    spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 1)
    district.clock.seconds += ledger_state.LEDGER_BEHIND_SECONDS + 1
    with pytest.raises(ledger_state.LedgerBehind):
        spend.charge(district.context, district.office, None, district.person(RESIDENT), gym(district), 1)


def test_charges_wait_for_a_sealed_batch_as_they_do_for_an_entry(district: Books) -> None:
    """Its age and its coins count until the chain has it."""
    district.grant(RESIDENT, 100)
    context = replace(district.context, open_debits_max=50)
    person, desk = district.person(RESIDENT), gym(district)
    spend.charge(context, district.office, None, person, desk, 30)
    seal(district, desk)
    district.clock.seconds += ledger_state.DEBITS_COUNT_AFTER_SECONDS + 1
    with pytest.raises(ledger_state.LedgerBehind, match="as many coins"):
        spend.charge(context, district.office, None, person, desk, 21)
    spend.charge(context, district.office, None, person, desk, 20)
    seal(district, desk)
    district.clock.seconds += ledger_state.LEDGER_BEHIND_SECONDS
    with pytest.raises(ledger_state.LedgerBehind, match="for a day"):
        spend.charge(district.context, district.office, None, person, desk, 1)
    assert status(district.journal, district.clock.now(), district.clock.today()).oldest_unposted_seconds > 24 * 3600


def test_a_sign_up_holds_coins_and_takes_them_when_the_rest_is_paid(district: Books) -> None:
    district.grant(RESIDENT, 300)
    signed = enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 200)
    assert (signed["state"], signed["rest_krw"]) == ("held", 500)
    assert district.account(RESIDENT).available == 100
    done = enrol.confirm_enrolment(district.context, district.office, None, signed["id"])
    assert done["state"] == "enrolled"
    assert (
        enrol.confirm_enrolment(district.context, district.office, None, signed["id"])["redemption_id"]
        == done["redemption_id"]
    )
    assert entry_count(district, Kind.REDEEM) == 1


def test_a_course_takes_no_more_coins_than_its_price(district: Books) -> None:
    district.grant(RESIDENT, 300)
    with pytest.raises(enrol.TooManyCoins) as refused:
        enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 210)
    assert refused.value.fields["coins_max"] == 200


def test_a_person_signs_up_once(district: Books) -> None:
    district.grant(RESIDENT, 300)
    enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 10)
    with pytest.raises(enrol.AlreadyEnrolled):
        enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 10)
    assert seats_taken(district) == 1


def test_no_seat_is_oversold_and_a_refused_sign_up_holds_nothing(district: Books) -> None:
    members = [RESIDENT, OTHER, "S100019"]
    for member in members:
        district.grant(member, 100)
    for member in members[:2]:
        enrol.enrol(district.context, district.office, None, course_id(district), district.person(member), 100)
    with pytest.raises(enrol.CourseFull):
        enrol.enrol(district.context, district.office, None, course_id(district), district.person(members[2]), 100)
    assert district.account(members[2]).available == 100
    assert seats_taken(district) == 2


def test_a_lapsed_sign_up_frees_its_seat_and_coins(district: Books) -> None:
    district.grant(RESIDENT, 100)
    signed = enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 100)
    district.clock.seconds += spend.HOLD_SECONDS["sign_up"]
    assert spend.expire_holds(district.context) == 1
    assert (seats_taken(district), district.account(RESIDENT).available) == (0, 100)
    with pytest.raises(enrol.EnrolmentEnded):
        enrol.confirm_enrolment(district.context, district.office, None, signed["id"])


@pytest.mark.parametrize(
    ("cancelled_on", "coins", "krw"),
    [
        (date(2024, 5, 31), 200, 500),
        (date(2024, 6, 1), 134, 330),
        (date(2024, 7, 5), 100, 250),
        (date(2024, 7, 17), 0, 0),
    ],
)
def test_cancelling_gives_back_the_share_of_the_days(district: Books, cancelled_on: date, coins: int, krw: int) -> None:
    district.grant(RESIDENT, 200)
    signed = enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 200)
    enrol.confirm_enrolment(district.context, district.office, None, signed["id"])
    district.clock.business_date = cancelled_on
    cancelled = enrol.cancel_enrolment(district.context, district.office, None, signed["id"])
    assert (cancelled["refunded_coins"], cancelled["refunded_krw"]) == (coins, krw)
    assert seats_taken(district) == 0


def test_a_course_that_the_centre_cancels_gives_everything_back(district: Books) -> None:
    district.grant(RESIDENT, 200)
    signed = enrol.enrol(district.context, district.office, None, course_id(district), district.person(RESIDENT), 200)
    enrol.confirm_enrolment(district.context, district.office, None, signed["id"])
    district.clock.business_date = date(2024, 8, 30)
    cancelled = enrol.cancel_enrolment(district.context, district.office, None, signed["id"], by_centre=True)
    assert (cancelled["refunded_coins"], cancelled["refunded_krw"]) == (200, 500)


def test_a_donation_moves_coins_to_a_fund(district: Books) -> None:
    district.grant(RESIDENT, 50)
    given = donate.donate(district.context, district.office, None, district.person(RESIDENT), "WARM", 30)
    assert (given["coins"], given["krw"]) == (30, 3000)
    assert district.account(RESIDENT).available == 20
    with pytest.raises(spend.InsufficientCoins):
        donate.donate(district.context, district.office, None, district.person(RESIDENT), "WARM", 21)
    with pytest.raises(NotFound):
        donate.donate(district.context, district.office, None, district.person(RESIDENT), "NONE", 1)


def test_a_resident_donates_only_their_own_coins(district: Books) -> None:
    district.grant(RESIDENT, 50)
    resident = district.actor("resident", Role.RESIDENT)
    with pytest.raises(Forbidden):
        donate.donate(district.context, resident, None, district.person(RESIDENT), "WARM", 1)


def themselves(books: Books, member: str) -> Actor:
    """The resident as an actor of their own."""
    actor = Actor(
        books.context.new_id(), f"resident-{member}", frozenset({Role.RESIDENT}), frozenset(), books.person(member)
    )
    with books.journal.write() as unit:
        unit.actors.add(actor, books.context.vault.token_hash(actor.name), books.clock.now())
        unit.commit()
    return actor


def test_a_resident_signs_up_and_cancels_for_themselves(district: Books) -> None:
    district.grant(RESIDENT, 300)
    me = themselves(district, RESIDENT)
    signed = enrol.enrol(district.context, me, None, course_id(district), district.person(RESIDENT), 200)
    assert (signed["state"], signed["rest_krw"]) == ("held", 500)
    with pytest.raises(Forbidden):  # only the venue knows whether the won rest was paid
        enrol.confirm_enrolment(district.context, me, None, signed["id"])
    with pytest.raises(Forbidden):  # and only the centre can say that it cancelled the course
        enrol.cancel_enrolment(district.context, me, None, signed["id"], by_centre=True)
    enrol.confirm_enrolment(district.context, district.office, None, signed["id"])
    cancelled = enrol.cancel_enrolment(district.context, me, None, signed["id"])
    assert (cancelled["refunded_coins"], cancelled["refunded_krw"], seats_taken(district)) == (200, 500, 0)


def test_a_resident_does_nothing_for_another(district: Books) -> None:
    district.grant(OTHER, 300)
    me = themselves(district, RESIDENT)
    with pytest.raises(NotFound):
        enrol.enrol(district.context, me, None, course_id(district), district.person(OTHER), 100)
    signed = enrol.enrol(district.context, district.office, None, course_id(district), district.person(OTHER), 100)
    for refused in (enrol.confirm_enrolment, enrol.cancel_enrolment):
        with pytest.raises(NotFound):
            refused(district.context, me, None, signed["id"])
    with pytest.raises(Forbidden):
        spend.charge(district.context, me, None, district.person(RESIDENT), hall(district), 10)
    with pytest.raises(Forbidden):
        spend.place_hold(district.context, me, None, district.person(RESIDENT), hall(district), 10, "sign_up")
    assert (district.account(OTHER).held, seats_taken(district)) == (100, 1)
