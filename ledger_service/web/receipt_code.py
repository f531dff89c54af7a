"""The signed receipt as a QR code: whoever holds the paper can prove what was accepted, without asking the books (docs/formats.md)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import segno
from markupsafe import Markup, escape

PREFIX = "BORAM1"
QUIET_ZONE_MODULES = 4


def receipt_code(receipt: Mapping[str, Any]) -> str:
    """Upper case throughout, so that the QR code takes the alphanumeric mode and stays coarse enough for a cheap printer."""
    parts = [PREFIX, receipt["journal_no"], receipt["desk"], receipt["kind"], receipt["account"][2:], receipt["units"]]
    parts += [receipt["day"], receipt["posted_by"], receipt["signature"][2:]]
    return ":".join(str(part).upper() for part in parts)


def code_svg(code: str, title: str) -> Markup:
    """The code as SVG: black on white whatever the page's colours are, and named for who cannot see it."""
    drawing = io.BytesIO()
    segno.make_qr(code, error="m").save(
        drawing, kind="svg", border=QUIET_ZONE_MODULES, xmldecl=False, svgns=False, nl=False, dark="#000", light="#fff",
        omitsize=True, svgclass="qr", lineclass=None, title=None,
    )  # fmt: skip
    svg = drawing.getvalue().decode().replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
    return Markup(svg)  # noqa: S704  made by segno from letters and digits; the title is escaped
