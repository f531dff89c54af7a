"""Files of canonical JSON sealed under the vault's bundle key, each on the disk before it is relied on (docs/formats.md, Bundle)."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger_service.domain.hashing import keccak

VERSION = 1
CIPHER = "AES-256-GCM"
_FILE_MODE = 0o600
_TEMPORARY = ".tmp"


def seal_json(named: Mapping[str, Any], content: Mapping[str, Any], key: bytes, nonce: bytes) -> bytes:
    """A file that says in the open what it is (`named`) and seals the rest; what it says is bound to the seal."""
    file = {"version": VERSION, "cipher": CIPHER, "key": keccak(key)[:8].hex(), **named}
    ciphertext = AESGCM(key).encrypt(nonce, canonical(content), canonical(file))
    return canonical({**file, "nonce": nonce.hex(), "ciphertext": b64encode(ciphertext).decode()})


def open_json(data: bytes, key: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what it says in the open, what was sealed). Raises InvalidTag, KeyError, TypeError, ValueError."""
    file = orjson.loads(data)
    named = {name: value for name, value in file.items() if name not in ("nonce", "ciphertext")}
    ciphertext = b64decode(file["ciphertext"], validate=True)
    return named, orjson.loads(AESGCM(key).decrypt(bytes.fromhex(file["nonce"]), ciphertext, canonical(named)))


def put_files(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write files; they are on the disk when this returns. One that is there is replaced whole."""
    written: list[Path] = []
    folders: set[Path] = set()
    for path, data in files:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.update((path.parent.parent, path.parent.parent.parent))
        _write(path.with_suffix(_TEMPORARY), data)
        written.append(path)
        folders.add(path.parent)
    # All are written before the first is synced: the disk then takes them together.
    for path in written:
        _sync(path.with_suffix(_TEMPORARY), os.O_RDONLY)
        path.with_suffix(_TEMPORARY).replace(path)
    for changed in folders:
        _sync(changed, os.O_RDONLY | os.O_DIRECTORY)


def canonical(content: Mapping[str, Any]) -> bytes:
    """Canonical JSON."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
