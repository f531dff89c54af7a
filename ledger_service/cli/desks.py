"""`boram desk` and `sign`: centres, venues, the treasury, and a centre that holds its own key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.options import DONE, REFUSED, As, Home, Json, listed, show_proposed
from ledger_service.commands.ask import ledger
from ledger_service.commands.show import say, show_json, words

app = typer.Typer()
desks_app = typer.Typer(no_args_is_help=True, help=words("Centres, venues, the treasury.", "센터와 사용처."))
app.add_typer(desks_app, name="desk")


@desks_app.command("list")
def desk_list(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Desks with what is left of this month's limit."""
    columns = [
        ("number", "번호"), ("kind", "종류"), ("code", "코드"), ("name", "이름"), ("limit", "한도"), ("used", "사용"),
        ("left", "남음"), ("stopped", "정지"),
    ]  # fmt: skip
    listed(home, acting, "/desks", as_json, columns, lambda answer: answer["desks"])


@desks_app.command("adopt")
def desk_adopt(desk: int, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Propose to take what the chain has of a stopped desk (somebody else held its key); another person approves."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/desks/{desk}/adoption")
    show_json(answer) if as_json else show_proposed(answer)


@desks_app.command("outside")
def desk_outside(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Entries on the chain that nobody here accepted, one by one, for correction."""
    columns = [
        ("desk", "기관"), ("seq", "묶음"), ("index", "위치"), ("state", "상태"), ("kind", "종류"), ("account", "계정"),
        ("person id", "주민"), ("day", "날짜"), ("credited", "적립"), ("debited", "사용"), ("skip reason", "제외 사유"),
    ]  # fmt: skip
    listed(home, acting, "/outside-entries", as_json, columns, lambda answer: answer)


@app.command()
def sign(
    file: Annotated[Path, typer.Argument(help=words("batches to sign", "서명할 묶음 파일"))],
    key: Annotated[Path, typer.Option(help=words("keystore of the desk", "기관 키 파일"))],
    passphrase_file: Annotated[
        Path, typer.Option(help=words("its passphrase", "암호 파일"), envvar="BORAM_PASSPHRASE_FILE")
    ],
    out: Annotated[Path, typer.Option(help=words("where the signatures go", "서명을 쓸 파일"))] = Path(
        "signatures.json"
    ),
    yes: Annotated[bool, typer.Option("--yes", help=words("do not ask", "묻지 않음"))] = False,
) -> int:
    """On a centre's own machine: show batches, recomputed from their entries, and sign them with the centre's key."""
    from ledger_service.commands.sign import sign as sign_batches

    return DONE if sign_batches(file, out, key, passphrase_file, ask=not yes) else REFUSED


@desks_app.command("waiting")
def desk_waiting(desk: int, file: Path, home: Home = None, acting: As = None) -> None:
    """Write the batches that wait for a desk's own signature into a file, for boram sign."""
    with ledger(home, acting) as asked:
        answer = asked.get(f"/desks/{desk}/waiting")
    file.write_text(json.dumps(answer["handover"]), encoding="utf-8")
    count = len(answer["handover"]["batches"])
    say(f"{count} batches wait: boram sign {file}", f"서명할 묶음 {count}개: boram sign {file}")


@desks_app.command("signatures")
def desk_signatures(file: Path, home: Home = None, acting: As = None) -> None:
    """Hand in the signatures that boram sign made; they are checked before anything is posted."""
    content = json.loads(file.read_text(encoding="utf-8"))
    with ledger(home, acting) as asked:
        answer = asked.post(f"/desks/{content['desk']}/signatures", {"batches": content["batches"]})
    say(f"{answer['taken']} signatures handed in", f"서명 {answer['taken']}개를 전달했습니다")
