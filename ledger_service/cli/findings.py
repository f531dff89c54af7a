"""`boram findings`: what posting and the checks found."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json, listed
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words

app = typer.Typer()
findings_app = typer.Typer(help=words("What posting found.", "원장 기록 중 발견한 문제."))
app.add_typer(findings_app, name="findings")


@findings_app.callback(invoke_without_command=True)
def findings(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help=words("closed ones too", "끝난 것도"))] = False,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """What is open: a finding stops all crediting, a notice stops nothing."""
    if context.invoked_subcommand is not None:
        return
    columns = [("id", "번호"), ("kind", "종류"), ("state", "상태"), ("subject", "대상"), ("words", "내용")]
    state = "all" if every else "open"
    listed(home, acting, "/findings", as_json, columns, lambda answer: answer["findings"], state=state, limit=500)


@findings_app.command("acknowledge")
def findings_acknowledge(
    finding_id: Annotated[int, typer.Argument(metavar="ID")],
    reason: Annotated[str, typer.Option(help=words("what was looked at", "확인한 내용"))],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Say that you have looked (coin office); refused while what was found is still there."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/findings/{finding_id}/acknowledge", {"reason": reason})
    show_json(answer) if as_json else say(f"acknowledged: {answer['subject']}", f"확인함: {answer['subject']}")
