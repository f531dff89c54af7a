"""`boram desk` and `sign`: centres, venues, the treasury, and a centre that holds its own key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.options import DONE, REFUSED, As, Home, Json, listed, proposed
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
    proposed(home, acting, as_json, f"/desks/{desk}/adoption")


@desks_app.command("rotate")
def desk_rotate(
    desk: int,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help=words(
                "address of the organisation's own key; again for each", "기관이 보관하는 키의 주소, 여러 번 가능"
            )
        ),
    ] = None,
    threshold: Annotated[int, typer.Option(help=words("how many of them sign", "필요한 서명 수"))] = 1,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Propose new keys for a desk from its next batch on: the organisation's own, or one that the operator makes; another person approves."""
    body = {"signers": [one.lower() for one in key or []], "threshold": threshold}
    proposed(home, acting, as_json, f"/desks/{desk}/rotation", body)


@desks_app.command("revoke")
def desk_revoke(
    desk: int,
    reason: Annotated[str, typer.Option(help=words("why", "사유"))],
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Take a desk's keys away at once (one was stolen or lost). What the desk accepted waits until it has new ones."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/desks/{desk}/revocation", {"reason": reason})
    if as_json:
        show_json(answer)
    else:
        say(
            f"revoked: what desk {desk} accepts waits for new keys: boram desk rotate {desk}",
            f"{desk}번 기관의 키를 폐기했습니다. 새 키를 등록하세요: boram desk rotate {desk}",
        )


@desks_app.command("reseal")
def desk_reseal(desk: int, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Seal anew the batch that a desk has not signed for more than three working days."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/desks/{desk}/reseal")
    if as_json:
        show_json(answer)
        return
    say(
        f"batch {answer['seq']} of desk {desk} ({answer['entries']} entries) is sealed anew",
        f"{desk}번 기관의 {answer['seq']}번 묶음({answer['entries']}건)을 다시 만듭니다",
    )


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


@desks_app.command("key")
def desk_key(
    file: Annotated[Path, typer.Argument(help=words("where the keystore goes", "키 파일을 쓸 곳"))],
    passphrase_file: Annotated[
        Path, typer.Option(help=words("its passphrase", "암호 파일"), envvar="BORAM_PASSPHRASE_FILE")
    ],
) -> None:
    """On a centre's own machine: make its key, and print the address that the coin office registers (boram desk rotate --key)."""
    from ledger_service.commands.sign import make_key

    make_key(file, passphrase_file)


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
