"""What several processes on one set of books may not do to each other, and what stops charges while the chain is down."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ledger_service.adapters.home import Home, HomeBusy, Runtime, lock_database
from ledger_service.bootstrap.installation import installed
from ledger_service.config import read_settings
from ledger_service.errors import BoramError
from ledger_service.journal.locks import INTAKE_LOCK, BetweenProcesses, TakesTooLong
from ledger_service.journal.unit import Journal
from ledger_service.services import donate, enrol, intake, ledger_state, spend
from tests.books import Books
from tests.integration.test_credit import month, yoga_row
from tests.integration.test_spend import OTHER, RESIDENT, course_id, gym


def beside(books: Books) -> Any:
    """The context as a second process has it: the same database, nothing else in common."""
    return replace(books.context, journal=Journal(books.engine))


def lose_the_intake_lock(books: Books) -> None:
    """On PostgreSQL the session that holds it ends; on SQLite two processes would have two locks to begin with."""
    if not books.journal.is_sqlite:
        with books.engine.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"),
                {"key": INTAKE_LOCK & 0xFFFFFFFF},
            )


def test_a_submission_that_was_judged_before_another_was_stored_is_not_stored(district: Books) -> None:
    file = month(yoga_row("A1"))
    new_id, other_submitted = district.context.new_id, []

    def overtaken() -> str:
        """Between judging and storing another process, which found the lock free, submits the same record."""
        if not other_submitted:
            other_submitted.append(None)
            lose_the_intake_lock(district)
            other_submitted.append(intake.submit_import(beside(district), district.office, None, file, "1365"))
        return new_id()

    with pytest.raises(BoramError) as refused:
        intake.submit_import(replace(district.context, new_id=overtaken), district.office, None, file, "1365")
    assert refused.value.code in ("intake_overtaken", "row_conflict")
    assert other_submitted[1]["accepted_rows"] == 1
    with district.journal.read() as unit:
        assert unit.connection.execute(text("SELECT count(*) FROM records")).scalar_one() == 1
        assert unit.records.staged() == []


def test_one_that_overtakes_with_other_records_is_noticed_too(district: Books) -> None:
    """No index stands between them: only the number that each submission takes."""
    new_id, done = district.context.new_id, []

    def overtaken() -> str:
        if not done:
            done.append(None)
            lose_the_intake_lock(district)
            intake.submit_import(beside(district), district.office, None, month(yoga_row("A1")), "1365")
        return new_id()

    context = replace(district.context, new_id=overtaken)
    with pytest.raises(intake.IntakeOvertaken):
        intake.submit_import(context, district.office, None, month(yoga_row("A2", day="2024-04-12")), "1365")


@pytest.mark.postgres
@pytest.mark.parametrize("district", ["postgres"], indirect=True)
def test_of_two_processes_one_has_the_intake_lock_and_the_other_waits(district: Books) -> None:
    other = Journal(district.engine)
    entered = threading.Event()

    def enter() -> None:
        with other.intake_lock:
            entered.set()

    with district.journal.intake_lock:
        waiting = threading.Thread(target=enter)
        waiting.start()
        impatient = BetweenProcesses(district.engine, INTAKE_LOCK, 1, ("another file", "다른 파일"))
        with pytest.raises(TakesTooLong), impatient:
            pass
        assert not entered.is_set()
    waiting.join(20)
    assert entered.is_set()


def test_while_the_chain_is_down_charges_stop_at_the_set_sum_of_open_debits(district: Books) -> None:
    for member in (RESIDENT, OTHER):
        district.grant(member, 1_000)
    context, office = replace(district.context, open_debits_max=50), district.office
    person, desk = district.person(RESIDENT), gym(district)
    spend.charge(context, office, None, person, desk, 30)
    district.clock.seconds += ledger_state.DEBITS_COUNT_AFTER_SECONDS
    spend.charge(context, office, None, person, desk, 15)  # nothing has waited for longer than usual
    district.clock.seconds += 1
    held = spend.place_hold(context, office, None, person, desk, 5)
    for act in (
        lambda: spend.charge(context, office, None, person, desk, 6),
        lambda: spend.place_hold(context, office, None, person, desk, 6),
        lambda: donate.donate(context, office, None, person, "WARM", 6),
        lambda: enrol.enrol(context, office, None, course_id(district), district.person(OTHER), 10),
    ):
        with pytest.raises(ledger_state.LedgerBehind, match="as many coins"):
            act()
    spend.capture_hold(context, office, None, held["id"])  # what was promised is kept
    assert intake.submit_import(context, office, None, month(yoga_row("A1")), "1365")["accepted_rows"] == 1
    spend.charge(district.context, office, None, person, desk, 6)  # under the sum that is set without a word


def test_a_home_on_postgres_is_shared_and_its_address_is_of_a_process_that_lives(tmp_path: Path) -> None:
    import os

    home = Home(tmp_path)
    home.prepare()
    first = home.share()
    first.share()
    second = home.share()
    second.share()
    with pytest.raises(HomeBusy):
        home.lock()
    home.write_runtime(Runtime("http://127.0.0.1:1", os.getpid(), "http://127.0.0.1:2", "0x00", None))
    found = home.runtime()
    assert found is not None
    home.clear_runtime(os.getpid() + 1)  # another one's address stays
    assert home.runtime() == found
    gone = 2**22 + 1  # above what Linux gives
    home.write_runtime(Runtime("http://127.0.0.1:1", gone, "http://127.0.0.1:2", "0x00", None))
    assert home.runtime() is None
    first.release()
    assert home.is_locked()
    second.release()
    assert not home.is_locked()


def test_two_homes_on_one_sqlite_file_are_two_processes_too_many(tmp_path: Path) -> None:
    books = f"sqlite:///{tmp_path}/books.db"
    lock = lock_database(tmp_path / "books.db")
    with (
        pytest.raises(HomeBusy, match="SQLite takes one"),
        installed(read_settings(home=tmp_path / "b", database_url=books)),
    ):
        pass
    lock.release()
