"""Reading in pages by key: how many rows one answer holds at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ledger_service.errors import Invalid

PAGE_ROWS_DEFAULT = 100
PAGE_ROWS_MAX = 500
LINES_MAX = 10_000  # of an import's outcomes, which are short

Row = TypeVar("Row")


def cut(rows: Sequence[Row], rows_max: int) -> tuple[list[Row], Row | None]:
    """The rows of one page of `rows_max + 1` read, and the last of them where there is another page."""
    page = list(rows[:rows_max])
    return page, page[-1] if len(rows) > rows_max else None


def pair_after(after: str | None) -> tuple[int, int]:
    """The key `desk-seq` of a page's last row; (-1, 0) before the first page. Raises Invalid."""
    if after is None:
        return -1, 0
    desk, dash, seq = after.partition("-")
    if not (dash and desk.isascii() and desk.isdigit() and seq.isascii() and seq.isdigit() and len(after) <= 20):
        raise Invalid("after is the next_after of the page before", "after에는 앞 쪽의 next_after 값을 넣으세요")
    return int(desk), int(seq)
