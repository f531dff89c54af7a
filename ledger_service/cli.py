"""`boram`: the command line. Exit 0 done or holds, 1 findings or refused, 2 wrong use or could not run; one line says what to do."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ledger_service.commands import show
from ledger_service.commands.ask import Ledger, RefusedByLedger, ledger
from ledger_service.commands.closing import budget_command, check_command, close_command, closes_app
from ledger_service.commands.options import As, Home, Json, Key, listed, segment
from ledger_service.commands.show import STATUS_KO, say, show_json, show_outcomes, show_table, words
from ledger_service.environment import speaks_korean
from ledger_service.errors import BoramError, NotFound

DONE, REFUSED, CANNOT = 0, 1, 2
LINES_A_PAGE = 10_000
DEMO_BUSINESS_DATE = "2024-05-02"  # the sample month is April 2024
LOADED_AT_ONCE = ("members", "courses")

app = typer.Typer(
    name="boram",
    help=words("A civic reward ledger.", "공익활동 코인 원장."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
actors_app = typer.Typer(no_args_is_help=True, help=words("Who may act.", "사용자."))
desks_app = typer.Typer(no_args_is_help=True, help=words("Centres, venues, the treasury.", "센터와 사용처."))
chain_app = typer.Typer(no_args_is_help=True, help=words("The chain behind the ledger.", "체인."))
books_app = typer.Typer(no_args_is_help=True, help=words("The books beside the chain.", "장부."))
findings_app = typer.Typer(help=words("What posting found.", "원장 기록 중 발견한 문제."))
admin_app = typer.Typer(no_args_is_help=True, help=words("The first administrator.", "첫 관리자."))
keys_app = typer.Typer(no_args_is_help=True, help=words("Keys of a new home.", "키."))
app.add_typer(actors_app, name="actor")
app.add_typer(desks_app, name="desk")
app.add_typer(chain_app, name="chain")
app.add_typer(books_app, name="books")
app.add_typer(findings_app, name="findings")
app.add_typer(closes_app, name="closes")
app.command("close")(close_command)
app.command("check")(check_command)
app.command("budget")(budget_command)
app.add_typer(keys_app, name="keys")
app.add_typer(admin_app, name="admin")


def main() -> NoReturn:
    """Run, and end with the right code; an error is one line, never a traceback."""
    try:
        result = app(standalone_mode=False)
    except RefusedByLedger as error:
        _end(error, REFUSED)
    except BoramError as error:
        _end(error, CANNOT)
    except KeyboardInterrupt:
        sys.exit(CANNOT)
    except UnicodeEncodeError:
        show.complain(
            words(
                "an argument or setting has bytes that are not UTF-8: type it again in a UTF-8 terminal",
                "인자나 설정에 UTF-8이 아닌 글자가 있습니다. UTF-8 터미널에서 다시 입력하세요",
            )
        )
        sys.exit(CANNOT)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or type(error).__name__
        show.complain(
            words(
                f"{what}{reason}. Look at the path and its permissions, then try again",
                f"{what}{reason}. 경로와 권한을 확인하고 다시 실행하세요",
            )
        )
        sys.exit(CANNOT)
    except Exception as error:  # noqa: BLE001  a terminal is no place for a traceback
        _usage(error)
    sys.exit(result if isinstance(result, int) else DONE)


def _end(error: BoramError, code: int) -> NoReturn:
    show.complain(error.message_ko if speaks_korean() else error.message)
    sys.exit(code)


def _usage(error: Exception) -> NoReturn:
    explain = getattr(error, "show", None)  # typer's own errors of use
    if explain is not None:
        explain()
    elif type(error).__module__.startswith("sqlalchemy."):  # by name: a client of a service loads none of it
        show.complain(
            words(
                f"the database does not answer ({type(error).__name__}): see that it runs, then try again",
                f"데이터베이스가 응답하지 않습니다({type(error).__name__}). 실행 중인지 확인하고 다시 실행하세요",
            )
        )
    else:
        name = type(error).__name__
        show.complain(words(f"unexpected {name}: please report it", f"예기치 않은 오류({name})입니다. 알려 주세요"))
    sys.exit(CANNOT)


@app.command()
def up(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="BORAM_HOST")] = None,
    port: Annotated[
        int | None, typer.Option(help=words("BORAM_PORT; 0: a free one", "BORAM_PORT, 0은 빈 포트"))
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            help=words(
                "BORAM_ROLE: all, or api / post of several processes", "BORAM_ROLE: all, 여러 프로세스면 api / post"
            )
        ),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help=words("the sample district, and people to sign in as", "예시 구와 예시 로그인")),
    ] = False,
) -> None:
    """Start everything: chain, books, API, pages. Ctrl-C stops it. On PostgreSQL several can share the work (--role)."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # from here on it ends the start, as Ctrl-C does
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.callback(signal.signal, signal.SIGTERM, before)
        from ledger_service.adapters.home import Home as HomeFolder
        from ledger_service.adapters.logs import logging_to
        from ledger_service.commands import up as service
        from ledger_service.config import read_settings

        date = DEMO_BUSINESS_DATE if demo and "BORAM_BUSINESS_DATE" not in os.environ else None
        settings = read_settings(
            home=home or (Path("var/demo-pages") if demo else None), host=host, port=port, business_date=date, role=role
        )
        place = HomeFolder(settings.home)
        place.prepare()
        log_file = place.logs / "service.log" if sys.stdout.isatty() else None
        with logging_to(log_file), show.progress_bar() as progress:
            service.run(settings, show.tell, progress, with_demo=demo)


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


@actors_app.command("code")
def actor_code(name: str, home: Home = None) -> None:
    """The one-time code of somebody of the demo, as their authenticator app would show it."""
    from ledger_service.commands.demo import code_of
    from ledger_service.config import read_settings

    code = code_of(read_settings(home=home or Path("var/demo-pages")).home, name)
    if code is None:
        _end(NotFound(f"there is no {name} in this demo", f"이 예시에는 {name} 계정이 없습니다"), CANNOT)
    sys.stdout.write(code + "\n")


@actors_app.command("list")
def actor_list(home: Home = None, acting: As = "admin", as_json: Json = False) -> None:
    """Everybody who may act."""
    columns = [("name", "이름"), ("roles", "역할"), ("desks", "기관"), ("id", "id")]
    listed(home, acting, "/actors", as_json, columns, lambda answer: answer)


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
    else:
        _proposed(answer)


@app.command("open")
def open_ledger(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Propose to end setup and open the ledger."""
    with ledger(home, acting) as asked:
        answer = asked.post("/orders/opening")
    show_json(answer) if as_json else _proposed(answer)


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
        say(f"{accepted} of {rows} rows accepted, {coins} coins", f"{rows}행 중 {accepted}행 인정, {coins}코인")
        if not dry_run:
            say(f"waits for approval: boram approve {answer['id']}", f"승인 대기: boram approve {answer['id']}")


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
        say(f"approved: {entries} entries, {coins} coins", f"승인: {entries}건, {coins}코인")


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
    show_json(answer) if as_json else _proposed(answer)


@desks_app.command("outside")
def desk_outside(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Entries on the chain that nobody here accepted, one by one, for correction."""
    columns = [
        ("desk", "기관"), ("seq", "묶음"), ("index", "위치"), ("state", "상태"), ("kind", "종류"), ("account", "계정"),
        ("person id", "주민"), ("day", "날짜"), ("credited", "적립"), ("debited", "사용"), ("skip reason", "제외 사유"),
    ]  # fmt: skip
    listed(home, acting, "/outside-entries", as_json, columns, lambda answer: answer)


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
    show_json(answer) if as_json else _proposed(answer)


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
    show_json(answer) if as_json else _proposed(answer)


@chain_app.command("status")
def chain_status(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """How far the chain is behind the books."""
    with ledger(home, acting) as asked:
        answer = asked.get("/status")
    if as_json:
        show_json(answer)
    else:
        names = STATUS_KO if speaks_korean() else {}
        rows = [(names.get(name, name.replace("_", " ")), value) for name, value in answer.items()]
        show_table([("chain", "체인"), ("", "")], rows)


@chain_app.command("restore")
def chain_restore(
    yes: Annotated[bool, typer.Option("--yes", help=words("do not ask", "묻지 않음"))] = False,
    home: Home = None,
) -> None:
    """Take another chain for a lost one: deploy to the same address and post everything again. Wants a stopped service."""
    from ledger_service.commands import recovery

    recovery.restore_chain(home, yes=yes)


@app.command()
def verify(
    rpc: Annotated[str | None, typer.Option(help="http://…")] = None,
    contract: Annotated[str | None, typer.Option(help="0x…")] = None,
    books: Annotated[Path | None, typer.Option(help=words("an export of the books", "장부 내보내기 파일"))] = None,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Audit the whole history from the chain alone; exit 1 with findings."""
    from ledger_service.commands import checks

    return checks.verify(rpc, contract, books, home, as_json=as_json)


@app.command()
def doctor(home: Home = None, as_json: Json = False) -> int:
    """Look for what is wrong here; exit 1 where something is."""
    from ledger_service.commands.doctor import doctor as look

    return look(home, as_json=as_json)


@app.command()
def backup(folder: Path, home: Home = None) -> None:
    """Write the books and the bundles, sealed, into a new folder; the service may run."""
    from ledger_service.commands import backup as backups

    backups.backup(folder, home)


@app.command()
def restore(
    folder: Path,
    verify: Annotated[bool, typer.Option("--verify", help=words("only look whether it is whole", "점검만"))] = False,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Bring a backup back into a home without books, or see with --verify whether it could be; exit 1 where not."""
    from ledger_service.commands import restore as restores

    if verify:
        return restores.verify_backup(folder, home, as_json=as_json)
    restores.restore(folder, home)
    return DONE


@books_app.command("rebuild")
def books_rebuild(home: Home = None) -> int:
    """Read lost books back from the chain and the bundles; boram up does the same at its start. Exit 1 where a bundle is missing."""
    from ledger_service.commands import recovery

    return recovery.rebuild_books(home)


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


@books_app.command("export")
def books_export(
    file: Path,
    reason: Annotated[str, typer.Option(help=words("why; it is kept", "반출 사유(기록에 남음)"))],
    home: Home = None,
    acting: As = None,
) -> None:
    """Write the books as JSON lines, to be held against the chain: boram verify --books FILE."""
    with ledger(home, acting) as asked:
        size = asked.download("/books", file, reason)
    say(f"{file}: {size:,} bytes", f"{file}: {size:,}바이트")


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


def _proposed(answer: dict[str, Any]) -> None:
    say(
        f"proposed {answer['title']}; another person approves: boram approve {answer['id']}",
        f"제안: {answer['title']}. 다른 사람이 승인: boram approve {answer['id']}",
    )


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
    import json

    out.write_text(json.dumps(lines) + "\n", encoding="utf-8")
