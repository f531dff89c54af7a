"""A file of any size, sealed piece by piece: what was cut, reordered or changed does not open (docs/formats.md, Backup).

`header 32 · pieces`, the header the magic and a random salt, each piece up to 1 MiB under AES-256-GCM with a key of this file only. The nonce is the
piece's number and whether it is the last one (the STREAM construction), so that a file that ends early does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger_service.adapters.home import FILE_MODE
from ledger_service.errors import Refused

CIPHER = "AES-256-GCM-STREAM"
PIECE_BYTES = 1 << 20
_MAGIC = b"boram sealed 1\n\0"
_SALT_BYTES = 16
_TAG_BYTES = 16


class SealedFileBroken(Refused):
    """A sealed file that does not open: another key, or not what was written."""

    code = "sealed_file_broken"


def seal_file(source: Path, target: Path, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
    """Write `source` sealed, mode 0600, on the disk when this returns."""
    header = _MAGIC + random_bytes(_SALT_BYTES)
    cipher = _cipher(key, header)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with source.open("rb") as plain, os.fdopen(descriptor, "wb") as out:
        out.write(header)
        for number, piece, is_last in _pieces(plain, PIECE_BYTES):
            out.write(cipher.encrypt(_nonce(number, is_last=is_last), piece, header))
        out.flush()
        os.fsync(out.fileno())


def open_file(source: Path, target: Path, key: bytes) -> None:
    """Write what was sealed, mode 0600, on the disk when this returns. Raises SealedFileBroken; then `target` is not whole."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with source.open("rb") as sealed, os.fdopen(descriptor, "wb") as out:
        header = sealed.read(len(_MAGIC) + _SALT_BYTES)
        cipher = _cipher(key, header)
        try:
            for number, piece, is_last in _pieces(sealed, PIECE_BYTES + _TAG_BYTES):
                out.write(cipher.decrypt(_nonce(number, is_last=is_last), piece, header))
        except InvalidTag:
            raise SealedFileBroken(
                f"{source.name} does not open: it is not what was written, or the master key is another one",
                f"{source.name} 파일이 열리지 않습니다. 내용이 바뀌었거나 마스터 키가 다릅니다",
            ) from None
        out.flush()
        os.fsync(out.fileno())


def hash_of(path: Path) -> tuple[int, str]:
    """How many bytes a file has, and their SHA-256 in hexadecimal digits."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def _cipher(key: bytes, header: bytes) -> AESGCM:
    return AESGCM(hmac.new(key, header, hashlib.sha256).digest())


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _pieces(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, and whether it is the last: there is always one, if an empty one."""
    number, piece = 0, file.read(size)
    while True:
        following = file.read(size)
        yield number, piece, not following
        if not following:
            return
        number, piece = number + 1, following
