"""What services refuse while a bundle is missing, and who decides that a desk is adopted."""

from __future__ import annotations

import pytest

from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.outside import OutsideRow
from ledger_service.services import approvals, credit, desk_steps, intake, setup
from ledger_service.services.ledger_state import BundleMissing
from tests.books import SAMPLE_AS_OF, Books
from tests.integration.test_credit import month, yoga_row

LOST_DAY = SAMPLE_AS_OF.replace(month=4, day=10)


def lose_a_bundle(books: Books, center: str) -> int:
    desk = books.desk(DeskKind.CENTRE, center)
    day = civil_day(LOST_DAY)
    with books.journal.write() as unit:
        unit.outside.add(OutsideRow(desk, 1, "missing", bytes(32), day, day, [], [], books.clock.now()))
        unit.commit()
    return desk


def submit(books: Books, number: str, day: str, center: str) -> str:
    return str(
        intake.submit_import(books.context, books.office, None, month(yoga_row(number, day, center)), "1365")["id"]
    )


@pytest.mark.parametrize(
    ("day", "center"),
    [("2024-04-10", "SVC"), ("2024-04-10", "YJSW"), ("2024-04-11", "SVC")],
    ids=["its desk on its day", "another desk on its day", "its desk on another day"],
)
def test_what_the_lost_batch_may_have_credited_is_not_credited_again(district: Books, day: str, center: str) -> None:
    lose_a_bundle(district, "SVC")
    with pytest.raises(BundleMissing):
        submit(district, "L1", day, center)


def test_other_desks_credit_on_other_days(district: Books) -> None:
    lose_a_bundle(district, "SVC")
    approval = submit(district, "L1", "2024-04-11", "YJSW")
    assert credit.approve(district.context, district.second, None, approval)["entries"] == 1


def test_a_submission_that_waited_is_not_approved_either(district: Books) -> None:
    approval = submit(district, "L1", "2024-04-10", "YJSW")
    lose_a_bundle(district, "SVC")
    with pytest.raises(BundleMissing):
        credit.approve(district.context, district.second, None, approval)
    with district.journal.write() as unit:
        unit.outside.remove(district.desk(DeskKind.CENTRE, "SVC"), 1)
        unit.commit()
    assert credit.approve(district.context, district.second, None, approval)["entries"] == 1


def test_a_desk_is_adopted_by_two_people_and_only_when_it_is_stopped(district: Books) -> None:
    desk = district.desk(DeskKind.CENTRE, "SVC")
    with pytest.raises(desk_steps.DeskNotStopped):
        setup.propose_adoption(district.context, district.office, None, desk)
    with district.journal.write() as unit:
        unit.master.stop_desk(desk, "another batch")
        unit.commit()
    proposal = setup.propose_adoption(district.context, district.office, None, desk)
    with pytest.raises(approvals.SamePerson):
        setup.approve_orders(district.context, district.office, None, proposal["id"])
    with district.journal.read() as unit:
        assert not any(one.adopting for one in unit.master.desks())
    setup.approve_orders(district.context, district.second, None, proposal["id"])
    with district.journal.read() as unit:
        assert [one.number for one in unit.master.desks() if one.adopting] == [desk]
