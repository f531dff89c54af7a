"""One home, opened: its secrets and keys, its books, and the ports of the services. A new home gets what it has from the first day."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ledger_service.adapters.actors import ADMIN_NAME, add_first_admin
from ledger_service.adapters.clock import SystemClock
from ledger_service.adapters.databases import held_databases, open_databases, starting_books
from ledger_service.adapters.home import Home, write_secret
from ledger_service.adapters.key_rotation import MASTER_KEY_MARK
from ledger_service.adapters.keys import (
    GUARDIAN_KEY,
    OFFICE_KEYS,
    SENDER_KEY,
    SERVICE_KEY,
    KeyFolder,
    ServiceReceipts,
)
from ledger_service.adapters.kill_points import kill_points_of
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.adapters.secrets import open_secrets
from ledger_service.chain.anvil import CHAIN_ID
from ledger_service.chain.artifact import Artifact, load_artifact
from ledger_service.chain.deploy import contract_address
from ledger_service.config import Settings
from ledger_service.domain.alarms import Alarms
from ledger_service.domain.batches import OFFICE_DESK, Domain
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.ids import uuid7
from ledger_service.domain.kill_points import KillPoints
from ledger_service.errors import Refused
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.services.context import Context
from ledger_service.services.forget import forget_again
from ledger_service.services.staging import drop_left_over

OFFICE_CODE = "OFFICE"
OFFICE_NAME = "코인 담당 부서"


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
        stack.enter_context(held_databases(settings))
        keys, master_key = open_secrets(settings, home)
        books, people_keys = stack.enter_context(open_databases(settings))
        with starting_books(settings, books):
            vault = Vault(master_key, people_keys, os.urandom)
            installation = _install(settings, home, keys, Journal(books), vault)
            if installation.journal.is_sqlite:
                drop_left_over(installation.context)
            forget_again(installation.context)  # the books may have come back from a backup
        if not settings.is_sqlite:
            lock.share()
        yield installation


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
    mine = {MASTER_KEY_MARK: context.vault.fingerprint, "service key": keys.address(SERVICE_KEY)}
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
