"""The columns that a table is read by, its limits, and why an uploaded file is refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_service.errors import BoramError

FILE_BYTES_MAX = 32 * 2**20
ROWS_MAX = 200_000
LINES_MAX = 400_000  # blank ones too
COLUMNS_MAX = 64
CELL_CHARACTERS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a kind of file is read by."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


class FileTooLarge(BoramError):
    """A limit is passed. Fields: what, limit."""

    code = "file_too_large"
    status = 413

    def __init__(self, what: str, limit: int, what_ko: str) -> None:
        super().__init__(
            f"The file has more than {limit:,} {what}. Split it into smaller files.",
            f"파일이 너무 큽니다({what_ko} {limit:,} 초과). 나누어 올려 주세요.",
            what=what,
            limit=limit,
        )


class FileUndecodable(BoramError):
    """The bytes are text in no accepted encoding. Fields: byte_position (from 0), encoding (the best guess)."""

    code = "file_undecodable"
    status = 422

    def __init__(self, byte_position: int, encoding: str) -> None:
        super().__init__(
            f"The file cannot be read as {encoding}: wrong byte at position {byte_position} (counted from 0). "
            f"Save it again as CSV UTF-8 or as .xlsx; nothing was imported.",
            f"파일의 글자를 읽을 수 없습니다({encoding}, {byte_position}번째 바이트, 0부터 셈). "
            f"CSV UTF-8 또는 .xlsx 형식으로 다시 저장해 주세요. 반영된 내용은 없습니다.",
            byte_position=byte_position,
            encoding=encoding,
        )
        self.byte_position = byte_position


class FileNotUnderstood(BoramError):
    """Not a table of an accepted kind, or a damaged one. Fields: reason."""

    code = "file_not_understood"
    status = 415

    def __init__(self, reason: str, reason_ko: str) -> None:
        super().__init__(
            f"The file cannot be used: {reason}. Save it as CSV UTF-8 or as .xlsx and upload it again.",
            f"사용할 수 없는 파일입니다: {reason_ko}. CSV UTF-8 또는 .xlsx 형식으로 저장해 다시 올려 주세요.",
            reason=reason,
        )


class ColumnMissing(BoramError):
    """Required columns are not in the header. Fields: columns."""

    code = "column_missing"
    status = 422

    def __init__(self, columns: Sequence[str]) -> None:
        names = ", ".join(columns)
        super().__init__(
            f"The header lacks: {names}. Add the column to the first line; nothing was imported.",
            f"첫 줄에 다음 열이 없습니다: {names}. 열을 추가해 주세요. 반영된 내용은 없습니다.",
            columns=list(columns),
        )
        self.columns = tuple(columns)


class ColumnRepeated(BoramError):
    """A column that is read stands in the header twice. Fields: column."""

    code = "column_repeated"
    status = 422

    def __init__(self, column: str) -> None:
        super().__init__(
            f"The header has the column {column} twice. Keep one of them; nothing was imported.",
            f"첫 줄에 {column} 열이 두 번 있습니다. 하나만 남겨 주세요. 반영된 내용은 없습니다.",
            column=column,
        )
        self.column = column


def plain_header(cell: str) -> str:
    """A column's name as it is compared: NFC, no white space, no mark of byte order."""
    return "".join(unicodedata.normalize("NFC", cell).replace("\ufeff", "").split())
