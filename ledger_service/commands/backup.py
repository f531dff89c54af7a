"""`boram backup`: the books and the bundles, without the people's keys and the secrets (docs/recovery.md)."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine, make_url

from ledger_service.adapters.backups import (
    BOOKS,
    BUNDLES,
    BackupFile,
    Manifest,
    copy_file,
    files_in,
    key_of,
    write_manifest,
)
from ledger_service.adapters.databases import usable_books
from ledger_service.adapters.home import FOLDER_MODE, Home, bundles_of
from ledger_service.adapters.sealed_files import seal_file
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.show import progress_bar, say
from ledger_service.config import read_settings
from ledger_service.journal.engine import open_engine
from ledger_service.journal.snapshot import Contents, copy_books, is_empty
from ledger_service.journal.unit import Journal
from ledger_service.journal.upkeep import BACKUP


def backup(folder: Path, home: Path | None) -> None:
    """Write the books of one moment and every bundle into a new folder, while the service runs or not."""
    settings = read_settings(home=home)
    place = Home(settings.home)
    key = key_of(settings, place)
    folder = folder.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotRun(
            f"{folder} is not empty: name a new folder", f"{folder}이(가) 비어 있지 않습니다. 새 폴더를 지정하세요"
        )
    bundles = bundles_of(settings, place)
    if settings.bundles_folder is not None and not bundles.is_dir():
        raise CannotRun(
            f"the bundles' folder {bundles} is not there: mount it, or mend BORAM_BUNDLES_FOLDER",
            f"묶음 폴더 {bundles}이(가) 없습니다. 연결하거나 BORAM_BUNDLES_FOLDER를 고치세요",
        )
    os.umask(0o077)
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    engine = open_engine(settings.books_url)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=place.folder) as rooms, usable_books(settings):
        if is_empty(engine):
            raise CannotRun(
                f"there are no books in {place.folder}: nothing to back up", f"{place.folder}에 장부가 없습니다"
            )
        copied = Path(rooms) / "books"
        contents = copy_books(engine, copied)
        # The bundles after the books: each batch that the copy calls signed has its bundle by then.
        seal_file(copied, folder / BOOKS, key, os.urandom)
        _copy_bundles(bundles, folder / BUNDLES)
        manifest = _manifest(contents, engine.dialect.name, tuple(files_in(folder)))
    write_manifest(folder, manifest, key)
    note_upkeep(engine, BACKUP)
    engine.dispose()
    say(
        f"backed up to {folder}: {manifest.entries:,} entries, {len(manifest.files) - 1:,} bundles; not in it, and kept apart: the people's keys "
        f"({make_url(settings.key_books_url).render_as_string()}), {place.secrets}, {place.keys}",
        f"{folder}에 백업했습니다: 기록 {manifest.entries:,}건, 묶음 {len(manifest.files) - 1:,}건. 따로 백업할 것: 주민 키 "
        f"({make_url(settings.key_books_url).render_as_string()}), {place.secrets}, {place.keys}",
    )


def note_upkeep(engine: Engine, name: str) -> None:
    """Write into the books when this was done, for `boram doctor` and the metrics."""
    with Journal(engine).write() as unit:
        unit.upkeep.done(name, int(time.time()))
        unit.commit()


def _manifest(contents: Contents, engine: str, files: tuple[BackupFile, ...]) -> Manifest:
    return Manifest(
        made_at=int(time.time()),
        engine=engine,
        chain_id=contents.chain_id,
        contract=contents.contract.hex(),
        entries=contents.entries,
        desks=tuple((tip.desk, tip.seq, tip.head.hex()) for tip in contents.desks),
        files=files,
    )


def _copy_bundles(bundles: Path, target: Path) -> None:
    paths = sorted(bundles.glob("*/*.json"))
    with progress_bar() as progress:
        for done, path in enumerate(paths):
            copy_file(path, target / path.relative_to(bundles))
            progress("copying the bundles", done, len(paths))
