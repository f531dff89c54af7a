"""`boram keys create`: what a production home wants before its first start."""

from __future__ import annotations

from pathlib import Path

from ledger_service.adapters.actors import ADMIN_NAME
from ledger_service.adapters.home import Home
from ledger_service.adapters.keys import FIRST_KEYS
from ledger_service.bootstrap import ensure_admin, installed, open_secrets
from ledger_service.commands.show import say
from ledger_service.config import read_settings


def create_keys(home: Path | None) -> None:
    """Make the master key, the first keystores and the first administrator where none are; what is there is left as it is."""
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
    with installed(settings) as installation:
        if ensure_admin(installation.context, place):
            file = place.token_file(ADMIN_NAME)
            say(f"the administrator's token lies in {file}", f"관리자 토큰: {file}")
    say(
        f"keep {place.secrets} and {place.keys} in a backup of their own: nothing replaces them",
        f"{place.secrets}와 {place.keys}를 따로 백업하세요. 대신할 수 있는 것이 없습니다",
    )
