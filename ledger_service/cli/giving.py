"""`boram gifts`, `wish` and `funds`: what residents give, and to which projects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json, Key, downloaded, proposed, segment
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words

app = typer.Typer()
gifts_app = typer.Typer(no_args_is_help=True, help=words("Gifts.", "기부."))
funds_app = typer.Typer(no_args_is_help=True, help=words("Donation projects.", "기부 사업."))
app.add_typer(gifts_app, name="gifts")
app.add_typer(funds_app, name="funds")

Person = Annotated[str, typer.Argument(metavar="PERSON-ID")]
Fund = Annotated[str, typer.Argument(metavar="FUND", help=words("a fund's code", "모금 코드"))]


@gifts_app.command("make")
def make_gift(
    person: Person, fund: Fund, coins: int, home: Home = None, acting: As = None, as_json: Json = False
) -> None:
    """Give a resident's coins to a project, on their word."""
    with ledger(home, acting) as asked:
        answer = asked.post("/donations", {"person_id": person, "fund": fund, "coins": coins})
    if as_json:
        show_json(answer)
    else:
        say(
            f"{answer['coins']:,} coins to {answer['fund']}; certificate: boram gifts certificate {answer['id']} FILE.pdf",
            f"{answer['fund']}에 {answer['coins']:,}코인 기부. 증서: boram gifts certificate {answer['id']} FILE.pdf",
        )


@gifts_app.command("certificate")
def certificate(gift_id: Key, file: Path, home: Home = None, acting: As = None) -> None:
    """Write the certificate of thanks for a gift as PDF. It is no tax receipt."""
    downloaded(home, acting, f"/donations/{segment(gift_id)}/certificate", file)


@gifts_app.command("reassign")
def reassign(gift_id: Key, fund: Fund, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Name another project of the same body for a gift whose project was cancelled."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/donations/{segment(gift_id)}/reassign", {"fund": fund})
    if as_json:
        show_json(answer)
    else:
        say(
            f"{answer['coins']:,} coins are for {answer['fund']} now",
            f"{answer['coins']:,}코인을 {answer['fund']}에 지정했습니다",
        )


@app.command()
def wish(
    person: Person,
    fund: Annotated[str | None, typer.Argument(metavar="[FUND]", help=words("none ends it", "없으면 해지"))] = None,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Give what a resident earns from now on to a project, or end that wish."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/residents/{segment(person)}/wish", {"fund": fund})
    if as_json:
        show_json(answer)
    elif answer["fund"] is None:
        say("the wish has ended", "계속 기부를 해지했습니다")
    else:
        say(
            f"what is earned from now on goes to {answer['fund']}",
            f"앞으로 적립되는 코인은 {answer['fund']}에 기부됩니다",
        )


@funds_app.command("end")
def end_fund(fund: Fund, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Propose to cancel a project; its givers may name another one of the same body for 30 days."""
    proposed(home, acting, as_json, f"/funds/{segment(fund)}/end")
