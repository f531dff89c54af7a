"""What `boram doctor` says of backups and of room on the disks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from ledger_service.commands.doctor import BACKUP_SECONDS_MAX, VERIFIED_SECONDS_MAX, backup_checks, disk_checks

OTHER_DISK = Path("/dev/shm")  # noqa: S108  a file system of its own on every Linux


@pytest.mark.parametrize(
    ("backup", "verified", "holds"),
    [
        (BACKUP_SECONDS_MAX, VERIFIED_SECONDS_MAX, [True, True]),
        (BACKUP_SECONDS_MAX + 1, 0, [False, True]),
        (0, VERIFIED_SECONDS_MAX + 1, [True, False]),
        (None, None, [False, False]),
    ],
)
def test_in_production_backups_are_daily_and_read_monthly(
    backup: int | None, verified: int | None, holds: list[bool]
) -> None:
    checks = list(backup_checks(backup, verified, is_real=True))
    assert [one.holds for one in checks] == holds
    assert all(one.holds or "run: boram" in one.detail for one in checks)


def test_a_demo_need_not_be_backed_up_but_an_old_backup_is_said() -> None:
    assert all(one.holds for one in backup_checks(None, None, is_real=False))
    assert not next(backup_checks(BACKUP_SECONDS_MAX + 1, None, is_real=False)).holds


def test_bundles_on_the_homes_disk_are_not_said_twice(tmp_path: Path) -> None:
    (tmp_path / "bundles").mkdir()
    assert [one.name for one in disk_checks(tmp_path, tmp_path / "bundles")] == ["disk"]


def test_bundles_that_are_not_there_are_said_where_a_setting_names_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert [one.name for one in disk_checks(home, home / "bundles")] == ["disk"], "a first start makes it"
    missing = list(disk_checks(home, tmp_path / "mounted"))[-1]
    assert (missing.name, missing.holds) == ("bundles", False)
    assert "mount it" in missing.detail


def test_a_full_disk_of_the_bundles_is_said_beside_the_homes(tmp_path: Path) -> None:
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has one disk")
    with tempfile.TemporaryDirectory(dir=OTHER_DISK) as other:
        assert [one.name for one in disk_checks(tmp_path, Path(other))] == ["disk", "bundles' disk"]
        full = list(disk_checks(tmp_path, Path(other), free_min=2**60))
        assert [one.holds for one in full] == [False, False]
        assert other in full[1].detail
