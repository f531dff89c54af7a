"""`boram load`, `open` and `import`: what comes in as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger_service.cli.options import As, Home, Json, proposed, segment, show_proposed
from ledger_service.commands.ask import Ledger, ledger
from ledger_service.commands.show import say, show_json, show_outcomes, words
from ledger_service.domain.amounts import in_coins, in_coins_ko

LINES_A_PAGE = 10_000
LOADED_AT_ONCE = ("members", "courses")

app = typer.Typer()


@app.command()
def load(
    kind: Annotated[str, typer.Argument(help="members courses centers venues programmes funds values limits balances")],
    file: Path,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Load master data. Members and courses at once; the rest waits for another person's approval."""
    with ledger(home, acting) as asked:
        answer = asked.upload(f"/master/{segment(kind)}", file)
    if as_json:
        show_json(answer)
    elif kind in LOADED_AT_ONCE:
        added, known = answer["added"], answer["known"]
        say(f"{added} {kind} added, {known} known", f"{kind}: {added}건 추가, {known}건은 이미 있음")
        differing = answer.get("differing")
        if differing:
            say(
                f"{differing} of them differ from the file and were left as they are",
                f"그 가운데 {differing}건은 파일과 내용이 다르지만 그대로 두었습니다",
            )
    else:
        show_proposed(answer)


@app.command("open")
def open_ledger(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Propose to end setup and open the ledger."""
    proposed(home, acting, as_json, "/orders/opening")


@app.command("import")
def import_file(
    file: Path,
    as_of: Annotated[str | None, typer.Option(help=words("import day", "기준일") + " 2024-05-02")] = None,
    reason: Annotated[str | None, typer.Option(help=words("of an earlier day", "지난 기준일의 사유"))] = None,
    source: Annotated[str, typer.Option(help=words("of the record numbers", "실적번호의 출처"))] = "1365",
    dry_run: Annotated[bool, typer.Option(help=words("judge only", "판정만"))] = False,
    out: Annotated[
        Path | None, typer.Option("--json", help=words("write outcomes by line", "줄별 결과를 파일로"))
    ] = None,
    home: Home = None,
    acting: As = None,
) -> None:
    """Judge a month's file and submit it for approval by another person."""
    with ledger(home, acting) as asked:
        if dry_run:
            answer = asked.upload("/imports/preview", file, source=source, as_of=as_of)
            lines = answer.pop("lines")
        else:
            answer = asked.upload("/imports", file, source=source, as_of=as_of, as_of_reason=reason)
            lines = _lines(asked, answer["id"]) if out is not None else []
    if out is not None:
        _write_lines(out, lines)
    if out != Path("-"):
        show_outcomes(answer["outcomes"])
        coins, accepted, rows = answer["coins"], answer["accepted_rows"], answer["rows"]
        say(
            f"{accepted:,} of {rows:,} rows accepted, {in_coins(coins)}",
            f"{rows:,}행 중 {accepted:,}행 인정, {in_coins_ko(coins)}",
        )
        if not dry_run:
            say(f"waits for approval: boram approve {answer['id']}", f"승인 대기: boram approve {answer['id']}")


def _lines(asked: Ledger, import_id: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = asked.get(f"/imports/{import_id}/lines", after=after, limit=LINES_A_PAGE)
        lines += page["lines"]
        after = page["next_after"]
    return lines


def _write_lines(out: Path, lines: list[dict[str, Any]]) -> None:
    if out == Path("-"):
        show_json(lines)
        return
    out.write_text(json.dumps(lines) + "\n", encoding="utf-8")
