"""`boram balance`, `lots`, `freeze`, `unfreeze`, `freezes`, `accounts`: one resident's coins, and whether they can be used."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ledger_service.cli.options import As, Home, Json, listed, proposed, segment
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words

app = typer.Typer()
accounts_app = typer.Typer(no_args_is_help=True, help=words("The end of an account.", "계정 해지와 통합."))
app.add_typer(accounts_app, name="accounts")

Note = Annotated[str, typer.Option(help=words("why; no personal data", "내용, 개인정보 없이"))]


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
        _say_more(answer)


def _say_more(answer: dict[str, Any]) -> None:
    """What a counter has to tell: when coins expire, what is owed, and whether the account can be used."""
    expiry = answer["next_expiry"]
    if expiry is not None:
        is_forecast = expiry["state"] == "forecast"
        say(
            f"next expiry: {expiry['coins']:,} after {expiry['on']}{' (forecast)' if is_forecast else ''}",
            f"다음 소멸: {expiry['on']}까지 {expiry['coins']:,}코인{'(예상)' if is_forecast else ''}",
        )
    if answer["debt"]:
        say(
            f"owes {answer['debt']:,}: what is earned pays this first",
            f"갚을 코인 {answer['debt']:,}코인: 적립되는 코인에서 먼저 상계합니다",
        )
    if answer["frozen_until"] is not None:
        say(f"frozen up to {answer['frozen_until']}", f"{answer['frozen_until']}까지 사용 정지")
    if answer["closed"]:
        say("this account was closed", "해지된 계정입니다")


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
    proposed(home, acting, as_json, "/freezes", {"person_id": person, "until": until, "reason": reason})


@app.command()
def unfreeze(
    person: Annotated[str, typer.Argument(metavar="PERSON-ID")],
    reason: Annotated[str, typer.Option(help=words("why", "사유"))],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to end a freeze before its day; another person approves."""
    proposed(home, acting, as_json, "/freezes/lift", {"person_id": person, "reason": reason})


@app.command()
def freezes(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """The accounts that are frozen now."""
    columns = [
        ("person id", "person id"), ("since", "시작일"), ("until", "종료일"), ("appeal until", "이의 신청"), ("reason", "사유"),
    ]  # fmt: skip
    listed(home, acting, "/freezes", as_json, columns, lambda answer: answer)


@accounts_app.command("close")
def close_account(
    person: Annotated[str, typer.Argument(metavar="PERSON-ID")],
    reason: Annotated[str, typer.Option(help="moved_away died own_wish fraud")],
    note: Note,
    fund: Annotated[
        str | None, typer.Option(help=words("gets what is left; burnt without", "남은 코인을 받을 모금, 없으면 소멸"))
    ] = None,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose to close a resident's account for good; another person approves."""
    proposed(home, acting, as_json, "/closures", {"person_id": person, "reason": reason, "fund": fund, "note": note})


@accounts_app.command("merge")
def merge_accounts(
    from_person: Annotated[str, typer.Argument(metavar="FROM-PERSON-ID")],
    into_person: Annotated[str, typer.Argument(metavar="INTO-PERSON-ID")],
    note: Note,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose that two member numbers are one person: the first one's coins go to the second; another person approves."""
    body = {"from_person_id": from_person, "into_person_id": into_person, "note": note}
    proposed(home, acting, as_json, "/merges", body)
