"""From settings to a working installation: secrets, keys, books, services, the API, and the ports of posting.

What is built here opens databases and files; it starts no process and no thread. `commands/up.py` does that.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from alembic.util import CommandError
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger_service.adapters.actors import ADMIN_NAME, add_actor, add_first_admin
from ledger_service.adapters.clock import SystemClock
from ledger_service.adapters.home import Home, SecretMissing, lock_database, read_secret, write_secret
from ledger_service.adapters.key_rotation import RotationUnfinished, next_key_path
from ledger_service.adapters.keys import (
    FIRST_KEYS,
    GUARDIAN_KEY,
    OFFICE_KEYS,
    SENDER_KEY,
    SERVICE_KEY,
    KeyFolder,
    ServiceReceipts,
)
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.adapters.secrets import create_master_key, read_master_key, read_passphrase
from ledger_service.api.app import create_app
from ledger_service.api.browser import cookie_names
from ledger_service.api.ports import Ports
from ledger_service.chain.anvil import CHAIN_ID
from ledger_service.chain.artifact import Artifact, load_artifact
from ledger_service.chain.deploy import contract_address
from ledger_service.config import Settings
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.alarms import Alarms
from ledger_service.domain.batches import OFFICE_DESK, Domain
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.ids import uuid7
from ledger_service.domain.kill_points import KillAt, KillPoints, NoKillPoints
from ledger_service.errors import Refused, Unavailable
from ledger_service.journal.engine import open_engine
from ledger_service.journal.locks import starting
from ledger_service.journal.migrate import migrate
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import MasterKey, Vault
from ledger_service.reads.actors import ActorLine
from ledger_service.services.context import Context
from ledger_service.services.forget import forget_again
from ledger_service.services.passkeys import RelyingParty
from ledger_service.services.rate_limits import (
    A_MINUTE,
    ADDRESS,
    CODE,
    EXPORT,
    LOOKUP,
    PUBLIC,
    READ,
    UPLOAD,
    WRITE,
    RateLimits,
)
from ledger_service.services.secret_gate import SecretGate
from ledger_service.services.sign_on import Provider
from ledger_service.services.staging import drop_left_over
from ledger_service.web.app import create_pages
from ledger_service.web.brand import Brand
from ledger_service.web.plan import read_plan
from ledger_service.web.ports import Door, WebPorts
from ledger_service.web.sessions import SessionDoor

if TYPE_CHECKING:
    from fastapi import FastAPI

SIGN_ON_RETURN = "/sign-in/district/return"
OFFICE_CODE = "OFFICE"
OFFICE_NAME = "코인 담당 부서"
REQUEST_ID_BYTES = 8
DATABASE_ERRORS = (OperationalError, InterfaceError, PoolTimeout)


class BooksUnusable(Unavailable):
    """The books or the people's keys cannot be opened: no such server, folder or database, or another kind of file."""

    code = "books_unusable"


class OtherSecrets(Refused):
    """These books were begun with another master key, service key or contract. Nothing was changed."""

    code = "other_secrets"


@dataclass(slots=True)
class Wake:
    """Tells whoever listens that there is work; nobody, before the loops run."""

    listener: Callable[[], None] | None = field(default=None)

    def __call__(self) -> None:
        if self.listener is not None:
            self.listener()


@dataclass(frozen=True, slots=True)
class Installation:
    """One home, opened."""

    settings: Settings
    home: Home
    journal: Journal
    vault: Vault
    clock: SystemClock
    keys: KeyFolder
    kill_points: KillPoints
    domain: Domain
    artifact: Artifact
    office_keys: Sequence[bytes]
    guardian: bytes
    wake: Wake
    context: Context
    passwords: Argon2Passwords

    @property
    def alarms(self) -> Alarms:
        """The thresholds that are watched."""
        return Alarms(self.settings.alarm_outstanding_krw, self.settings.alarm_year_issue_krw)

    def app(self, door: Door | None = None) -> FastAPI:
        """The API and the pages over this installation."""

        def add(
            by: Actor, name: str, roles: Sequence[Role], desks: Sequence[str], person_id: str | None
        ) -> tuple[ActorLine, str]:
            return add_actor(self.context, by.id, name, roles, desks, person_id)

        limits = _rate_limits(self.settings, self.context)
        gate, party, sign_on = SecretGate(), _relying_party(self.settings), _sign_on(self.settings)
        pages = create_pages(
            WebPorts(
                context=self.context,
                door=door
                or SessionDoor(
                    self.context,
                    self.passwords,
                    cookie_names(self.settings.is_loopback_demo)[0],
                    not self.settings.is_loopback_demo,
                ),
                brand=_brand(self.settings),
                service_key=self.keys.address(SERVICE_KEY),
                upload_bytes_max=self.settings.import_bytes_max,
                monotonic=time.monotonic,
                secret_gate=gate,
                passwords=self.passwords,
                relying_party=party,
                sign_on=sign_on,
                rate_limits=limits,
                database_errors=DATABASE_ERRORS,
                alarms=self.alarms,
            )
        )
        return create_app(
            Ports(
                context=self.context,
                add_actor=add,
                new_request_id=lambda: secrets.token_hex(REQUEST_ID_BYTES),
                monotonic=time.monotonic,
                upload_bytes_max=self.settings.import_bytes_max,
                alarms=self.alarms,
                service_key=self.keys.address(SERVICE_KEY),
                domain=self.domain,
                passwords=self.passwords,
                secret_gate=gate,
                relying_party=party,
                sign_on=sign_on,
                rate_limits=limits,
                is_loopback_demo=self.settings.is_loopback_demo,
                database_errors=DATABASE_ERRORS,
            ),
            pages,
        )


def _relying_party(settings: Settings) -> RelyingParty | None:
    """What passkeys are bound to: the public address, or the browser's own machine in a demo."""
    origins = settings.origins
    if not origins and settings.is_loopback_demo and settings.port:
        origins = (f"http://localhost:{settings.port}",)
    if not origins:
        return None
    domain = settings.passkey_domain or str(urlsplit(origins[0]).hostname)
    return RelyingParty(domain, f"{settings.district_name} {settings.coin_name}", origins)


def _sign_on(settings: Settings) -> Provider | None:
    """The district's own sign-on, if it has one; none of its libraries is loaded without. Raises SecretMissing."""
    secret_file = settings.sign_on_client_secret_file
    if settings.sign_on_issuer is None or settings.sign_on_client_id is None or secret_file is None:
        return None
    from ledger_service.adapters.sign_on import OpenIdProvider

    secret = (read_secret(secret_file) or b"").decode().strip()
    if not secret:
        raise SecretMissing(
            f"there is no client secret at {secret_file} (BORAM_SIGN_ON_CLIENT_SECRET_FILE): write it there (chmod 600)",
            f"{secret_file}에 통합 로그인 비밀 값이 없습니다. 그 자리에 적어 두세요(chmod 600)",
        )
    redirect = f"{settings.origins[0]}{SIGN_ON_RETURN}"
    return OpenIdProvider(settings.sign_on_issuer, settings.sign_on_client_id, secret, redirect)


def _rate_limits(settings: Settings, context: Context) -> RateLimits:
    """Production has limits unless a setting says 0; demo and test only those that are set."""
    set_here = {
        ADDRESS: settings.rate_address, PUBLIC: settings.rate_public, READ: settings.rate_reads,
        WRITE: settings.rate_writes, LOOKUP: settings.rate_lookups, UPLOAD: settings.rate_uploads,
        EXPORT: settings.rate_exports, CODE: settings.rate_codes,
    }  # fmt: skip
    usual = A_MINUTE if settings.environment == "production" else {}
    given = {kind: count for kind, count in set_here.items() if count is not None}
    return RateLimits({**usual, **given}, time.monotonic, context, settings.api_processes)


def _brand(settings: Settings) -> Brand:
    return Brand(
        district=settings.district_name,
        district_en=settings.district_name_en,
        coin=settings.coin_name,
        coin_en=settings.coin_name_en,
        colour=settings.colour,
        help_phone=settings.help_phone,
        logo=settings.logo,
        plan=() if settings.dong_plan is None else read_plan(settings.dong_plan),
    )


@contextmanager
def installed(settings: Settings) -> Iterator[Installation]:
    """Open a home: for this process alone, or on PostgreSQL beside others; everything is closed again at the end.

    Raises OtherSecrets, HomeBusy, HomeUnusable, SecretMissing, SecretExposed, BooksUnusable, and the errors of keystores.
    """
    home = Home(settings.home)
    home.prepare()
    with ExitStack() as stack:
        lock = home.lock() if settings.is_sqlite else home.share()
        stack.callback(lock.release)
        for path in sqlite_files(settings):
            stack.callback(lock_database(path).release)
        keys, master_key = open_secrets(settings, home)
        engine, key_engine = open_engine(settings.books_url), open_engine(settings.key_books_url)
        stack.callback(engine.dispose)
        stack.callback(key_engine.dispose)
        with usable_books(settings), starting(engine):
            migrate(engine)
            vault = Vault(master_key, key_engine, os.urandom)
            installation = _install(settings, home, keys, Journal(engine), vault)
            if installation.journal.is_sqlite:
                drop_left_over(installation.context)
            forget_again(installation.context)  # the books may have come back from a backup
        if not settings.is_sqlite:
            lock.share()
        yield installation


def sqlite_files(settings: Settings) -> list[Path]:
    """The databases that are files of this machine. Raises BooksUnusable where their folder is none."""
    files = []
    for url in dict.fromkeys((settings.books_url, settings.key_books_url)):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            path = Path(parsed.database).absolute()
            if path.parent.is_dir():  # where it is not, opening the database says so
                files.append(path)
    return files


@contextmanager
def usable_books(settings: Settings) -> Iterator[None]:
    """Where a database cannot be opened or is none, say which and what to do."""
    try:
        yield
    except DBAPIError as error:
        places = " · ".join(make_url(url).render_as_string() for url in (settings.books_url, settings.key_books_url))
        said = str(error.orig).strip().partition("\n")[0]
        raise BooksUnusable(
            f"the books cannot be opened ({said}). Look at BORAM_DATABASE_URL and BORAM_KEYS_URL, and whether the database runs: {places}",
            f"장부를 열 수 없습니다({said}). BORAM_DATABASE_URL·BORAM_KEYS_URL 설정과 데이터베이스가 실행 중인지 확인하세요: {places}",
        ) from None
    except CommandError as error:
        raise BooksUnusable(
            f"the books are of another version of boram ({error}): start the version that wrote them, or a later one",
            f"다른 버전의 boram이 만든 장부입니다({error}). 그 버전이나 더 새로운 버전을 실행하세요",
        ) from None


def open_secrets(settings: Settings, home: Home, *, create: bool = False) -> tuple[KeyFolder, MasterKey]:
    """The keystores and the master key. The first start in demo and test makes what is missing; production asks for it.

    The master key is made last: its presence says that a home is complete, and nothing is ever made in its place again.
    """
    master_path = master_key_path(settings, home)
    if next_key_path(master_path).exists():
        raise RotationUnfinished(
            "a rotation of the master key was begun and not finished: stop every boram up and run boram keys rotate again",
            "마스터 키 교체가 끝나지 않았습니다. 모든 boram up을 종료하고 boram keys rotate를 다시 실행하세요",
        )
    master_key = read_master_key(master_path, "BORAM_MASTER_KEY_FILE")
    may_create = master_key is None and (create or settings.environment != "production") and not _has_books(settings)
    passphrase = read_passphrase(
        settings.passphrase_file or home.secrets / "passphrase",
        "BORAM_PASSPHRASE_FILE",
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
        master_key = create_master_key(master_path, os.urandom)
    if master_key is None:
        raise SecretMissing(
            f"there is no master key at {master_path}: bring it back from its backup, or (before the first start only) run: "
            "boram keys create",
            f"{master_path}에 마스터 키가 없습니다. 백업에서 되살리거나, 처음 시작하기 전이라면 실행하세요: boram keys create",
        )
    return keys, master_key


def master_key_path(settings: Settings, home: Home) -> Path:
    """Where the master key lies."""
    return settings.master_key_file or home.secrets / "master.key"


def _has_books(settings: Settings) -> bool:
    """Whether there are books or people's keys already, which a new master key could never read."""
    for url in (settings.books_url, settings.key_books_url):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
            continue
        engine = open_engine(url)
        try:
            with usable_books(settings):
                if inspect(engine).get_table_names():
                    return True
        finally:
            engine.dispose()
    return False


def _install(settings: Settings, home: Home, keys: KeyFolder, journal: Journal, vault: Vault) -> Installation:
    artifact = load_artifact()
    office_keys = [keys.address(name) for name in OFFICE_KEYS]
    guardian = keys.address(GUARDIAN_KEY)
    keys.address(SENDER_KEY)
    contract = contract_address(artifact, settings.district, settings.environment, office_keys, guardian)
    domain = Domain(settings.chain_id if settings.chain_id is not None else CHAIN_ID, contract)
    clock = SystemClock(settings.business_date, settings.clock_offset_seconds)
    kill_points = kill_points_of(settings)
    wake = Wake()
    context = Context(
        journal=journal,
        vault=vault,
        clock=clock,
        new_id=_new_id,
        random_bytes=os.urandom,
        desk_keys=keys,
        receipts=ServiceReceipts(keys, domain),
        kill_points=kill_points,
        wake=wake,
        open_debits_max=settings.open_debits_max,
    )
    _require_alike(context, keys, domain if settings.role == "api" else None)
    _ensure_office(context)
    if settings.environment != "production":
        ensure_admin(context, home)
    return Installation(
        settings=settings,
        home=home,
        journal=journal,
        vault=vault,
        clock=clock,
        keys=keys,
        kill_points=kill_points,
        domain=domain,
        artifact=artifact,
        office_keys=office_keys,
        guardian=guardian,
        wake=wake,
        context=context,
        passwords=Argon2Passwords(light=settings.environment != "production"),
    )


def _require_alike(context: Context, keys: KeyFolder, domain: Domain | None) -> None:
    """Two processes with different secrets would not see each other's records: the books remember whose they are. Raises OtherSecrets.

    `domain` of a process that never looks at the chain; one that posts compares it itself (posting/rebuild.py).
    """
    mine = {"master key": context.vault.fingerprint, "service key": keys.address(SERVICE_KEY)}
    with context.journal.write() as unit:
        kept = unit.master.installation_marks()
        identity = unit.chain_marks.identity()
        for name in mine.keys() - kept.keys():
            unit.master.add_installation_mark(name, mine[name])
        unit.commit()
    differing = [name for name, value in mine.items() if kept.get(name, value) != value]
    if domain and identity and (identity.chain_id, identity.contract) != (domain.chain_id, domain.contract):
        differing.append("chain id, district, environment or office keys")
    if differing:
        listed = ", ".join(differing)
        raise OtherSecrets(
            f"these books were begun with other secrets or settings ({listed}): give every process on them the same BORAM_MASTER_KEY_FILE, "
            "keys folder, BORAM_DISTRICT, BORAM_ENVIRONMENT and BORAM_CHAIN_ID",
            f"이 장부를 시작할 때와 비밀 값이나 설정이 다릅니다({listed}). 모든 프로세스에 같은 마스터 키, 키 폴더, BORAM_DISTRICT, "
            "BORAM_ENVIRONMENT, BORAM_CHAIN_ID를 주세요",
        )


def ensure_admin(context: Context, home: Home) -> bool:
    """Add the first administrator where nobody may act yet; the token lies in the home."""
    token = add_first_admin(context)
    if token is not None:
        write_secret(home.token_file(ADMIN_NAME), token.encode())
    return token is not None


def _ensure_office(context: Context) -> None:
    """Desk 0 is there from the first day: orders are sealed under it."""
    with context.journal.write() as unit:
        if unit.master.desk(OFFICE_DESK) is None:
            unit.master.add_desk(OFFICE_DESK, DeskKind.OFFICE, OFFICE_CODE, OFFICE_NAME, 0, 1)
            unit.commit()


def _new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def kill_points_of(settings: Settings) -> KillPoints:
    """What ends this process where a test's setting says so (BORAM_KILL_AT); in production there is none."""
    if settings.kill_at is None:
        return NoKillPoints()
    name, _, times = settings.kill_at.partition(":")

    def kill() -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("the process outlived its own SIGKILL")

    return KillAt(name, kill, int(times or 1))
