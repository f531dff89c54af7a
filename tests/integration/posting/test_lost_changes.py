"""Master data that changed by decisions which make no order: lost books have them as they were approved last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger_service.domain.entries import DeskKind
from ledger_service.journal.schema import approvals, order_proposals
from ledger_service.posting.kept_logs import FOLDER
from ledger_service.posting.loops import LOGS_KEPT_SECONDS
from ledger_service.posting.progress import no_progress
from ledger_service.posting.read_back import JOURNAL_GAP
from ledger_service.posting.rebuild import prepare_chain
from ledger_service.services import setup
from tests.books import Books
from tests.integration.posting.hall import Hall, audit_of, open_for_business
from tests.integration.posting.test_lost_treasury import check_the_same, copied_books, without_books

VENUES = "code,name,step_coins,dong\nHALL,hall,10,\nGYM,gym,1,{}\n"  # the whole file, of which one line changes
RATES = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure,basis"
FUNDS = "code,name,body,goal_coins\nWARM,winter,chest,{}\n"


def propose(hall: Hall, kind: str, text: str) -> str:
    return str(setup.propose_file(hall.books.context, hall.books.office, None, kind, text.encode())["id"])


def change(hall: Hall, dong: str, goal: int | str) -> list[str]:
    """Two people change where the gym lies and what the project wants to gather; the ids of their decisions."""
    found = [propose(hall, "venues", VENUES.format(dong)), propose(hall, "funds", FUNDS.format(goal))]
    for proposal in found:
        setup.approve_orders(hall.books.context, hall.books.second, None, proposal)
    return found


def a_minute_later(hall: Hall) -> None:
    """Nothing is sealed, and the logs come to the disk all the same."""
    hall.books.clock.seconds += LOGS_KEPT_SECONDS
    hall.settle()


def changed(books: Books) -> tuple[str, int | None]:
    with books.journal.read() as unit:
        venue, fund = unit.master.desk_of_code(DeskKind.VENUE, "GYM"), unit.master.fund_of_code("WARM")
    assert venue is not None
    assert fund is not None
    return venue.dong, fund.goal_coins


def decisions(books: Books, ids: list[str]) -> list[Any]:
    wanted = select(approvals, order_proposals.c.title).join(order_proposals, order_proposals.c.id == approvals.c.id)
    with books.journal.read() as unit:
        return sorted(tuple(row) for row in unit.connection.execute(wanted.where(approvals.c.id.in_(ids))))


def last_number(books: Books) -> int:
    with books.journal.read() as unit:
        return unit.entries.last_number("journal")


@pytest.fixture
def hall(bare_hall: Hall) -> Hall:
    open_for_business(bare_hall)
    return bare_hall


def test_what_was_approved_last_comes_back_though_no_batch_followed_it(hall: Hall, tmp_path: Path) -> None:
    ids = change(hall, "역삼동", 500)
    hall.earn([0], "2024-05-01")
    hall.settle()
    ids += change(hall, "삼성동", 900)
    a_minute_later(hall)
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        assert set(lost.poster.findings.all()) == {"read back"}
        assert changed(lost.books) == changed(hall.books) == ("삼성동", 900)
        assert decisions(lost.books, ids) == decisions(hall.books, ids)
        assert len(decisions(lost.books, ids)) == 4
        check_the_same(hall.books.journal, lost.books.journal)
        assert audit_of(lost, tmp_path).findings == ()
        last = last_number(lost.books)
        lost.another_process().poster.prepare()
        assert (changed(lost.books), last_number(lost.books)) == (("삼성동", 900), last), "a start more changes nothing"


def test_every_kind_of_master_file_comes_back_as_it_was_approved_last(hall: Hall, tmp_path: Path) -> None:
    books = hall.books
    old, new = "2024-04-01,2024-06-30,480,0,time,", "2024-07-01,,480,0,time,조례 제5조(2024-05-01 개정)"
    books.load("programmes", f"{RATES}\nVOL,자원봉사,minute,5,60,{old}\nVOL,새 자원봉사,minute,6,60,{new}\n".encode())
    books.load("values", "effective_from,krw,choice,basis\n2024-07-01,50,devalue,조례 제7조\n".encode())
    books.load("limits", b"limit,code,period,coins,effective_from\nbudget,,2024,1100000,2024-05-09\n")
    books.load("limits", b"limit,code,period,coins\nvenue,GYM,2024-06,70000\nperson,,2025,900\n")
    books.load("centers", "code,name\nNEW,새 센터\n".encode())
    books.load("venues", "code,name,step_coins,dong\nPOOL,수영장,5,역삼동\n".encode())
    books.load("funds", "code,name,body,goal_coins\nKIDS,방학 도시락,chest,300\n".encode())
    hall.settle()
    books.load("venues", "code,name,step_coins,dong\nPOOL,수영장,5,삼성동\n".encode())
    books.load("funds", "code,name,body,goal_coins\nKIDS,방학 도시락,chest,700\n".encode())
    a_minute_later(hall)
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        check_the_same(books.journal, lost.books.journal)
        with lost.books.journal.read() as unit:
            pool, kids = unit.master.desk_of_code(DeskKind.VENUE, "POOL"), unit.master.fund_of_code("KIDS")
            names = [rate.name for rate in unit.master.rate_versions() if rate.programme == "VOL"][-2:]
        assert pool is not None
        assert kids is not None
        assert (pool.dong, kids.goal_coins, names) == ("삼성동", 700, ["자원봉사", "새 자원봉사"])


def test_a_goal_that_was_taken_back_and_one_of_a_project_that_ended_come_back(hall: Hall, tmp_path: Path) -> None:
    change(hall, "역삼동", 500)
    change(hall, "", "")
    a_minute_later(hall)
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        assert changed(lost.books) == ("", None)
    change(hall, "삼성동", 900)
    ending = setup.propose_fund_end(hall.books.context, hall.books.office, None, "WARM")
    setup.approve_orders(hall.books.context, hall.books.second, None, ending["id"])
    hall.settle()
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        assert changed(lost.books) == ("삼성동", 900)
        check_the_same(hall.books.journal, lost.books.journal)


def test_an_old_backup_takes_a_later_change_in_and_the_decision_that_waits_in_it(hall: Hall, tmp_path: Path) -> None:
    change(hall, "역삼동", 500)
    waits = propose(hall, "funds", FUNDS.format(900))
    a_minute_later(hall)
    with copied_books(hall, tmp_path) as old:
        setup.approve_orders(hall.books.context, hall.books.second, None, waits)
        a_minute_later(hall)
        old.poster.prepare()
        assert changed(old.books) == changed(hall.books) == ("역삼동", 900)
        assert decisions(old.books, [waits]) == decisions(hall.books, [waits])


@pytest.mark.parametrize("are_logs_there", [True, False])
def test_a_process_that_ended_before_reading_back_was_done_leaves_the_rest_to_the_next(
    hall: Hall, tmp_path: Path, are_logs_there: bool
) -> None:
    hall.earn([0], "2024-05-01")
    hall.settle()
    change(hall, "삼성동", 900)
    a_minute_later(hall)
    last = last_number(hall.books)
    if not are_logs_there:
        (hall.poster.context.bundles_folder / FOLDER).rename(tmp_path / "away")
    with without_books(hall, tmp_path) as lost:
        prepare_chain(lost.poster.context, lost.poster.chain, no_progress)
        lost.poster.read_back.bring_logs_back()
        lost.poster.follower.read_all(no_progress)
        assert changed(lost.books) == ("", None), "here it ended"
        again = lost.another_process()
        again.poster.prepare()
        assert changed(again.books) == (("삼성동", 900) if are_logs_there else ("", None))
        assert last_number(again.books) == last + JOURNAL_GAP, "numbers on receipts are not given again"


def test_a_missing_file_of_the_log_is_named_and_its_return_mends_the_value(hall: Hall, tmp_path: Path) -> None:
    change(hall, "역삼동", 500)
    a_minute_later(hall)
    before = set((hall.poster.context.bundles_folder / FOLDER).glob("audit-*.json"))
    change(hall, "삼성동", 900)
    a_minute_later(hall)
    folder = hall.poster.context.bundles_folder / FOLDER
    (file,) = set(folder.glob("audit-*.json")) - before
    hall.earn([0], "2024-05-01")
    hall.settle()
    away = file.rename(tmp_path / file.name)
    with without_books(hall, tmp_path) as lost:
        lost.poster.prepare()
        assert "are gone" in lost.poster.findings.all()["audit log"]
        assert changed(lost.books) == ("역삼동", 500)
        away.rename(file)
        again = lost.another_process()
        again.poster.prepare()
        assert changed(again.books) == ("삼성동", 900)
