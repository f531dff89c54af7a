"""CSV for spreadsheets: UTF-8 with its mark, so that Korean is read; no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from ledger_service.domain.cells import exported_cell
from ledger_service.reads.closes import Payments

PAYMENT_COLUMNS = ("정산월", "지급 구분", "지급 대상", "코드", "코인", "지급액(원)", "정산 번호")
_KINDS = {"venue": "사용처", "fund": "기부 단체"}


def payment_file(found: Payments) -> bytes:
    """One line a payee; amounts are whole won."""
    return table(
        PAYMENT_COLUMNS,
        (
            (
                one.month,
                _KINDS[one.payee_kind],
                one.payee,
                " ".join(one.codes),
                one.coins,
                one.krw,
                " ".join(one.close_ids),
            )
            for one in found.payments
        ),
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode()


def cell(value: object) -> str:
    """A value as text. Text that begins like a formula gets an apostrophe before it; numbers stay numbers."""
    return str(value) if isinstance(value, int) else exported_cell(str(value))
