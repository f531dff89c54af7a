"""A small town for posting's tests: books with desks, people and money, a poster, and a real anvil with the real contract."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from ledger_service.chain.anvil import CHAIN_ID, EmbeddedChain
from ledger_service.chain.artifact import load_artifact
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.deploy import contract_address
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import LocalSigner
from ledger_service.domain.actors import Actor
from ledger_service.domain.batches import Domain
from ledger_service.domain.days import civil_day, month_number
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.domain.hashing import keccak
from ledger_service.domain.ids import uuid7
from ledger_service.domain.kill_points import KillPoints, NoKillPoints
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, text_arg
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.journal.accounts import AccountRow
from ledger_service.journal.engine import open_engine
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Journal, WriteUnit
from ledger_service.journal.vault import Vault
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import ChainAccess, Deployer, Embedded, Finality, PostingContext

TODAY = date(2024, 5, 2)
DAY = civil_day(TODAY)
MONTH = month_number(TODAY)
RATE_COINS = 10
DISTRICT, ENVIRONMENT = "boram-test", "test"
AT_ONCE = Finality()


def signer(name: str) -> LocalSigner:
    """A key that a name gives."""
    return LocalSigner(keccak(f"posting test {name}".encode()))


def desk_signer(desk: int, version: int = 1) -> LocalSigner:
    """The first, second, third key of a desk."""
    return signer(f"desk {desk}" if version == 1 else f"desk {desk} key {version}")


VERSIONS = range(1, 6)
OFFICE = sorted((signer(f"office {number}") for number in (1, 2)), key=lambda one: one.address)
GUARDIAN = signer("guardian")
SENDER = signer("sender")


def hours(rate_id: int, programme: str, first_day: date, expiry_months: int) -> RateVersion:
    """A programme's rate, as an order gives it to the chain."""
    return RateVersion(
        rate_id,
        programme,
        programme,
        "hour",
        RATE_COINS,
        1,
        first_day,
        None,
        1000,
        0,
        Measure.COUNT,
        1000,
        expiry_months,
    )


class TownKeys:
    """The keys of every desk, but of those that are held outside."""

    def __init__(self) -> None:
        self.outside: set[int] = set()

    def signers_of(self, desk: int, among: Collection[bytes] | None = None) -> Sequence[LocalSigner]:
        if desk in self.outside:
            return []
        held = OFFICE if desk == 0 else [desk_signer(desk, version) for version in (VERSIONS if among else (1,))]
        return [one for one in held if among is None or one.address in among]


@dataclass
class TownClock:
    """Both clocks stand still until a test moves them."""

    seconds: int = 1_714_600_000
    business_date: date = TODAY

    def now(self) -> int:
        return self.seconds

    def today(self) -> date:
        return self.business_date


@dataclass
class Town:
    """The books, and how to write what services would."""

    journal: Journal
    vault: Vault
    folder: Path
    clock: TownClock = field(default_factory=TownClock)
    keys: TownKeys = field(default_factory=TownKeys)
    kill_points: KillPoints = field(default_factory=NoKillPoints)
    clerk: str = ""
    proposal: str = ""

    def new_id(self) -> str:
        return uuid7(self.clock.now() * 1000, os.urandom(10))

    def found(
        self, *, centres: int = 3, venues: int = 1, people: int = 20, coins_a_month: int = 10_000_000
    ) -> list[PersonRow]:
        """Desk 0, centres from 1, venues from 101, the treasury 200; their orders; and people."""
        desks = {0: DeskKind.OFFICE, 200: DeskKind.TREASURY}
        desks |= dict.fromkeys(range(1, centres + 1), DeskKind.CENTRE)
        desks |= dict.fromkeys(range(101, 101 + venues), DeskKind.VENUE)
        self.clerk, self.proposal = self.new_id(), self.new_id()
        with self.journal.write() as unit:
            unit.actors.add(Actor(self.clerk, "clerk", frozenset(), frozenset(), None), b"\x01" * 32, self.clock.now())
            for number, kind in sorted(desks.items()):
                unit.master.add_desk(number, kind, f"D{number}", f"desk {number}", 0, 1)
            unit.master.add_fund(1, "F1", "fund", "body")
            unit.master.add_coin_value(1, 100)
            unit.master.add_rate(hours(1, "HOURS", date(2020, 1, 1), 60))
            unit.approvals.add(self.proposal, "orders", "approved", self.clerk, self.clock.now())
            unit.orders.add_many(self.proposal, _setup_orders(desks, coins_a_month), DAY)
            unit.commit()
        return self.move_in(people)

    def order(self, *orders: Order) -> None:
        """Approved orders."""
        with self.journal.write() as unit:
            unit.orders.add_many(self.proposal, orders, civil_day(self.clock.today()))
            unit.commit()

    def move_in(self, count: int) -> list[PersonRow]:
        """New people."""
        ids = [self.new_id() for _ in range(count)]
        seals = self.vault.create(ids)
        rows = [
            PersonRow(
                person_id, os.urandom(20), os.urandom(32), seals[person_id].seal("member_number", "1"),
                b"", b"", None, None, os.urandom(32),
            )
            for person_id in ids
        ]  # fmt: skip
        with self.journal.write() as unit:
            unit.accounts.open_many(row.account for row in rows)
            unit.people.add_many(rows, self.clock.now())
            unit.commit()
        return rows

    def credit(self, desk: int, people: Sequence[PersonRow], units: int = 1, rate: int = 1) -> list[int]:
        """Accepted credits, one a person; their journal numbers."""
        acts = [(one, units, units * RATE_COINS) for one in people]
        with self.journal.write() as unit:
            numbers = self._accept(unit, desk, Kind.CREDIT, acts, ref=rate)
            unit.commit()
        return numbers

    def redeem(self, desk: int, person: PersonRow, coins: int) -> int:
        """An accepted charge, its coins taken."""
        with self.journal.write() as unit:
            here = unit.accounts.refunding_at(person.account, desk)
            assert unit.accounts.hold(person.account, coins, refunding_here=here)
            unit.accounts.capture(person.account, coins)
            (number,) = self._accept(unit, desk, Kind.REDEEM, [(person, coins, coins)])
            unit.commit()
        return number

    def donate(self, person: PersonRow, coins: int, fund: int = 1) -> int:
        """An accepted donation."""
        with self.journal.write() as unit:
            assert unit.accounts.debit(person.account, coins)
            (number,) = self._accept(unit, 200, Kind.DONATE, [(person, coins, coins)], ref=fund)
            unit.commit()
        return number

    def refund(self, desk: int, person: PersonRow, coins: int, original_no: int) -> int:
        """An accepted refund of a charge."""
        with self.journal.write() as unit:
            unit.accounts.begin_refund(person.account, coins)
            (number,) = self._accept(unit, desk, Kind.REFUND, [(person, coins, coins)], original_no=original_no)
            unit.commit()
        return number

    def expire(self, people: Sequence[PersonRow], coins: int) -> list[int]:
        """Accepted expiries of coins that have not expired: the chain knows no lots."""
        with self.journal.write() as unit:
            for person in people:
                assert unit.accounts.debit(person.account, coins)
            numbers = self._accept(unit, 200, Kind.EXPIRE, [(person, coins, coins) for person in people])
            unit.commit()
        return numbers

    def correct(self, person: PersonRow, coins: int, original_no: int) -> int:
        """An accepted correction of a credit."""
        with self.journal.write() as unit:
            account = unit.accounts.lock(person.account)
            taken = min(account.available, coins)
            unit.accounts.take_back(person.account, coins, taken)
            (number,) = self._accept(unit, 200, Kind.CORRECT, [(person, coins, coins)], original_no=original_no)
            correction_id = self.new_id()
            unit.approvals.add(correction_id, "correction", "approved", self.clerk, self.clock.now())
            unit.corrections.add(id=correction_id, original_no=original_no, coins=coins, restores=False, reason="wrong")
            assert unit.corrections.undo(original_no, coins, coins)
            unit.corrections.accept(correction_id, number, taken)
            unit.commit()
        return number

    def set_off(self, person: PersonRow, coins: int) -> int:
        """An accepted set-off of a debt."""
        with self.journal.write() as unit:
            assert unit.accounts.set_off(person.account, coins)
            (number,) = self._accept(unit, 200, Kind.SET_OFF, [(person, coins, coins)])
            unit.commit()
        return number

    def _accept(
        self,
        unit: WriteUnit,
        desk: int,
        kind: Kind,
        acts: Sequence[tuple[PersonRow, int, int]],
        *,
        ref: int = 0,
        original_no: int | None = None,
    ) -> list[int]:
        first = unit.entries.next_numbers("journal", len(acts))
        day = civil_day(self.clock.today())
        seals = self.vault.of_many(person.id for person, _, _ in acts)
        unit.entries.add_many(
            [
                {
                    "journal_no": number,
                    "desk": desk,
                    "kind": int(kind),
                    "account": person.account,
                    "person_id": person.id,
                    "ref": ref,
                    "units": units,
                    "day": day,
                    "coins": coins,
                    "accepted_day": day,
                    "accepted_at": self.clock.now(),
                    "record_key": self.vault.record_key("test", str(number)),
                    "business_key_sealed": seals[person.id].seal("business_key", f"test\x1f{number}"),
                    "who": self.clerk,
                    "original_no": original_no,
                }
                for number, (person, units, coins) in enumerate(acts, first)
            ]
        )
        unit.audit_log.write(self.clock.now(), self.clerk, "accept", str(first), count=len(acts))
        return list(range(first, first + len(acts)))

    def account(self, person: PersonRow) -> AccountRow:
        with self.journal.read() as unit:
            found = unit.accounts.read(person.account)
        assert found is not None
        return found

    def available(self, people: Sequence[PersonRow]) -> list[int]:
        return [self.account(person).available for person in people]


def _setup_orders(desks: dict[int, DeskKind], coins_a_month: int) -> list[Order]:
    orders = [
        Order(OrderCode.REGISTER_DESK, (number, int(kind), 0, 1, address_arg(signer(f"desk {number}").address)))
        for number, kind in sorted(desks.items())
        if number
    ]
    orders += [
        Order(OrderCode.RATE, (1, text_arg("HOURS"), 0, OPEN_DAY, RATE_COINS, 1, 1000, 60)),
        Order(OrderCode.COIN_VALUE, (1, 100)),
        Order(OrderCode.BUDGET, (TODAY.year, coins_a_month * 12, 0)),
        Order(OrderCode.PERSON_CAP, (TODAY.year, coins_a_month, 0)),
        Order(OrderCode.FUND, (1, 1)),
        Order(OrderCode.OPEN_UNTIL, (DAY + 300,)),
    ]
    orders += [
        Order(OrderCode.DESK_LIMIT, (number, month, coins_a_month, 0))
        for number in sorted(desks)
        if number
        for month in (MONTH, MONTH + 1)
    ]
    return [*orders, Order(OrderCode.SEAL, ())]


def open_town(folder: Path, books: Engine, keys: Engine) -> Town:
    return Town(Journal(books), Vault(b"\x05" * 32, keys, os.urandom), folder)


def sqlite_engines(folder: Path) -> tuple[Engine, Engine]:
    return open_engine(f"sqlite:///{folder}/books.db"), open_engine(f"sqlite:///{folder}/keys.db")


def deployer() -> Deployer:
    return Deployer(load_artifact(), DISTRICT, ENVIRONMENT, [one.address for one in OFFICE], GUARDIAN.address)


def town_domain() -> Domain:
    one = deployer()
    return Domain(
        CHAIN_ID, contract_address(one.artifact, one.district, one.environment, one.office_keys, one.guardian)
    )


def poster_of(
    town: Town,
    rpc: Rpc,
    embedded: Embedded | None,
    *,
    finality: Finality = AT_ONCE,
    wrap: Callable[[Rpc], Rpc] = lambda rpc: rpc,
) -> Poster:
    """A poster, as a fresh process would make it. After it sent, anvil's next block is waited for: a busy machine mines it late."""
    domain = town_domain()
    node, rpc = rpc, wrap(rpc)
    context = PostingContext(
        journal=town.journal,
        vault=town.vault,
        clock=town.clock,
        random_bytes=os.urandom,
        kill_points=town.kill_points,
        bundles_folder=town.folder / "bundles",
        signers=town.keys,
        domain=domain,
    )
    chain = ChainAccess(
        rpc=rpc,
        contract=LedgerContract(rpc, domain.contract),
        sender=SENDER,
        deployer=deployer(),
        finality=finality,
        embedded=embedded,
    )
    poster = Poster(context, chain)
    send = poster.sender.send_step

    def send_and_wait() -> int:
        done = send()
        if done:
            wait_until_mined(node)
        return done

    poster.sender.send_step = send_and_wait
    return poster


def wait_until_mined(rpc: Rpc) -> None:
    """Until no transaction waits that could be mined; nothing where a test mines by hand."""
    if rpc.call("anvil_getAutomine", []):
        for _ in range(2_000):
            if rpc.call("txpool_status", [])["pending"] == "0x0":
                return
            time.sleep(0.005)
        raise AssertionError("anvil mines nothing")


__all__ = ["DAY", "EmbeddedChain", "Town", "deployer", "open_town", "poster_of", "signer", "sqlite_engines"]
