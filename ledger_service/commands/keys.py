"""`boram keys create`: what a production home wants before its first start."""

from __future__ import annotations

from pathlib import Path

from ledger_service.adapters.home import Home
from ledger_service.adapters.keys import FIRST_KEYS
from ledger_service.bootstrap import open_secrets
from ledger_service.commands.show import say
from ledger_service.config import read_settings


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
    say(
        f"keep {place.secrets} and {place.keys} in a backup of their own: nothing replaces them",
        f"{place.secrets}와 {place.keys}를 따로 백업하세요. 대신할 수 있는 것이 없습니다",
    )
