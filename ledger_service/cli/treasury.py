"""`boram expire`, `correct` and `convert`: what is taken back, and what a change of the coin's value is made up for with."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words

app = typer.Typer()


@app.command()
def expire(
    to: Annotated[str, typer.Option(help=words("the last day that is over", "지난 날짜") + " 2028-12-31")],
    preview: Annotated[bool, typer.Option(help=words("count only", "미리 보기"))] = False,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to expire the coins whose day is over; another person approves."""
    with ledger(home, acting) as asked:
        answer = asked.post("/expiries/preview" if preview else "/expiries", {"to": to})
    if as_json:
        show_json(answer)
        return
    accounts, coins = answer["accounts"], answer["coins"]
    say(
        f"{coins:,} coins of {accounts:,} accounts have expired by {to}",
        f"{to}까지 소멸 대상: {accounts:,}명 {coins:,}코인",
    )
    if not preview:
        say(f"waits for approval: boram approve {answer['id']}", f"승인 대기: boram approve {answer['id']}")


@app.command()
def correct(
    entry: Annotated[
        str, typer.Argument(help=words("journal number, or desk/seq/index", "기록 번호 또는 창구/순번/위치"))
    ],
    reason: Annotated[str, typer.Option(help=words("why", "사유"))],
    coins: Annotated[int | None, typer.Option(help=words("how many; all without", "코인 수, 없으면 전부"))] = None,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to take back a wrong credit, or to undo an expiry; another person approves."""
    with ledger(home, acting) as asked:
        answer = asked.post("/corrections", {"entry": entry, "coins": coins, "reason": reason})
    if as_json:
        show_json(answer)
    else:
        what = words("give back", "되돌림") if answer["restores"] else words("take back", "회수")
        say(f"{what} {answer['coins']:,} of entry {answer['original_no']}; waits for approval: boram approve {answer['id']}",
            f"기록 {answer['original_no']}에서 {answer['coins']:,}코인 {what}, 승인 대기: boram approve {answer['id']}")  # fmt: skip


@app.command()
def convert(
    value_from: Annotated[
        str, typer.Option(help=words("the new value's first day", "새 가치의 시행일") + " 2024-07-01")
    ],
    programme: Annotated[str, typer.Option(help=words("gives one coin a unit", "수량 1에 1코인을 주는 활동"))],
    centre: Annotated[str | None, typer.Option(help=words("in whose name", "적립하는 센터"))] = None,
    preview: Annotated[bool, typer.Option(help=words("count only", "미리 보기"))] = False,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to make up for what a lower value of the coin took from those who held coins; another person approves."""
    if not preview and centre is None:
        raise typer.BadParameter(words("give --centre CODE, or --preview", "--centre 코드나 --preview를 주세요"))
    body = {"value_from": value_from, "programme": programme}
    with ledger(home, acting) as asked:
        answer = (
            asked.post("/conversions/preview", body)
            if preview
            else asked.post("/conversions", body | {"centre": centre})
        )
    if as_json:
        show_json(answer)
        return
    say(
        f"{answer['coins']:,} coins for {answer['accounts']:,} accounts, {answer['old_krw']:,} to {answer['new_krw']:,} KRW a coin; left for later "
        f"months: {answer['left']:,}",
        f"{answer['accounts']:,}명에게 {answer['coins']:,}코인(코인당 {answer['old_krw']:,}원에서 {answer['new_krw']:,}원), 다음 달 이후로 남은 코인 "
        f"{answer['left']:,}",
    )
    if answer["over"]:
        say(
            f"{answer['over']} accounts got more than they should: look at their corrections",
            f"{answer['over']}명은 더 받았습니다. 정정 내역을 확인하세요",
        )
    if not preview:
        say(f"waits for approval: boram approve {answer['id']}", f"승인 대기: boram approve {answer['id']}")
