"""`boram up`, `doctor`, `verify`, `backup`, `restore`, and what is done to the chain and the books as a whole."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.options import DONE, As, Home, Json, downloaded
from ledger_service.commands import show
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import STATUS_KO, show_json, show_table, words
from ledger_service.environment import speaks_korean

DEMO_BUSINESS_DATE = "2024-05-02"  # the sample month is April 2024

app = typer.Typer()
chain_app = typer.Typer(no_args_is_help=True, help=words("The chain behind the ledger.", "체인."))
books_app = typer.Typer(no_args_is_help=True, help=words("The books beside the chain.", "장부."))
app.add_typer(chain_app, name="chain")
app.add_typer(books_app, name="books")


@app.command()
def up(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="BORAM_HOST")] = None,
    port: Annotated[
        int | None, typer.Option(help=words("BORAM_PORT; 0: a free one", "BORAM_PORT, 0은 빈 포트"))
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            help=words(
                "BORAM_ROLE: all, or api / post of several processes", "BORAM_ROLE: all, 여러 프로세스면 api / post"
            )
        ),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help=words("the sample district, and people to sign in as", "예시 구와 예시 로그인")),
    ] = False,
) -> None:
    """Start everything: chain, books, API, pages. Ctrl-C stops it. On PostgreSQL several can share the work (--role)."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # from here on it ends the start, as Ctrl-C does
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.callback(signal.signal, signal.SIGTERM, before)
        from ledger_service.adapters.home import Home as HomeFolder
        from ledger_service.adapters.logs import logging_to
        from ledger_service.commands import up as service
        from ledger_service.config import read_settings

        date = DEMO_BUSINESS_DATE if demo and "BORAM_BUSINESS_DATE" not in os.environ else None
        settings = read_settings(
            home=home or (Path("var/demo-pages") if demo else None), host=host, port=port, business_date=date, role=role
        )
        place = HomeFolder(settings.home)
        place.prepare()
        log_file = place.logs / "service.log" if sys.stdout.isatty() else None
        with logging_to(log_file), show.progress_bar() as progress:
            service.run(settings, show.tell, progress, with_demo=demo)


@app.command()
def doctor(home: Home = None, as_json: Json = False) -> int:
    """Look for what is wrong here; exit 1 where something is."""
    from ledger_service.commands.doctor import doctor as look

    return look(home, as_json=as_json)


@app.command()
def verify(
    rpc: Annotated[str | None, typer.Option(help="http://…")] = None,
    contract: Annotated[str | None, typer.Option(help="0x…")] = None,
    books: Annotated[Path | None, typer.Option(help=words("an export of the books", "장부 내보내기 파일"))] = None,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Audit the whole history from the chain alone; exit 1 with findings."""
    from ledger_service.commands import checks

    return checks.verify(rpc, contract, books, home, as_json=as_json)


@app.command()
def backup(folder: Path, home: Home = None) -> None:
    """Write the books and the bundles, sealed, into a new folder; the service may run."""
    from ledger_service.commands import backup as backups

    backups.backup(folder, home)


@app.command()
def restore(
    folder: Path,
    verify: Annotated[bool, typer.Option("--verify", help=words("only look whether it is whole", "점검만"))] = False,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Bring a backup back into a home without books, or see with --verify whether it could be; exit 1 where not."""
    from ledger_service.commands import restore as restores

    if verify:
        return restores.verify_backup(folder, home, as_json=as_json)
    restores.restore(folder, home)
    return DONE


@chain_app.command("status")
def chain_status(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """How far the chain is behind the books."""
    with ledger(home, acting) as asked:
        answer = asked.get("/status")
    if as_json:
        show_json(answer)
    else:
        names = STATUS_KO if speaks_korean() else {}
        rows = [(names.get(name, name.replace("_", " ")), value) for name, value in answer.items()]
        show_table([("chain", "체인"), ("", "")], rows)


@chain_app.command("restore")
def chain_restore(
    yes: Annotated[bool, typer.Option("--yes", help=words("do not ask", "묻지 않음"))] = False,
    home: Home = None,
) -> None:
    """Take another chain for a lost one: deploy to the same address and post everything again. Wants a stopped service."""
    from ledger_service.commands import recovery

    recovery.restore_chain(home, yes=yes)


@books_app.command("rebuild")
def books_rebuild(home: Home = None) -> int:
    """Read lost books back from the chain and the bundles; boram up does the same at its start. Exit 1 where a bundle is missing."""
    from ledger_service.commands import recovery

    return recovery.rebuild_books(home)


@books_app.command("export")
def books_export(
    file: Path,
    reason: Annotated[str, typer.Option(help=words("why; it is kept", "반출 사유(기록에 남음)"))],
    home: Home = None,
    acting: As = None,
) -> None:
    """Write the books as JSON lines, to be held against the chain: boram verify --books FILE."""
    downloaded(home, acting, "/books", file, reason)
