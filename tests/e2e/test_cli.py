"""The main job from the command line: a district loaded, a month judged, submitted and approved, with and without a service."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest

from scripts.running import boram, clean_environment, running
from tests.books import SAMPLES
from tests.e2e.conftest import SETTINGS

APRIL = SAMPLES / "activities-2024-04.csv"
MASTER = (
    ("members", SAMPLES / "members.csv"),
    ("centers", SAMPLES / "centers.csv"),
    ("programmes", SAMPLES / "programmes.csv"),
)


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [boram(), *arguments],
        capture_output=True, text=True, check=False, env=clean_environment(home, **SETTINGS) | {"LANG": "C.UTF-8"},
    )  # fmt: skip


def answer(home: Path, *arguments: str) -> dict[str, object]:
    done = run(home, *arguments)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def expected() -> list[dict[str, object]]:
    with (SAMPLES / "expected-2024-04.csv").open() as file:
        return [
            {"line": int(row["line"]), "outcome": row["outcome"], "coins": int(row["coins"])}
            for row in csv.DictReader(file)
        ]


def dry_run(home: Path, out: Path, name: str) -> list[dict[str, object]]:
    done = run(home, "import", str(APRIL), "--as-of", "2024-05-02", "--dry-run", "--json", str(out), "--as", name)
    assert done.returncode == 0, done.stderr
    return list(json.loads(out.read_text()))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was loaded from the command line alone; no service has run in it."""
    home = tmp_path_factory.mktemp("cli") / "home"
    for name in ("kim", "lee"):
        assert run(home, "actor", "add", name, "--role", "office").returncode == 0
    for kind, file in MASTER:
        proposed = answer(home, "load", kind, str(file), "--as", "kim", "--json")
        if proposed.get("id"):
            answer(home, "approve", str(proposed["id"]), "--as", "lee", "--json")
    return home


def test_a_dry_run_equals_the_expected_outcomes_line_by_line(loaded: Path, tmp_path: Path) -> None:
    assert dry_run(loaded, tmp_path / "out.json", "kim") == expected()


def test_the_same_dry_run_goes_through_a_service_that_runs(home: Path, tmp_path: Path) -> None:
    with running(home, **SETTINGS):
        assert dry_run(home, tmp_path / "out.json", "clerk") == expected()


def test_a_month_is_credited_once_from_the_command_line(home: Path) -> None:
    first = run(home, "import", str(APRIL), "--as", "office")
    assert first.returncode == 0, first.stderr
    waiting = answer(home, "approvals", "--as", "approver", "--json")["approvals"]
    assert isinstance(waiting, list)
    again = run(home, "import", str(APRIL), "--as", "clerk")
    assert (again.returncode, len(again.stderr.strip().splitlines())) == (1, 1)
    assert run(home, "approve", waiting[0]["id"], "--as", "office").returncode == 1, "who submitted may not approve"
    assert run(home, "approve", waiting[0]["id"], "--as", "approver").returncode == 0
    assert run(home, "import", str(APRIL), "--as", "clerk").returncode == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00\x81\x81", ""),
        ("실적번호,회원번호\nA,B\n".encode(), "이름"),
        (b"", ""),
        (b"PK\x03\x04 not a workbook", ""),
    ],
    ids=["undecodable", "missing columns", "empty", "broken workbook"],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(
    loaded: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    done = run(loaded, "import", str(file), "--as", "kim")
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
