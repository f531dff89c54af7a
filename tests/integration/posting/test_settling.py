"""When batches become final: what the chain skipped goes back once, and one batch that cannot be settled does not hold the others."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import update

from ledger_service.domain.orders import Order, OrderCode, address_arg
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.people import PersonRow
from ledger_service.journal.records import RecordRow
from ledger_service.journal.schema import accounts
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import Finality
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import MONTH, TODAY, Town


def freeze(town: Town, poster: Poster, person: PersonRow) -> None:
    """From now on the chain skips what the person does; the books of these tests do not know."""
    town.order(Order(OrderCode.FREEZE, (address_arg(person.account),)))
    poster.run_until_quiet()


def may_hold(town: Town, person: PersonRow, coins: int) -> bool:
    with town.journal.write() as unit:
        here = unit.accounts.refunding_at(person.account, 101)
        return unit.accounts.hold(person.account, coins, refunding_here=here)  # never committed


def test_refunds_of_a_skipped_charge_are_worth_nothing_and_leave_once(place: Place) -> None:
    town = place.town
    payer, other = town.found(people=2)
    poster = place.poster()
    poster.prepare()
    town.credit(1, [payer, other], units=5)
    poster.run_until_quiet()
    freeze(town, poster, payer)
    charge = town.redeem(101, payer, 50)
    town.refund(101, payer, 20, charge)
    town.refund(101, payer, 30, charge)
    poster.books_pass()
    poster.chain_pass()  # the charge is final, and skipped; its refunds wait
    assert (town.account(payer).available, town.account(payer).refunding) == (50, 0)
    assert not may_hold(town, payer, 51)
    poster.books_pass()  # both refunds are signed and not on the chain
    town.redeem(101, payer, 50)
    town.credit(2, [other], units=5)
    poster.run_until_quiet()
    assert town.account(payer).available == 50  # the third charge was skipped, too
    assert town.account(payer).refunding == town.account(payer).debited == 0
    assert town.available([other]) == [100]
    assert poster.chain.contract.slots_of([payer.account], "latest")[0].coins == 50


def test_a_skipped_charge_and_its_refund_that_become_final_together(sqlite_place: Place) -> None:
    town = sqlite_place.town
    (payer,) = town.found(people=1)
    poster = sqlite_place.poster(Finality(confirmations=3))
    poster.prepare()
    town.credit(1, [payer], units=5)
    for _ in range(4):
        poster.run_until_quiet()
        sqlite_place.rpc.call("anvil_mine", ["0x4"])
    freeze(town, poster, payer)
    town.refund(101, payer, 50, town.redeem(101, payer, 50))
    poster.run_until_quiet()
    assert town.account(payer).refunding == 50  # both landed, none is final
    assert not may_hold(town, payer, 1)
    sqlite_place.rpc.call("anvil_mine", ["0x4"])
    poster.run_until_quiet()
    account = town.account(payer)
    assert (account.available, account.refunding, account.debited) == (50, 0, 0)


def test_a_batch_that_cannot_be_settled_stops_its_desk_and_no_other(place: Place) -> None:
    town = place.town
    payer, other = town.found(people=2)
    poster = place.poster()
    poster.prepare()
    town.credit(1, [payer, other], units=5)
    poster.run_until_quiet()
    freeze(town, poster, payer)
    town.redeem(101, payer, 50)
    town.credit(1, [other], units=5)
    town.credit(2, [other], units=5)
    with town.journal.write() as unit:  # somebody's hand in the books: giving back 50 would make the debits negative
        unit.connection.execute(update(accounts).where(accounts.c.address == payer.account).values(debited=0))
        unit.commit()
    poster.run_until_quiet()
    town.credit(2, [other], units=5)
    poster.run_until_quiet()
    assert town.available([other]) == [200]
    assert "cannot be settled" in poster.findings.all()["desk 101"]
    with town.journal.read() as unit:
        assert {desk.number for desk in unit.master.desks() if desk.stopped} == {101}
        assert unit.backlog.batches_by_state() == {"posted": 1}
    again = place.poster()  # a new process tries it once more
    again.run_until_quiet()
    # Whose hand it was, the check of the new process sees.
    assert {subject for subject in again.findings.all() if not subject.startswith("skip ")} == {
        "desk 101",
        "three-way check",
    }


def test_a_skipped_credit_gives_back_what_it_reserved_and_its_record_may_come_again(place: Place) -> None:
    town = place.town
    (earner,) = town.found(people=1, coins_a_month=100)
    poster = place.poster()
    poster.prepare()
    town.credit(1, [earner], units=9)
    poster.run_until_quiet()
    (number,) = town.credit(1, [earner], units=5)  # beyond the allotment of the month on the chain
    with town.journal.write() as unit:
        entry = unit.entries.read(number)
        assert entry is not None
        unit.limits.set_desk_limit(1, MONTH, 200)
        unit.limits.set_budget(TODAY.year, 200)
        assert unit.limits.reserve_desk(1, MONTH, 140)
        assert unit.limits.reserve_budget(TODAY.year, 140)
        unit.limits.add_person_months(MONTH, {earner.account: 140})
        unit.records.add_many([record_of(town, entry)])
        unit.commit()
    poster.run_until_quiet()
    assert "allotment" in poster.findings.all()["skip 1/2/0"]
    with town.journal.write() as unit:
        assert unit.limits.desk_limit(1, MONTH).reserved == 90
        assert unit.limits.budget(TODAY.year).reserved == 90
        assert unit.limits.person_months(MONTH, [earner.account]) == {earner.account: 90}
        assert unit.records.known_keys([entry.record_key]) == set()
        skipped = unit.entries.read(number)
        assert skipped is not None
        assert skipped.record_key == entry.record_key  # as it was hashed
        unit.records.add_many([record_of(town, entry)])
        again = asdict(entry) | {"journal_no": unit.entries.next_numbers("journal", 1), "seq": None}
        unit.entries.add_many([again])
        unit.commit()
    with pytest.raises(RowConflict), town.journal.write() as unit:  # and once only
        unit.entries.add_many([again | {"journal_no": unit.entries.next_numbers("journal", 1)}])


def test_a_skipped_charge_gives_the_venue_its_months_limit_back(sqlite_place: Place) -> None:
    town = sqlite_place.town
    (payer,) = town.found(people=1)
    poster = sqlite_place.poster()
    poster.prepare()
    town.credit(1, [payer], units=5)
    poster.run_until_quiet()
    freeze(town, poster, payer)
    town.redeem(101, payer, 50)
    with town.journal.write() as unit:
        unit.limits.set_desk_limit(101, MONTH, 60)
        assert unit.limits.reserve_desk(101, MONTH, 60)
        unit.commit()
    poster.run_until_quiet()
    assert "frozen" in poster.findings.all()["skip 101/1/0"]
    with town.journal.read() as unit:
        assert unit.limits.desk_limit(101, MONTH).reserved == 10


def record_of(town: Town, entry: EntryRow) -> RecordRow:
    return RecordRow(
        import_id=town.proposal, line=2, record_key=entry.record_key, record_sealed=b"", person_id=entry.person_id,
        desk=entry.desk, rate_id=entry.ref, activity_day=entry.day, start_minute=None, end_minute=None,
        units=entry.units, counted_units=entry.units, coins=entry.coins,
    )  # fmt: skip
