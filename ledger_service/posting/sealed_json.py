"""Files of canonical JSON sealed under the vault's bundle key, each on the disk before it is relied on (docs/formats.md, Bundle)."""

from __future__ import annotations

import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger_service.domain.hashing import keccak

VERSION = 1
CIPHER = "AES-256-GCM"
_TEMPORARY = ".tmp"
LEFT_OVER_SECONDS = 3_600
"""No file takes that long to be written: whoever began one then is gone, or was frozen and must not finish."""


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
    """Write files; they are on the disk when this returns. One that is there is replaced whole.

    Each is written under a name of its own first: on a shared folder a poster that lost the lease may still be writing the same file.
    """
    written: list[tuple[Path, Path]] = []
    folders: set[Path] = set()
    try:
        for path, data in files:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                folders.update((path.parent.parent, path.parent.parent.parent))
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_TEMPORARY, dir=path.parent)
            written.append((Path(temporary), path))
            folders.add(path.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        # All are written before the first is synced: the disk then takes them together.
        for unsynced, path in written:
            _sync(unsynced, os.O_RDONLY)
            unsynced.replace(path)
    except BaseException:
        for unfinished, _ in written:
            unfinished.unlink(missing_ok=True)
        raise
    for changed in folders:
        _sync(changed, os.O_RDONLY | os.O_DIRECTORY)


def drop_left_over(folder: Path) -> int:
    """Take away what writers that were killed left half-written; how many files. Those of a writer at work stay."""
    found = list(folder.glob(f"*/*{_TEMPORARY}"))
    if not found:
        return 0
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:  # on a shared folder its own clock gives the files' times
            oldest = os.fstat(file.fileno()).st_mtime - LEFT_OVER_SECONDS
    except OSError:  # a full or closed folder is said by what has to be written there, not by tidying
        return 0
    dropped = 0
    for path in found:
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                dropped += 1
        except OSError:  # its writer has finished meanwhile, or another process tidies too
            continue
    return dropped


def canonical(content: Mapping[str, Any]) -> bytes:
    """Canonical JSON."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
