"""A treasury's history whose books are gone: chain and bundles give back what its acts made, table by table and row by row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, Table, create_engine, select, text

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.entries import DeskKind
from ledger_service.journal import schema
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import migrate
from ledger_service.journal.snapshot import copy_books
from ledger_service.journal.unit import Journal
from ledger_service.posting.loops import Poster
from ledger_service.reads.closes import statement
from ledger_service.services import account_ends, correct, gifts, intake
from ledger_service.services.opening import extend_opening
from tests.integration.posting.hall import Hall, audit_of, open_for_business
from tests.integration.posting.year import RandomYear

# What of a table may differ, and why. All else is equal in every row.
DIFFERENT: dict[str, set[str]] = {
    "accounts": set(),
    "desks": set(),
    "rates": set(),
    "coin_values": set(),
    "funds": set(),
    "desk_limits": set(),
    "budgets": set(),
    "person_caps": set(),
    "person_months": set(),
    "persons": {"created_at"},
    "entries": {"business_key_sealed"},  # sealed anew
    "batches": {"sealed_at", "gas_max"},  # known no better than: not after now, not more than
    "orders": {"id"},
    "records": {"id", "record_sealed"},
    "holds": {"created_by", "created_at", "expires_at", "reserved_day"},
    "redemptions": set(),
    "refunds": set(),
    "donations": set(),
    "wishes": set(),
    "wish_credits": set(),
    "loose_acts": set(),
    "closes": set(),
    "account_ends": set(),
    "corrections": set(),
    "corrected": set(),
    "expiry_runs": set(),
    "expiry_lines": set(),
    "freezes": set(),
    "order_proposals": set(),
}
TOOK_SOMETHING = (
    "SELECT approvals.id FROM approvals JOIN entries ON entries.accepted_at = approvals.decided_at "
    "AND entries.approver = approvals.decided_by WHERE entries.kind = 5"
)
SURVIVING = {
    "accounts": "address IN (SELECT account FROM entries)",  # whoever never had an entry is loaded again
    "persons": "account IN (SELECT account FROM entries) OR id IN (SELECT person_id FROM freezes)",
    "holds": "state = 'captured'",
    "closes": "journal_no IS NOT NULL",
    "account_ends": "journal_no IS NOT NULL",
    "corrections": "journal_no IS NOT NULL",
    # of whom a run took nothing after all no entry tells, nor of a run that took nothing at all
    "expiry_runs": f"id IN ({TOOK_SOMETHING})",
    "expiry_lines": "account IN (SELECT entries.account FROM entries JOIN approvals ON approvals.decided_at = entries.accepted_at "
    "AND approvals.decided_by = entries.approver WHERE entries.kind = 5 AND approvals.id = run_id)",
    "order_proposals": "id IN (SELECT id FROM approvals WHERE status = 'approved') "  # noqa: S608  the tests' own words
    f"AND (id NOT IN (SELECT id FROM expiry_runs) OR id IN ({TOOK_SOMETHING}))",
}


def rows_of(journal: Journal, table: Table) -> list[tuple[Any, ...]]:
    columns = [column for column in table.columns if column.name not in DIFFERENT[table.name]]
    wanted = select(*columns)
    if table.name in SURVIVING:
        wanted = wanted.where(text(SURVIVING[table.name]))
    with journal.read() as unit:
        return sorted((tuple(row) for row in unit.connection.execute(wanted)), key=repr)


def check_the_same(before: Journal, after: Journal) -> None:
    for name in DIFFERENT:
        table = getattr(schema, name)
        expected, found = rows_of(before, table), rows_of(after, table)
        names = [column.name for column in table.columns if column.name not in DIFFERENT[name]]
        assert [one for one in expected if one not in found] == [one for one in found if one not in expected] == [], (
            name,
            names,
        )
        assert len(found) == len(expected), name


@contextmanager
def without_books(hall: Hall, folder: Path) -> Iterator[Hall]:
    """A hall of the same chain, bundles and people's keys, and books as a first start makes them."""
    with ExitStack() as stack:
        engine = open_engine(_empty_database(hall, folder, stack))
        stack.callback(engine.dispose)
        migrate(engine)
        with Journal(engine).write() as unit:
            unit.master.add_desk(0, DeskKind.OFFICE, "OFFICE", "office", 0, 1)
            unit.commit()
        yield over(hall, engine)


@contextmanager
def copied_books(hall: Hall, folder: Path) -> Iterator[Hall]:
    """The hall over a copy of its books as they are now: a backup that comes back later."""
    with ExitStack() as stack:
        if hall.books.journal.is_sqlite:
            copied = folder / f"copy-{os.urandom(4).hex()}.db"
            copy_books(hall.books.engine, copied)
            name = f"sqlite:///{copied}"
        else:
            hall.books.engine.dispose()
            name = _new_database(hall, stack, f"TEMPLATE {hall.books.engine.url.database}")
        engine = open_engine(name)
        stack.callback(engine.dispose)
        yield over(hall, engine)


def over(hall: Hall, engine: Engine) -> Hall:
    """The hall over other books, on a chain that outlived its own."""
    journal = Journal(engine)
    books = replace(hall.books, context=replace(hall.books.context, journal=journal), engine=engine, actors={})
    poster = Poster(replace(hall.poster.context, journal=journal), replace(hall.poster.chain, embedded=None))
    return replace(hall, books=books, poster=poster)


def _empty_database(hall: Hall, folder: Path, stack: ExitStack) -> str:
    if hall.books.journal.is_sqlite:
        return f"sqlite:///{folder}/gone-{os.urandom(4).hex()}.db"
    return _new_database(hall, stack, "")


def _new_database(hall: Hall, stack: ExitStack, how: str) -> str:
    url = hall.books.engine.url
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"gone_{os.urandom(6).hex()}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} {how}"))

    def drop() -> None:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))

    stack.callback(drop)
    return url.set(database=name).render_as_string(hide_password=False)


def statements(hall: Hall, auditor: Actor) -> list[Any]:
    """What every closed month says on paper, but the names of those who acted: of them the ids are left."""
    with hall.books.journal.read() as unit:
        ids = (
            unit.connection.execute(select(schema.closes.c.id).where(schema.closes.c.state == "closed")).scalars().all()
        )
    found = [statement(hall.books.journal, auditor, close_id) for close_id in sorted(ids)]
    nobody = {"prepared_by": "", "confirmed_by": None, "approved_by": None}
    return [replace(one, close=replace(one.close, **nobody)) for one in found]


def uploaded_again(hall: Hall, office: Actor) -> list[list[tuple[str, int]]]:
    """What becomes of each row of every file that was credited, when it comes again as of its day."""
    context = hall.books.context
    judged = [intake.preview_import(context, office, file, "1365", day).judgements for file, day in hall.files]
    return [[(one.outcome, one.coins) for one in rows] for rows in judged]


@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 60), *(pytest.param(seed, 200, marks=pytest.mark.slow) for seed in range(2, 8))]
)
@pytest.mark.timeout(600)
def test_a_random_history_comes_back_row_by_row(bare_hall: Hall, tmp_path: Path, seed: int, steps: int) -> None:
    hall = bare_hall
    open_for_business(hall, expiry_months=2)
    year = RandomYear(hall, seed)
    year.run(steps)
    assert hall.poster.findings.all() == {}
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        assert {name for name in lost.poster.findings.all() if name != "read back"} == set(), lost.poster.findings.all()
        check_the_same(hall.books.journal, lost.books.journal)
        assert statements(lost, hall.books.office) == statements(hall, hall.books.office)
        assert gifts.carry_out_wishes(lost.books.context) == 0, "what a wish gave is not given again"
        report = audit_of(lost, tmp_path)
        assert report.findings == ()
        again = uploaded_again(lost, hall.books.office)
        assert {row for rows in again for row in rows} == {("duplicate_record", 0)}
        assert again == uploaded_again(hall, hall.books.office)


def test_an_old_backup_takes_the_rest_of_the_year_in(bare_hall: Hall, tmp_path: Path) -> None:
    hall = bare_hall
    if not hall.books.journal.is_sqlite:
        pytest.skip("the copy is a file")
    open_for_business(hall, expiry_months=2)
    year = RandomYear(hall, 11)
    year.run(40)
    copy_books(hall.books.engine, tmp_path / "old.db")
    year.run(40)
    engine = open_engine(f"sqlite:///{tmp_path}/old.db")
    old = over(hall, engine)
    old.poster.prepare()
    assert set(old.poster.findings.all()) <= {"read back"}, old.poster.findings.all()
    check_the_same(hall.books.journal, old.books.journal)
    assert statements(old, hall.books.office) == statements(hall, hall.books.office)
    assert {row for rows in uploaded_again(old, hall.books.office) for row in rows} == {("duplicate_record", 0)}
    engine.dispose()


def ended(hall: Hall, kind: str, *rest: Any) -> None:
    """An account ends, by two people; final."""
    books = hall.books
    made = getattr(account_ends, f"propose_{kind}")(books.context, books.office, None, *rest, "이유")
    getattr(account_ends, f"approve_{kind}")(books.context, books.second, None, made["id"])
    hall.settle()


def test_a_treasury_bundle_that_is_missing_is_named_and_its_return_mends_debts_ends_and_closes(
    bare_hall: Hall, tmp_path: Path
) -> None:
    hall = bare_hall
    open_for_business(hall)
    books, third = hall.books, bare_hall.books.actor("third", Role.OFFICE)
    hall.earn([0, 1, 2, 3, 4], "2024-05-01")
    hall.settle()
    ended(hall, "merge", hall.person(2), hall.person(3))
    ended(hall, "closure", hall.person(4), "died", "WARM")
    hall.charge("GYM", 0, 30)
    hall.settle()
    with books.journal.read() as unit:
        first = (
            unit.connection.execute(select(schema.entries.c.journal_no).order_by(schema.entries.c.journal_no))
            .scalars()
            .first()
        )
    made = correct.propose_correction(books.context, books.office, None, str(first), None, "두 번 입력함")
    correct.approve_correction(books.context, third, None, made["id"])
    hall.today("2024-06-02")
    extend_opening(books.context)
    hall.settle()
    hall.today("2024-06-03")
    hall.settle()
    hall.close("2024-05", "GYM")
    ended(hall, "merge", hall.person(0), hall.person(1))
    with books.journal.read() as unit:
        treasury = unit.master.desk_of_code(DeskKind.TREASURY, "TREASURY")
    assert treasury is not None
    folder = hall.poster.context.bundles_folder / str(treasury.number)
    folder.rename(tmp_path / "away")
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        assert "is missing" in lost.poster.findings.all()[f"desk {treasury.number}"]
        (tmp_path / "away").rename(folder)
        lost.settle()
        assert set(lost.poster.findings.all()) == {"read back"}
        check_the_same(books.journal, lost.books.journal)
        debts = [lost.books.account(hall.members[place]["회원번호"]).debt for place in (0, 1)]
        assert debts == [0, 30]
        closed = [lost.books.account(hall.members[place]["회원번호"]).closed for place in range(5)]
        assert closed == [True, False, True, False, True]
        assert statements(lost, hall.books.office) == statements(hall, hall.books.office)
