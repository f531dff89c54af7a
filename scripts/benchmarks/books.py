"""The books of a district in a temporary home: the services' context on SQLite, and a month's master data loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from ledger_service.chain.signing import LocalSigner, new_private_key
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.ids import uuid7
from ledger_service.domain.kill_points import NoKillPoints
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.services import loading, setup
from ledger_service.services.context import Context
from scripts.generate_month import CENTERS, Month

LIMIT_COINS = 100_000_000
PERSON_CAP_COINS = 1_000_000
NOW = 1_714_600_000


@dataclass(frozen=True, slots=True)
class StillClock:
    """The day of the import; the real clock stands still with it."""

    business_date: date

    def now(self) -> int:
        """UTC seconds."""
        return NOW

    def today(self) -> date:
        """The business date."""
        return self.business_date


@dataclass
class KeysInMemory:
    """A key for each desk; the office has two."""

    office: tuple[LocalSigner, LocalSigner]
    by_desk: dict[int, LocalSigner] = field(default_factory=dict)

    def create(self, desk: int, version: int = 1) -> bytes:
        """The address of a desk's key."""
        if desk not in self.by_desk:
            self.by_desk[desk] = LocalSigner(new_private_key(os.urandom(32)))
        return self.by_desk[desk].address

    def holds(self, desk: int, address: bytes) -> bool:
        """Whether this is the desk's key."""
        return self.create(desk) == address

    def signers_of(self, desk: int, among: Collection[bytes] | None = None) -> Sequence[LocalSigner]:
        """Who signs for a desk."""
        return self.office if desk == 0 else [self.by_desk[desk]]


class NoReceipts:
    """Nobody asks for a receipt here."""

    def sign(self, *_fields: object) -> bytes:
        """Nothing."""
        return bytes(65)


@dataclass
class Bell:
    """Tells posting of work, once it is there, and whoever watches of each id that is drawn."""

    wake: Callable[[], None] = lambda: None
    id_drawn: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Books:
    """The context of services, the keys, and two people of the coin office."""

    context: Context
    keys: KeysInMemory
    bell: Bell
    submitter: Actor
    approver: Actor

    def propose_and_approve(self, kind: str, data: bytes) -> None:
        """A master file, put in force by two people."""
        proposal = setup.propose_file(self.context, self.submitter, None, kind, data)
        setup.approve_orders(self.context, self.approver, None, proposal["id"])


@contextmanager
def open_books(home: Path, month: Month) -> Iterator[Books]:
    """Empty books in a folder, closed at the end."""
    books_engine = open_engine(f"sqlite:///{home}/books.db")
    keys_engine = open_engine(f"sqlite:///{home}/keys.db")
    try:
        migrate(books_engine)
        yield _books(books_engine, keys_engine, month.as_of)
    finally:
        books_engine.dispose()
        keys_engine.dispose()


def _books(books_engine: Engine, keys_engine: Engine, today: date) -> Books:
    clock = StillClock(today)
    one, two = (LocalSigner(new_private_key(os.urandom(32))) for _ in range(2))
    keys = KeysInMemory((one, two))
    bell = Bell()

    def new_id() -> str:
        bell.id_drawn()
        return uuid7(clock.now() * 1_000, os.urandom(10))

    context = Context(
        journal=Journal(books_engine),
        vault=Vault(os.urandom(32), keys_engine, os.urandom),
        clock=clock,
        new_id=new_id,
        random_bytes=os.urandom,
        desk_keys=keys,
        receipts=NoReceipts(),
        kill_points=NoKillPoints(),
        wake=lambda: bell.wake(),
    )
    submitter, approver = (Actor(context.new_id(), name, frozenset({Role.OFFICE}), frozenset()) for name in ("a", "b"))
    with context.journal.write() as unit:
        unit.master.add_desk(OFFICE_DESK, DeskKind.OFFICE, "OFFICE", "office", 0, 1)
        for actor in (submitter, approver):
            unit.actors.add(actor, context.vault.token_hash(actor.name), clock.now())
        unit.commit()
    return Books(context, keys, bell, submitter, approver)


def load_district(books: Books, files: Mapping[str, bytes]) -> None:
    """Members, centres, programmes and limits that are no limit; setup ends."""
    loading.load_members(books.context, books.submitter, None, files["members.csv"])
    books.propose_and_approve("centers", files["centers.csv"])
    books.propose_and_approve("programmes", files["programmes.csv"])
    today = books.context.clock.today()
    month = f"{today:%Y-%m}"
    rows = [f"centre,{code},{month},{LIMIT_COINS}" for code, _ in CENTERS]
    rows += [f"budget,,{today.year},{LIMIT_COINS}", f"person,,{today.year},{PERSON_CAP_COINS}"]
    books.propose_and_approve("limits", "\n".join(["limit,code,period,coins", *rows]).encode())
    opening = setup.propose_opening(books.context, books.submitter, None)
    setup.approve_orders(books.context, books.approver, None, opening["id"])
