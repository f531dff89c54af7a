"""Credit, spend, expire, correct, debt, set-off, freeze on the real contract: books, both folds of the lots and contract agree after every step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger_service.audit.verify import verify
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import Kind
from ledger_service.domain.kill_points import NoKillPoints
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, text_arg
from ledger_service.journal.people import PersonRow
from ledger_service.journal.schema import accounts
from ledger_service.posting.loops import Poster
from ledger_service.reads import books as export
from ledger_service.reads import totals
from ledger_service.services import correct, expire, freeze, frozen, set_off, setup
from ledger_service.services.context import Context
from tests.books import NumberedDeskKeys
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import DAY, MONTH, TODAY, hours, signer

SERVICE = signer("service")
LATER = TODAY + timedelta(days=61)


class Receipts:
    """Nobody looks at these."""

    def sign(self, *_fields: object) -> bytes:
        return bytes(65)


@dataclass
class Treasury:
    """The services over a town, and everything that must agree."""

    place: Place
    poster: Poster
    context: Context
    people: list[PersonRow]
    first: Actor
    second: Actor

    def post(self) -> None:
        self.poster.run_until_quiet()
        assert self.poster.findings.all() == {}

    def agree(self) -> None:
        """The contract, the audit from the chain alone, the audit of the books, and the books' own fold."""
        journal, contract = self.place.town.journal, self.poster.chain.contract
        path = self.place.town.folder / "books.jsonl"
        signing = export.Signing(SERVICE.address, Receipts().sign, 3)
        path.write_bytes(b"".join(export.export_books(journal, self.place.town.vault, signing)))
        report = verify(self.place.rpc, self.poster.context.domain.contract, books=path)
        assert [f"{one.code} {one.where} {one.expected} {one.found}" for one in report.findings] == []
        slots = contract.slots_of([person.account for person in self.people], "latest")
        with journal.read() as unit:
            histories = unit.lots.histories(person.account for person in self.people)
            rows = {row.address: row for row in unit.connection.execute(select(accounts))}
        for person, slot in zip(self.people, slots, strict=True):
            folded, row = histories[person.account].folded(), rows[person.account]
            assert (folded.coins(person.account), folded.debt(person.account)) == (slot.coins, slot.debt)
            assert (row.credited - row.debited, row.debt) == (slot.coins, slot.debt)
            assert folded.uncovered == 0
        assert totals.totals(journal).final_outstanding == sum(slot.coins for slot in slots)

    def approve_correction(self, journal_no: int, coins: int | None = None) -> dict[str, int]:
        made = correct.propose_correction(self.context, self.first, None, str(journal_no), coins, "wrong")
        return correct.approve_correction(self.context, self.second, None, made["id"])


@pytest.fixture
def treasury(place: Place) -> Treasury:
    town = place.town
    people = town.found(people=6)
    town.order(
        *(Order(OrderCode.DESK_LIMIT, (desk, MONTH + 2, 10_000_000, DAY + 10)) for desk in (101, 200)),
        Order(OrderCode.RATE, (2, text_arg("SHORT"), DAY + 10, OPEN_DAY, 10, 1, 1000, 1)),
    )
    poster = place.poster()
    poster.prepare()
    context = Context(
        journal=town.journal, vault=town.vault, clock=town.clock, new_id=town.new_id, random_bytes=bytes,
        desk_keys=NumberedDeskKeys(), receipts=Receipts(), kill_points=NoKillPoints(), wake=lambda: None,
    )  # fmt: skip
    actors = [Actor(town.new_id(), name, frozenset({Role.OFFICE}), frozenset()) for name in ("first", "second")]
    with town.journal.write() as unit:
        for number, actor in enumerate(actors, 2):
            unit.actors.add(actor, bytes([number]) * 32, 0)
        for desk in (200, 101):
            for month in (MONTH, MONTH + 1, MONTH + 2):
                unit.limits.set_desk_limit(desk, month, 10_000_000)
        unit.master.add_rate(hours(2, "SHORT", date_of(DAY + 10), 1))
        unit.commit()
    return Treasury(place, poster, context, people, *actors)


def test_credit_spend_expire_correct_debt_set_off_and_freeze_agree_everywhere(treasury: Treasury) -> None:
    town = treasury.place.town
    ann, bob, cid, *_ = treasury.people
    wrong, _ = town.credit(1, [ann, bob], units=3)
    town.credit(2, [cid], units=4)
    treasury.post()
    treasury.agree()

    charge = town.redeem(101, ann, 25)
    town.donate(bob, 5)
    treasury.post()
    town.refund(101, ann, 5, charge)
    treasury.post()
    treasury.agree()

    done = treasury.approve_correction(wrong)  # of 30 coins 10 are left
    assert (done["taken"], done["debt"]) == (10, 20)
    treasury.post()
    treasury.agree()
    (again,) = town.credit(1, [ann], units=5)
    treasury.post()
    assert town.account(ann).available == 30
    assert set_off.set_off_debts(treasury.context) == 1
    treasury.post()
    treasury.agree()
    assert town.account(ann).debt == 0

    # A correction beyond what is free, with coins that come in before it lands.
    town.redeem(101, ann, 30)
    treasury.approve_correction(again, 40)
    town.credit(1, [ann], units=1)
    treasury.post()
    treasury.agree()
    set_off.set_off_debts(treasury.context)
    treasury.post()
    treasury.agree()

    made = freeze.propose_freeze(treasury.context, treasury.first, None, bob.id, TODAY + timedelta(days=3), "padded")
    town.redeem(101, bob, 4)
    setup.approve_orders(treasury.context, treasury.second, None, made["id"])
    treasury.post()
    treasury.agree()
    (slot,) = treasury.poster.chain.contract.slots_of([bob.account], "latest")
    assert slot.frozen
    town.clock.business_date = TODAY + timedelta(days=4)
    assert frozen.lift_freezes(treasury.context) == 1
    treasury.post()
    (slot,) = treasury.poster.chain.contract.slots_of([bob.account], "latest")
    assert not slot.frozen
    treasury.agree()


def test_expiries_are_exact_and_can_be_undone(treasury: Treasury) -> None:
    town, context = treasury.place.town, treasury.context
    ann, bob, *_ = treasury.people
    treasury.post()
    town.clock.business_date = TODAY + timedelta(days=12)
    town.credit(1, [ann, bob], units=2)
    town.credit(1, [ann, bob], units=3, rate=2)  # these count for a month
    treasury.post()
    town.redeem(101, ann, 7)
    treasury.post()
    town.clock.business_date = LATER
    made = expire.propose_expiry(context, treasury.first, None, LATER - timedelta(days=1))
    assert (made["accounts"], made["coins"]) == (2, 23 + 30)
    town.redeem(101, bob, 4)  # on its way: it takes of what has expired
    done = expire.approve_expiry(context, treasury.second, None, made["id"])
    assert (done["coins"], done["left_out"]) == (23 + 26, 0)
    town.redeem(101, bob, 9)  # accepted after the expiry: it never goes before it
    treasury.post()
    treasury.agree()
    assert town.available([ann, bob]) == [20, 11]
    treasury.approve_correction(done["first_journal_no"], 6)
    treasury.post()
    treasury.agree()
    assert sum(town.available([ann, bob])) == 37


def test_an_expiry_above_what_had_expired_is_a_finding_that_names_the_account(treasury: Treasury) -> None:
    town = treasury.place.town
    ann, *_ = treasury.people
    town.credit(1, [ann], units=3)
    treasury.post()
    with town.journal.write() as unit:
        assert unit.accounts.debit(ann.account, 8)
        town._accept(unit, 200, Kind.EXPIRE, [(ann, 8, 8)])
        unit.commit()
    treasury.post()
    report = verify(treasury.place.rpc, treasury.poster.context.domain.contract)
    (found,) = report.findings
    assert (found.code, found.expected, found.found) == ("expired_early", "0", "8")
    assert found.where == f"0x{ann.account.hex()}, 200/1/0"


def test_books_that_say_another_debt_are_found(treasury: Treasury, tmp_path: Path) -> None:
    town = treasury.place.town
    ann, *_ = treasury.people
    (wrong,) = town.credit(1, [ann], units=3)
    treasury.post()
    town.redeem(101, ann, 25)
    treasury.post()
    treasury.approve_correction(wrong)
    treasury.post()
    with town.journal.write() as unit:
        unit.accounts.add_debt(ann.account, -5)
        unit.commit()
    path = tmp_path / "books.jsonl"
    signing = export.Signing(SERVICE.address, Receipts().sign, 3)
    lines = b"".join(export.export_books(town.journal, town.vault, signing))
    path.write_bytes(lines)
    assert any(json.loads(line).get("debt") == 20 for line in lines.splitlines())
    report = verify(treasury.place.rpc, treasury.poster.context.domain.contract, books=path)
    assert [(one.code, one.expected, one.found) for one in report.findings] == [("books_debt", "25", "20")]
