"""`boram approvals`, `approve` and `reject`: what waits for a second person."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json, Key, listed, segment
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words
from ledger_service.domain.amounts import in_coins, in_coins_ko

app = typer.Typer()


@app.command()
def approvals(
    status: Annotated[str, typer.Option(help="waiting approved rejected withdrawn")] = "waiting",
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """What waits for a second person."""
    columns = [
        ("id", "id"), ("kind", "종류"), ("title", "제목"), ("submitted by", "제출"), ("rows", "행"), ("coins", "코인"),
    ]  # fmt: skip
    listed(home, acting, "/approvals", as_json, columns, lambda answer: answer["approvals"], status=status, limit=500)


@app.command()
def approve(approval_id: Key, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Approve what another person submitted."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/approvals/{segment(approval_id)}/approve")
    if as_json:
        show_json(answer)
    elif answer["orders"] is not None:
        say(f"approved: {answer['orders']} orders", f"승인: 명령 {answer['orders']}건")
    else:
        entries, coins = answer["entries"], answer["coins"]
        say(f"approved: {entries:,} entries, {in_coins(coins)}", f"승인: {entries:,}건, {in_coins_ko(coins)}")


@app.command()
def reject(
    approval_id: Key,
    reason: Annotated[str, typer.Option(help=words("why", "사유"))],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Reject what another person submitted, or withdraw your own."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/approvals/{segment(approval_id)}/reject", {"reason": reason})
    show_json(answer) if as_json else say(answer["status"], {"rejected": "반려", "withdrawn": "철회"}[answer["status"]])
