"""Books that are gone, or of an old backup: the same balances after a start, and a month uploaded again credits nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.demo import DATA
from scripts.running import RunningBoram, running
from tests.e2e.recovering import heads, outside_chain, said
from tests.e2e.test_kill import CREDITED, HEADER, ROWS, audit, balances, work

MORE = "K9,S100013,김하환,1992-10-25,YJSW,VOL,2024-04-12,09:00,10:00,,"
NEW_DONG = "내곡동"
KEPT_APART = ("keys", "secrets", "tokens")


def upload_again(service: RunningBoram, clerk: str) -> dict[str, int]:
    """The month once more: every row is a duplicate, and nothing is left to submit."""
    answer = service.client(clerk).try_upload("/api/v1/imports", "\n".join([HEADER, *ROWS, MORE]).encode()).json()
    assert answer.get("code") == "nothing_to_submit", answer
    return dict(answer["fields"]["outcomes"])


def credit_more(service: RunningBoram) -> None:
    clerk, approver = service.client("clerk"), service.client("approver")
    submitted = clerk.try_upload("/api/v1/imports", f"{HEADER}\n{MORE}".encode()).json()
    approver.post(f"/api/v1/approvals/{submitted['id']}/approve")
    service.wait_until_settled(service.client("office"))


def move_a_venue(service: RunningBoram) -> None:
    """The file of all venues again, one of them somewhere else; another person approves. It makes no order."""
    file = (DATA / "venues.csv").read_text("utf-8").replace("식당,1,방배1동", f"식당,1,{NEW_DONG}")
    proposal = service.client("office").try_upload("/api/v1/master/venues", file.encode()).json()
    assert proposal["steps"] == 1
    assert service.client("office-lee").post(f"/api/v1/approvals/{proposal['id']}/approve")["orders"] == 0
    assert NEW_DONG in service.http.get("/places").text


@pytest.mark.timeout(300)
def test_a_backup_in_a_fresh_home_reads_the_rest_from_the_chain(home: Path, tmp_path: Path) -> None:
    backup, fresh = tmp_path / "backup", tmp_path / "fresh"
    with outside_chain(tmp_path, home) as (_, settings):
        said(home, "chain", "restore", "--yes", **settings)
        with running(home, **settings) as service:
            assert work(service)
            said(home, "backup", str(backup), **settings)  # while the service runs
            credit_more(service)
            before, coins = heads(service), balances(service)
            assert coins["S100013"] == CREDITED["S100013"] + 5
            service.process.kill()
            service.process.wait()
        assert "yes" in said(home, "restore", str(backup), "--verify", **settings)
        for name in KEPT_APART:
            shutil.copytree(home / name, fresh / name)
        shutil.copy(home / "keys.db", fresh / "keys.db")
        assert "restored" in said(fresh, "restore", str(backup), **settings)
        shutil.copytree(home / "bundles", fresh / "bundles", dirs_exist_ok=True)
        with running(fresh, **settings) as again:
            assert heads(again) == before
            assert balances(again) == coins
            assert upload_again(again, "clerk")["duplicate_record"] == len(ROWS) + 1
            assert work(again), "the same requests get the same answers"
            code, report = audit(again, fresh)
            assert code == 0, report["findings"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_books_that_are_gone_are_read_back(home: Path, tmp_path: Path) -> None:
    with outside_chain(tmp_path, home) as (_, settings):
        said(home, "chain", "restore", "--yes", **settings)
        with running(home, **settings) as service:
            assert work(service)
            credit_more(service)
            before, coins = heads(service), balances(service)
            move_a_venue(service)
            assert service.stop() == 0
        for file in home.glob("books.db*"):
            file.unlink()
        shutil.rmtree(home / "tokens")
        told = said(home, "books", "rebuild", **settings)
        assert "gone: who acts" in told
        assert "nothing was done" in said(home, "books", "rebuild", **settings)
        with running(home, **settings) as again:
            for name, roles in (("office", ["office"]), ("clerk", ["clerk"])):
                again.add_actor(name, *roles, desks=["SVC", "YJSW"] if name == "clerk" else [])
            assert heads(again) == before
            assert balances(again) == coins
            assert NEW_DONG in again.http.get("/places").text, "no batch came after it"
            assert upload_again(again, "clerk")["duplicate_record"] == len(ROWS) + 1
            code, report = audit(again, home)
            assert code == 0, report["findings"]
