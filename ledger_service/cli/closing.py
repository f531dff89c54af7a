"""`boram close`, `boram closes` and `boram check`: what venues and funds are paid for a month, and whether books and chain agree."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ledger_service.cli.options import As, Home, Json, Key, downloaded, listed, segment
from ledger_service.commands.ask import CannotRun, ledger
from ledger_service.commands.show import say, show_json, show_table, words

CHECK_SECONDS_MAX = 60
CHECK_LOOK_SECONDS = 0.3

app = typer.Typer()
closes_app = typer.Typer(no_args_is_help=True, help=words("Month closes.", "월 정산."))
app.add_typer(closes_app, name="closes")


@app.command("close")
def close_command(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="2024-05")],
    venue: Annotated[str | None, typer.Option(help=words("a venue's code", "사용처 코드"))] = None,
    home: Home = None,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Work out what venues and funds are paid for a month; venues confirm, another person of the office approves."""
    with ledger(home, acting) as asked:
        answer = asked.post("/closes", {"month": month, "venue": venue})
    if as_json:
        show_json(answer)
        return
    columns = [("id", "id"), ("code", "코드"), ("state", "상태"), ("coins", "코인"), ("krw", "금액(원)")]
    show_table(columns, [[row[name] for name, _ in columns] for row in answer["closes"]], numbers=[3, 4])
    for row in answer["left"]:
        say(f"{row['code']}: {row['detail']}", f"{row['code']}: {row['detail_ko']}")
    say(
        "venues confirm with: boram closes confirm ID; then another person approves: boram approve ID",
        "사용처 확인: boram closes confirm ID. 그다음 다른 사람이 승인: boram approve ID",
    )


@closes_app.command("list")
def closes_list(month: str, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """The closes of a month."""
    columns = [
        ("id", "id"), ("code", "코드"), ("name", "이름"), ("state", "상태"), ("coins", "코인"), ("krw", "금액(원)"),
        ("confirmed by", "확인"), ("approved by", "승인"),
    ]  # fmt: skip
    listed(home, acting, "/closes", as_json, columns, lambda answer: answer, month=month)


@closes_app.command("confirm")
def closes_confirm(close_id: Key, home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """Agree to a close, as the venue's own person."""
    with ledger(home, acting) as asked:
        answer = asked.post(f"/closes/{segment(close_id)}/confirm")
    if as_json:
        show_json(answer)
    else:
        say(
            f"confirmed: {answer['coins']:,} coins, {answer['krw']:,} KRW; waits for approval: boram approve {close_id}",
            f"확인: {answer['coins']:,}코인, {answer['krw']:,}원. 승인 대기: boram approve {close_id}",
        )


@closes_app.command("statement")
def closes_statement(close_id: Key, file: Path, home: Home = None, acting: As = None) -> None:
    """Write the statement of a close as PDF."""
    downloaded(home, acting, f"/closes/{segment(close_id)}/statement", file)


@closes_app.command("payments")
def closes_payments(month: str, file: Path, home: Home = None, acting: As = None) -> None:
    """Write what is to be paid for a month as CSV, one line a payee; only closes that are final are in it."""
    with ledger(home, acting) as asked:
        found = asked.get(f"/closes/payments/{segment(month)}")
        asked.download(f"/closes/payments/{segment(month)}/file", file)
    krw, payees = sum(one["krw"] for one in found["payments"]), len(found["payments"])
    say(f"{file}: {payees} payees, {krw:,} KRW", f"{file}: {payees}곳, {krw:,}원")
    if found["not_final"]:
        say(
            f"not in it: {found['not_final']} closes that are not final yet",
            f"아직 확정되지 않은 정산 {found['not_final']}건은 빠져 있습니다",
        )


@app.command("check")
def check_command(home: Home = None, acting: As = None, as_json: Json = False) -> int:
    """Hold the books against the chain now: balances = supply = issued less burnt. Exit 1 where they differ."""
    with ledger(home, acting) as asked:
        check_id = asked.post("/checks")["id"]
        until = time.monotonic() + CHECK_SECONDS_MAX
        while (found := asked.get(f"/checks/{check_id}"))["state"] == "waiting":
            if time.monotonic() > until:
                raise CannotRun(
                    "the check was not done within a minute: see that boram up runs, and boram chain status",
                    "1분 안에 점검하지 못했습니다. boram up이 실행 중인지, boram chain status를 확인하세요",
                )
            time.sleep(CHECK_LOOK_SECONDS)
    if as_json:
        show_json(found)
    elif found["state"] == "holds":
        say(
            f"books and chain agree: {found['balances']:,} coins (block {found['block']})",
            f"장부와 원장이 일치합니다: {found['balances']:,}코인 (블록 {found['block']})",
        )
    else:
        say(
            "books and chain differ; crediting and closes are stopped:",
            "장부와 원장이 다릅니다. 적립과 정산을 멈췄습니다:",
        )
        for one in found["differences"]:
            say(f"  {one}", f"  {one}")
    if not as_json:
        for one in found["outside"]:
            say(f"not in the books: {one}", f"장부에 없는 묶음: {one}")
    return 0 if found["state"] == "holds" else 1


@app.command("budget")
def budget_command(home: Home = None, acting: As = None, as_json: Json = False) -> None:
    """What may still be issued this year: appropriated, reserved, issued, left; by programme and centre."""
    with ledger(home, acting) as asked:
        found = asked.get("/budget")
    if as_json:
        show_json(found)
        return
    columns = [
        ("coins", "코인"),
        ("appropriated", "편성"),
        ("reserved", "승인 대기"),
        ("issued", "발행"),
        ("left", "남음"),
    ]
    show_table(
        columns, [(found["year"], *(found[name] for name in ("appropriated", "reserved", "issued", "left")))],
        numbers=range(1, 5),
    )  # fmt: skip
    by_programme = [
        ("programme", "활동"),
        ("name", "이름"),
        ("issued", "발행"),
        ("reserved", "승인 대기"),
        ("basis", "근거"),
    ]
    show_table(by_programme, [[one[name] for name, _ in by_programme] for one in found["programmes"]], numbers=(2, 3))
    by_centre = [
        ("code", "센터"), ("name", "이름"), ("allotment", "배정"), ("reserved", "승인 대기"), ("issued", "발행"), ("left", "남음"),
    ]  # fmt: skip
    show_table(by_centre, [[one[name] for name, _ in by_centre] for one in found["centres"]], numbers=range(2, 6))
    say(
        f"outstanding {found['outstanding']:,} coins, {found['outstanding_krw']:,} KRW",
        f"미사용 {found['outstanding']:,}코인, {found['outstanding_krw']:,}원",
    )
    for english, korean in zip(found["alarms"], found["alarms_ko"], strict=True):
        say(f"! {english}", f"! {korean}")
