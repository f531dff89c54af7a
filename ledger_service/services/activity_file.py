"""An activity file → rows for the judge: which columns it has, and in which order they are handed on."""

from __future__ import annotations

from ledger_service.domain.records import RawRow
from ledger_service.services.table_errors import Columns
from ledger_service.services.table_file import read_table

# In the order of RawRow's fields.
ACTIVITY_COLUMNS = Columns(
    required=("실적번호", "회원번호", "이름", "생년월일", "센터코드", "활동코드", "활동일", "시작", "종료", "수량"),
    optional=("비고",),
)


def read_activities(data: bytes) -> list[RawRow]:
    """Every row of an activity file, untouched text; empty for a file with only a header.

    Raises FileTooLarge, FileUndecodable, FileNotUnderstood, ColumnMissing, ColumnRepeated.
    """
    return [RawRow._make((number, *cells, surplus)) for number, cells, surplus in read_table(data, ACTIVITY_COLUMNS)]
