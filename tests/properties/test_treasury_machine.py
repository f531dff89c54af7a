"""Random commands of a district: nobody's coins are lost or made, no budget is exceeded, no closed month changes, and the books, both folds of the
lots, the audit's model and the contract on a real chain agree after every step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from ledger_service.chain.anvil import EmbeddedChain
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.rpc import Rpc
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import first_day_of_month, month_number
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import BoramError
from ledger_service.posting.outside_sums import outside_sums
from ledger_service.posting.three_way import _books
from ledger_service.services import (
    account_ends,
    balances,
    close_month,
    correct,
    credit,
    donate,
    expire,
    freeze,
    frozen,
    gifts,
    intake,
    notify,
    set_off,
    setup,
    spend,
)
from tests.audit.support import Ledger, anvil_binary
from tests.books import SAMPLES, Books, PostgresDistrict, SqliteDistrict
from tests.memory_chain import MemoryChain

MEMBERS = ("S100000", "S100013", "S100019")
BUDGET = 60  # of the books, so that it is reached; the chain's is far above
OPENING_COINS = 40


class District(RuleBasedStateMachine):
    """Three residents (the third one's account may end), one centre, one venue, the treasury, and a chain.

    `source` opens fresh books, `ledger` deploys a fresh contract.
    """

    source: ClassVar[Callable[[Path], Any]]
    ledger: ClassVar[Callable[[], Ledger]]

    credits, charges, expiries, holds = Bundle("credits"), Bundle("charges"), Bundle("expiries"), Bundle("holds")

    @initialize()
    def open(self) -> None:
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.books: Books = self.stack.enter_context(type(self).source(folder))
        self.chain = MemoryChain(self.books, type(self).ledger())
        self.sessions = 0
        lines = (SAMPLES / "members.csv").read_text("utf-8-sig").splitlines()
        self.rows = {line.split(",")[0]: line.split(",") for line in lines}
        with self.books.journal.write() as unit:  # coins count two months here: years would be too long a walk
            unit.connection.exec_driver_sql("UPDATE rates SET expiry_months = 2")
            unit.connection.exec_driver_sql(
                "UPDATE orders SET args = REPLACE(args, '\"60\"]', '\"2\"]') WHERE code = 6"
            )
            unit.limits.set_budget(2024, BUDGET)
            unit.commit()
        self.figures: dict[str, tuple[Any, ...]] = {}
        self.centre = self.books.desk(DeskKind.CENTRE, "SVC")
        self.venue = self.books.desk(DeskKind.VENUE, "GYM")
        self.desks = [self.centre, self.venue, self.books.desk(DeskKind.TREASURY, "TREASURY")]
        self.clerk = self.books.actor("clerk", Role.CLERK, desks=frozenset({self.centre}))
        self.counter = self.books.actor("counter", Role.VENUE, desks=frozenset({self.venue}))
        self.approver = self.books.actor("approver", Role.APPROVER, desks=frozenset({self.centre}))
        lots = "".join(f"{one},{OPENING_COINS},2024-04-20,2\n" for one in MEMBERS)
        made = balances.propose_balances(
            self.books.context, self.books.office, None, f"회원번호,coins,lot_day,expiry_months\n{lots}".encode()
        )
        balances.approve_balances(self.books.context, self.books.second, None, made["id"])
        self.chain.post()
        made = setup.propose_opening(self.books.context, self.books.office, None)
        setup.approve_orders(self.books.context, self.books.second, None, made["id"])
        self.chain.post()

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    # What people do

    @rule(target=credits, member=st.sampled_from(MEMBERS), back=st.integers(0, 40), hours=st.integers(1, 3))
    def earn(self, member: str, back: int, hours: int) -> Any:
        number, name, birth, *_ = self.rows[member]
        self.sessions += 1
        day = self.books.clock.today() - timedelta(days=back)
        act = {
            "member_number": number, "name": name, "birth_date": birth, "programme": "VOL", "activity_day": day.isoformat(),
            "start": f"{9 + self.sessions % 4 * 3:02d}:00", "end": f"{9 + self.sessions % 4 * 3 + hours:02d}:00",
        }  # fmt: skip
        made = self.tried(intake.submit_record, self.clerk, self.centre, act)
        done = made and self.tried(credit.approve, self.approver, made["id"])
        return done["first_journal_no"] if done and done["first_journal_no"] else multiple()

    @rule(target=charges, member=st.sampled_from(MEMBERS), coins=st.integers(1, 15))
    def charge(self, member: str, coins: int) -> Any:
        done = self.tried(spend.charge, self.books.office, self.books.person(member), self.venue, coins)
        return done["id"] if done else multiple()

    @rule(charge=charges, coins=st.integers(1, 12))
    def refund(self, charge: str, coins: int) -> None:
        self.tried(spend.refund, self.books.office, charge, coins)

    @rule(target=holds, member=st.sampled_from(MEMBERS), coins=st.integers(1, 12))
    def hold(self, member: str, coins: int) -> Any:
        made = self.tried(spend.place_hold, self.books.office, self.books.person(member), self.venue, coins)
        return made["id"] if made else multiple()

    @rule(hold=holds, take=st.booleans())
    def end_hold(self, hold: str, take: bool) -> None:
        self.tried(spend.capture_hold if take else spend.release_hold, self.books.office, hold)

    # What the treasury does

    @rule(journal_no=credits, coins=st.integers(1, 15))
    def take_back(self, journal_no: int, coins: int) -> None:
        self.corrected(str(journal_no), coins)

    @rule(journal_no=expiries, coins=st.integers(1, 15))
    def undo_expiry(self, journal_no: int, coins: int) -> None:
        self.corrected(str(journal_no), coins)

    @rule(target=expiries, back=st.integers(1, 10), meanwhile=st.integers(0, 10))
    def expire(self, back: int, meanwhile: int) -> Any:
        to = self.books.clock.today() - timedelta(days=back)
        made = self.tried(expire.propose_expiry, self.books.office, to)
        if made and meanwhile:
            self.tried(spend.charge, self.books.office, self.books.person(MEMBERS[0]), self.venue, meanwhile)
        done = made and self.tried(expire.approve_expiry, self.books.second, made["id"])
        return done["first_journal_no"] if done and done["first_journal_no"] else multiple()

    @rule(member=st.sampled_from(MEMBERS), days=st.integers(0, 10))
    def freeze(self, member: str, days: int) -> None:
        until = self.books.clock.today() + timedelta(days=days)
        made = self.tried(freeze.propose_freeze, self.books.office, self.books.person(member), until, "why")
        if made:
            self.tried(setup.approve_orders, self.books.second, made["id"])

    @rule(member=st.sampled_from(MEMBERS), coins=st.integers(1, 12))
    def give(self, member: str, coins: int) -> None:
        self.tried(donate.donate, self.books.office, self.books.person(member), "WARM", coins)

    @rule(member=st.sampled_from(MEMBERS), is_wished=st.booleans())
    def wish(self, member: str, is_wished: bool) -> None:
        self.tried(gifts.set_wish, self.books.office, self.books.person(member), "WARM" if is_wished else None)

    @rule(krw=st.sampled_from((50, 80, 100, 200)), days=st.integers(30, 45))
    def change_value(self, krw: int, days: int) -> None:
        first_day = self.books.clock.today() + timedelta(days=days)
        self.change("values", f"effective_from,krw,choice,basis\n{first_day},{krw},devalue,why\n")

    @rule(months=st.integers(0, 2), coins=st.integers(50, 200))
    def change_the_venues_month(self, months: int, coins: int) -> None:
        month = first_day_of_month(month_number(self.books.clock.today()) + months)
        self.change("limits", f"limit,code,period,coins\nvenue,GYM,{month:%Y-%m},{coins}\n")

    @rule()
    def close_the_last_month(self) -> None:
        month = month_number(self.books.clock.today()) - 1
        made = self.tried(close_month.prepare_closes, self.books.office, month)
        for one in made["closes"] if made else ():
            if one["code"] == "GYM":
                self.tried(close_month.confirm_close, self.counter, one["id"])
            self.tried(close_month.approve_close, self.books.second, one["id"])

    @rule(burns=st.booleans())
    def end_an_account(self, burns: bool) -> None:
        person = self.books.person(MEMBERS[2])
        made = self.tried(
            account_ends.propose_closure, self.books.office, person, "own_wish", None if burns else "WARM", "why"
        )
        if made:
            self.tried(account_ends.approve_closure, self.books.second, made["id"])

    @rule(receiver=st.sampled_from(MEMBERS[:2]))
    def merge(self, receiver: str) -> None:
        giver, into = self.books.person(MEMBERS[2]), self.books.person(receiver)
        made = self.tried(account_ends.propose_merge, self.books.office, giver, into, "why")
        if made:
            self.tried(account_ends.approve_merge, self.books.second, made["id"])

    @rule()
    def chores(self) -> None:
        set_off.set_off_debts(self.books.context)
        frozen.lift_freezes(self.books.context)
        gifts.carry_out_wishes(self.books.context)
        spend.expire_holds(self.books.context)
        notify.queue_expiry_notices(self.books.context)

    # What time and the chain do

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        self.books.clock.business_date = min(self.books.clock.today() + timedelta(days=days), date(2024, 12, 20))
        self.books.clock.seconds += days * 60

    @rule(held_back=st.sets(st.integers(0, 2), max_size=2))
    def chain_takes(self, held_back: set[int]) -> None:
        self.books.clock.seconds += 1
        self.chain.held_back = {self.desks[place] for place in held_back}
        self.chain.post()
        self.chain.held_back = set()

    @rule()
    def chain_takes_all(self) -> None:
        self.chain_takes(set())

    @invariant()
    def everything_agrees(self) -> None:
        if not hasattr(self, "chain"):
            return
        assert self.chain.audit() == []
        assert self.chain.skipped_orders == []
        with self.books.journal.read() as unit:
            assert unit.posts.skipped_total() == 0, "what was accepted was skipped"
            for member in MEMBERS:
                person = unit.people.by_id(self.books.person(member))
                assert person is not None
                account = unit.accounts.read(person.account)
                assert account is not None
                history = unit.lots.history(person.account)
                on_chain = self.chain.model.state.account(person.account)
                folded = history.folded()
                assert (folded.coins(person.account), folded.debt(person.account)) == (on_chain.coins, on_chain.debt)
                assert folded.uncovered == 0
                if not history.pending:
                    assert (account.credited - account.debited, account.debt) == (on_chain.coins, on_chain.debt)
                assert account.free <= on_chain.coins + account.refunding

    @invariant()
    def no_budget_is_exceeded_and_no_closed_month_changes(self) -> None:
        if not hasattr(self, "figures"):
            return
        with self.books.journal.read() as unit:
            assert unit.limits.budget(2024).reserved <= BUDGET
            assert self.chain.model.state.totals.credited <= BUDGET
            for month in range(month_number(date(2024, 5, 1)), month_number(date(2025, 1, 1))):
                for row in unit.closes.of_month(month):
                    told = (
                        row.month,
                        row.account,
                        row.last_seq,
                        row.charges,
                        row.taken_krw,
                        row.refunded_krw,
                        row.coins,
                        row.krw,
                    )
                    if row.state in ("approved", "closed"):
                        assert self.figures.setdefault(row.id, told) == told
                    assert row.state != "skipped"

    @invariant()
    def the_contract_holds_the_same(self) -> None:
        if not hasattr(self, "chain"):
            return
        assert self.chain.ledger is not None
        contract = LedgerContract(self.chain.ledger.rpc, self.chain.ledger.contract)
        state = self.chain.model.state
        places = sorted(state.accounts)
        for address, slot in zip(places, contract.slots_of(places, "latest"), strict=True):
            known = state.account(address)
            assert (slot.coins, slot.debt, slot.earned_this_month, slot.frozen, slot.closed) == (
                known.coins, known.debt, known.earned, known.is_frozen, known.is_closed,
            )  # fmt: skip
        assert astuple(contract.totals("latest")) == state.totals.as_tuple()
        payees = sorted(state.dues)
        assert contract.krw_due_of(payees, "latest") == [state.dues[one].krw for one in payees]
        tips = contract.tips(sorted(state.desks), "latest")
        assert {desk: (tip.next_seq, tip.head) for desk, tip in tips.items()} == {
            desk: (known.next_seq, known.last_head) for desk, known in state.desks.items()
        }

    @invariant()
    def three_ways_are_one(self) -> None:
        if not hasattr(self, "chain"):
            return
        state = self.chain.model.state
        totals = state.totals
        supply = totals.credited + totals.opened + totals.reissued + totals.restored - totals.burnt
        assert supply == sum(one.coins for one in state.accounts.values())
        with self.books.journal.read() as unit:
            if unit.checks.has_open_corrections():
                return
            books = _books(unit, outside_sums(unit))
        assert (books.credited, books.reissued, books.balances) == (totals.credited, totals.reissued, supply)
        for account, coins, krw in books.payees.values():
            due = state.dues.get(account)
            assert coins == state.account(account).coins
            assert krw == (due.krw if due else 0)

    def change(self, kind: str, text: str) -> None:
        made = self.tried(setup.propose_file, self.books.office, kind, text.encode())
        if made:
            self.tried(setup.approve_orders, self.books.second, made["id"])

    def corrected(self, entry: str, coins: int) -> None:
        made = self.tried(correct.propose_correction, self.clerk, entry, coins, "why") or self.tried(
            correct.propose_correction, self.books.office, entry, coins, "why"
        )
        if made:
            self.tried(correct.approve_correction, self.books.second, made["id"])

    def tried(self, command: Callable[..., dict[str, Any]], actor: Actor, *rest: Any) -> dict[str, Any] | None:
        """Its answer; None where the rules refuse it."""
        try:
            return command(self.books.context, actor, None, *rest)
        except BoramError:
            return None


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Ledger]]:
    """Deploys contracts of their own to a real chain."""
    numbers = count()
    with EmbeddedChain(anvil_binary(), tmp_path_factory.mktemp("anvil") / "anvil.log") as chain, Rpc(chain.url) as rpc:
        yield lambda: Ledger(rpc, f"machine {next(numbers)}")


def run(source: Callable[[Path], Any], contracts: Callable[[], Ledger], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        type("Machine", (District,), {"source": staticmethod(source), "ledger": staticmethod(contracts)}),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.timeout(600)
def test_nothing_a_district_does_loses_or_makes_a_coin(
    sqlite_district: SqliteDistrict, contracts: Callable[[], Ledger]
) -> None:
    run(lambda folder: sqlite_district.copy("district", folder), contracts, examples=8, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_a_district_does_for_long_loses_or_makes_a_coin(
    sqlite_district: SqliteDistrict, contracts: Callable[[], Ledger]
) -> None:
    run(lambda folder: sqlite_district.copy("district", folder), contracts, examples=60, steps=40)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_nothing_a_district_does_on_postgresql_loses_or_makes_a_coin(
    postgres_district: PostgresDistrict, contracts: Callable[[], Ledger]
) -> None:
    run(lambda folder: postgres_district.copy("district", folder), contracts, examples=15, steps=30)
