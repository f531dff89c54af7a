"""A town hall: the real services over the sample district, a poster, and a real anvil with the real contract. Its date moves."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import func, update

from ledger_service.audit.findings import Report
from ledger_service.audit.verify import verify
from ledger_service.chain.anvil import EmbeddedChain
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.rpc import Rpc
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import read_month
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import OrderCode
from ledger_service.journal.schema import orders, rates
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import ChainAccess, PostingContext
from ledger_service.reads.books import Signing, export_books
from ledger_service.services import close_month, credit, intake, setup, spend
from ledger_service.services.opening import extend_opening
from tests.books import Books
from tests.integration.posting.town import AT_ONCE, SENDER, VERSIONS, TownKeys, deployer, desk_signer, town_domain

HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"


class SignerKeys:
    """The key of a new desk is the one that the town's keys sign with."""

    def create(self, desk: int, version: int = 1) -> bytes:
        return desk_signer(desk, version).address

    def holds(self, desk: int, address: bytes) -> bool:
        return any(desk_signer(desk, version).address == address for version in VERSIONS)


@dataclass
class Hall:
    """Books whose people act through the services, and whoever posts."""

    books: Books
    poster: Poster
    keys: TownKeys
    members: list[dict[str, str]]
    numbers: Any = field(default_factory=lambda: count(1))
    files: list[tuple[bytes, date]] = field(default_factory=list)
    """All that were credited, with the business day on which they came."""

    @property
    def contract(self) -> LedgerContract:
        return self.poster.chain.contract

    def today(self, day: str) -> None:
        """Another business day; the service's chores keep the ledger open."""
        self.books.clock.business_date = date.fromisoformat(day)
        extend_opening(self.books.context)

    def settle(self) -> None:
        self.poster.run_until_quiet()

    def another_process(self) -> Hall:
        """The hall as a process finds it that starts now."""
        return replace(self, poster=Poster(self.poster.context, self.poster.chain))

    def venue(self, code: str) -> int:
        return self.books.desk(DeskKind.VENUE, code)

    def counter(self, code: str) -> Actor:
        """The venue's own person."""
        return self.books.actor(f"counter {code}", Role.VENUE, desks=frozenset({self.venue(code)}))

    def earn(self, members: list[int], day: str, hours: str = "09:00,17:00") -> None:
        """Eight hours of volunteering each, approved: 40 coins from April 2024."""
        rows = [HEADER]
        for place in members:
            one = self.members[place]
            identity = f"{one['회원번호']},{one['이름']},{one['생년월일']}"
            rows.append(f"ACT-{next(self.numbers)},{identity},SVC,VOL,{day},{hours},,")
        file = "\n".join(rows).encode()
        submitted = intake.submit_import(self.books.context, self.books.office, None, file, "1365")
        assert submitted["accepted_rows"] == len(members), submitted
        credit.approve(self.books.context, self.books.second, None, submitted["id"])
        self.files.append((file, self.books.clock.today()))

    def person(self, place: int) -> str:
        return self.books.person(self.members[place]["회원번호"])

    def charge(self, code: str, place: int, coins: int) -> str:
        desk = self.venue(code)
        charged = spend.charge(self.books.context, self.counter(code), None, self.person(place), desk, coins)
        return str(charged["id"])

    def refund(self, code: str, redemption: str, coins: int) -> None:
        spend.refund(self.books.context, self.counter(code), None, redemption, coins)

    def prepare(self, month: str, code: str | None = None) -> dict[str, Any]:
        return close_month.prepare_closes(self.books.context, self.books.office, None, read_month(month), code)

    def close(self, month: str, code: str) -> dict[str, Any]:
        """Prepared by the office, confirmed by the venue, approved by another of the office; final."""
        (prepared,) = self.prepare(month, code)["closes"]
        close_month.confirm_close(self.books.context, self.counter(code), None, prepared["id"])
        approved = close_month.approve_close(self.books.context, self.books.second, None, prepared["id"])
        self.settle()
        return approved

    def close_row(self, close_id: str) -> Any:
        with self.books.journal.read() as unit:
            return unit.closes.read(close_id)


def open_hall(books: Books, anvil: EmbeddedChain, rpc: Rpc, folder: Path, members: list[dict[str, str]]) -> Hall:
    keys, domain = TownKeys(), town_domain()
    books.context = replace(books.context, desk_keys=SignerKeys())
    context = PostingContext(
        journal=books.journal,
        vault=books.context.vault,
        clock=books.clock,
        random_bytes=os.urandom,
        kill_points=books.context.kill_points,
        bundles_folder=folder / "bundles",
        signers=keys,
        domain=domain,
    )
    access = ChainAccess(
        rpc=rpc,
        contract=LedgerContract(rpc, domain.contract),
        sender=SENDER,
        deployer=deployer(),
        finality=AT_ONCE,
        embedded=anvil,
    )
    with books.journal.write() as unit:
        unit.master.add_desk(0, DeskKind.OFFICE, "OFFICE", "office", 0, 1)
        unit.commit()
    return Hall(books, Poster(context, access), keys, members)


def open_for_business(hall: Hall, expiry_months: int | None = None) -> None:
    """The sample district is loaded, setup ends, and everything is on the chain. Coins may be made to count for fewer months than five years."""
    hall.books.load_district()
    if expiry_months is not None:
        with hall.books.journal.write() as unit:
            unit.connection.execute(update(rates).values(expiry_months=expiry_months))
            shorter = func.replace(orders.c.args, '"60"]', f'"{expiry_months}"]')
            unit.connection.execute(update(orders).where(orders.c.code == OrderCode.RATE).values(args=shorter))
            unit.commit()
    opening = setup.propose_opening(hall.books.context, hall.books.office, None)
    setup.approve_orders(hall.books.context, hall.books.second, None, opening["id"])
    hall.poster.prepare()
    hall.settle()


def audit_of(hall: Hall, folder: Path) -> Report:
    """What an outsider finds, from the chain and from an export of the books."""
    file = folder / "books.jsonl"
    signing = Signing(bytes(20), hall.books.context.receipts.sign, 3)
    file.write_bytes(b"".join(export_books(hall.books.journal, hall.books.context.vault, signing)))
    return verify(hall.poster.chain.rpc, hall.contract.address, books=file)
