"""`boram balance`, `lots`, `freeze`, `unfreeze`: one resident's coins."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json, listed, segment, show_proposed
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words

app = typer.Typer()


@app.command()
def balance(
    person: Annotated[str | None, typer.Argument(metavar="PERSON-ID")] = None,
    member: Annotated[str | None, typer.Option(help=words("member number", "회원번호"))] = None,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """What a resident can spend, and what is on its way."""
    if (person is None) == (member is None):
        raise typer.BadParameter(words("give PERSON-ID or --member NO", "PERSON-ID와 --member 중 하나만 주세요"))
    with ledger(home, acting) as asked:
        if member is not None:
            person = asked.post("/residents/lookup", {"member_number": member})["person_id"]
        answer = asked.get(f"/residents/{segment(str(person))}/balance")
    if as_json:
        show_json(answer)
    else:
        won = "" if answer["available_krw"] is None else f" ({answer['available_krw']:,} KRW)"
        say(f"available {answer['available']:,}{won}, held {answer['held']:,}, on its way {answer['pending_credits']:,}, "
            f"waiting {answer['waiting_credits']:,}",
            f"남은 코인 {answer['available']:,}코인{won.replace(' KRW', '원')}, 예약 {answer['held']:,}, 처리 중 "
            f"{answer['pending_credits']:,}, 승인 대기 {answer['waiting_credits']:,}")  # fmt: skip


@app.command()
def lots(
    person: Annotated[str, typer.Argument(metavar="PERSON-ID")],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """What each credit of a resident has left, and when it expires."""
    columns = [
        ("expires on", "소멸일"),
        ("journal no", "기록"),
        ("left", "남음"),
        ("final left", "확정"),
        ("state", "상태"),
    ]
    listed(home, acting, f"/residents/{segment(person)}/lots", as_json, columns, lambda answer: answer["lots"])


@app.command()
def freeze(
    person: Annotated[str, typer.Argument(metavar="PERSON-ID")],
    until: Annotated[str, typer.Option(help=words("last day", "마지막 날") + " 2024-06-30")],
    reason: Annotated[str, typer.Option(help=words("why", "사유"))],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to freeze a resident's account up to a day; another person approves."""
    with ledger(home, acting) as asked:
        answer = asked.post("/freezes", {"person_id": person, "until": until, "reason": reason})
    show_json(answer) if as_json else show_proposed(answer)


@app.command()
def unfreeze(
    person: Annotated[str, typer.Argument(metavar="PERSON-ID")],
    reason: Annotated[str, typer.Option(help=words("why", "사유"))],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to end a freeze before its day; another person approves."""
    with ledger(home, acting) as asked:
        answer = asked.post("/freezes/lift", {"person_id": person, "reason": reason})
    show_json(answer) if as_json else show_proposed(answer)
