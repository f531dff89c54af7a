"""The signed receipt as a QR code: whoever holds the paper can prove what was accepted, without asking the books (docs/formats.md)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import segno
from markupsafe import Markup, escape

PREFIX = "BORAM1"
QUIET_ZONE_MODULES = 4
FIELDS, DIGITS_MAX, TEXT_LENGTH_MAX = 7, 10, 400
_ACCOUNT, _SIGNATURE = re.compile("[0-9A-F]{40}"), re.compile("[0-9A-F]{130}")


def receipt_code(receipt: Mapping[str, Any]) -> str:
    """Upper case throughout, so that the QR code takes the alphanumeric mode and stays coarse enough for a cheap printer."""
    parts = [PREFIX, receipt["journal_no"], receipt["desk"], receipt["kind"], receipt["account"][2:], receipt["units"]]
    parts += [receipt["day"], receipt["posted_by"], receipt["signature"][2:]]
    return ":".join(str(part).upper() for part in parts)


def read_receipt_code(text: str) -> tuple[tuple[int, int, int, bytes, int, int, int], bytes] | None:
    """The fields and the signature of a code as it was scanned or typed; None where it is none."""
    parts = "".join(text.split()).upper().split(":")
    if len(parts) != FIELDS + 2 or parts[0] != PREFIX or len(text) > TEXT_LENGTH_MAX:
        return None
    *numbers, signature = parts[1:]
    account = numbers.pop(3)
    if not all(one.isascii() and one.isdigit() and len(one) <= DIGITS_MAX for one in numbers):
        return None
    if not (_ACCOUNT.fullmatch(account) and _SIGNATURE.fullmatch(signature)):
        return None
    journal_no, desk, kind, units, day, posted_by = (int(one) for one in numbers)
    if max(desk, day, posted_by) > 65_535 or kind > 255 or units >= 2**24 or journal_no >= 2**32:
        return None
    return (journal_no, desk, kind, bytes.fromhex(account), units, day, posted_by), bytes.fromhex(signature)


def code_svg(code: str, title: str) -> Markup:
    """The code as SVG: black on white whatever the page's colours are, and named for who cannot see it."""
    drawing = io.BytesIO()
    segno.make_qr(code, error="m").save(
        drawing, kind="svg", border=QUIET_ZONE_MODULES, xmldecl=False, svgns=False, nl=False, dark="#000", light="#fff",
        omitsize=True, svgclass="qr", lineclass=None, title=None,
    )  # fmt: skip
    svg = drawing.getvalue().decode().replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
    return Markup(svg)  # noqa: S704  made by segno from letters and digits; the title is escaped
