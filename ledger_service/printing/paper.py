"""A page of paper with Korean text: A4, the font embedded (Noto Sans KR, a subset), page numbers, tables with ruled rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fpdf import FPDF, Align, FontFace
from fpdf.enums import TableBordersLayout
from pylopdf_fonts_ko import sans_path

FONT = "NotoSansKR"
MARGIN_MM = 18
TEXT_POINTS, SMALL_POINTS, SUM_POINTS, TITLE_POINTS = 10, 8, 14, 20
LARGE_POINTS = 13  # MOIS's large-print forms: the least on paper that a resident holds
_GREY, _BLACK, _RULE = 110, 0, 190
_HEADINGS = FontFace(fill_color=(238, 241, 245))
_STRONG = FontFace(fill_color=(225, 232, 242))


class Paper(FPDF):
    """One document. `reference` stands at the foot of each page, beside its number. `is_large`: nothing is smaller than LARGE_POINTS."""

    def __init__(self, title: str, reference: str, made_at: datetime, *, is_large: bool = False) -> None:
        self._text_points, self._small_points = (
            (LARGE_POINTS, LARGE_POINTS) if is_large else (TEXT_POINTS, SMALL_POINTS)
        )
        super().__init__(format="A4")
        self._reference = reference
        self.set_title(title)
        self.set_lang("ko-KR")
        self.set_creator("Boram")
        self.set_creation_date(made_at)
        self.add_font(FONT, "", sans_path())
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM + 6)
        self.set_font(FONT, size=self._text_points)
        self.set_draw_color(_RULE)
        self.set_line_width(0.2)
        self.add_page()

    def footer(self) -> None:
        """Reference and page number. fpdf2 calls it at the end of each page."""
        self.set_y(-MARGIN_MM)
        self.set_font(FONT, size=self._small_points)
        self.set_text_color(_GREY)
        self.cell(w=self.epw, text=f"{self._reference}   ·   {self.page_no()} / {{nb}}", align=Align.C)
        self.set_text_color(_BLACK)
        self.set_font(FONT, size=self._text_points)

    def heading(self, text: str, *, under: str = "") -> None:
        """The document's title."""
        self.set_font(FONT, size=TITLE_POINTS)
        self.cell(w=self.epw, h=14, text=text, align=Align.C, new_x="LMARGIN", new_y="NEXT")
        self.set_font(FONT, size=self._text_points)
        if under:
            self.cell(w=self.epw, h=7, text=under, align=Align.C, new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def paragraph(self, text: str, *, points: int | None = None, height_mm: int = 6, align: Align = Align.L) -> None:
        """A paragraph."""
        self.set_font(FONT, size=points or self._text_points)
        self.multi_cell(w=self.epw, h=height_mm, text=text, align=align, new_x="LMARGIN", new_y="NEXT")
        self.set_font(FONT, size=self._text_points)

    def section(self, text: str) -> None:
        """A heading within the document."""
        self.ln(4)
        self.set_font(FONT, size=12)
        self.cell(w=self.epw, h=9, text=text, new_x="LMARGIN", new_y="NEXT")
        self.set_font(FONT, size=self._text_points)

    def ruled(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        widths: Sequence[int],
        texts: int = 1,
        strong_last: bool = False,
        height_mm: int = 7,
    ) -> None:
        """A table: the first `texts` columns are text, the others amounts; the last row stands out where it is the sum.

        `height_mm` is of the rows below the head: more where somebody signs or stamps.
        """
        aligns = [Align.L] * texts + [Align.R] * (len(columns) - texts)
        with self.table(
            col_widths=tuple(widths),
            text_align=tuple(aligns),
            line_height=7,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=_HEADINGS,
            padding=(0, 2),
        ) as drawn:
            drawn.row(columns)
            for place, row in enumerate(rows):
                drawn.row(row, style=_STRONG if strong_last and place == len(rows) - 1 else None, min_height=height_mm)

    def done(self) -> bytes:
        """The file."""
        return bytes(self.output())


def amount(value: int) -> str:
    """A whole number with thousands set apart; nothing is a dash."""
    return f"{value:,}" if value else "-"
