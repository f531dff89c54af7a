"""What a command prints: tables and lines for people (Korean or English), JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ledger_service.environment import speaks_korean

if TYPE_CHECKING:
    from rich.console import Console

OUTCOMES_KO = {
    "malformed": "형식 오류",
    "unknown_programme": "없는 활동",
    "unknown_center": "없는 센터",
    "not_in_force": "기준 적용 기간 아님",
    "unknown_member": "없는 회원",
    "identity_mismatch": "본인 정보 불일치",
    "future_date": "미래 날짜",
    "too_late": "기한 지남",
    "duplicate_record": "중복 실적",
    "not_eligible": "대상 아님",
    "overlap": "시간 겹침",
    "capped": "하루 한도까지 인정",
    "ok": "인정",
}


STATUS_KO = {
    "day": "업무일",
    "chain_state": "체인 상태",
    "chain_detail": "체인 상세",
    "chain_id": "체인 번호",
    "contract": "컨트랙트",
    "settled": "모두 확정",
    "entries_unsealed": "묶이지 않은 기록",
    "orders_unsealed": "묶이지 않은 명령",
    "batches": "상태별 묶음",
    "oldest_unposted_seconds": "가장 오래 기다린 시간(초)",
    "holds_open": "열린 예약",
}


def words(english: str, korean: str) -> str:
    """The text in the terminal's language."""
    return korean if speaks_korean() else english


def say(english: str, korean: str) -> None:
    """One line for a person."""
    _console().print(words(english, korean), highlight=False, markup=False, soft_wrap=True)


def show_json(value: Any) -> None:
    """The answer for machines."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def show_table(
    columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()
) -> None:
    """A table; `columns` in English and Korean, `numbers` are the columns that hold them."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, (english, korean) in enumerate(columns):
        table.add_column(words(english, korean), justify="right" if place in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    _console().print(table)


def show_outcomes(outcomes: Mapping[str, int]) -> None:
    """Rows of a file by outcome."""
    korean = speaks_korean()
    rows = [
        (OUTCOMES_KO.get(name, name) if korean else name.replace("_", " "), count) for name, count in outcomes.items()
    ]
    show_table([("outcome", "결과"), ("rows", "행")], rows, numbers=[1])


def tell(english: str, korean: str) -> None:
    """One line about the command itself: on stderr, so that stdout stays what was asked for."""
    _console(stderr=True).print(words(english, korean), highlight=False, markup=False, soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar while something long goes on, where somebody looks; nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda _doing, _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=_console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda doing, done, total: bar.update(
            task, description=doing, completed=done, total=total, visible=done < total
        )


def complain(message: str) -> None:
    """One line on stderr."""
    _console(stderr=True).print(message, style="red", highlight=False, markup=False, soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    # A pipe has no width: 200 columns keep a table's rows on one line each.
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr) if is_terminal else Console(stderr=stderr, width=200)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return words("yes", "예") if value else words("no", "아니요")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)
