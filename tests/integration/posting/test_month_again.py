"""A sample month credited by the real services, its books lost: the month uploaded again credits nothing, to the last overlap and daily cap."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.journal.unit import Journal
from ledger_service.posting.loops import Poster
from ledger_service.services import credit, donate, intake, loading, setup, spend
from tests.books import SAMPLES, Books, SqliteDistrict
from tests.integration.posting.conftest import Place
from tests.integration.posting.hall import HEADER
from tests.integration.posting.town import OFFICE, Town, signer

APRIL = (SAMPLES / "activities-2024-04.csv").read_bytes()


class RealKeys:
    """A key for each desk, by its number."""

    def create(self, desk: int, version: int = 1) -> bytes:
        return signer(f"desk {desk}").address

    def holds(self, desk: int, address: bytes) -> bool:
        return address == self.create(desk)

    def signers_of(self, desk: int, among: Collection[bytes] | None = None) -> Sequence[object]:
        return OFFICE if desk == 0 else [signer(f"desk {desk}")]


def add_office(journal: Journal) -> None:
    with journal.write() as unit:
        unit.master.add_desk(0, DeskKind.OFFICE, "OFFICE", "office", 0, 1)
        unit.commit()


def richest(books: Books) -> str:
    with books.journal.read() as unit:
        return str(
            unit.connection.exec_driver_sql(
                "SELECT persons.id FROM persons JOIN accounts ON address = account ORDER BY credited DESC, persons.id LIMIT 1"
            ).scalar_one()
        )


def balances(books: Books) -> list[tuple[object, ...]]:
    """Of everybody who ever had an entry."""
    with books.journal.read() as unit:
        rows = unit.connection.exec_driver_sql(
            "SELECT persons.id, address, credited, refunding, debited, held FROM persons JOIN accounts ON address = account "
            "WHERE on_chain ORDER BY persons.id"
        )
        return [tuple(row) for row in rows]


def limits_used(books: Books) -> list[tuple[object, ...]]:
    with books.journal.read() as unit:
        run = unit.connection.exec_driver_sql
        return [
            tuple(row)
            for table in ("desk_limits", "budgets", "person_caps", "person_months")
            for row in run(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608
        ]


@pytest.fixture
def month(sqlite_district: SqliteDistrict, sqlite_place: Place, tmp_path: Path) -> tuple[Books, Place]:
    """Books with the month credited, something spent, and everything final on a chain that others run."""
    folder = tmp_path / "month"
    folder.mkdir()
    with sqlite_district.copy("empty", folder) as books:
        books.context = replace(books.context, desk_keys=RealKeys())
        add_office(books.journal)
        town = Town(books.journal, books.context.vault, folder, clock=books.clock, keys=RealKeys())  # type: ignore[arg-type]
        place = replace(sqlite_place, town=town)
        place.poster().prepare()
        books.load_district()
        opening = setup.propose_opening(books.context, books.office, None)
        setup.approve_orders(books.context, books.second, None, opening["id"])
        poster = place.stranger_poster()
        submitted = intake.submit_import(books.context, books.office, None, APRIL, "1365")
        credit.approve(books.context, books.second, None, submitted["id"])
        poster.run_until_quiet()
        venue = books.actor("counter", Role.VENUE, desks=frozenset([books.desk(DeskKind.VENUE, "GYM")]))
        charge = spend.charge(books.context, venue, None, richest(books), min(venue.desks), 9)
        donate.donate(books.context, books.office, None, richest(books), "WARM", 2)
        poster.run_until_quiet()
        spend.refund(books.context, venue, None, charge["id"], 4)
        poster.run_until_quiet()
        assert poster.findings.all() == {}
        return books, place


def lose(place: Place, books: Books, folder: Path) -> tuple[Books, Poster]:
    """Nothing is left but the chain, the bundles and the people's keys; and whoever reads the books back."""
    engine = open_engine(f"sqlite:///{folder}/lost.db")
    migrate(engine)
    journal = Journal(engine)
    add_office(journal)
    poster = replace(place, town=replace(place.town, journal=journal)).stranger_poster()
    poster.prepare()
    assert {key for key in poster.findings.all() if key != "read back"} == set()
    return Books(replace(books.context, journal=journal), books.clock, engine), poster


def test_what_was_signed_while_the_node_was_down_credits_nothing_when_it_is_uploaded_again(
    month: tuple[Books, Place], tmp_path: Path
) -> None:
    before, place = month
    poster = place.stranger_poster()
    poster.prepare()
    with (SAMPLES / "members.csv").open(encoding="utf-8-sig") as file:
        members = list(csv.DictReader(file))[:3]
    rows = [
        f"MAY-{at},{one['회원번호']},{one['이름']},{one['생년월일']},SVC,VOL,2024-05-01,09:00,12:00,,"
        for at, one in enumerate(members)
    ]
    may = "\n".join([HEADER, *rows]).encode()
    submitted = intake.submit_import(before.context, before.office, None, may, "1365")
    credit.approve(before.context, before.second, None, submitted["id"])
    venue = before.actor("counter of May", Role.VENUE, desks=frozenset([before.desk(DeskKind.VENUE, "GYM")]))
    charge = spend.charge(before.context, venue, None, richest(before), min(venue.desks), 7)
    poster.books_pass()
    spend.refund(before.context, venue, None, charge["id"], 3)
    poster.books_pass()
    books, late = lose(place, before, tmp_path)
    assert late.read_back.report.not_landed == 3
    assert balances(books) == balances(before)
    assert limits_used(books) == limits_used(before)
    judged = intake.preview_import(books.context, books.office, may, "1365", None)
    assert [one.line for one in judged.judgements if one.coins] == []
    assert judged.counts()["duplicate_record"] == len(rows)
    late.run_until_quiet()
    poster.run_until_quiet()
    assert balances(books) == balances(before)
    assert set(late.findings.all()) == {"read back"}
    books.engine.dispose()


def test_a_month_uploaded_again_after_the_books_were_lost_credits_nothing(
    month: tuple[Books, Place], tmp_path: Path
) -> None:
    before, place = month
    books, _ = lose(place, before, tmp_path)
    assert balances(books) == balances(before)
    assert limits_used(books) == limits_used(before)
    judged = intake.preview_import(books.context, books.office, APRIL, "1365", None)
    earning = [one.line for one in judged.judgements if one.coins]
    assert earning == []
    assert judged.counts()["duplicate_record"] >= 1673
    with books.journal.read() as unit, before.journal.read() as old:
        assert unit.master.rate_versions() == old.master.rate_versions()
        assert unit.master.funds() == old.master.funds()
        assert [(desk.number, desk.code, desk.name) for desk in unit.master.desks()] == [
            (desk.number, desk.code, desk.name) for desk in old.master.desks()
        ]
    registrar = Actor("registrar", "registrar", frozenset({Role.REGISTRAR}), frozenset())
    loading.load_members(books.context, registrar, None, (SAMPLES / "members.csv").read_bytes())
    assert balances(books)[: len(balances(before))] == balances(before), "who had an entry is known"
    books.engine.dispose()
