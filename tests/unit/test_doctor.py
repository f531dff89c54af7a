"""What `boram doctor` says of backups."""

from __future__ import annotations

import pytest

from ledger_service.commands.doctor import BACKUP_SECONDS_MAX, VERIFIED_SECONDS_MAX, backup_checks


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
