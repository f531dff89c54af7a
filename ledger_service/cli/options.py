"""What commands share: their options, exit codes, a list shown as a table, a proposal, and a text as part of a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, show_table, words

DONE, REFUSED, CANNOT = 0, 1, 2

Home = Annotated[Path | None, typer.Option("--home", help=words("state folder (BORAM_HOME)", "상태 폴더(BORAM_HOME)"))]
As = Annotated[str | None, typer.Option("--as", help=words("who acts (BORAM_AS)", "실행하는 사용자(BORAM_AS)"))]
Json = Annotated[bool, typer.Option("--json", help=words("print JSON", "JSON으로 출력"))]
Key = Annotated[str, typer.Argument(metavar="ID")]


def listed(
    home: Path | None,
    acting: str | None,
    path: str,
    as_json: bool,
    columns: list[tuple[str, str]],
    rows_of: Callable[[Any], list[dict[str, Any]]],
    **query: object,
) -> None:
    """Ask for a list and show it: `columns` in English (the field's name) and Korean."""
    with ledger(home, acting) as asked:
        answer = asked.get(path, **query)
    if as_json:
        show_json(answer)
        return
    names = [english.replace(" ", "_") for english, _ in columns]
    show_table(columns, [[row[name] for name in names] for row in rows_of(answer)])


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def proposed(
    home: Path | None, acting: str | None, as_json: bool, path: str, body: Mapping[str, Any] | None = None
) -> None:
    """Propose something, and show what it is called and how another person approves it."""
    with ledger(home, acting) as asked:
        answer = asked.post(path, body)
    show_json(answer) if as_json else show_proposed(answer)


def downloaded(home: Path | None, acting: str | None, path: str, file: Path, reason: str | None = None) -> None:
    """Write an answer into a file, and say how large it is."""
    with ledger(home, acting) as asked:
        size = asked.download(path, file, reason)
    say(f"{file}: {size:,} bytes", f"{file}: {size:,}바이트")


def show_proposed(answer: dict[str, Any]) -> None:
    """What was proposed, and how another person approves it."""
    say(
        f"proposed {answer['title']}; another person approves: boram approve {answer['id']}",
        f"제안: {answer['title']}. 다른 사람이 승인: boram approve {answer['id']}",
    )
