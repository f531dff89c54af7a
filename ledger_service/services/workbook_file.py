"""The records of an .xlsx workbook, as text. It is checked as an archive before openpyxl is given it."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

import openpyxl
from openpyxl.workbook.workbook import Workbook

from ledger_service.services.table_errors import (
    COLUMNS_MAX,
    LINES_MAX,
    Columns,
    FileNotUnderstood,
    FileTooLarge,
    plain_header,
)

BYTES_MAX = 256 * 2**20  # all parts, unpacked
STRINGS_BYTES_MAX = 64 * 2**20
STRINGS_MAX = 600_000  # distinct texts, all held in memory
OTHER_PART_BYTES_MAX = 4 * 2**20  # styles, relations and the like are read into memory whole
PARTS_MAX = 1_000
COMPRESSION_RATIO_MAX = 200  # a month of records compresses 10-30 times, a bomb 1000 times
ROW_TAGS_MAX = COLUMNS_MAX * 12
FLOAT_WHOLE_MAX = 10**15  # above it a spreadsheet number no longer holds every digit

_ROW_TAG: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:row|si)[\s/>]")
_CONTROL: Final = re.compile(r"_x00([01][0-9A-Fa-f])_")


def workbook_records(data: bytes, columns: Columns) -> Iterator[Sequence[str]]:
    """The records of the one worksheet that has the header. Raises FileNotUnderstood where two have it."""
    _check_archive(data)
    workbook = _open_workbook(data)
    try:
        titles = [title for title in workbook.sheetnames if _sheet_has_header(workbook, title, columns)]
        if len(titles) > 1:
            raise FileNotUnderstood(
                "more than one worksheet holds records; keep one", "실적이 있는 시트가 여럿입니다. 하나만 남겨"
            )
        yield from _sheet_records(workbook, titles[0] if titles else workbook.sheetnames[0])
    finally:
        workbook.close()


def _check_archive(data: bytes) -> None:
    """Refuse what openpyxl must not be given: bombs, macros, links to other files, entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > PARTS_MAX:
                raise FileTooLarge("parts in the workbook", PARTS_MAX, "엑셀 내부 파일 수")
            if sum(part.file_size for part in parts) > BYTES_MAX:
                raise FileTooLarge("bytes when unpacked", BYTES_MAX, "압축을 푼 바이트")
            names = [part.filename.lower() for part in parts]
            if "xl/workbook.xml" not in names:
                raise FileNotUnderstood(
                    "it is a ZIP archive, but not an .xlsx workbook", "엑셀(.xlsx)이 아닌 압축 파일입니다"
                )
            if any("vbaproject" in name or "macrosheet" in name or "activex" in name for name in names):
                raise FileNotUnderstood("the workbook contains macros", "매크로가 들어 있는 엑셀 파일입니다")
            if any("externallink" in name for name in names):
                raise FileNotUnderstood("the workbook links to other files", "다른 파일에 연결된 엑셀 파일입니다")
            for part in parts:
                _check_part(archive, part)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise _damaged() from None
    except zipfile.LargeZipFile:
        raise FileTooLarge("bytes when unpacked", BYTES_MAX, "압축을 푼 바이트") from None


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    name = part.filename.lower()
    is_sheet = name.startswith("xl/worksheets/") and name.endswith(".xml")
    is_strings = name == "xl/sharedstrings.xml"
    is_xml = name.endswith((".xml", ".rels"))
    limit = BYTES_MAX if is_sheet else STRINGS_BYTES_MAX if is_strings else OTHER_PART_BYTES_MAX
    if part.file_size > limit:
        raise FileTooLarge("bytes in one part of the workbook", limit, "엑셀 내부 파일 하나의 바이트")
    if part.file_size > 2**20 and part.file_size > COMPRESSION_RATIO_MAX * max(1, part.compress_size):
        raise FileTooLarge("times compression", COMPRESSION_RATIO_MAX, "압축 배율")
    rows_seen = tags_since_row = 0
    with archive.open(part) as stream:
        while chunk := stream.read(2**20):
            if is_xml and (b"\0" in chunk or b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk):
                raise _damaged()  # UTF-16 would hide tags from the counting below
            if not (is_sheet or is_strings):
                continue
            *closed, rest = _ROW_TAG.sub(b"\0", chunk).split(b"\0")
            rows_seen += len(closed)
            for piece in closed:
                tags_since_row = max(tags_since_row + piece.count(b"<"), 0)
                _check_row_tags(tags_since_row)
                tags_since_row = 0
            tags_since_row += rest.count(b"<")
            _check_row_tags(tags_since_row)
            if is_strings and rows_seen > STRINGS_MAX:
                raise FileTooLarge("different texts", STRINGS_MAX, "서로 다른 글")
            if is_sheet and rows_seen > LINES_MAX:
                raise FileTooLarge("lines", LINES_MAX, "줄")


def _check_row_tags(tags: int) -> None:
    if tags > ROW_TAGS_MAX:
        raise FileTooLarge("columns", COLUMNS_MAX, "열")


def _damaged() -> FileNotUnderstood:
    return FileNotUnderstood("the workbook is damaged", "엑셀 파일이 손상되었습니다")


def _open_workbook(data: bytes) -> Workbook:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of what it leaves out: validations, unknown extensions
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl answers a damaged workbook with whatever its parser met
        raise _damaged() from error
    if not workbook.sheetnames:
        raise _damaged()
    return workbook


def _sheet_has_header(workbook: Workbook, title: str, columns: Columns) -> bool:
    for record in islice(_sheet_records(workbook, title), LINES_MAX):
        if record:
            return set(columns.required) <= {plain_header(cell) for cell in record}
    return False


def _sheet_records(workbook: Workbook, title: str) -> Iterator[Sequence[str]]:
    sheet = workbook[title]
    if not hasattr(sheet, "reset_dimensions"):
        return  # a chart sheet
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    rows = sheet.iter_rows(max_col=COLUMNS_MAX + 1, values_only=True)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = next(rows, None)
        except Exception as error:
            raise _damaged() from error
        if values is None:
            return
        if values.count(None) == len(values):
            yield ()
            continue
        record = [text_of_cell(value) for value in values]
        while record and not record[-1].strip():
            record.pop()
        yield record


def text_of_cell(value: object) -> str:
    """A cell as the text that a clerk would have typed."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _CONTROL.sub(lambda match: chr(int(match[1], 16)), value) if "_x00" in value else value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return _time_text(timedelta(0, value.second, value.microsecond, 0, value.minute, value.hour))
    if isinstance(value, timedelta):
        return _time_text(value)
    if isinstance(value, float):
        return _float_text(value)
    return str(value)


def _time_text(since_midnight: timedelta) -> str:
    """HH:MM; a spreadsheet keeps times as fractions of a day, so they are rounded to the second first."""
    minutes, seconds = divmod(round(since_midnight.total_seconds()), 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _float_text(value: float) -> str:
    """Whole numbers without a point. One too large to hold all its digits is left empty: none beats a wrong one."""
    if abs(value) >= FLOAT_WHOLE_MAX:
        return ""
    return str(int(value)) if value.is_integer() else repr(value)
