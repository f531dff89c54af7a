"""`boram keys create`: what a production home wants before its first start. `boram keys rotate`: a new master key."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from ledger_service.adapters.actors import ADMIN_NAME
from ledger_service.adapters.clock import SystemClock
from ledger_service.adapters.databases import held_databases, open_databases, starting_books
from ledger_service.adapters.home import Home, SecretMissing
from ledger_service.adapters.key_rotation import rotate_master_key
from ledger_service.adapters.keys import FIRST_KEYS
from ledger_service.adapters.kill_points import kill_points_of
from ledger_service.adapters.secrets import master_key_path, next_key_path, open_secrets
from ledger_service.bootstrap.installation import ensure_admin, installed
from ledger_service.commands.show import say
from ledger_service.config import Settings, read_settings
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault


def rotate_keys(home: Path | None) -> None:
    """A new master key for a home on which nothing runs; one that was cut short is finished. Raises HomeBusy, SecretMissing."""
    settings = read_settings(home=home)
    place = Home(settings.home)
    place.prepare()
    with ExitStack() as stack:
        lock = place.lock()
        stack.callback(lock.release)
        stack.enter_context(held_databases(settings))
        books, people_keys = stack.enter_context(open_databases(settings))
        path = master_key_path(settings, place)
        if not path.exists() and not next_key_path(path).exists():
            raise SecretMissing(f"there is no master key at {path}", f"{path}에 마스터 키가 없습니다")
        clock = SystemClock(settings.business_date, settings.clock_offset_seconds)
        with starting_books(settings, books):
            rotate_master_key(
                path, Journal(books), lambda key: Vault(key, people_keys, os.urandom), os.urandom, clock.now(),
                kill_points_of(settings),
            )  # fmt: skip
    say(
        f"rotated: {path} holds a new master key; keep it in its backup. The old one opens nothing here any more: destroy its copies, "
        "but for those that older backups of the people's keys want",
        f"교체 완료: {path}에 새 마스터 키가 있습니다. 백업해 두세요. 이전 키로는 아무것도 열리지 않습니다. 주민 키의 옛 백업에 필요한 것 말고는 "
        "폐기하세요",
    )


def create_keys(home: Path | None) -> None:
    """Make the master key and the first keystores where none are; what is there is left as it is."""
    settings = read_settings(home=home)
    place = Home(settings.home)
    place.prepare()
    lock = place.lock()
    try:
        keys, _ = open_secrets(settings, place, create=True)
        for name in FIRST_KEYS:
            address = f"0x{keys.address(name).hex()}"
            say(f"{name}: {address}", f"{name}: {address}")
    finally:
        lock.release()
    if settings.environment == "production":
        say("the first administrator: boram admin create", "첫 관리자: boram admin create")
    else:
        _first_token(settings, place)
    say(
        f"keep {place.secrets} and {place.keys} in a backup of their own: nothing replaces them",
        f"{place.secrets}와 {place.keys}를 따로 백업하세요. 대신할 수 있는 것이 없습니다",
    )


def _first_token(settings: Settings, place: Home) -> None:
    """In demo and test an administrator's bearer token lies in a file; production has none."""
    with installed(settings) as installation:
        if ensure_admin(installation.context, place):
            file = place.token_file(ADMIN_NAME)
            say(f"the administrator's token lies in {file}", f"관리자 토큰: {file}")
