"""Books that get lost: copies of a town's books at one moment, and empty ones, on either database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, select, text

from ledger_service.domain.entries import DeskKind
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.journal.schema import entries, outside_batches, persons, redemptions, refunds
from ledger_service.journal.snapshot import copy_books
from ledger_service.journal.unit import Journal
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import Town


@contextmanager
def lost_books(place: Place) -> Iterator[Losing]:
    """Ways to lose a place's books; the databases are dropped at the end."""
    with ExitStack() as stack:
        yield Losing(place, stack)


class Losing:
    """Other books for the same chain, bundles and people's keys."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self._place = place
        self._stack = stack

    def backup(self) -> Place:
        """The books as they are now; what is written after it is not in them."""
        town = self._place.town
        if town.journal.is_sqlite:
            copied = town.folder / f"backup-{os.urandom(4).hex()}.db"
            copy_books(town.journal.engine, copied)
            return self._with(open_engine(f"sqlite:///{copied}"))
        town.journal.engine.dispose()
        return self._with(self._database(f"TEMPLATE {town.journal.engine.url.database}"))

    def nothing(self) -> Place:
        """Empty books, as a first start makes them."""
        town = self._place.town
        name = f"sqlite:///{town.folder}/empty-{os.urandom(4).hex()}.db"
        engine = open_engine(name) if town.journal.is_sqlite else self._database("")
        migrate(engine)
        place = self._with(engine)
        with place.town.journal.write() as unit:
            unit.master.add_desk(0, DeskKind.OFFICE, "OFFICE", "office", 0, 1)
            unit.commit()
        return place

    def _with(self, engine: Engine) -> Place:
        self._stack.callback(engine.dispose)
        town = replace(self._place.town, journal=Journal(engine))
        return replace(self._place, town=town)

    def _database(self, how: str) -> Engine:
        url = self._place.town.journal.engine.url
        server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        name = f"lost_{os.urandom(6).hex()}"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} {how}"))
        engine = open_engine(url.set(database=name).render_as_string(hide_password=False))

        def drop() -> None:
            engine.dispose()
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name}"))

        self._stack.callback(drop)
        return engine


def rows_of(town: Town) -> dict[str, list[Any]]:
    """All that has to come back as it was. What is sealed is sealed anew; a town's credits have no records that a skip could free."""
    kept = [column for column in entries.c if column.name not in ("business_key_sealed", "freed_no")]
    with town.journal.read() as unit:
        run = unit.connection.execute
        return {
            "entries": [tuple(row) for row in run(select(*kept).order_by(entries.c.journal_no))],
            "people": sorted(
                tuple(row)
                for row in run(
                    select(persons.c.id, persons.c.account, persons.c.member_number_index, persons.c.identity_index)
                )
            ),
            "charges": sorted(
                tuple(row) for row in run(select(redemptions.c.journal_no, redemptions.c.coins, redemptions.c.refunded_coins))
            ),
            "refunds": sorted(tuple(row) for row in run(select(refunds.c.journal_no, refunds.c.coins))),
            "accounts": sorted(tuple(row) for row in run(text("SELECT address, credited, refunding, debited, held FROM accounts"))),
            "outside": [tuple(row) for row in run(select(outside_batches.c.desk, outside_batches.c.seq, outside_batches.c.state))],
        }  # fmt: skip


__all__ = ["Losing", "Town", "lost_books", "rows_of"]
