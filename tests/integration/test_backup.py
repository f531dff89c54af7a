"""`boram backup` and `boram restore` on real homes, without a service: what they refuse, what they notice, what comes back."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from ledger_service.adapters.backups import BackupBroken
from ledger_service.adapters.home import SecretMissing
from ledger_service.bootstrap.installation import Installation, installed
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.backup import backup
from ledger_service.commands.restore import restore, verify_backup
from ledger_service.config import read_settings
from ledger_service.domain.actors import Actor, Role
from ledger_service.services import loading
from tests.books import SAMPLES

BUNDLE = "bundles/1/1-0011223344556677.json"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with people, and a bundle."""
    for name in ("BORAM_DATABASE_URL", "BORAM_KEYS_URL", "BORAM_RPC_URL", "BORAM_CHAIN_ID", "BORAM_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BORAM_ENVIRONMENT", "test")
    folder = tmp_path / "home"
    with installed(read_settings(home=folder)) as installation:
        loading.load_members(
            installation.context, add_office(installation), None, (SAMPLES / "members.csv").read_bytes()
        )
    bundle = folder / BUNDLE
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(b"sealed already")
    return folder


def add_office(installation: Installation) -> Actor:
    context = installation.context
    office = Actor(context.new_id(), "office", frozenset([Role.OFFICE]), frozenset())
    with context.journal.write() as unit:
        unit.actors.add(office, context.vault.token_hash("office"), context.clock.now())
        unit.commit()
    return office


def people_in(home: Path) -> int:
    with installed(read_settings(home=home)) as installation, installation.journal.read() as unit:
        return int(unit.connection.exec_driver_sql("SELECT COUNT(*) FROM persons").scalar_one())


def leaves_a_gap(home: Path) -> bool:
    """Whether the next start passes over journal numbers that may have been given since the backup."""
    with installed(read_settings(home=home)) as installation, installation.journal.read() as unit:
        return unit.returning.is_unfinished()


def bring_secrets(home: Path, fresh: Path) -> None:
    for name in ("secrets", "keys"):
        shutil.copytree(home / name, fresh / name, dirs_exist_ok=True)
    shutil.copy(home / "keys.db", fresh / "keys.db")


def test_a_backup_comes_back_into_an_empty_home(home: Path, tmp_path: Path) -> None:
    with installed(read_settings(home=home)):  # a service holds the home meanwhile
        backup(tmp_path / "backup", home)
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {"books.sealed", "bundles", "manifest.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backup").rglob("*") if path.is_file()} == {0o600}
    fresh = tmp_path / "fresh"
    bring_secrets(home, fresh)
    restore(tmp_path / "backup", fresh)
    assert people_in(fresh) == people_in(home) > 0
    assert (fresh / BUNDLE).read_bytes() == b"sealed already"
    assert leaves_a_gap(fresh)
    assert not leaves_a_gap(home)


def test_no_name_and_no_key_is_readable_in_a_backup(home: Path, tmp_path: Path) -> None:
    backup(tmp_path / "backup", home)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    with installed(read_settings(home=home)) as installation, installation.journal.read() as unit:
        account = unit.connection.exec_driver_sql("SELECT account FROM persons LIMIT 1").scalar_one()
    assert account not in everything
    assert "하하린".encode() not in everything
    assert (home / "secrets" / "master.key").read_bytes().strip() not in everything


def test_what_is_there_is_never_written_over(home: Path, tmp_path: Path) -> None:
    backup(tmp_path / "backup", home)
    with pytest.raises(CannotRun, match="not empty"):
        backup(tmp_path / "backup", home)
    with pytest.raises(CannotRun, match="has books already"):
        restore(tmp_path / "backup", home)


def test_a_home_without_its_secrets_or_the_peoples_keys_is_told_what_to_bring(home: Path, tmp_path: Path) -> None:
    backup(tmp_path / "backup", home)
    with pytest.raises(SecretMissing, match="master key"):
        restore(tmp_path / "backup", tmp_path / "fresh")
    shutil.copytree(home / "secrets", tmp_path / "fresh" / "secrets", dirs_exist_ok=True)
    with pytest.raises(CannotRun, match="people's keys"):
        restore(tmp_path / "backup", tmp_path / "fresh")


@pytest.mark.parametrize("how", ["cut", "changed", "gone", "bundle"])
def test_a_damaged_backup_is_noticed_and_brings_nothing_back(
    home: Path, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, fresh = tmp_path / "backup", tmp_path / "fresh"
    backup(folder, home)
    books = folder / "books.sealed"
    if how == "cut":
        books.write_bytes(books.read_bytes()[:-1])
    elif how == "changed":
        books.write_bytes(books.read_bytes()[:-1] + b"!")
    elif how == "gone":
        books.unlink()
    else:
        (folder / BUNDLE).write_bytes(b"another")
    assert verify_backup(folder, home, as_json=True) == 1
    bring_secrets(home, fresh)
    with pytest.raises(BackupBroken):
        restore(folder, fresh)
    assert people_in(fresh) == 0


def test_a_whole_backup_verifies_and_nothing_is_left_behind(home: Path, tmp_path: Path) -> None:
    backup(tmp_path / "backup", home)
    assert verify_backup(tmp_path / "backup", home, as_json=True) == 0
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


def test_a_manifest_that_was_rewritten_is_no_backup(home: Path, tmp_path: Path) -> None:
    backup(tmp_path / "backup", home)
    manifest = tmp_path / "backup" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"entries":0', b'"entries":1'))
    with pytest.raises(BackupBroken, match="changed"):
        verify_backup(tmp_path / "backup", home, as_json=True)
