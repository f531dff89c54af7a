"""A report for people: what was looked at, what disagrees, what only looks odd, and what no audit can prove."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ledger_service.audit.findings import Finding, Report

LISTED_MAX = 200


class _Say(Protocol):
    def __call__(self, name: str, **fields: object) -> str: ...


class Language(StrEnum):
    """The language of a rendered report."""

    ENGLISH = "en"
    KOREAN = "ko"


_COUNTS: tuple[tuple[str, str, str], ...] = (
    ("batches", "Batches", "묶음"),
    ("entries", "Entries", "내역"),
    ("entries_skipped", "Entries skipped", "제외된 내역"),
    ("coins_credited", "Coins credited", "적립 코인"),
    ("coins_redeemed", "Coins redeemed", "사용 코인"),
    ("coins_refunded", "Coins refunded", "환불 코인"),
    ("coins_donated", "Coins donated", "기부 코인"),
    ("coins_expired", "Coins expired", "소멸 코인"),
    ("coins_corrected", "Coins corrected", "정정 코인"),
    ("coins_set_off", "Coins set off against debts", "상계 코인"),
    ("coins_opened", "Coins brought from another system", "이월 코인"),
    ("accounts_closed", "Accounts closed", "해지 계정"),
    ("accounts_merged", "Accounts merged into others", "통합 계정"),
    ("month_closes", "Month closes", "월 정산"),
    ("coins_closed", "Coins settled by month closes", "정산 코인"),
    ("coins_reissued", "Coins issued again for refunds", "재발행 코인"),
    ("coins_restored", "Coins given back by corrections", "복원 코인"),
    ("coins_burnt", "Coins burnt", "소각 코인"),
    ("supply", "Coins in being", "유통 코인"),
    ("accounts", "Accounts", "계정"),
    ("lots", "Lots that hold coins", "남은 적립분"),
    ("desks", "Desks", "창구"),
    ("desks_held_by_operator", "Desks whose keys the operator holds", "운영자가 키를 가진 창구"),
    ("transfers", "Transfer events", "이동 이벤트"),
    ("books_rows", "Rows of the books", "장부 행"),
    ("blocks", "Blocks", "블록"),
    ("seconds", "Seconds", "걸린 시간(초)"),
)
_SENTENCES = {
    "holds": (
        "The ledger holds: nothing contradicts the chain and its rules.",
        "장부가 맞습니다. 체인과 규칙에 어긋나는 것이 없습니다.",
    ),
    "broken": ("The ledger does not hold: {count} findings.", "장부가 맞지 않습니다. 문제 {count}건."),
    "at": ("Contract {contract} on chain {chain}, block {block}", "체인 {chain}의 컨트랙트 {contract}, 블록 {block}"),
    "signals": ("Worth a look (contradicts no rule):", "살펴볼 것(규칙 위반은 아님):"),
    "not_proven": ("What this does not prove:", "이 검증으로 알 수 없는 것:"),
    "more": ("… and {count} more; --json lists them all.", "… 외 {count}건. 전체는 --json으로 볼 수 있습니다."),
}


def render(report: Report, console: Console, language: Language = Language.ENGLISH) -> None:
    """Print a report. Nothing in it is taken as markup."""
    is_korean = language is Language.KOREAN

    def say(name: str, **fields: object) -> str:
        return escape(_SENTENCES[name][is_korean].format(**fields))

    console.print(say("at", contract=report.contract, chain=report.chain_id, block=report.block_number))
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, english, korean in _COUNTS:
        value = getattr(report.counts, name)
        table.add_row(korean if is_korean else english, f"{value:,}")
    console.print(table)
    if report.holds:
        console.print(f"[bold green]{say('holds')}[/]")
    else:
        console.print(f"[bold red]{say('broken', count=f'{len(report.findings):,}')}[/]")
        _list(report.findings, console, say, is_korean=is_korean, style="red")
    if report.signals:
        console.print(say("signals"))
        _list(report.signals, console, say, is_korean=is_korean, style="yellow")
    console.print(say("not_proven"))
    for sentences in report.not_proven:
        console.print(f"  - {escape(sentences[is_korean])}")


def _list(findings: tuple[Finding, ...], console: Console, say: _Say, *, is_korean: bool, style: str) -> None:
    for one in findings[:LISTED_MAX]:
        message = one.message_ko if is_korean else one.message
        console.print(f"  [{style}]{escape(one.code)}[/]  {escape(message)}", soft_wrap=True)
    if len(findings) > LISTED_MAX:
        console.print("  " + say("more", count=f"{len(findings) - LISTED_MAX:,}"))
