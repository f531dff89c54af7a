"""`boram verify`: holding the chain, and the books, against what they should be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger_service.adapters.home import Home
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.show import show_json, words
from ledger_service.environment import home_folder, speaks_korean


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
