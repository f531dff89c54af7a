"""`boram doctor`: a home, its databases and the service on it, held against what they should be. One line for each, with what to do."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger_service.adapters.home import FILE_MODE, FOLDER_MODE, Home, Runtime, bundles_of
from ledger_service.commands.ask import CannotRun, probe, probe_text
from ledger_service.commands.show import show_json, show_table
from ledger_service.environment import home_folder

if TYPE_CHECKING:
    from ledger_service.bootstrap.installation import Installation

DISK_FREE_MIN = 2 * 2**30
WAITING_SECONDS_MAX = 120
CLOCK_SECONDS_MAX = 2
WELL = frozenset({"ready", "findings"})
AT_REST = frozenset({"silent", "unknown", "starting"})  # books that no process works on
HOUR, DAY = 3_600, 86_400
BACKUP_SECONDS_MAX = 26 * HOUR  # daily, and two hours for it
VERIFIED_SECONDS_MAX = 35 * DAY  # monthly


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; where it does not hold, the detail says what to do."""

    name: str
    holds: bool
    detail: str


def doctor(home: Path | None, *, as_json: bool) -> int:
    """What is wrong with a home, and with the service on it; 0 nothing, 1 something."""
    place = Home(home_folder(home))
    if not place.folder.is_dir():
        raise CannotRun(
            f"there is no home at {place.folder}: boram up makes one",
            f"{place.folder} 폴더가 없습니다. boram up이 만듭니다",
        )
    from ledger_service.config import read_settings

    settings = read_settings(home=home)
    is_real = settings.environment == "production"
    checks = [
        *_files(place),
        *disk_checks(place.folder, bundles_of(settings, place)),
        *_service(place, home, is_real=is_real),
    ]
    if as_json:
        show_json({"holds": all(one.holds for one in checks), "checks": [asdict(one) for one in checks]})
    else:
        columns = [("check", "점검"), ("holds", "정상"), ("detail", "내용")]
        show_table(columns, [(one.name, one.holds, one.detail) for one in checks])
    return 0 if all(one.holds for one in checks) else 1


def _files(place: Home) -> Iterator[Check]:
    for folder in (place.secrets, place.keys, place.tokens):
        mode = stat.S_IMODE(folder.stat().st_mode) if folder.is_dir() else None
        holds = mode == FOLDER_MODE
        said = "missing: bring the home back from its backup" if mode is None else f"mode {mode:04o}"
        yield Check(folder.name, holds, said if holds or mode is None else f"{said}; run: chmod 700 {folder}")
        exposed = [one.name for one in folder.glob("*") if stat.S_IMODE(one.stat().st_mode) & ~FILE_MODE]
        if exposed:
            yield Check(
                f"{folder.name} files", False, f"open to others: {', '.join(sorted(exposed))}; run: chmod 600 on them"
            )


def disk_checks(home: Path, bundles: Path, free_min: int = DISK_FREE_MIN) -> Iterator[Check]:
    """Room for the books, and for the bundles where they lie on another disk (bytes)."""
    yield _disk("disk", home, free_min)
    if not bundles.is_dir():
        if not bundles.is_relative_to(home):
            yield Check("bundles", False, f"{bundles} is not there: mount it, or mend BORAM_BUNDLES_FOLDER")
    elif bundles.stat().st_dev != home.stat().st_dev:
        yield _disk("bundles' disk", bundles, free_min)


def _disk(name: str, folder: Path, free_min: int) -> Check:
    usage = shutil.disk_usage(folder)
    percent = usage.free * 100 // usage.total
    holds = usage.free >= free_min
    said = f"{usage.free // 2**20:,} MiB free ({percent} %)"
    return Check(name, holds, said if holds else f"{said}: make room at {folder}, or the books stop taking anything")


def _service(place: Home, home: Path | None, *, is_real: bool) -> Iterator[Check]:
    running = place.runtime()
    if running is not None:
        yield from _running(running, is_real=is_real)
        return
    from ledger_service.config import read_settings

    settings = read_settings(home=home)
    if place.is_locked() and settings.is_sqlite:
        yield Check("service", False, "another boram command works on this home: try again")
        return
    yield Check("service", True, "no API runs here")
    from ledger_service.bootstrap.installation import installed
    from ledger_service.reads.status import upkeep_ages

    with installed(settings) as installation:
        yield from _books(installation)
        ages = upkeep_ages(installation.journal, int(time.time()))
        yield from backup_checks(ages.get("backup"), ages.get("verified"), is_real=is_real)


def backup_checks(backup: int | None, verified: int | None, *, is_real: bool) -> Iterator[Check]:
    """How long ago the books were backed up and a backup was read whole (seconds). Only in production must they ever have been."""
    for name, age, longest, todo in (
        ("backup", backup, BACKUP_SECONDS_MAX, "boram backup DIR, daily"),
        ("backup read", verified, VERIFIED_SECONDS_MAX, "boram restore DIR --verify, monthly"),
    ):
        said = "never" if age is None else f"{age // HOUR} hours ago" if age < 2 * DAY else f"{age // DAY} days ago"
        holds = not is_real if age is None else age <= longest
        yield Check(name, holds, said if holds else f"{said}; run: {todo}")


def _running(running: Runtime, *, is_real: bool) -> Iterator[Check]:
    yield Check("service", True, f"process {running.pid} at {running.address}")
    status, body = probe(running.address, "/readyz")
    said = ", ".join(f"{name}: {value}" for name, value in (body or {}).items())
    yield Check("ready", status == 200, said if status == 200 else f"{said}; docs/operations.md says what each means")
    numbers = _numbers(probe_text(running.address, "/metrics"))
    if not numbers:
        yield Check("numbers", False, "/metrics gave none: ask the service from its own machine, or look at its log")
        return
    waiting = int(numbers.get("boram_oldest_unposted_seconds", 0))
    yield _posting(waiting, "see ready")
    stopped = int(numbers.get("boram_desks_stopped", 0))
    yield Check("desks", not stopped, f"{stopped} stopped: boram findings says why" if stopped else "none is stopped")
    yield _findings(
        int(numbers.get('boram_findings_open{kind="finding"}', 0)),
        int(numbers.get('boram_findings_open{kind="notice"}', 0)),
    )
    ages = [numbers.get(f"boram_backup_{name}age_seconds") for name in ("", "verified_")]
    yield from backup_checks(*(None if age is None else int(age) for age in ages), is_real=is_real)


def _books(installation: Installation) -> Iterator[Check]:
    from sqlalchemy import text

    from ledger_service.reads.status import lag, oldest_unposted_seconds, readiness

    found = readiness(installation.journal, installation.clock.now())
    yield Check("database", found.database == "ok", found.database)
    yield Check("migrations", found.migrations == "ok", found.migrations)
    with installation.journal.read() as unit:
        identity = unit.chain_marks.identity()
        if installation.journal.is_sqlite:
            said = str(unit.connection.execute(text("PRAGMA quick_check(1)")).scalar_one())
            yield Check(
                "integrity", said == "ok", said if said == "ok" else f"{said}: bring the books back from a backup"
            )
        else:
            version, clock = unit.connection.execute(
                text("SELECT current_setting('server_version'), extract(epoch FROM clock_timestamp())::bigint")
            ).one()
            apart = abs(int(clock) - int(time.time()))
            yield Check("database version", True, f"PostgreSQL {version}")
            yield Check("clock", apart <= CLOCK_SECONDS_MAX, f"{apart} s from the database's: keep both by NTP")
    ours = installation.domain
    holds = identity is None or (identity.chain_id, identity.contract) == (ours.chain_id, ours.contract)
    where = "not met yet" if identity is None else f"chain {identity.chain_id}, contract 0x{identity.contract.hex()}"
    yield Check(
        "chain identity", holds, where if holds else f"{where}, these settings give another: mend the settings or keys"
    )
    said = f"last said: {found.chain}" + (f", {found.detail}" if found.detail else "")
    is_well = found.chain in WELL or (installation.journal.is_sqlite and found.chain in AT_REST)
    yield Check("chain", is_well, said if is_well else f"{said}; docs/operations.md says what it means")
    yield _posting(oldest_unposted_seconds(installation.journal, installation.clock.now()), "start boram up")
    waiting = lag(installation.journal)
    stopped = "; ".join(f"desk {number}: {why}" for number, why in waiting.stopped.items())
    yield Check("desks", not stopped, stopped or "none is stopped")
    yield _findings(waiting.findings, waiting.notices)


def _posting(waiting: int, todo: str) -> Check:
    late = f"the oldest has waited for the chain for {waiting} s"
    holds = waiting <= WAITING_SECONDS_MAX
    return Check("posting", holds, late if holds else f"{late}: {todo}")


def _findings(findings: int, notices: int) -> Check:
    said = f"{findings} findings, {notices} notices open"
    return Check("findings", not findings, f"{said}: boram findings" if findings or notices else said)


def _numbers(metrics: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in metrics.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
