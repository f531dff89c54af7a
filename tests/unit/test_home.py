"""A home: secrets closed to others, made once, never made anew; one process at a time."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from ledger_service.adapters.home import (
    Home,
    HomeBusy,
    Runtime,
    SecretExposed,
    SecretMissing,
    read_secret,
    write_secret,
)
from ledger_service.adapters.keys import FIRST_KEYS, KeyFolder, KeyWellKnown
from ledger_service.adapters.secrets import open_secrets
from ledger_service.bootstrap.installation import ensure_admin, installed
from ledger_service.chain.signing import create_keystore
from ledger_service.config import Settings, read_settings
from ledger_service.reads.actors import actor_lines

ANVIL_FIRST_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path / "home", environment="test")


def test_the_first_start_makes_secrets_that_only_the_owner_reads(settings: Settings) -> None:
    with installed(settings) as first:
        folder = first.home.folder
        made = [*first.home.secrets.iterdir(), *first.home.keys.iterdir(), *first.home.tokens.iterdir()]
        assert {path.name for path in made} == {
            "master.key", "passphrase", "admin", *(f"{name}.json" for name in FIRST_KEYS),
        }  # fmt: skip
        for path in [*made, folder / "books.db", folder / "keys.db"]:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        for place in (first.home.secrets, first.home.keys, first.home.tokens):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
        contract = first.domain.contract
    with installed(settings) as again:
        assert again.domain.contract == contract


def test_a_lost_master_key_is_never_replaced(settings: Settings) -> None:
    with installed(settings) as first:
        (first.home.secrets / "master.key").unlink()
    with pytest.raises(SecretMissing, match="backup"), installed(settings):
        pass


def test_a_lost_keystore_is_never_replaced(settings: Settings) -> None:
    with installed(settings) as first:
        (first.home.keys / "office-1.json").unlink()
    with pytest.raises(SecretMissing, match="office-1"), installed(settings):
        pass


def test_a_first_start_that_was_cut_short_is_taken_up(settings: Settings) -> None:
    home = Home(settings.home)
    home.prepare()
    write_secret(home.secrets / "passphrase", b"half a start")
    with installed(settings) as first:
        assert (first.home.secrets / "passphrase").read_bytes() == b"half a start"


def test_production_asks_for_its_secrets(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path, environment="production")
    home = Home(tmp_path)
    home.prepare()
    with pytest.raises(SecretMissing, match="passphrase"):
        open_secrets(settings, home)
    write_secret(home.secrets / "passphrase", b"correct horse battery staple")
    with pytest.raises(SecretMissing, match="boram keys create"):
        open_secrets(settings, home)


@pytest.mark.slow  # seven full unlocks
def test_production_makes_its_keys_once_by_an_act_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    write_secret(home.secrets / "passphrase", b"correct horse battery staple")
    settings = read_settings(home=home.folder, environment="production")
    open_secrets(settings, home, create=True)
    keys = [path.read_bytes() for path in sorted(home.keys.iterdir())]
    assert len(keys) == len(FIRST_KEYS)
    open_secrets(settings, home, create=True)
    assert [path.read_bytes() for path in sorted(home.keys.iterdir())] == keys
    with installed(settings) as installation:
        assert actor_lines(installation.journal) == []
        assert ensure_admin(installation.context, home)
        assert not ensure_admin(installation.context, home)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_secret(tmp_path / "secret", b"x")
    assert read_secret(tmp_path / "secret") == b"x"
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(SecretExposed, match="chmod 600"):
        read_secret(tmp_path / "secret")
    assert read_secret(tmp_path / "none") is None


def test_a_secret_is_its_owners_alone_whatever_the_process_would_give(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_secret(tmp_path / "token", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_a_well_known_key_is_for_the_embedded_chain_only(tmp_path: Path) -> None:
    create_keystore(tmp_path / "sender.json", ANVIL_FIRST_KEY, "passphrase", light=True)
    own = KeyFolder(tmp_path, "passphrase", os.urandom, light=True, embedded=True)
    assert own.signer("sender").address == own.address("sender")
    others = KeyFolder(tmp_path, "passphrase", os.urandom, light=True, embedded=False)
    with pytest.raises(KeyWellKnown):
        others.signer("sender")


def test_a_home_is_worked_on_by_one_process(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    assert not home.is_locked()
    lock = home.lock()
    assert home.is_locked()
    with pytest.raises(HomeBusy, match="another boram command"):
        home.lock()
    home.write_runtime(Runtime("http://127.0.0.1:1", 7, "http://127.0.0.1:2", "0x00", None))
    with pytest.raises(HomeBusy, match=r"process 7 at http://127\.0\.0\.1:1"):
        home.lock()
    lock.release()
    home.lock().release()


def test_a_home_that_is_let_go_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    lock = home.lock()
    timer = threading.Timer(0.1, lock.release)  # as the child of a killed process does with its exec
    timer.start()
    home.lock().release()
    timer.join()


def test_a_runtime_file_that_a_killed_service_left_does_not_count(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    home.write_runtime(Runtime("http://127.0.0.1:1", 7, "http://127.0.0.1:2", "0x00", 8))
    assert home.runtime() is None
    lock = home.lock()
    found = home.runtime()
    assert found is not None
    assert found.chain_pid == 8
    for broken in ("", "{}", "[]", '{"address": 1}'):
        home.runtime_file.write_text(broken)
        assert home.runtime() is None
    lock.release()


@pytest.mark.parametrize("name", ["", "..", ".x", "a/b", "x" * 65, "a\0b"])
def test_a_token_has_a_name_that_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecretMissing):
        Home(tmp_path).token_file(name)


def test_a_desk_has_several_keys_and_only_those_asked_for_are_opened(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path, "passphrase", os.urandom, light=True, embedded=True)
    first, second, other = keys.create(3), keys.create(3, 2), keys.create(31)
    assert keys.create(3, 2) == second, "found where an earlier try made it"
    assert len({first, second, other}) == 3
    assert [one.address for one in keys.signers_of(3, {second})] == [second]
    (tmp_path / "desk-3.json").write_text("{}")
    assert [one.address for one in keys.signers_of(31)] == [other]
    assert keys.holds(31, other)
    assert not keys.holds(31, second)
