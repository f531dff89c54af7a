"""A new master key: killed at any point it is finished by running it again, and the old key opens nothing afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from datetime import date
from pathlib import Path

import pyotp
import pytest

from ledger_service.adapters.key_rotation import rotate_master_key
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.adapters.secrets import RotationUnfinished, next_key_path, read_master_key
from ledger_service.bootstrap.installation import OtherSecrets, installed
from ledger_service.cli.people import keys_rotate
from ledger_service.config import Settings, read_settings
from ledger_service.domain.actors import Role
from ledger_service.domain.kill_points import NoKillPoints
from ledger_service.journal.engine import open_engine
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import MasterKey, SealBroken, Vault
from ledger_service.services import accounts, loading, sign_in
from scripts.running import boram, clean_environment
from tests.books import SAMPLES

PEOPLE = 5
PASSWORD = "a long sentence, 2024"
POINTS = ["after_new_key", "after_rewrap:1", "after_rewrap:3", "after_reseal", "after_mark"]


class Killed(Exception):
    """The process ended here."""


class KillAt:
    def __init__(self, point: str) -> None:
        self.name, _, times = point.partition(":")
        self.left = int(times or 1)

    def reach(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                raise Killed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with some people, and an administrator with a second factor; `totp` in the home holds its secret."""
    settings = read_settings(home=tmp_path / "home", environment="test")
    members = "\n".join((SAMPLES / "members.csv").read_text("utf-8-sig").splitlines()[: PEOPLE + 1]).encode()
    with installed(settings) as installation:
        context = installation.context
        office, _ = installation_actor(context)
        loading.load_members(context, office, None, members)
        with context.journal.write() as unit:
            secret = accounts.invite_in(context, unit, "system", office)
            unit.commit()
        factor = accounts.accept_invitation(context, Argon2Passwords(light=True), secret, PASSWORD)
        accounts.confirm_invitation(context, secret, pyotp.TOTP(factor.secret).at(context.clock.now() - 30))
        (settings.home / "totp").write_text(factor.secret)
    return settings


def installation_actor(context: object) -> tuple[object, str]:
    from ledger_service.adapters.actors import add_actor

    line, token = add_actor(context, "system", "office", [Role.OFFICE], [], None)
    with context.journal.read() as unit:
        return unit.actors.by_id(line.id), token


def master_path(settings: Settings) -> Path:
    return settings.home / "secrets" / "master.key"


def master_of(settings: Settings) -> MasterKey:
    found = read_master_key(master_path(settings))
    assert found is not None
    return found


def rotate(settings: Settings, kill_points: object) -> None:
    books, keys = open_engine(settings.books_url), open_engine(settings.key_books_url)
    try:
        rotate_master_key(
            master_path(settings),
            Journal(books),
            lambda key: Vault(key, keys, os.urandom),
            os.urandom,
            1,
            kill_points,
            1,
        )
    finally:
        books.dispose()
        keys.dispose()


def opened(settings: Settings) -> list[str]:
    """What everybody's names and the second factor say, to a service that has just started."""
    with installed(settings) as installation:
        context = installation.context
        with context.journal.read() as unit:
            people = unit.people.by_member_index([context.vault.member_index(number) for number in numbers()])
            by_document = [
                unit.people.by_identity_index(context.vault.identity_index(name, date.fromisoformat(born)), 2)
                for name, born in identities()
            ]
        assert sorted(one.id for found in by_document for one in found) == sorted(one.id for one in people)
        names = [context.vault.of(one.id).open("name", one.name_sealed) for one in people]
        code = pyotp.TOTP((settings.home / "totp").read_text()).now()
        signed_in = sign_in.sign_in_staff(context, installation.passwords, "local", "office", PASSWORD, code)
        assert signed_in.actor.name == "office"
    return sorted(names)


def numbers() -> list[str]:
    return [
        line.split(",")[0] for line in (SAMPLES / "members.csv").read_text("utf-8-sig").splitlines()[1 : PEOPLE + 1]
    ]


def identities() -> list[list[str]]:
    return [
        line.split(",")[1:3] for line in (SAMPLES / "members.csv").read_text("utf-8-sig").splitlines()[1 : PEOPLE + 1]
    ]


@pytest.mark.parametrize("point", POINTS)
def test_a_rotation_that_is_killed_is_finished_by_the_next(settings: Settings, point: str) -> None:
    old = master_of(settings)
    with pytest.raises(Killed):
        rotate(settings, KillAt(point))
    with pytest.raises(RotationUnfinished), installed(settings):
        pass
    rotate(settings, NoKillPoints())
    assert not next_key_path(master_path(settings)).exists()
    new = master_of(settings)
    assert new.wrapping != old.wrapping
    assert len(opened(settings)) == PEOPLE
    keys = open_engine(settings.key_books_url)
    older = Vault(old, keys, os.urandom)
    books = Journal(open_engine(settings.books_url))
    with books.read() as unit:
        people = unit.people.by_member_index([older.member_index(number) for number in numbers()])
        secrets = unit.credentials.sealed_secrets()
    assert len(people) == PEOPLE, "what is found by an index is found still"
    for one in people:
        with pytest.raises(SealBroken):
            older.of(one.id)
    for actor_id, sealed in secrets:
        with pytest.raises(SealBroken):
            older.open_secret(actor_id, sealed)
    keys.dispose()
    books.engine.dispose()


@pytest.mark.parametrize("point", ["after_rewrap", "after_mark"])
def test_a_command_that_is_killed_in_the_midst_is_finished_by_the_next(settings: Settings, point: str) -> None:
    """The process itself, by SIGKILL."""
    old = master_of(settings)

    def rotating(**more: str) -> int:
        return subprocess.run(
            [boram(), "keys", "rotate"], env=clean_environment(settings.home, environment="test", **more)
        ).returncode

    assert rotating(kill_at=point) == -signal.SIGKILL
    assert next_key_path(master_path(settings)).exists()
    with pytest.raises(RotationUnfinished), installed(settings):
        pass
    assert rotating() == 0
    assert not next_key_path(master_path(settings)).exists()
    assert master_of(settings).wrapping != old.wrapping
    assert len(opened(settings)) == PEOPLE


def test_nothing_starts_with_the_old_key(settings: Settings, tmp_path: Path) -> None:
    shutil.copy(master_path(settings), tmp_path / "old.key")
    keys_rotate(settings.home)
    shutil.copy(tmp_path / "old.key", master_path(settings))
    with pytest.raises(OtherSecrets), installed(settings):
        pass


def test_rotating_again_and_again_keeps_everything(settings: Settings) -> None:
    before = master_of(settings)
    for _ in range(2):
        rotate(settings, NoKillPoints())
    assert master_of(settings).root == before.root
    assert len(opened(settings)) == PEOPLE
