from __future__ import annotations

import codecs
import csv
import io
import random
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from ledger_service.domain.records import RawRow
from ledger_service.errors import BoramError
from ledger_service.services import table_errors, table_file, workbook_file
from ledger_service.services.activity_file import ACTIVITY_COLUMNS, read_activities
from ledger_service.services.organisation_files import read_centers
from ledger_service.services.table_errors import (
    ColumnMissing,
    ColumnRepeated,
    FileNotUnderstood,
    FileTooLarge,
    FileUndecodable,
)
from ledger_service.services.workbook_file import text_of_cell

SAMPLES = Path(__file__).parents[1] / "samples"
HEADER = [*ACTIVITY_COLUMNS.required, *ACTIVITY_COLUMNS.optional]
CELLS = ["V1", "S1", "김가나", "1960-04-11", "SVC", "VOL", "2024-04-11", "09:00", "10:00", "", "오전"]
ROW = RawRow._make((2, *CELLS, 0))


def text_of(rows: Sequence[Sequence[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return stream.getvalue()


def workbook_of(*sheets: Sequence[Sequence[object]]) -> bytes:
    workbook = openpyxl.Workbook(write_only=True)
    for rows in sheets:
        sheet = workbook.create_sheet()
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def repacked(data: bytes, change: Callable[[str, bytes], bytes], added: dict[str, bytes] | None = None) -> bytes:
    """The workbook with parts changed and parts added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
        for name, content in (added or {}).items():
            after.writestr(name, content)
    return stream.getvalue()


def with_sheet(body: bytes) -> bytes:
    """A workbook whose only sheet has this XML between its sheetData tags."""
    namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = b'<worksheet xmlns="' + namespace + b'"><sheetData>' + body + b"</sheetData></worksheet>"
    return repacked(workbook_of([HEADER]), lambda name, content: xml if "worksheets/sheet1" in name else content)


def refusal(data: bytes) -> BoramError:
    with pytest.raises(BoramError) as refused:
        read_activities(data)
    return refused.value


def with_shared_strings(rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook as office programs write it: every text once, in a table of its own, and cells that point into it."""
    texts = sorted({cell for row in rows for cell in row})
    table = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    body = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{get_column_letter(at)}{number}" t="s"><v>{texts.index(cell)}</v></c>'
            for at, cell in enumerate(row, 1)
        )
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    strings = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{table}</sst>'
    return repacked(
        with_sheet(body.encode()),
        lambda name, was: was.replace(b"</Types>", override.encode()) if name == "[Content_Types].xml" else was,
        {"xl/sharedStrings.xml": strings.encode()},
    )


# --- encodings


@pytest.mark.parametrize("encoding", ["cp949", "utf-8", "utf-8-sig"])
def test_each_encoding_gives_the_same_rows(encoding: str) -> None:
    assert read_activities(text_of([HEADER, CELLS]).encode(encoding)) == [ROW]


def test_a_workbook_gives_the_same_rows() -> None:
    assert read_activities(workbook_of([HEADER, CELLS])) == [ROW]


def test_the_sample_month_is_the_same_in_every_form() -> None:
    data = (SAMPLES / "activities-2024-04.csv").read_bytes()
    rows = read_activities(data)
    text = data.decode("cp949")
    assert (len(rows), rows[0].line, rows[-1].line) == (1995, 2, 1996)
    assert read_activities(text.encode()) == rows
    assert read_activities(text.encode("utf-8-sig")) == rows
    assert read_activities(workbook_of(list(csv.reader(io.StringIO(text, newline=""))))) == rows


def test_syllables_outside_the_old_korean_standard_are_read_from_cp949() -> None:
    cells = [*CELLS[:2], "뷁똠펲", *CELLS[3:]]
    assert read_activities(text_of([HEADER, cells]).encode("cp949"))[0].name == "뷁똠펲"


def test_a_wrong_byte_in_utf8_is_refused_at_its_position() -> None:
    data = text_of([HEADER, CELLS, CELLS]).encode()
    position = data.rindex("김".encode())
    broken = data[:position] + b"\xff" + data[position:]
    error = refusal(broken)
    assert isinstance(error, FileUndecodable)
    assert (error.byte_position, error.fields["encoding"]) == (position, "UTF-8")
    assert str(position) in error.message
    assert str(position) in error.message_ko


def test_the_position_counts_the_byte_order_mark() -> None:
    data = text_of([HEADER, CELLS]).encode("utf-8-sig")
    error = refusal(data + b"\xed\xa0\x80")
    assert error.fields["byte_position"] == len(data)


def test_a_wrong_byte_in_cp949_is_refused_at_its_position() -> None:
    data = text_of([HEADER, CELLS]).encode("cp949")
    error = refusal(data + b"\xff\xff")
    assert (error.fields["byte_position"], error.fields["encoding"]) == (len(data), "CP949")


def test_a_byte_order_mark_or_longer_sense_in_utf8_makes_it_utf8() -> None:
    marked = codecs.BOM_UTF8 + b"code,name\r\nSVC,"
    with pytest.raises(FileUndecodable) as refused:
        read_centers(marked + "센터".encode("cp949"))
    assert (refused.value.byte_position, refused.value.fields["encoding"]) == (len(marked), "UTF-8")
    unmarked = "code,name\r\nSVC,은하센터".encode()
    with pytest.raises(FileUndecodable) as refused:
        read_centers(unmarked + b"\xff")
    assert (refused.value.byte_position, refused.value.fields["encoding"]) == (len(unmarked), "UTF-8")


def test_a_quoted_header_may_follow_the_byte_order_mark() -> None:
    header = ",".join(f'"{name}"' for name in HEADER)
    assert read_activities(f"\ufeff{header}\n{text_of([CELLS])}".encode()) == [ROW]


def test_a_lone_surrogate_is_refused() -> None:
    data = text_of([HEADER, [*CELLS[:2], "김\ud800", *CELLS[3:]]]).encode("utf-8", "surrogatepass")
    assert isinstance(refusal(data), FileUndecodable)


def test_a_nul_byte_is_refused_at_its_position() -> None:
    data = text_of([HEADER, CELLS]).encode("cp949")
    error = refusal(data + b"\0")
    assert (error.code, error.fields["byte_position"]) == ("file_undecodable", len(data))


# --- what is not a table


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b" \n,,,\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert "empty" in refusal(data).message


@pytest.mark.parametrize(
    "data",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
        b"%PDF-1.7\n",
        codecs.BOM_UTF16_LE + text_of([HEADER]).encode("utf-16-le"),
        codecs.BOM_UTF16_BE + text_of([HEADER]).encode("utf-16-be"),
        b"<html><table></table></html>",
        b"PK\x03\x04" + bytes(64),
    ],
)
def test_another_kind_of_file_is_refused_with_advice(data: bytes) -> None:
    error = refusal(data)
    assert isinstance(error, FileNotUnderstood)
    assert "CSV UTF-8" in error.message
    assert "CSV UTF-8" in error.message_ko


def test_binary_junk_is_refused() -> None:
    junk = bytes((step * 73 + step // 256) % 255 + 1 for step in range(100_000))
    assert isinstance(refusal(junk), FileUndecodable)


def test_the_kind_is_told_by_the_content_of_a_zip() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "not an .xlsx" in refusal(stream.getvalue()).message


def test_a_quote_left_open_is_refused_and_does_not_swallow_rows() -> None:
    lines = text_of([HEADER, CELLS, CELLS, CELLS]).encode().splitlines(keepends=True)
    lines[2] = b'V2,S1,"' + lines[2].split(b",", 2)[2]
    assert isinstance(refusal(b"".join(lines)), FileNotUnderstood)
    quoted = b"V2,S1," + b",".join(b'"%s"' % cell for cell in lines[3].rstrip().split(b",")[2:]) + b"\r\n"
    assert isinstance(refusal(b"".join([*lines[:3], quoted])), FileNotUnderstood)


# --- the header


@pytest.mark.parametrize("column", ACTIVITY_COLUMNS.required)
def test_a_missing_column_is_named(column: str) -> None:
    at = HEADER.index(column)
    rows = [[*row[:at], *row[at + 1 :]] for row in (HEADER, CELLS)]
    for data in (text_of(rows).encode("cp949"), workbook_of(rows)):
        error = refusal(data)
        assert isinstance(error, ColumnMissing)
        assert error.columns == (column,)
        assert column in error.message
        assert column in error.message_ko


def test_all_missing_columns_are_named_at_once() -> None:
    assert refusal("이름,활동일\n".encode()).fields["columns"] == [
        name for name in ACTIVITY_COLUMNS.required if name not in ("이름", "활동일")
    ]


def test_the_remark_may_be_missing() -> None:
    assert read_activities(text_of([HEADER[:-1], CELLS[:-1]]).encode()) == [ROW._replace(remark="")]


def test_columns_may_stand_in_any_order_among_others() -> None:
    order = [10, 3, 0, 7, 1, 9, 2, 8, 4, 6, 5]
    rows = [["확인자", *(row[at] for at in order), "확인자"] for row in (HEADER, CELLS)]
    assert read_activities(text_of(rows).encode()) == [ROW]


def test_a_header_may_have_spaces_and_decomposed_syllables() -> None:
    header = [f" {name[:1]} {name[1:]}　" for name in HEADER]
    header[0] = "\u1109\u1175\u11af적번호"
    assert read_activities(text_of([header, CELLS]).encode()) == [ROW]


def test_a_column_given_twice_is_refused_and_named() -> None:
    error = refusal(text_of([[*HEADER, "활동일"], [*CELLS, "2024-04-12"]]).encode())
    assert isinstance(error, ColumnRepeated)
    assert error.column == "활동일"


# --- rows and their numbers


def test_a_file_with_only_a_header_has_no_rows() -> None:
    assert read_activities(text_of([HEADER]).encode()) == []
    assert read_activities(workbook_of([HEADER])) == []


def test_blank_lines_are_no_rows_but_are_counted() -> None:
    rows: list[list[str]] = [HEADER, [], CELLS, [], [], CELLS]
    for data in (text_of(rows).encode(), text_of(rows).replace("\r\n\r\n", "\r\n  \r\n").encode(), workbook_of(rows)):
        assert [row.line for row in read_activities(data)] == [3, 6]


def test_a_line_of_commas_is_a_row_and_an_empty_sheet_row_is_not() -> None:
    rows = [HEADER, CELLS, [""] * 11, CELLS]
    assert [row.line for row in read_activities(text_of(rows).encode())] == [2, 3, 4]
    assert [row.line for row in read_activities(workbook_of(rows))] == [2, 4]


def test_a_newline_in_quotes_does_not_begin_a_row() -> None:
    rows = [HEADER, [*CELLS[:-1], '첫째\r\n둘째, "셋째"'], CELLS]
    for data in (text_of(rows).encode("cp949"), workbook_of(rows)):
        read = read_activities(data)
        assert [row.line for row in read] == [2, 3]
        assert read[0].remark.split() == ["첫째", "둘째,", '"셋째"']


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(newline: str) -> None:
    data = text_of([HEADER, CELLS, CELLS]).replace("\r\n", newline).encode()
    assert [row.line for row in read_activities(data)] == [2, 3]


def test_only_line_ends_end_a_line() -> None:
    cells = [*CELLS[:-1], "하나\u2028둘\x0b셋\x85넷"]
    assert [row.remark for row in read_activities(text_of([HEADER, cells]).encode())] == [cells[-1]]


def test_a_short_row_has_empty_cells_and_a_long_one_is_marked() -> None:
    rows = [HEADER, CELLS[:6], [*CELLS, "", " "], [*CELLS, "", "넘침", "또"]]
    read = read_activities(text_of(rows).encode())
    assert read[0] == ROW._replace(activity_day="", start="", end="", remark="")
    assert [row.surplus_cells for row in read] == [0, 0, 2]
    assert [row.surplus_cells for row in read_activities(workbook_of(rows))] == [0, 0, 2]


# --- workbooks


def test_dates_times_and_numbers_of_a_sheet_are_read_as_typed() -> None:
    cells = [
        240401.0, "S1", "김가나", date(1960, 4, 11), "SVC", "VOL", datetime(2024, 4, 11), time(9, 0),  # noqa: DTZ001
        timedelta(hours=10), 12.0, None,
    ]  # fmt: skip
    (row,) = read_activities(workbook_of([HEADER, cells]))
    assert row == RawRow(
        2, "240401", "S1", "김가나", "1960-04-11", "SVC", "VOL", "2024-04-11", "09:00", "10:00", "12", ""
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (-3, "-3"),
        (10**14, str(10**14)),
        (1.2345678901234567e19, ""),
        (True, "True"),
        (time(8, 29, 59, 999_999), "08:30"),
        (time(8, 30, 15), "08:30:15"),
        (timedelta(hours=24), "24:00"),
        (datetime(2024, 4, 11, 9, 30), "2024-04-11 09:30:00"),  # noqa: DTZ001 - cells have no zone
        ("a_x000D_b", "a\rb"),
        ("=1+1", ""),
    ],
)
def test_a_cell_of_a_sheet_becomes_text(value: object, text: str) -> None:
    (row,) = read_activities(workbook_of([HEADER, [value, *CELLS[1:]]]))
    assert row.record_number == text


def test_a_time_is_rounded_to_the_second_before_it_is_read() -> None:
    assert text_of_cell(timedelta(days=30_599.9999 / 86_400)) == "08:30"
    assert text_of_cell(time(8, 29, 59, 999_999)) == "08:30"


def test_the_sheet_with_the_header_is_read_wherever_it_stands() -> None:
    assert read_activities(workbook_of([["작성 방법"]], [], [HEADER, CELLS])) == [ROW]


def test_two_sheets_with_records_are_refused() -> None:
    assert "more than one worksheet" in refusal(workbook_of([HEADER, CELLS], [HEADER, CELLS])).message


@pytest.mark.parametrize(
    ("part", "reason"),
    [("xl/vbaProject.bin", "macros"), ("xl/externalLinks/externalLink1.xml", "links to other files")],
)
def test_a_workbook_with_macros_or_links_is_refused(part: str, reason: str) -> None:
    data = repacked(workbook_of([HEADER, CELLS]), lambda _, content: content, {part: b"<x/>"})
    assert reason in refusal(data).message


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: content[: len(content) // 2],
        lambda name, content: b"" if name == "xl/workbook.xml" else content,
        lambda name, content: content[:-20] if "sheet1" in name else content,
        lambda name, content: b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>" if "sheet1" in name else content,
        lambda name, content: content.replace(b"<sheetData>", b"<sheetData>&#xD800;") if "sheet1" in name else content,
        lambda name, content: content.replace(b'r="2"', b'r="x"') if "sheet1" in name else content,
    ],
)  # fmt: skip
def test_a_damaged_workbook_is_refused(change: Callable[[str, bytes], bytes]) -> None:
    assert isinstance(refusal(repacked(workbook_of([HEADER, CELLS]), change)), FileNotUnderstood)


@pytest.mark.parametrize("cut", [100, 1000, -30])
def test_a_workbook_cut_short_is_refused(cut: int) -> None:
    assert isinstance(refusal(workbook_of([HEADER, CELLS])[:cut]), FileNotUnderstood)


# --- limits


def test_a_file_above_the_size_is_refused_before_anything_else() -> None:
    error = refusal(b"\0" * (table_errors.FILE_BYTES_MAX + 1))
    assert isinstance(error, FileTooLarge)
    assert (error.status, error.fields["what"]) == (413, "bytes")


def test_a_row_above_the_number_of_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "ROWS_MAX", 3)
    assert len(read_activities(text_of([HEADER] + [CELLS] * 3).encode())) == 3
    assert refusal(text_of([HEADER] + [CELLS] * 4).encode()).fields["what"] == "rows"
    assert refusal(workbook_of([HEADER] + [CELLS] * 4)).fields["what"] == "rows"


def test_more_columns_than_allowed_are_refused() -> None:
    wide = [*HEADER, *map(str, range(64 - len(HEADER)))]
    assert len(read_activities(text_of([wide, CELLS]).encode())) == 1
    assert len(read_activities(workbook_of([wide, CELLS]))) == 1
    for rows in ([[*wide, "x"], CELLS], [HEADER, CELLS + ["x"] * 54]):
        assert refusal(text_of(rows).encode()).fields["what"] == "columns"
        assert refusal(workbook_of(rows)).fields["what"] == "columns"


def test_a_cell_above_its_length_is_refused_and_its_line_is_named() -> None:
    fits = [*CELLS[:-1], "가" * 1000]
    assert read_activities(text_of([HEADER, fits]).encode())[0].remark == "가" * 1000
    for rows in ([HEADER, CELLS, [*CELLS[:-1], "가" * 1001]],):
        assert refusal(text_of(rows).encode()).fields["what"] == "characters in a cell of line 3"
        assert refusal(workbook_of(rows)).fields["what"] == "characters in a cell of line 3"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"," * 2**22, "characters in a row"),
        (b"x" * 2**22, "characters in a row"),
        (b'"' + b"\n" * 2**20, "characters in a row"),
        (b'"\n",' * 2**18, "characters in a row"),
        (b"\n" * 2**20, "lines"),
    ],
)
def test_a_row_or_blank_lines_without_end_are_refused(body: bytes, what: str) -> None:
    assert refusal(text_of([HEADER]).encode() + body).fields["what"] == what


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b" " * (workbook_file.BYTES_MAX // 8), "times compression"),
        (b"<row>" + b"<c/>" * 100_000 + b"</row>", "columns"),
        (b'<row r="999999999"><c t="inlineStr"><is><t>x</t></is></c></row>', "lines"),
    ],
)
def test_a_bomb_in_a_sheet_is_refused(body: bytes, what: str) -> None:
    assert refusal(with_sheet(body)).fields["what"] == what


def test_the_rows_of_a_sheet_are_counted_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_file, "LINES_MAX", 3)
    assert refusal(workbook_of([HEADER, CELLS, CELLS, CELLS])).fields["what"] == "lines"


def test_a_sheet_in_utf16_is_refused() -> None:
    def recoded(name: str, content: bytes) -> bytes:
        return content.decode().encode("utf-16") if "sheet1" in name else content

    assert isinstance(refusal(repacked(workbook_of([HEADER, CELLS]), recoded)), FileNotUnderstood)


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/sharedStrings.xml", b"<sst>" + b"<si><t>a</t></si>" * (workbook_file.STRINGS_MAX + 1) + b"</sst>"),
        ("xl/styles.xml", b"<x>" + b"<a/>" * 2_000_000 + b"</x>"),
        ("xl/other.bin", random.Random(1).randbytes(workbook_file.OTHER_PART_BYTES_MAX + 1)),
    ],
)
def test_a_bomb_in_another_part_is_refused(part: str, content: bytes) -> None:
    plain = repacked(workbook_of([HEADER, CELLS]), lambda name, was: content if name == part else was)
    bomb = plain if part == "xl/styles.xml" else repacked(plain, lambda _, was: was, {part: content})
    assert isinstance(refusal(bomb), FileTooLarge)


def test_a_workbook_with_shared_strings_is_read() -> None:
    assert read_activities(with_shared_strings([HEADER, CELLS])) == [ROW]


def test_more_different_texts_than_fit_in_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_file, "STRINGS_MAX", 10)
    assert refusal(with_shared_strings([HEADER, CELLS])).fields["what"] == "different texts"


def test_a_workbook_of_too_many_parts_or_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = workbook_of([HEADER, CELLS])
    many = repacked(plain, lambda _, content: content, {f"xl/media/{n}.png": b"x" for n in range(1001)})
    assert "parts" in str(refusal(many).fields["what"])
    monkeypatch.setattr(workbook_file, "BYTES_MAX", 1000)
    assert refusal(plain).fields["what"] == "bytes when unpacked"


def test_every_refusal_has_a_code_and_speaks_korean() -> None:
    for data in (b"", b"\xff", b"a,b\n", b"PK\x03\x04", bytes(table_errors.FILE_BYTES_MAX + 1)):
        error = refusal(data)
        assert error.code != BoramError.code
        assert error.status in (413, 415, 422)
        assert any("가" <= sign <= "힣" for sign in error.message_ko)
