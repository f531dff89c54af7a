"""The audit log and the access log of lost books: they come back from their files, and what does not is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger_service.journal.access_log import Looking
from ledger_service.journal.people import PersonRow
from ledger_service.journal.schema import access_log, audit_log
from ledger_service.posting.audit_chain import look_hash, row_hash
from ledger_service.posting.kept_logs import FOLDER, files_of, read_log
from ledger_service.posting.loops import LOGS_KEPT_SECONDS, Poster, PostingLoops
from tests.integration.posting.conftest import Place
from tests.integration.posting.losing import Losing, lost_books
from tests.integration.posting.town import Town

AUDIT, ACCESS = "audit", "access"


@pytest.fixture
def losing(place: Place) -> Iterator[Losing]:
    with lost_books(place) as ways:
        yield ways


def begin(place: Place) -> tuple[Poster, list[PersonRow]]:
    people = place.town.found(people=3)
    place.poster().prepare()
    poster = place.stranger_poster()
    poster.prepare()
    return poster, people


def act(town: Town, what: str, *, looks: int = 1) -> None:
    """Somebody does something, and looks at somebody."""
    looking = Looking("clerk", None, "127.0.0.1", "GET /x", "", town.clock.now())
    for number in range(looks):
        looking.note(f"person {number}")
    with town.journal.write() as unit:
        unit.audit_log.write(town.clock.now(), "clerk", what, "a subject", why="이유")
        unit.access_log.write(looking)
        unit.commit()
    town.clock.seconds += 7


def sealed(town: Town, poster: Poster, people: Sequence[PersonRow], *acts: str) -> None:
    for one in acts:
        act(town, one)
    town.credit(1, people)
    poster.run_until_quiet()


def rows(town: Town, log: str, *, chained: bool = True) -> list[tuple[Any, ...]]:
    table = audit_log if log == AUDIT else access_log
    with town.journal.read() as unit:
        found = [tuple(row) for row in unit.connection.execute(select(table).order_by(table.c.id))]
    return [row for row in found if (row[-1] is not None) == chained]


def is_linked(town: Town) -> bool:
    """Every chained row of both logs follows the one before it, and every batch's head is a row of the audit log."""
    with town.journal.read() as unit:
        audit, access = unit.kept_logs.after(AUDIT, 0, 10_000), unit.kept_logs.after(ACCESS, 0, 10_000)
        heads = unit.kept_logs.unknown_heads()
    head, look = bytes(32), bytes(32)
    for one in audit:
        head = row_hash(head, one)  # type: ignore[arg-type]
        assert one.hash == head
    for other in access:
        look = look_hash(look, other)  # type: ignore[arg-type]
        assert other.hash == look
    return heads == [] and len(audit) == len(rows(town, AUDIT)) and len(access) == len(rows(town, ACCESS))


def files(town: Town, log: str) -> list[Path]:
    return sorted((town.folder / "bundles" / FOLDER).glob(f"{log}-*.json"), key=lambda one: int(one.name.split("-")[1]))


def test_both_logs_come_back_and_go_on_and_what_came_after_the_last_file_is_gone(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first", "second")
    sealed(place.town, poster, people, "third")
    kept = {log: rows(place.town, log) for log in (AUDIT, ACCESS)}
    act(place.town, "not sealed")
    assert len(files(place.town, ACCESS)) == 2
    lost = losing.nothing()
    again = lost.stranger_poster()
    again.prepare()
    assert {log: rows(lost.town, log) for log in (AUDIT, ACCESS)} == kept
    assert set(again.findings.all()) == {"read back"}
    last = kept[AUDIT][-1]
    assert f"the audit log goes up to row {last[-2]} (2024-05-01 21:4" in again.findings.all()["read back"]
    sealed(lost.town, again, people, "after it")
    assert is_linked(lost.town)
    assert "not sealed" not in {row[3] for row in rows(lost.town, AUDIT)}
    with lost.town.journal.read() as unit:
        assert unit.kept_logs.extent(AUDIT)[0] > last[-2]


def test_an_old_backup_takes_in_what_the_files_have_beside_what_it_has_itself(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    act(place.town, "in the backup, chained later", looks=2)
    old = losing.backup()
    sealed(place.town, poster, people, "after the backup")
    kept = {log: rows(place.town, log) for log in (AUDIT, ACCESS)}
    act(old.town, "on the restored books, before their start")
    again = old.stranger_poster()
    again.prepare()
    assert {log: rows(old.town, log) for log in (AUDIT, ACCESS)} == kept
    sealed(old.town, again, people)
    assert is_linked(old.town)
    told = [row[3] for row in rows(old.town, AUDIT)]
    assert told.count("in the backup, chained later") == 1
    assert told.index("on the restored books, before their start") > told.index("after the backup")


def test_rows_whose_file_is_missing_are_named_until_somebody_acknowledges_or_it_is_back(
    place: Place, losing: Losing, tmp_path: Path
) -> None:
    poster, people = begin(place)
    for name in ("first", "second", "third"):
        sealed(place.town, poster, people, name)
    kept = rows(place.town, AUDIT)
    missing = files(place.town, AUDIT)[1]
    first, last = (int(part) for part in missing.name.split("-")[1:3])
    missing.rename(tmp_path / missing.name)
    lost = losing.nothing()
    again = lost.stranger_poster()
    again.prepare()
    told = again.findings.all()["audit log"]
    assert f"rows {first} to {last}, written between 2024-05-01 21:" in told
    assert "Bring the files audit-*.json back" in told
    assert rows(lost.town, AUDIT) == [row for row in kept if not first <= row[-2] <= last]
    with lost.town.journal.write() as unit:
        (found,) = [one for one in unit.findings.open_ones(9) if one.subject == "audit log"]
        assert unit.findings.acknowledge(found.id, place.town.clerk, "no copy of it", lost.town.clock.now())
        unit.commit()
    other = lost.stranger_poster()
    other.prepare()
    assert "audit log" not in other.findings.all()
    (tmp_path / missing.name).rename(missing)
    third = lost.stranger_poster()
    third.prepare()
    assert rows(lost.town, AUDIT) == kept
    assert is_linked(lost.town)
    assert "audit log" not in third.findings.all()


def test_batches_whose_rows_are_gone_are_named(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    old = losing.backup()
    sealed(place.town, poster, people, "second")
    sealed(place.town, poster, people, "third")
    for file in files(place.town, AUDIT)[1:]:
        file.unlink()
    again = old.stranger_poster()
    again.prepare()
    last = rows(old.town, AUDIT)[-1]
    told = again.findings.all()["audit log"]
    assert f"what 2 batches sealed, 1/2 to 1/3, is gone: the rows after row {last[-2]} of 2024-05-01 21:" in told
    assert not is_linked(old.town)


def test_a_file_of_a_log_that_went_another_way_is_kept_and_named(place: Place, losing: Losing, tmp_path: Path) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    old = losing.backup()
    sealed(place.town, poster, people, "second", "third")
    away = tmp_path / "away"
    away.mkdir()
    for file in files(place.town, AUDIT)[1:]:
        file.rename(away / file.name)
    again = old.stranger_poster()
    again.prepare()
    act(old.town, "another way")
    again.logs.chain()
    for file in away.iterdir():
        shutil.copy2(file, place.town.folder / "bundles" / FOLDER)
    before = rows(old.town, AUDIT)
    report = old.stranger_poster().logs.bring_back()[AUDIT]
    assert report.unfit == [file.name for file in away.iterdir()]
    assert rows(old.town, AUDIT) == before


def test_a_broken_file_is_named_and_an_empty_folder_is_filled_again(place: Place, losing: Losing) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    (file,) = files(place.town, AUDIT)
    file.write_bytes(file.read_bytes()[:-9] + b'AAAAAAA"}')
    lost = losing.nothing()
    again = lost.stranger_poster()
    again.prepare()
    assert file.name in again.findings.all()["audit log"]
    shutil.rmtree(place.town.folder / "bundles" / FOLDER)
    place.stranger_poster().logs.chain()
    assert [one.name for one in files(place.town, AUDIT)] == [file.name]
    assert len(files(place.town, ACCESS)) == 1


def test_what_no_seal_follows_is_kept_within_a_minute(place: Place) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    act(place.town, "signed in")
    poster.books_pass()
    before = len(files(place.town, AUDIT))
    place.town.clock.seconds += LOGS_KEPT_SECONDS
    poster.books_pass()
    assert len(files(place.town, AUDIT)) == before + 1


def test_what_was_done_right_before_the_service_ended_is_in_a_file(place: Place) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    loops = PostingLoops(poster)
    loops.start()
    act(place.town, "the last")
    loops.stop()
    assert rows(place.town, AUDIT, chained=False) == []
    file = files_of(place.town.folder / "bundles" / FOLDER, AUDIT)[-1]
    told = [row[3] for row in rows(place.town, AUDIT)][file.first - 1 :]
    assert [row.action for row in read_log(file, poster.context.vault.bundle_key)[1]] == told
    assert "the last" in told


def test_rows_that_could_not_be_kept_are_kept_later(place: Place) -> None:
    poster, people = begin(place)
    sealed(place.town, poster, people, "first")
    folder = place.town.folder / "bundles" / FOLDER
    folder.rename(folder.with_name("away"))
    folder.write_text("no folder: what is written into it fails")
    act(place.town, "second")
    with pytest.raises(OSError, match=r"exist|directory"):
        poster.logs.chain()
    folder.unlink()
    folder.with_name("away").rename(folder)
    act(place.town, "third")
    poster.logs.chain()
    kept = [tuple(int(part) for part in file.name.split("-")[1:3]) for file in files(place.town, AUDIT)]
    assert [first for first, _ in kept[1:]] == [last + 1 for _, last in kept[:-1]]
    with place.town.journal.read() as unit:
        assert kept[-1][1] == unit.kept_logs.extent(AUDIT)[0]
