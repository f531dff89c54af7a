"""Gifts to the end: a standing wish gives what is earned, a cancelled project's gift stays with its body (DOMAIN rules 28 and 29)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger_service.domain.actors import Role
from ledger_service.domain.entries import fund_account
from ledger_service.errors import NotFound
from ledger_service.reads.donations import gift
from ledger_service.services import donate, gifts, setup
from ledger_service.services.gifts import NotReassignable
from tests.integration.posting.hall import Hall


def test_a_standing_wish_gives_what_is_earned_from_then_on_once(hall: Hall) -> None:
    context, office = hall.books.context, hall.books.office
    hall.earn([0], "2024-05-01")
    hall.settle()
    gifts.set_wish(context, office, None, hall.person(0), "WARM")
    hall.earn([0, 1], "2024-05-02")
    assert gifts.carry_out_wishes(context) == 0  # nothing is final yet
    hall.settle()
    assert (gifts.carry_out_wishes(context), gifts.carry_out_wishes(context)) == (1, 0)
    hall.settle()
    assert [hall.books.account(hall.members[at]["회원번호"]).available for at in (0, 1)] == [40, 40]
    (slot,) = hall.contract.slots_of([fund_account(1)], "latest")
    assert slot.coins == 40
    gifts.set_wish(context, office, None, hall.person(0), None)
    hall.earn([0], "2024-04-30")
    hall.settle()
    assert gifts.carry_out_wishes(context) == 0
    assert hall.poster.findings.all() == {}


def test_a_wish_outlasts_who_took_it_down(hall: Hall) -> None:
    context = hall.books.context
    clerk = hall.books.actor("leaving", Role.CLERK)
    gifts.set_wish(context, clerk, None, hall.person(0), "WARM")
    with hall.books.journal.write() as unit:
        unit.actors.revoke(clerk.id, context.clock.now())
        unit.commit()
    hall.earn([0], "2024-05-01")
    hall.settle()
    assert gifts.carry_out_wishes(context) == 1


def test_a_wish_gives_no_more_than_is_left(hall: Hall) -> None:
    context = hall.books.context
    gifts.set_wish(context, hall.books.office, None, hall.person(0), "WARM")
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    assert gifts.carry_out_wishes(context) == 1
    hall.settle()
    assert hall.books.account(hall.members[0]["회원번호"]).available == 0
    assert hall.poster.findings.all() == {}


def test_a_gift_to_a_cancelled_project_goes_to_another_of_the_same_body_for_30_days(hall: Hall) -> None:
    books = hall.books
    context, office = books.context, books.office
    books.load("funds", "code,name,body\nKIDS,방학 도시락,chest\nOTHER,다른 사업,another body\n".encode())
    hall.earn([0], "2024-05-01")
    hall.settle()
    given = donate.donate(context, office, None, hall.person(0), "WARM", 12)
    hall.settle()
    with pytest.raises(NotReassignable):
        gifts.reassign(context, office, None, given["id"], "KIDS")  # the project goes on
    ended = setup.propose_fund_end(context, office, None, "WARM")
    setup.approve_orders(context, books.second, None, ended["id"])
    hall.settle()
    with pytest.raises(NotFound):
        donate.donate(context, office, None, hall.person(0), "WARM", 1)
    with pytest.raises(NotReassignable, match="stays with its body"):
        gifts.reassign(context, office, None, given["id"], "OTHER")
    stranger = books.actor("stranger", Role.RESIDENT)
    with pytest.raises(NotFound):
        gifts.reassign(context, stranger, None, given["id"], "KIDS")
    books.clock.business_date += timedelta(days=31)
    with pytest.raises(NotReassignable):
        gifts.reassign(context, office, None, given["id"], "KIDS")
    books.clock.business_date -= timedelta(days=1)
    assert gifts.reassign(context, office, None, given["id"], "KIDS")["fund"] == "KIDS"
    shown = gift(books.journal, context.vault, office, given["id"])
    assert (shown.project, shown.body, shown.krw) == ("방학 도시락", "chest", 1_200)
    (slot,) = hall.contract.slots_of([fund_account(1)], "latest")
    assert slot.coins == 12  # on the chain a gift is one way: the same body is paid at the close
    assert hall.poster.findings.all() == {}
