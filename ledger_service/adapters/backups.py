"""A backup's folder: the books sealed, the bundles as they are (sealed already), and a manifest that names every file (docs/formats.md, Backup)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ledger_service.adapters.home import FILE_MODE, FOLDER_MODE, Home, write_secret
from ledger_service.adapters.sealed_files import CIPHER, hash_of
from ledger_service.adapters.secrets import master_key
from ledger_service.config import Settings
from ledger_service.errors import Refused
from ledger_service.journal.vault import derive

VERSION = 1
MANIFEST = "manifest.json"
BOOKS = "books.sealed"
BUNDLES = "bundles"
PURPOSE = "backups"
NAMED_MAX = 5


class BackupBroken(Refused):
    """A backup that is not whole, or that another home made."""

    code = "backup_broken"


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file: its place in the backup, its size, and its SHA-256 in hexadecimal digits."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `desks` are [number, sequence, head], as the books in it have them; `made_at` is in UTC seconds."""

    made_at: int
    engine: str
    chain_id: int
    contract: str
    entries: int
    desks: tuple[tuple[int, int, str], ...]
    files: tuple[BackupFile, ...]


def write_manifest(folder: Path, manifest: Manifest, key: bytes) -> None:
    """The last file of a backup: a folder without it is not one."""
    content = {"version": VERSION, "cipher": CIPHER, "key": hashlib.sha256(key).hexdigest()[:16], **asdict(manifest)}
    write_secret(folder / MANIFEST, _canonical({**content, "mac": _mac(content, key)}))


def read_manifest(folder: Path, key: bytes) -> Manifest:
    """The manifest of a backup. Raises BackupBroken where there is none, or it was made under another master key, or changed."""
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        mac = content.pop("mac")
        if content.pop("version") != VERSION or content.pop("cipher") != CIPHER:
            raise BackupBroken(
                f"{folder} is a backup of another version of boram", f"{folder}은 다른 버전의 boram이 만든 백업입니다"
            )
        signed = {"version": VERSION, "cipher": CIPHER, **content}
        if not hmac.compare_digest(mac, _mac(signed, key)):
            raise BackupBroken(
                f"the manifest of {folder} was changed, or made under another master key: bring back secrets/master.key of that home",
                f"{folder}의 목록이 바뀌었거나 다른 마스터 키로 만든 백업입니다. 그 홈의 secrets/master.key를 되살리세요",
            )
        del content["key"]
        return Manifest(
            **{
                **content,
                "desks": tuple((number, seq, head) for number, seq, head in content["desks"]),
                "files": tuple(BackupFile(**one) for one in content["files"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupBroken(
            f"{folder} holds no whole backup ({MANIFEST}: {type(error).__name__})",
            f"{folder}에 온전한 백업이 없습니다({MANIFEST})",
        ) from error


def files_in(folder: Path) -> Iterator[BackupFile]:
    """Every file of a backup but its manifest, hashed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            yield file_of(folder, path)


def file_of(folder: Path, path: Path) -> BackupFile:
    """One file, hashed."""
    size, digest = hash_of(path)
    return BackupFile(path.relative_to(folder).as_posix(), size, digest)


def not_whole(folder: Path, manifest: Manifest) -> list[str]:
    """Files of the manifest that are not there, or are others."""
    found = []
    for one in manifest.files:
        path = folder / one.name
        if not path.is_file():
            found.append(f"{one.name} is missing")
        elif file_of(folder, path) != one:
            found.append(f"{one.name} is not what was backed up")
    return found


def require_whole(folder: Path, manifest: Manifest) -> None:
    """Raises BackupBroken unless every file is as it was backed up."""
    broken = not_whole(folder, manifest)
    if broken:
        raise BackupBroken(
            f"{folder} is not whole: {named(broken)}. Take another backup, or bring the files back",
            f"{folder} 백업이 온전하지 않습니다: {named(broken)}",
        )


def copy_file(source: Path, target: Path) -> None:
    """Whole or not at all, on the disk when this returns."""
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(source, temporary)
    temporary.chmod(FILE_MODE)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)


def named(found: Sequence[str]) -> str:
    """The first of what was found, in one line."""
    more = f", and {len(found) - NAMED_MAX} more" if len(found) > NAMED_MAX else ""
    return "; ".join(found[:NAMED_MAX]) + more


def key_of(settings: Settings, place: Home) -> bytes:
    """The key that this home's backups are sealed under. Raises SecretMissing."""
    return derive(master_key(settings, place).root, PURPOSE)


def _mac(content: dict[str, Any], key: bytes) -> str:
    return hmac.new(key, _canonical(content), hashlib.sha256).hexdigest()


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
