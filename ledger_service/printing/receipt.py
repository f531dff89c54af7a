"""A resident's receipt on paper: 13 points and more, the signed receipt as a QR code, and one that leads to the page with its proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import segno

from ledger_service.printing.paper import Paper

SEOUL = timezone(timedelta(hours=9))
SUM_POINTS = 24
QR_MM, QR_GAP_MM, QUIET_MODULES = 45, 12, 4


@dataclass(frozen=True, slots=True)
class PaperReceipt:
    """What stands on the paper, in words. `codes` are (caption, text of the QR code)."""

    title: str
    kind: str
    amount: str
    facts: Sequence[tuple[str, str]]
    codes: Sequence[tuple[str, str]]
    notes: Sequence[str]
    reference: str


def receipt_pdf(found: PaperReceipt, now: int) -> bytes:
    """The receipt. `now` is UTC seconds."""
    paper = Paper(found.title, found.reference, datetime.fromtimestamp(now, SEOUL), is_large=True)
    paper.heading(found.title)
    paper.paragraph(found.kind, height_mm=9)
    paper.paragraph(found.amount, points=SUM_POINTS, height_mm=14)
    paper.ln(4)
    for name, value in found.facts:
        top = paper.get_y()
        paper.cell(w=50, h=9, text=name)
        paper.set_xy(paper.l_margin + 50, top)
        paper.multi_cell(w=paper.epw - 50, h=9, text=value, new_x="LMARGIN", new_y="NEXT")
    paper.ln(6)
    top = paper.get_y()
    for place, (caption, text) in enumerate(found.codes):
        left = paper.l_margin + place * (QR_MM * 2 - QR_GAP_MM + 8)
        _draw_code(paper, text, left, top)
        paper.set_xy(left, top + QR_MM + 2)
        paper.multi_cell(w=QR_MM + 30, h=7, text=caption, new_x="LEFT", new_y="NEXT")
    paper.set_xy(paper.l_margin, top + QR_MM + 34)
    for note in found.notes:
        paper.paragraph(note, height_mm=8)
    return paper.done()


def _draw_code(paper: Paper, text: str, left: float, top: float) -> None:
    """The modules as rectangles, so that the code is sharp on every printer."""
    rows = [list(row) for row in segno.make_qr(text, error="m").matrix]
    side = QR_MM / (len(rows) + 2 * QUIET_MODULES)
    paper.set_fill_color(0)
    for down, row in enumerate(rows):
        across = 0
        while across < len(row):
            run = next((end for end in range(across, len(row)) if not row[end]), len(row)) - across
            if run:
                paper.rect(
                    left + (across + QUIET_MODULES) * side,
                    top + (down + QUIET_MODULES) * side,
                    run * side,
                    side,
                    style="F",
                )
            across += run or 1
