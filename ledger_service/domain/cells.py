"""Cells of text as values: what people type and spreadsheets export, read leniently where the meaning is plain.

Full-width signs and white space are read as if they were typed well; digits of other scripts, signs, points and
exponents are not read at all. Every reader gives None for what it cannot read.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

QUANTITY_DIGITS_MAX = 18  # fits a signed 64-bit integer

_WIDE_TO_PLAIN: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})|([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})\.?|([0-9]{4})([0-9]{2})([0-9]{2})"
)
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_UNUSABLE: Final = frozenset({"Cc", "Cs"})
_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")
_FORMULA_CONTROLS: Final = frozenset("\t\r\n\x0b\x0c")
_QUANTITY: Final = re.compile(rf"0*[1-9][0-9]{{0,{QUANTITY_DIGITS_MAX - 1}}}")


def plain_number(text: str) -> str:
    """A number, date or time in its plain form: full-width signs as ASCII, no white space anywhere."""
    return "".join((text if text.isascii() else text.translate(_WIDE_TO_PLAIN)).split())


def plain_code(text: str) -> str:
    """A record number, member number or code in its plain form: as `plain_number`, and NFC without invisible signs.

    Two spellings that look the same must not pass as two records.
    """
    if text.isascii():
        return "".join(text.split())
    visible = (sign for sign in unicodedata.normalize("NFC", text) if unicodedata.category(sign) != "Cf")
    return plain_number("".join(visible))


def plain_name(text: str) -> str:
    """A name as it is compared: NFC, trimmed; what stands inside stays."""
    return unicodedata.normalize("NFC", text).strip()


def searched_name(text: str) -> str:
    """A name as people are searched by it, which is what a page's field gives of it: NFKC, single spaces, no invisible signs."""
    visible = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join("".join(visible).split())


def is_plain_text(text: str) -> bool:
    """Whether there is no control character (a line break is one) and no half of a surrogate pair: no database takes all of them."""
    return text.isprintable() or not any(unicodedata.category(sign) in _UNUSABLE for sign in text)


def read_date(text: str) -> date | None:
    """A date in one of the accepted forms (2024-04-11, 2024.04.11, 20240411, 2024. 4. 11.), or None."""
    match = _DATE.fullmatch(plain_number(text))
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_time(text: str) -> int | None:
    """Minutes since midnight of a time from 00:00 to 23:59, or None. `7:05` is read, `24:00` is not."""
    match = _TIME.fullmatch(plain_number(text))
    return None if match is None else int(match[1]) * 60 + int(match[2])


def read_quantity(text: str) -> int | None:
    """A positive whole number in digits alone, or None: no sign, no point, no comma, no exponent."""
    digits = plain_number(text)
    return None if _QUANTITY.fullmatch(digits) is None else int(digits)


def exported_cell(text: str) -> str:
    """A cell of a file that leaves for a spreadsheet: never a formula, whatever somebody typed.

    One that a spreadsheet would compute (it begins with = + - @, their full-width forms, a tab, a line break or a null, also behind white
    space) gets an apostrophe in front, as OWASP advises; the text stays readable.
    """
    shown = text.lstrip()
    leading = text[: len(text) - len(shown)]
    is_computed = shown[:1] in _FORMULA_STARTS or shown[:1] == "\0" or not _FORMULA_CONTROLS.isdisjoint(leading)
    return f"'{text}" if text and is_computed else text
