"""`boram verify` and `boram doctor`: holding the chain, and the home, against what they should be."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ledger_service.adapters.home import FILE_MODE, FOLDER_MODE, Home
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.show import show_json, show_table, words
from ledger_service.environment import home_folder, speaks_korean


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    holds: bool
    detail: str


def verify(rpc_url: str | None, contract: str | None, books: Path | None, home: Path | None, *, as_json: bool) -> int:
    """The independent audit; 0 holds, 1 findings. Without --rpc and --contract those of the service that runs here."""
    from ledger_service.audit.render import Language, render
    from ledger_service.audit.verify import verify as audit
    from ledger_service.chain.rpc import Rpc

    running = Home(home_folder(home)).runtime() if rpc_url is None or contract is None else None
    rpc_url = rpc_url or (running.rpc_url if running else None)
    contract = contract or (running.contract if running else None)
    if rpc_url is None or contract is None:
        raise CannotRun(
            "name the chain and the contract: --rpc URL --contract ADDRESS (no service runs here that would tell)",
            "체인과 컨트랙트를 지정하세요: --rpc URL --contract 주소 (여기서 실행 중인 서비스가 없습니다)",
        )
    if not rpc_url.startswith(("http://", "https://")):
        raise CannotRun("--rpc begins with http:// or https://", "--rpc는 http:// 또는 https://로 시작합니다")
    address = _address(contract)
    with Rpc(rpc_url) as rpc, _progress() as progress:
        report = audit(rpc, address, books=books, progress=progress)
    if as_json:
        show_json(report.as_json())
    else:
        from rich.console import Console

        render(report, Console(), Language.KOREAN if speaks_korean() else Language.ENGLISH)
    return report.exit_code


@contextmanager
def _progress() -> Iterator[Callable[[Any], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words("reading the chain", "체인 읽는 중"), total=None)
        yield lambda at: bar.update(task, total=at.last_block, completed=at.block)


def _address(text: str) -> bytes:
    try:
        address = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise CannotRun("--contract is an address: 0x and 40 hexadecimal digits", "--contract는 0x와 16진수 40자입니다")
    return address


def doctor(home: Path | None, *, as_json: bool) -> int:
    """What is wrong with a home, and with the service on it; 0 nothing, 1 something."""
    place = Home(home_folder(home))
    if not place.folder.is_dir():
        raise CannotRun(
            f"there is no home at {place.folder}: boram up makes one",
            f"{place.folder} 폴더가 없습니다. boram up이 만듭니다",
        )
    checks = [*_files(place), *_service(place, home)]
    if as_json:
        show_json({"holds": all(one.holds for one in checks), "checks": [asdict(one) for one in checks]})
    else:
        show_table(
            [("check", "점검"), ("holds", "정상"), ("detail", "내용")],
            [(one.name, one.holds, one.detail) for one in checks],
        )
    return 0 if all(one.holds for one in checks) else 1


def _files(place: Home) -> Iterator[Check]:
    for folder in (place.secrets, place.keys, place.tokens):
        mode = stat.S_IMODE(folder.stat().st_mode) if folder.is_dir() else None
        yield Check(folder.name, mode == FOLDER_MODE, "missing" if mode is None else f"mode {mode:04o}")
        exposed = [one.name for one in folder.glob("*") if stat.S_IMODE(one.stat().st_mode) & ~FILE_MODE]
        if exposed:
            yield Check(f"{folder.name} files", False, f"open to others: {', '.join(sorted(exposed))}")


def _service(place: Home, home: Path | None) -> Iterator[Check]:
    running = place.runtime()
    if running is not None:
        from ledger_service.commands.ask import probe

        status, body = probe(running.address, "/readyz")
        yield Check("service", True, f"process {running.pid} at {running.address}")
        yield Check("ready", status == 200, ", ".join(f"{name}: {value}" for name, value in (body or {}).items()))
        return
    if place.is_locked():
        yield Check("service", False, "another boram command works on this home: try again")
        return
    yield Check("service", True, "not running")
    from ledger_service.bootstrap import installed
    from ledger_service.config import read_settings
    from ledger_service.reads.status import readiness

    with installed(read_settings(home=home)) as installation:
        found = readiness(installation.journal, installation.clock.now())
    yield Check("database", found.database == "ok", found.database)
    yield Check("migrations", found.migrations == "ok", found.migrations)
    yield Check("chain", True, f"last said: {found.chain}")
