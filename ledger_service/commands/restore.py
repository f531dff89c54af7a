"""`boram restore`: a backup back into a home without books, or read whole with --verify (docs/recovery.md)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from ledger_service.adapters.backups import (
    BOOKS,
    BUNDLES,
    BackupBroken,
    Manifest,
    copy_file,
    key_of,
    named,
    not_whole,
    read_manifest,
    require_whole,
)
from ledger_service.adapters.databases import usable_books
from ledger_service.adapters.home import Home, bundles_of
from ledger_service.adapters.sealed_files import SealedFileBroken, open_file
from ledger_service.adapters.secrets import master_key
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.identity import NotOurChain
from ledger_service.chain.rpc import Rpc, RpcFault, RpcUnavailable
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.backup import note_upkeep
from ledger_service.commands.doctor import Check
from ledger_service.commands.show import progress_bar, say, show_json, show_table
from ledger_service.config import Settings, read_settings
from ledger_service.domain.batches import Domain
from ledger_service.journal.engine import open_engine
from ledger_service.journal.migrate import is_current
from ledger_service.journal.scratch import NoScratch, scratch_database
from ledger_service.journal.snapshot import (
    CopyFailed,
    contents_of,
    every_batch,
    faults_of,
    is_empty,
    load_books,
)
from ledger_service.journal.unit import Journal
from ledger_service.journal.upkeep import VERIFIED
from ledger_service.journal.vault import derive
from ledger_service.posting.bundles import BundleBroken, bundle_path, read_bundle
from ledger_service.posting.kept_logs import unlike_the_books


def restore(folder: Path, home: Path | None) -> None:
    """Bring a backup back into a home that has its secrets and people's keys, and no books. The next start reads the rest from the chain."""
    settings = read_settings(home=home)
    place = Home(settings.home)
    place.prepare()
    lock = place.lock()
    try:
        key = key_of(settings, place)
        manifest = read_manifest(folder, key)
        engine, people = open_engine(settings.books_url), open_engine(settings.key_books_url)
        with usable_books(settings):
            if not is_empty(engine):
                raise CannotRun(
                    f"{place.folder} has books already: restore into another --home, or move them away first",
                    f"{place.folder}에 이미 장부가 있습니다. 다른 --home에 복구하거나 먼저 옮기세요",
                )
            if is_empty(people):
                where = make_url(settings.key_books_url).render_as_string()
                raise CannotRun(
                    f"the people's keys are not there ({where}): bring them back from their own backup first; without them nobody's data can be read",
                    f"주민 키가 없습니다({where}). 따로 둔 백업에서 먼저 되살리세요",
                )
        people.dispose()
        require_whole(folder, manifest)
        bundles = bundles_of(settings, place)
        with progress_bar() as progress:
            for done, one in enumerate(manifest.files):
                if one.name != BOOKS:
                    copy_file(folder / one.name, bundles / Path(one.name).relative_to(BUNDLES))
                progress("restoring the bundles", done, len(manifest.files))
        _restore_books(folder, settings, place, engine, manifest, key)
    finally:
        lock.release()
    say(
        f"restored {manifest.entries:,} entries as of {_instant(manifest)}; start boram up: "
        "what came later is read back from the chain and the bundles",
        f"{_instant(manifest)} 시점의 기록 {manifest.entries:,}건을 되살렸습니다. "
        "boram up을 실행하면 그 뒤의 기록을 체인과 묶음 파일에서 읽어 옵니다",
    )


def verify_backup(folder: Path, home: Path | None, *, as_json: bool) -> int:
    """Read a backup whole, and hold it against the chain where one can be reached; 0 where everything holds, 1 where not."""
    settings = read_settings(home=home)
    place = Home(settings.home)
    key = key_of(settings, place)
    manifest = read_manifest(folder, key)
    checks = list(_checks(folder, settings, place, manifest, key))
    holds = all(one.holds for one in checks)
    if holds:
        _note_verified(settings)
    if as_json:
        show_json({"holds": holds, "made_at": manifest.made_at, "checks": [asdict(one) for one in checks]})
    else:
        show_table(
            [("check", "점검"), ("holds", "정상"), ("detail", "내용")],
            [(one.name, one.holds, one.detail) for one in checks],
        )
    return 0 if holds else 1


def _note_verified(settings: Settings) -> None:
    """Where the books are that the backup is of; on another machine there is nobody to be told."""
    engine = open_engine(settings.books_url)
    try:
        is_there = engine.dialect.name != "sqlite" or Path(engine.url.database or "").is_file()
        if is_there and is_current(engine):
            note_upkeep(engine, VERIFIED)
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()


def _checks(folder: Path, settings: Settings, place: Home, manifest: Manifest, key: bytes) -> Iterator[Check]:
    broken = not_whole(folder, manifest)
    yield Check("files", not broken, named(broken) or f"{len(manifest.files):,} files, every hash holds")
    try:
        with _opened(folder, settings, place, manifest, key) as journal:
            yield from _books_checks(folder, journal, manifest, settings, place)
    except NoScratch as error:
        yield Check("books", False, f"not looked into: {error.message}")
    except (SealedFileBroken, CopyFailed, OSError) as error:
        yield Check("books", False, str(error))
    yield _chain_check(settings, manifest)


def _books_checks(
    folder: Path, journal: Journal, manifest: Manifest, settings: Settings, place: Home
) -> Iterator[Check]:
    faults = faults_of(journal.engine)
    if faults:
        yield Check("books", False, named(faults))
        return
    found = contents_of(journal)
    same = found.entries == manifest.entries
    yield Check(
        "books",
        same,
        f"{found.entries:,} entries, whole" if same else f"{found.entries:,} entries, not {manifest.entries:,}",
    )
    desks = tuple((tip.desk, tip.seq, tip.head.hex()) for tip in found.desks)
    yield Check("sequences", desks == manifest.desks, f"{len(desks)} desks")
    domain = Domain(manifest.chain_id, bytes.fromhex(manifest.contract))
    bundle_key = derive(master_key(settings, place).root, "bundles")
    wrong, count = [], 0
    for row in every_batch(journal):
        count += 1
        name = f"batch {row.batch.seq} of desk {row.batch.desk}"
        if manifest.contract and row.batch.digest(domain) != row.head:
            wrong.append(f"{name} is not what was sealed")
        if row.state != "sealed":
            try:
                read_bundle(bundle_path(folder / BUNDLES, row.batch.desk, row.batch.seq, row.head), bundle_key, domain)
            except BundleBroken as error:
                wrong.append(error.message)
    yield Check("batches", not wrong, named(wrong) or f"{count:,} batches, each with its bundle")
    wrong, count = unlike_the_books(journal, folder / BUNDLES, bundle_key)
    yield Check("logs", not wrong, named(wrong) or f"{count:,} rows of the two logs in files")


def _chain_check(settings: Settings, manifest: Manifest) -> Check:
    """The chain may be ahead of a backup; what both have has to be the same."""
    if settings.rpc_url is None or not manifest.contract:
        return Check("chain", True, "not compared: BORAM_RPC_URL names no chain")
    with Rpc(settings.rpc_url) as rpc:
        contract = LedgerContract(rpc, bytes.fromhex(manifest.contract))
        try:
            heads = contract.heads_of([(desk, seq) for desk, seq, _ in manifest.desks], "latest")
            posts = contract.status("latest").posts
        except (RpcUnavailable, RpcFault) as error:
            return Check("chain", True, f"not compared: {error.message}")
        except NotOurChain as error:
            return Check("chain", False, error.message)
    wrong = [
        f"batch {seq} of desk {desk} is another one on the chain"
        for (desk, seq, head), found in zip(manifest.desks, heads, strict=True)
        if any(found) and found.hex() != head
    ]
    waiting = sum(seq > 0 and not any(found) for (_, seq, _), found in zip(manifest.desks, heads, strict=True))
    return Check("chain", not wrong, named(wrong) or f"{posts:,} posts, the same heads; {waiting} desks ahead of it")


def _restore_books(
    folder: Path, settings: Settings, place: Home, engine: Engine, manifest: Manifest, key: bytes
) -> None:
    """Last of all: a restore that was cut short has no books yet, and is simply done again."""
    if manifest.engine != engine.dialect.name:
        raise CannotRun(
            f"the backup is of {manifest.engine}, BORAM_DATABASE_URL is {engine.dialect.name}: name a database of the same kind",
            f"{manifest.engine} 백업입니다. BORAM_DATABASE_URL을 같은 종류의 데이터베이스로 지정하세요",
        )
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=place.folder) as rooms:
        opened = Path(rooms) / "books"
        open_file(folder / BOOKS, opened, key)
        if manifest.engine != "sqlite":
            with usable_books(settings):
                load_books(engine, opened)
                _mark_as_restored(engine)
            engine.dispose()
            return
        copied = open_engine(f"sqlite:///{opened}")
        faults = faults_of(copied)
        if not faults:
            _mark_as_restored(copied)
        copied.dispose()
        if faults:
            raise BackupBroken(f"the books in {folder}: {named(faults)}", f"{folder}의 장부가 온전하지 않습니다")
        engine.dispose()
        target = Path(engine.url.database or "")
        for left in ("-wal", "-shm"):
            target.with_name(target.name + left).unlink(missing_ok=True)
        copy_file(opened, target)


@contextmanager
def _opened(folder: Path, settings: Settings, place: Home, manifest: Manifest, key: bytes) -> Iterator[Journal]:
    """The books of a backup, opened aside: a dump of PostgreSQL in a database of its own, for this moment. Raises NoScratch, CopyFailed."""
    where = place.folder if place.folder.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=where) as rooms:
        opened = Path(rooms) / "books"
        open_file(folder / BOOKS, opened, key)
        if manifest.engine != "sqlite":
            with usable_books(settings), scratch_database(settings.books_url) as engine:
                load_books(engine, opened)
                yield Journal(engine)
            return
        engine = open_engine(f"sqlite:///{opened}")
        with usable_books(settings):
            yield Journal(engine)
        engine.dispose()


def _instant(manifest: Manifest) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest.made_at))


def _mark_as_restored(engine: Engine) -> None:
    """Nothing is accepted before posting has read what they miss, and no journal number is given again that may be on a receipt
    (posting/read_back.py).
    """
    with Journal(engine).write() as unit:
        unit.returning.begin_from_a_backup()
        unit.commit()
