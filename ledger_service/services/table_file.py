"""Bytes of an uploaded table → rows of text by column. Knows CSV (UTF-8, CP949) and .xlsx, not what they mean.

The kind is told by the content, never by the name. A file is read whole or refused whole, and every limit is checked
before the work that it limits: what arrives here may be anything.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ledger_service.services.table_errors import (
    CELL_CHARACTERS_MAX,
    COLUMNS_MAX,
    FILE_BYTES_MAX,
    LINES_MAX,
    ROWS_MAX,
    ColumnMissing,
    ColumnRepeated,
    Columns,
    FileNotUnderstood,
    FileTooLarge,
    FileUndecodable,
    plain_header,
)
from ledger_service.services.workbook_file import workbook_records

PIECE_BYTES = 2**20
RECORD_CHARACTERS_MAX = 2 * COLUMNS_MAX * (CELL_CHARACTERS_MAX + 2)  # quoted cells may double each sign

_ZIP_MARK = b"PK\x03\x04"
_FOREIGN_MARKS: Final = (
    (b"\xd0\xcf\x11\xe0", "an old .xls workbook or one with a password", "이전 형식(.xls)이거나 암호가 걸린 엑셀 파일"),
    (b"%PDF", "a PDF", "PDF 파일"),
    (codecs.BOM_UTF16_LE, "UTF-16 text", "UTF-16 텍스트"),
    (codecs.BOM_UTF16_BE, "UTF-16 text", "UTF-16 텍스트"),
    (b"<", "a web page or XML", "웹 페이지나 XML 파일"),
)


class Line(NamedTuple):
    """One row: its number, its cells in the order of `Columns` ('' where absent), filled cells beyond the header."""

    number: int
    cells: list[str]
    surplus_cells: int


def read_table(data: bytes, columns: Columns) -> Iterator[Line]:
    """The rows below the header, blank ones left out.

    Numbers are those a spreadsheet shows: the header's line is 1 and every record or blank line is one more, so that
    a file has the same numbers as .csv and as .xlsx. Raises FileTooLarge, FileUndecodable, FileNotUnderstood,
    ColumnMissing, ColumnRepeated; take no row of a file before the last one has been read.
    """
    if len(data) > FILE_BYTES_MAX:
        raise FileTooLarge("bytes", FILE_BYTES_MAX, "바이트")
    if not data.strip(b"\xef\xbb\xbf\r\n\t ,"):
        raise FileNotUnderstood("it is empty", "빈 파일입니다")
    if data.startswith(_ZIP_MARK):
        return _lines_of(workbook_records(data, columns), columns)
    for mark, kind, kind_ko in _FOREIGN_MARKS:
        if data.startswith(mark):
            raise FileNotUnderstood(f"it is {kind}", kind_ko)
    encoding = _encoding_of(data, columns)
    if data.count(b"\n") + data.count(b"\r") >= ROWS_MAX:
        for _ in _lines_of(_text_records(data, encoding), columns):
            pass  # too many rows are refused before the first is kept: 200,000 of them take 100 MB
    return _lines_of(_text_records(data, encoding), columns)


def _lines_of(records: Iterable[Sequence[str]], columns: Columns) -> Iterator[Line]:
    """Rows by column name. The first record that is not blank is the header."""
    positions: list[int] | None = None
    width = 0
    rows_seen = 0
    for number, record in enumerate(records, start=1):
        if number > LINES_MAX:
            raise FileTooLarge("lines", LINES_MAX, "줄")
        if not record:
            continue
        if len(record) > COLUMNS_MAX:
            raise FileTooLarge("columns", COLUMNS_MAX, "열")
        if positions is None:
            positions, width = _positions(record, columns), len(record)
            continue
        rows_seen += 1
        if rows_seen > ROWS_MAX:
            raise FileTooLarge("rows", ROWS_MAX, "행")
        if max(map(len, record)) > CELL_CHARACTERS_MAX:
            raise FileTooLarge(
                f"characters in a cell of line {number}", CELL_CHARACTERS_MAX, f"{number}번째 줄 한 칸의 글자 수"
            )
        found = len(record)
        cells = [record[position] if 0 <= position < found else "" for position in positions]
        yield Line(number, cells, sum(1 for cell in record[width:] if cell.strip()) if found > width else 0)
    if positions is None:
        raise FileNotUnderstood("it is empty", "빈 파일입니다")


def _positions(header: Sequence[str], columns: Columns) -> list[int]:
    """Where each column stands in a record, -1 for an optional one that is absent."""
    names = [plain_header(cell) for cell in header]
    missing = [name for name in columns.required if name not in names]
    if missing:
        raise ColumnMissing(missing)
    wanted = (*columns.required, *columns.optional)
    for name in wanted:
        if names.count(name) > 1:
            raise ColumnRepeated(name)
    return [names.index(name) if name in names else -1 for name in wanted]


def _encoding_of(data: bytes, columns: Columns) -> str:
    """UTF-8 where the bytes are UTF-8, else CP949. Raises FileUndecodable with the position in the likelier one."""
    nul_position = data.find(b"\0")
    if nul_position >= 0:
        raise FileUndecodable(nul_position, "text")
    utf8_position = _undecodable_at(data, "utf-8")
    if utf8_position is None:
        return "utf-8"
    utf8_likely = data.startswith(codecs.BOM_UTF8) or any(
        name.encode() in data[: min(utf8_position, 4096)] for name in columns.required if not name.isascii()
    )
    if utf8_likely:
        raise FileUndecodable(utf8_position, "UTF-8")
    cp949_position = _undecodable_at(data, "cp949")
    if cp949_position is None:
        return "cp949"
    if cp949_position < utf8_position:
        raise FileUndecodable(utf8_position, "UTF-8")
    raise FileUndecodable(cp949_position, "CP949")


def _undecodable_at(data: bytes, encoding: str) -> int | None:
    """Where the bytes stop being of this encoding; piece by piece, because the text of a whole file takes four times its size."""
    decoder = codecs.getincrementaldecoder(encoding)()
    kept = 0
    for start in range(0, len(data), PIECE_BYTES):
        is_last = start + PIECE_BYTES >= len(data)
        try:
            decoder.decode(data[start : start + PIECE_BYTES], is_last)
        except UnicodeDecodeError as error:
            return start - kept + error.start
        kept = len(decoder.getstate()[0])  # the beginning of a character, of which the rest is in the next piece
    return None


class _TextLines:
    """Physical lines for the csv module, with a limit on the characters of one record: an open quote joins lines."""

    def __init__(self, data: bytes, start: int, encoding: str) -> None:
        content = io.BytesIO(data)  # shares the bytes, where a slice would copy them
        content.seek(start)
        self._stream = io.TextIOWrapper(content, encoding=encoding, newline="")
        self._record_characters = 0

    def begin_record(self) -> None:
        self._record_characters = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(RECORD_CHARACTERS_MAX + 1):
            self._record_characters += len(line)
            if self._record_characters > RECORD_CHARACTERS_MAX:
                raise FileTooLarge("characters in a row", RECORD_CHARACTERS_MAX, "한 행의 글자 수")
            yield line


def _text_records(data: bytes, encoding: str) -> Iterator[Sequence[str]]:
    """The records of a CSV file, blank lines as empty ones. Strict: a stray quote must not swallow the rows below."""
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    lines = _TextLines(data, start, encoding)
    reader = csv.reader(lines, strict=True)
    number = 0
    try:
        for record in reader:
            number += 1
            lines.begin_record()
            yield record if len(record) > 1 or (record and record[0].strip()) else ()
    except csv.Error:
        raise FileNotUnderstood(
            f"a quotation mark is out of place below line {number}",
            f"{number}번째 줄 아래에 따옴표가 잘못되어 있습니다",
        ) from None
