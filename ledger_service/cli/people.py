"""`boram actor`, `admin` and `keys`: who may act, and the first keys of a home."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json, listed
from ledger_service.commands.ask import Ledger, ledger
from ledger_service.commands.show import say, words
from ledger_service.errors import NotFound

app = typer.Typer()
actors_app = typer.Typer(no_args_is_help=True, help=words("Who may act.", "사용자."))
admin_app = typer.Typer(no_args_is_help=True, help=words("The first administrator.", "첫 관리자."))
keys_app = typer.Typer(no_args_is_help=True, help=words("Keys of a new home.", "키."))
app.add_typer(actors_app, name="actor")
app.add_typer(admin_app, name="admin")
app.add_typer(keys_app, name="keys")


@actors_app.command("add")
def actor_add(
    name: str,
    role: Annotated[list[str], typer.Option(help="clerk approver venue office auditor admin resident")],
    desk: Annotated[
        list[str] | None, typer.Option(help=words("code, or kind:code", "기관 코드 또는 종류:코드"))
    ] = None,
    person: Annotated[str | None, typer.Option(help=words("of a resident", "주민 번호표"))] = None,
    home: Home = None,
    acting: As = "admin",
) -> None:
    """Add somebody; prints the token once and keeps it under HOME/tokens, so that --as NAME works."""
    from ledger_service.adapters.home import Home as HomeFolder
    from ledger_service.adapters.home import write_secret
    from ledger_service.environment import home_folder

    place = HomeFolder(home_folder(home))
    file = place.token_file(name)
    with ledger(home, acting) as asked:
        body = {"name": name, "roles": role, "desks": desk or [], "person_id": person}
        added = asked.post("/actors", body)
    write_secret(file, added["token"].encode())
    say(f"added {name} ({', '.join(added['actor']['roles'])}); token, shown once:", f"{name} 추가. 토큰(한 번만 표시):")
    sys.stdout.write(added["token"] + "\n")


@actors_app.command("invite")
def actor_invite(name: str, home: Home = None, acting: As = "admin") -> None:
    """A secret, printed once, by which somebody sets password and second factor within three days; also after a lost phone."""
    with ledger(home, acting) as asked:
        secret = asked.post(f"/actors/{_id_of(asked, name)}/invitation")["secret"]
    say(
        f"invitation of {name}, shown once, good for three days; they open /invitation of the service's address:",
        f"{name} 님의 초대 번호입니다. 한 번만 표시되고 3일 동안 유효합니다. 서비스 주소의 /invitation 화면에서 씁니다:",
    )
    sys.stdout.write(secret + "\n")


@actors_app.command("sign-on")
def actor_sign_on(
    name: str,
    subject: Annotated[
        str | None, typer.Argument(help=words("what the provider calls them (sub)", "통합 로그인의 식별자(sub)"))
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help=words("by nobody any more", "등록 지우기"))] = False,
    home: Home = None,
    acting: As = "admin",
) -> None:
    """Let a subject of the district's own sign-on into somebody's account, or none any more (--remove)."""
    if (subject is None) is not remove:
        raise typer.BadParameter(words("give a subject, or --remove", "식별자나 --remove 가운데 하나가 필요합니다"))
    with ledger(home, acting) as asked:
        account = _id_of(asked, name)
        if subject is None:
            asked.post(f"/actors/{account}/sign-on/remove")
        else:
            asked.post(f"/actors/{account}/sign-on", {"subject": subject})
    if remove:
        say(f"nobody signs in as {name} by the district's sign-on", f"{name} 계정의 통합 로그인 등록을 지웠습니다")
    else:
        say(f"the district's sign-on knows {name}", f"{name} 계정에 통합 로그인을 등록했습니다")


@actors_app.command("code")
def actor_code(name: str, home: Home = None) -> None:
    """The one-time code of somebody of the demo, as their authenticator app would show it."""
    from ledger_service.commands.demo import code_of
    from ledger_service.config import read_settings

    code = code_of(read_settings(home=home or Path("var/demo-pages")).home, name)
    if code is None:
        raise NotFound(f"there is no {name} in this demo", f"이 예시에는 {name} 계정이 없습니다")
    sys.stdout.write(code + "\n")


@actors_app.command("list")
def actor_list(home: Home = None, acting: As = "admin", as_json: Json = False) -> None:
    """Everybody who may act."""
    columns = [("name", "이름"), ("roles", "역할"), ("desks", "기관"), ("id", "id")]
    listed(home, acting, "/actors", as_json, columns, lambda answer: answer)


@admin_app.command("create")
def admin_create(
    name: Annotated[str, typer.Argument(help=words("the name to sign in with", "로그인 이름"))] = "admin",
    home: Home = None,
) -> None:
    """Invite the first administrator: a secret, printed once, by which password and second factor are set within three days."""
    from ledger_service.commands.admin import create_admin

    create_admin(home, name)


@keys_app.command("create")
def keys_create(home: Home = None) -> None:
    """Make the master key and the keys of a new home (production; demo and test make them at the first start)."""
    from ledger_service.commands.keys import create_keys

    create_keys(home)


@keys_app.command("rotate")
def keys_rotate(home: Home = None) -> None:
    """Put a new master key in the place of the old one, with every boram up stopped; one that was cut short is finished."""
    from ledger_service.commands.keys import rotate_keys

    rotate_keys(home)


def _id_of(asked: Ledger, name: str) -> str:
    found = next((one for one in asked.get("/actors") if one["name"] == name), None)
    if found is None:
        raise NotFound(f"there is no account {name}: boram actor list", f"{name} 계정이 없습니다: boram actor list")
    return str(found["id"])
