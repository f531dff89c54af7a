"""The master key, the passphrase and the keystores of a home: made at the first start in demo and test, asked for in production."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger_service.adapters.databases import has_books
from ledger_service.adapters.home import Home, SecretMissing, read_secret, write_secret
from ledger_service.adapters.keys import FIRST_KEYS, KeyFolder
from ledger_service.config import Settings
from ledger_service.errors import Refused
from ledger_service.journal.vault import NONCE_BYTES, MasterKey, derive

MASTER_KEY_BYTES = 32
_ROOT = "root"
PASSPHRASE_BYTES = 24


class RotationUnfinished(Refused):
    """A rotation of the master key was begun: until it is finished nothing starts."""

    code = "rotation_unfinished"


def open_secrets(settings: Settings, home: Home, *, create: bool = False) -> tuple[KeyFolder, MasterKey]:
    """The keystores and the master key. The first start in demo and test makes what is missing; production asks for it.

    The master key is made last: its presence says that a home is complete, and nothing is ever made in its place again.
    """
    path = master_key_path(settings, home)
    if next_key_path(path).exists():
        raise RotationUnfinished(
            "a rotation of the master key was begun and not finished: stop every boram up and run boram keys rotate again",
            "마스터 키 교체가 끝나지 않았습니다. 모든 boram up을 종료하고 boram keys rotate를 다시 실행하세요",
        )
    key = read_master_key(path)
    may_create = key is None and (create or settings.environment != "production") and not has_books(settings)
    passphrase = read_passphrase(
        settings.passphrase_file or home.secrets / "passphrase",
        os.urandom,
        may_create=may_create and settings.environment != "production",
    )
    keys = KeyFolder(
        settings.keys_folder or home.keys,
        passphrase,
        os.urandom,
        light=settings.environment != "production",
        embedded=settings.is_embedded,
    )
    if may_create:
        keys.create_missing(FIRST_KEYS)
        key = create_master_key(path, os.urandom)
    if key is None:
        raise SecretMissing(
            f"there is no master key at {path}: bring it back from its backup, or (before the first start only) run: "
            "boram keys create",
            f"{path}에 마스터 키가 없습니다. 백업에서 되살리거나, 처음 시작하기 전이라면 실행하세요: boram keys create",
        )
    return keys, key


def master_key_path(settings: Settings, home: Home) -> Path:
    """Where the master key lies."""
    return settings.master_key_file or home.secrets / "master.key"


def next_key_path(path: Path) -> Path:
    """Where the new key lies while the old one is replaced."""
    return path.with_name(f"{path.name}.next")


def master_key(settings: Settings, home: Home) -> MasterKey:
    """The master key of a home. Raises SecretMissing."""
    path = master_key_path(settings, home)
    key = read_master_key(path)
    if key is None:
        raise SecretMissing(
            f"there is no master key at {path}: bring it back from its own backup, or name its file by BORAM_MASTER_KEY_FILE",
            f"{path}에 마스터 키가 없습니다. 따로 둔 백업에서 되살리거나 BORAM_MASTER_KEY_FILE로 지정하세요",
        )
    return key


def read_passphrase(path: Path, random_bytes: Callable[[int], bytes], *, may_create: bool) -> str:
    """The keystores' passphrase: the file's first line."""
    stored = read_secret(path)
    if stored is None and may_create:
        stored = b64encode(random_bytes(PASSPHRASE_BYTES))
        write_secret(path, stored)
    if stored is None:
        raise SecretMissing(
            f"there is no passphrase at {path}: write one there (chmod 600), or name its file by BORAM_PASSPHRASE_FILE",
            f"{path}에 암호가 없습니다. 그 자리에 적어 두거나(chmod 600) BORAM_PASSPHRASE_FILE로 파일을 지정하세요",
        )
    lines = stored.decode("utf-8", "strict").splitlines()
    if not lines or not lines[0].strip():
        raise SecretMissing(f"the passphrase file {path} is empty", f"암호 파일 {path}이 비어 있습니다")
    return lines[0].strip()


def read_master_key(path: Path) -> MasterKey | None:
    """The master key: 64 hexadecimal digits, and in a second line its root, sealed under it; None where there is none yet."""
    stored = read_secret(path)
    if stored is None:
        return None
    try:
        lines = [bytes.fromhex(line) for line in stored.decode("ascii").split()]
        key, root = lines[0], lines[0] if len(lines) == 1 else _opened_root(lines[0], *lines[1:])
    except (UnicodeDecodeError, ValueError, IndexError, TypeError, InvalidTag):
        key = root = b""
    if len(key) != MASTER_KEY_BYTES or len(root) != MASTER_KEY_BYTES:
        raise SecretMissing(
            f"{path} does not hold a master key (64 hexadecimal digits): bring it back from its backup (BORAM_MASTER_KEY_FILE)",
            f"{path} 파일에 마스터 키(16진수 64자)가 없습니다. 백업에서 되살리세요(BORAM_MASTER_KEY_FILE)",
        )
    return MasterKey(key, root)


def create_master_key(path: Path, random_bytes: Callable[[int], bytes]) -> MasterKey:
    """Make the master key. Without it nothing personal can ever be read again: it belongs into a backup of its own."""
    return write_master_key(path, random_bytes(MASTER_KEY_BYTES), random_bytes)


def write_master_key(path: Path, root: bytes, random_bytes: Callable[[int], bytes]) -> MasterKey:
    """A new master key with a root, on the disk when this returns."""
    key, nonce = random_bytes(MASTER_KEY_BYTES), random_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(derive(key, _ROOT)).encrypt(nonce, root, _ROOT.encode())
    write_secret(path, f"{key.hex()}\n{sealed.hex()}\n".encode())
    return MasterKey(key, root)


def _opened_root(key: bytes, sealed: bytes) -> bytes:
    return AESGCM(derive(key, _ROOT)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _ROOT.encode())
