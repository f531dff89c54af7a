"""The master key and the passphrase of a home: made at the first start in demo and test, asked for in production."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger_service.adapters.home import SecretMissing, read_secret, write_secret
from ledger_service.journal.vault import NONCE_BYTES, MasterKey, derive

MASTER_KEY_BYTES = 32
_ROOT = "root"
PASSPHRASE_BYTES = 24
PASSPHRASE_LENGTH_MIN_PRODUCTION = 12


def read_passphrase(path: Path, setting: str, random_bytes: Callable[[int], bytes], *, may_create: bool) -> str:
    """The keystores' passphrase: the file's first line."""
    stored = read_secret(path)
    if stored is None and may_create:
        stored = b64encode(random_bytes(PASSPHRASE_BYTES))
        write_secret(path, stored)
    if stored is None:
        raise SecretMissing(
            f"there is no passphrase at {path}: write one there (chmod 600), or name its file by {setting}",
            f"{path}에 암호가 없습니다. 그 자리에 적어 두거나(chmod 600) {setting}로 파일을 지정하세요",
        )
    lines = stored.decode("utf-8", "strict").splitlines()
    if not lines or not lines[0].strip():
        raise SecretMissing(f"the passphrase file {path} is empty", f"암호 파일 {path}이 비어 있습니다")
    return lines[0].strip()


def read_master_key(path: Path, setting: str) -> MasterKey | None:
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
            f"{path} does not hold a master key (64 hexadecimal digits): bring it back from its backup ({setting})",
            f"{path} 파일에 마스터 키(16진수 64자)가 없습니다. 백업에서 되살리세요({setting})",
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
