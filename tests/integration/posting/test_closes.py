"""Month closes (DOMAIN rule 30) through the real services to the real contract, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from ledger_service.chain.transactions import receipts_of
from ledger_service.domain.days import read_month
from ledger_service.domain.entries import DeskKind, desk_account, fund_account
from ledger_service.errors import Forbidden
from ledger_service.journal.schema import closes
from ledger_service.posting.gas import TRANSACTION_BASE
from ledger_service.reads import closes as closes_read
from ledger_service.services import close_month, donate
from ledger_service.services.approvals import SamePerson
from ledger_service.services.close_month import (
    CloseChanged,
    CloseShort,
    MonthNotFinal,
    MonthNotOver,
    NothingToClose,
    NotInOrder,
)
from ledger_service.services.ledger_state import BooksDiffer
from tests.integration.posting.hall import Hall, audit_of


def on_chain(hall: Hall, account: bytes) -> tuple[int, int]:
    """Coins of an account, and the won that the district owes to it, as the contract has them."""
    (slot,) = hall.contract.slots_of([account], "latest")
    return slot.coins, hall.contract.krw_due_of([account], "latest")[0]


def test_a_closed_month_burns_its_coins_and_a_later_refund_is_issued_again(hall: Hall, tmp_path: Path) -> None:
    gym = hall.venue("GYM")
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    first = hall.charge("GYM", 0, 30)
    second = hall.charge("GYM", 1, 20)
    hall.settle()
    hall.refund("GYM", first, 10)
    hall.settle()
    hall.today("2024-06-03")
    may = hall.close("2024-05", "GYM")
    assert (may["coins"], may["krw"]) == (40, 4_000)
    assert on_chain(hall, desk_account(gym)) == (0, 0)
    assert hall.close_row(may["id"]).state == "closed"

    hall.refund("GYM", second, 20)  # of a closed month: the venue has no coins, so they are issued again
    hall.charge("GYM", 0, 15)
    hall.settle()
    with hall.books.journal.read() as unit:
        closing = unit.closes.last_batch(gym)
        batch = unit.batches.read(gym, unit.closes.last_seq_until(gym, 2**16))
    assert batch is not None
    assert closing in [(need.desk, need.seq) for need in batch.batch.needs]  # no order of posting makes the refund fail
    assert on_chain(hall, desk_account(gym)) == (15, -500)
    assert hall.contract.totals("latest").reissued == 20

    hall.today("2024-07-01")
    with pytest.raises(NothingToClose, match="netted at the next close"):
        hall.prepare("2024-06", "GYM")
    hall.charge("GYM", 1, 25)
    hall.settle()
    hall.today("2024-08-01")
    july = hall.close("2024-07", "GYM")
    row = hall.close_row(july["id"])
    assert (row.opening_coins, row.opening_krw) == (15, -500)  # June, carried over
    assert (july["coins"], july["krw"]) == (40, 2_000)
    assert on_chain(hall, desk_account(gym)) == (0, 0)
    totals = hall.contract.totals("latest")
    assert (
        totals.supply
        == 80 - 40 + 20 - 40
        == sum(hall.books.account(one["회원번호"]).available for one in hall.members[:2])
    )
    assert hall.poster.findings.all() == {}
    report = audit_of(hall, tmp_path)
    assert report.findings == ()
    printed = closes_read.statement(hall.books.journal, hall.counter("GYM"), july["id"])
    assert [(one.day.isoformat(), one.charges, one.taken_coins, one.refunds) for one in printed.days] == [
        ("2024-07-01", 1, 25, 0)
    ]
    assert printed.close.krw == 2_000
    paid = closes_read.payments(hall.books.journal, read_month("2024-07"))
    assert [(one.payee, one.krw) for one in paid.payments] == [("gym", 2_000)]
    assert (report.counts.month_closes, report.counts.coins_closed, report.counts.coins_reissued) == (2, 80, 20)


def test_a_close_wants_the_venues_person_and_another_of_the_office(hall: Hall) -> None:
    context, office, second = hall.books.context, hall.books.office, hall.books.second
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    (prepared,) = hall.prepare("2024-05", "GYM")["closes"]
    with pytest.raises(Forbidden):
        close_month.confirm_close(context, office, None, prepared["id"])
    both = hall.books.actor("both", *second.roles, *hall.counter("GYM").roles, desks=frozenset({hall.venue("GYM")}))
    close_month.confirm_close(context, both, None, prepared["id"])
    with pytest.raises(SamePerson):
        close_month.approve_close(context, both, None, prepared["id"])
    close_month.approve_close(context, second, None, prepared["id"])
    hall.settle()
    assert on_chain(hall, desk_account(hall.venue("GYM"))) == (0, 0)


def test_nothing_is_closed_before_the_month_is_over_and_final(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    with pytest.raises(MonthNotOver):
        hall.prepare("2024-05", "GYM")
    hall.today("2024-06-01")
    with pytest.raises(MonthNotFinal):
        hall.prepare("2024-05", "GYM")
    hall.settle()
    (prepared,) = hall.prepare("2024-05", "GYM")["closes"]
    assert prepared["coins"] == 30


def test_nothing_is_closed_while_books_and_chain_differ(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    (prepared,) = hall.prepare("2024-05", "GYM")["closes"]
    hall.poster.findings.add("test", "found")
    hall.poster.findings.say("ready")
    with pytest.raises(BooksDiffer):
        hall.prepare("2024-05", "GYM")
    with pytest.raises(BooksDiffer):
        close_month.confirm_close(hall.books.context, hall.counter("GYM"), None, prepared["id"])


def test_months_are_closed_in_order_and_a_closed_one_stays_as_it_is(hall: Hall) -> None:
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-10")
    hall.charge("GYM", 1, 20)
    hall.settle()
    hall.today("2024-07-01")
    june = hall.close("2024-06", "GYM")
    assert june["coins"] == 50  # May was not closed: June settles it too
    with pytest.raises(NotInOrder):
        hall.prepare("2024-05", "GYM")
    before = hall.close_row(june["id"])
    (again,) = hall.prepare("2024-06", "GYM")["closes"]
    assert (again["id"], again["state"]) == (june["id"], "closed")
    assert hall.close_row(june["id"]) == before


def test_a_refund_waits_while_a_close_is_on_its_way(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    charged = hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    (prepared,) = hall.prepare("2024-05", "GYM")["closes"]
    close_month.confirm_close(hall.books.context, hall.counter("GYM"), None, prepared["id"])
    close_month.approve_close(hall.books.context, hall.books.second, None, prepared["id"])
    hall.refund("GYM", charged, 30)  # accepted at once; on the chain it would leave nothing to burn
    hall.settle()
    assert hall.close_row(prepared["id"]).state == "closed"
    assert hall.contract.totals("latest").reissued == 30
    assert hall.books.account(hall.members[0]["회원번호"]).available == 40
    assert hall.poster.findings.all() == {}


def test_a_close_that_refunds_have_outrun_waits_for_the_next_month(hall: Hall) -> None:
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    charged = hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    (prepared,) = hall.prepare("2024-05", "GYM")["closes"]
    close_month.confirm_close(hall.books.context, hall.counter("GYM"), None, prepared["id"])
    hall.refund("GYM", charged, 10)
    with pytest.raises(CloseShort):
        close_month.approve_close(hall.books.context, hall.books.second, None, prepared["id"])
    close_month.decline_close(hall.books.context, hall.books.second, None, prepared["id"], "refunds since")
    hall.settle()
    hall.charge("GYM", 1, 5)
    hall.settle()
    hall.today("2024-07-01")
    june = hall.close("2024-06", "GYM")
    assert (june["coins"], june["krw"]) == (25, 2_500)


def test_figures_that_somebody_changed_are_not_approved(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    (prepared,) = hall.prepare("2024-05", "GYM")["closes"]
    close_month.confirm_close(hall.books.context, hall.counter("GYM"), None, prepared["id"])
    with hall.books.journal.write() as unit:
        unit.connection.execute(update(closes).values(taken_krw=9_000, krw=9_000))
        unit.commit()
    with pytest.raises(CloseChanged):
        close_month.approve_close(hall.books.context, hall.books.second, None, prepared["id"])


def test_a_fund_is_closed_whole_by_two_of_the_office(hall: Hall) -> None:
    hall.earn([0, 1], "2024-05-01")
    hall.settle()
    donate.donate(hall.books.context, hall.books.office, None, hall.person(0), "WARM", 12)
    hall.settle()
    hall.today("2024-06-01")
    answer = hall.prepare("2024-05")
    assert [(one["code"], one["coins"], one["krw"]) for one in answer["closes"]] == [("WARM", 12, 1_200)]
    assert {one["code"]: one["reason"] for one in answer["left"]} == {
        "GYM": "nothing_to_close",
        "HALL": "nothing_to_close",
    }
    close_id = answer["closes"][0]["id"]
    with pytest.raises(SamePerson):
        close_month.approve_close(hall.books.context, hall.books.office, None, close_id)
    donate.donate(hall.books.context, hall.books.office, None, hall.person(1), "WARM", 3)
    with pytest.raises(MonthNotFinal):
        close_month.approve_close(hall.books.context, hall.books.second, None, close_id)
    hall.settle()
    approved = close_month.approve_close(hall.books.context, hall.books.second, None, close_id)
    assert (approved["coins"], approved["krw"]) == (15, 1_500)
    donate.donate(hall.books.context, hall.books.office, None, hall.person(1), "WARM", 4)  # after it: the next month's
    hall.settle()
    assert on_chain(hall, fund_account(1)) == (4, 400)
    assert hall.close_row(close_id).state == "closed"
    assert hall.poster.findings.all() == {}


def test_a_venue_and_a_fund_close_in_one_batch_each_with_its_own(hall: Hall) -> None:
    hall.earn([0, 1, 2], "2024-05-01")
    hall.settle()
    donate.donate(hall.books.context, hall.books.office, None, hall.person(2), "WARM", 7)
    hall.charge("GYM", 0, 30)
    hall.charge("HALL", 1, 20)
    hall.settle()
    hall.today("2024-06-01")
    ids = {one["code"]: one["id"] for one in hall.prepare("2024-05")["closes"]}
    for code in ("GYM", "HALL"):
        close_month.confirm_close(hall.books.context, hall.counter(code), None, ids[code])
    for code in ("GYM", "WARM", "HALL"):  # the fund's stands between: it must not take the other's statement
        close_month.approve_close(hall.books.context, hall.books.second, None, ids[code])
    hall.settle()
    assert {hall.close_row(one).state for one in ids.values()} == {"closed"}
    assert hall.contract.totals("latest").supply == 120 - 57
    assert hall.poster.findings.all() == {}


def test_a_close_waits_for_a_venue_that_holds_its_own_key(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    hall.keys.outside.add(hall.venue("GYM"))
    waiting = hall.close("2024-05", "GYM")
    assert hall.close_row(waiting["id"]).state == "approved"
    assert "waits for the venue's own signature" in str(hall.poster.findings.all())
    hall.keys.outside.clear()
    hall.settle()
    assert hall.close_row(waiting["id"]).state == "closed"
    assert hall.poster.findings.all() == {}


def test_a_close_costs_less_gas_than_its_bound(hall: Hall) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 30)
    hall.settle()
    hall.today("2024-06-01")
    hall.close("2024-05", "GYM")
    with hall.books.journal.read() as unit:
        (treasury,) = [desk for desk in unit.master.desks() if desk.kind is DeskKind.TREASURY]
        row = unit.batches.read(treasury.number, 1)
    assert row is not None
    assert row.transaction_hash is not None
    (receipt,) = receipts_of(hall.poster.chain.rpc, [row.transaction_hash])
    assert receipt is not None
    assert receipt.gas_used < row.gas_max + TRANSACTION_BASE <= 3 * receipt.gas_used
