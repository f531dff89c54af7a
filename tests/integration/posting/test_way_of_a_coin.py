"""From accepted to final, and back: on the real contract, a real anvil, SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger_service.domain.batches import annex_of, proof_item
from ledger_service.domain.entries import desk_account, fund_account
from ledger_service.posting.bundles import BundleBroken, bundle_path, read_bundle
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import TODAY


def test_credits_become_final_and_spendable(place: Place) -> None:
    people = place.town.found()
    poster = place.poster()
    poster.prepare()
    place.town.credit(1, people)
    poster.run_until_quiet()
    assert place.town.available(people) == [10] * len(people)
    assert poster.findings.all() == {}
    slots = poster.chain.contract.slots_of([person.account for person in people], "latest")
    assert [slot.coins for slot in slots] == [10] * len(people)


def test_many_entries_of_several_desks_come_through_whole(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found(centres=4, people=300)
    poster = sqlite_place.poster()
    poster.prepare()
    for desk in (1, 2, 3, 4):
        town.credit(desk, people, units=desk)
    poster.run_until_quiet()
    assert town.available(people) == [100] * len(people)
    assert poster.chain.contract.totals("latest").credited == 100 * len(people)


def test_a_charge_a_donation_and_a_refund_move_coins_as_in_the_books(place: Place) -> None:
    town = place.town
    giver, payer, *_ = people = town.found()
    poster = place.poster()
    poster.prepare()
    town.credit(1, people, units=5)
    poster.run_until_quiet()
    charge = town.redeem(101, payer, 30)
    town.donate(giver, 20)
    town.refund(101, payer, 12, charge)  # at once, before the charge is sealed
    poster.run_until_quiet()
    assert town.available([giver, payer]) == [30, 32]
    slots = poster.chain.contract.slots_of([giver.account, payer.account, desk_account(101), fund_account(1)], "latest")
    assert [slot.coins for slot in slots] == [30, 32, 18, 20]
    assert poster.findings.all() == {}


def test_refunds_share_a_proof_where_their_charges_share_a_chunk(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found(people=80)
    poster = sqlite_place.poster()
    poster.prepare()
    town.credit(1, people, units=5)
    poster.run_until_quiet()
    charges = [town.redeem(101, person, 10) for person in people]
    poster.run_until_quiet()
    for at in (70, 3, 40, 2, 71, 3):  # out of order, and one charge in two parts
        town.refund(101, people[at], 4, charges[at])
    town.redeem(101, people[3], 48)  # 40 of its own and 8 of the refunds that go first in the same batch
    poster.run_until_quiet()
    with town.journal.read() as unit:
        charged, batch = unit.batches.read(101, 1), unit.batches.read(101, 2)
    assert charged is not None
    assert batch is not None
    assert batch.batch.count == 7
    assert batch.batch.annex == annex_of([proof_item(charged.batch, at) for at in (3, 40, 70)])
    assert batch.skipped == 0
    assert town.available([people[70], people[3], people[40]]) == [44, 0, 44]


def test_a_spend_names_the_batches_that_funded_it(sqlite_place: Place) -> None:
    town = sqlite_place.town
    person, *_ = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    town.credit(1, [person])
    town.credit(3, [person])
    poster.run_until_quiet()
    town.credit(3, [person])
    poster.run_until_quiet()
    town.redeem(101, person, 25)
    poster.run_until_quiet()
    with town.journal.read() as unit:
        batch = unit.batches.read(101, 1)
    assert batch is not None
    assert [(need.desk, need.seq) for need in batch.batch.needs] == [(0, 1), (1, 1), (3, 2)]


def test_a_batch_has_one_day_and_days_never_go_back(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    for days in (0, 1, 0):
        town.clock.business_date = TODAY + timedelta(days=days)
        town.credit(1, people)
    poster.run_until_quiet()
    with town.journal.read() as unit:
        days_sealed = [unit.batches.read(1, seq).batch.day for seq in (1, 2)]  # type: ignore[union-attr]
    assert len(set(days_sealed)) == 2
    assert days_sealed == sorted(days_sealed)
    assert town.available(people) == [30] * len(people)


def test_a_skipped_charge_comes_back_and_a_skipped_credit_does_not_count(place: Place) -> None:
    town = place.town
    payer, other, *_ = town.found(coins_a_month=100)
    poster = place.poster()
    poster.prepare()
    town.credit(1, [payer, other], units=5)
    poster.run_until_quiet()
    town.credit(1, [payer])  # beyond the allotment of the month on the chain
    poster.run_until_quiet()
    with town.journal.write() as unit:  # what the chain does not know of
        unit.accounts.settle(credits={payer.account: 7}, refunds={}, refused_refunds={}, refused_debits={})
        unit.commit()
    town.redeem(101, payer, 57)
    poster.run_until_quiet()
    assert town.available([payer, other]) == [57, 50]
    with town.journal.read() as unit:
        reasons = [unit.spending.skip_reason(number) for number in (1, 3, 4)]
        status = unit.chain_marks.status()
    assert reasons == [None, 4, 1]
    assert status is not None
    assert '"skipped":2' in (status.detail or "")


def test_a_batch_waits_for_the_organisation_that_holds_its_key(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    town.keys.outside.add(1)
    town.credit(1, people)
    town.credit(2, people)
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    with town.journal.read() as unit:
        assert unit.backlog.batches_by_state() == {"sealed": 1}
    town.keys.outside.clear()
    poster.run_until_quiet()
    assert town.available(people) == [20] * len(people)


def test_a_bundle_opens_to_the_batch_and_shows_when_it_was_changed(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    town.credit(1, people)
    poster.run_until_quiet()
    with town.journal.read() as unit:
        row = unit.batches.read(1, 1)
        entries = unit.entries.of_batch(1, 1)
    assert row is not None
    path = bundle_path(poster.context.bundles_folder, 1, 1, row.head)
    content = read_bundle(path, town.vault.bundle_key, poster.context.domain)
    assert (content.head, content.batch, content.signatures) == (row.head, row.batch, row.signatures)
    assert [entry["journalNo"] for entry in content.entries] == [entry.journal_no for entry in entries]
    path.write_bytes(path.read_bytes().replace(b'"seq":1', b'"seq":2'))
    with pytest.raises(BundleBroken):
        read_bundle(path, town.vault.bundle_key, poster.context.domain)


def test_what_was_changed_after_sealing_is_never_signed(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    poster.sealer.seal_step()
    with town.journal.write() as unit:
        unit.connection.exec_driver_sql("UPDATE batches SET day = day + 1 WHERE desk = 1")
        unit.commit()
    poster.run_until_quiet()
    assert town.available(people) == [0] * len(people)
    assert "changed" in poster.findings.all()["desk 1"]
