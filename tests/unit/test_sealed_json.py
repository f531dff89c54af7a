"""Files beside the books are there whole or not at all, whoever else writes them at the same time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_service.posting.kept_logs import files_of
from ledger_service.posting.sealed_json import LEFT_OVER_SECONDS, drop_left_over, put_files

OLD, NEW = b"old" * 100_000, b"new" * 100_000


def test_a_poster_that_wakes_up_cannot_tear_what_another_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "1" / "7-0011223344556677.json"
    seen = []

    def woken() -> Iterator[tuple[Path, bytes]]:
        yield path, OLD  # begun, then frozen: meanwhile another one writes the same file
        (mine,) = path.parent.iterdir()
        put_files([(path, NEW)])
        seen.append((path.read_bytes(), mine.read_bytes()))

    put_files(woken())
    assert seen == [(NEW, OLD)]
    assert path.read_bytes() == OLD
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    def fails() -> Iterator[tuple[Path, bytes]]:
        yield tmp_path / "1" / "1-00.json", OLD
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        put_files(fails())
    assert list((tmp_path / "1").iterdir()) == []


def test_left_overs_of_the_killed_go_and_those_of_writers_at_work_stay(tmp_path: Path) -> None:
    put_files([(tmp_path / "log" / "audit-1-2-0011223344556677.json", OLD)])
    (kept,) = (tmp_path / "log").iterdir()
    killed, working = tmp_path / "log" / ".audit-3-4-00.json.a.tmp", tmp_path / "log" / ".audit-3-4-00.json.b.tmp"
    for path in (killed, working):
        path.write_bytes(b"half")
    begun = working.stat().st_mtime - LEFT_OVER_SECONDS - 60
    for path in (killed, kept):
        os.utime(path, (begun, begun))
    assert [one.path for one in files_of(tmp_path / "log", "audit")] == [kept]
    assert drop_left_over(tmp_path) == 1
    assert {kept, working} == set((tmp_path / "log").iterdir())
    assert drop_left_over(tmp_path / "not there yet") == 0
