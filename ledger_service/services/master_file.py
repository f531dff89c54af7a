"""The rows of a master file (CSV or .xlsx), read cell by cell. Which columns a file has is said where its rows are made:
people_files.py, organisation_files.py, coin_files.py.

A file is taken whole or refused whole: `MasterFileInvalid` lists every problem with its line and column, and never
repeats a cell, because cells are personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ledger_service.domain.cells import is_plain_text, plain_code, plain_name, plain_number, read_date
from ledger_service.domain.days import FIRST_DAY, LAST_DAY
from ledger_service.domain.orders import TEXT_BYTES_MAX
from ledger_service.errors import BoramError
from ledger_service.services.table_errors import Columns
from ledger_service.services.table_file import read_table

PROBLEMS_MAX = 100
WHOLE_DIGITS_MAX = 9
CODE_LENGTH_MAX = 32
NAME_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where, and what is wrong, in English and Korean."""

    line: int
    column: str
    reason: str
    reason_ko: str


class MasterFileInvalid(BoramError):
    """Rows of a master file cannot be taken. Fields: problems (line, column, reason), at most PROBLEMS_MAX of them."""

    code = "master_file_invalid"
    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        shown = f"{len(problems)}" if len(problems) < PROBLEMS_MAX else f"{PROBLEMS_MAX} or more"
        super().__init__(
            f"Line {first.line}, {first.column}: {first.reason} ({shown} in all). Nothing was loaded.",
            f"{first.line}번째 줄 {first.column}: {first.reason_ko} (모두 {len(problems)}건). 반영된 내용은 없습니다.",
            problems=[{"line": one.line, "column": one.column, "reason": one.reason} for one in problems],
        )
        self.problems = tuple(problems)


class _File:
    """What the rows of a file share: the problems found so far, and the line where each value stood first that may stand once."""

    def __init__(self) -> None:
        self.first_lines: dict[tuple[str, str], int] = {}
        self._problems: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """Note a problem; enough of them end the reading."""
        self._problems.append(problem)
        if len(self._problems) >= PROBLEMS_MAX:
            raise MasterFileInvalid(self._problems)

    def end(self) -> None:
        """There are no more rows. Raises MasterFileInvalid where a problem was noted."""
        if self._problems:
            raise MasterFileInvalid(self._problems)


class Row:
    """One row, whose cells are asked for by column. One that cannot be what is asked for is noted and comes back as a stand-in."""

    def __init__(self, line: int, cells: dict[str, str], file: _File) -> None:
        self.line = line
        self._cells = cells
        self._file = file

    def wrong(self, column: str, reason: str, reason_ko: str) -> None:
        """Note what is wrong with a cell."""
        self._file.add(Problem(self.line, column, reason, reason_ko))

    def once(self, column: str, value: str) -> None:
        """Note a value that stood in this column of a line above; an empty one may."""
        first_line = self._file.first_lines.setdefault((column, value), self.line)
        if value and first_line != self.line:
            self.wrong(column, f"is the same as in line {first_line}", f"{first_line}번째 줄과 같습니다")

    def code(self, column: str, length_max: int = CODE_LENGTH_MAX) -> str:
        """A code, in the one spelling that it has."""
        return self._filled(column, plain_code, length_max)

    def code_or_empty(self, column: str) -> str:
        """A code, or none."""
        return self._bounded(column, plain_code, CODE_LENGTH_MAX)

    def code_of_order(self, column: str) -> str:
        """A code that an order carries as bytes32: a Korean syllable is three bytes."""
        value = self.code(column)
        if len(value) <= CODE_LENGTH_MAX and len(value.encode(errors="replace")) > TEXT_BYTES_MAX:
            self.wrong(
                column,
                f"is longer than {TEXT_BYTES_MAX} bytes (a Korean syllable is 3)",
                f"{TEXT_BYTES_MAX}바이트를 넘습니다(한글은 한 글자에 3바이트)",
            )
        return value

    def name(self, column: str) -> str:
        """A name, as people read it."""
        return self._filled(column, plain_name, NAME_LENGTH_MAX)

    def text(self, column: str, length_max: int = NAME_LENGTH_MAX) -> str:
        """One line of text, or none."""
        return self._bounded(column, plain_name, length_max)

    def within_ledger(self, column: str, day: date) -> date:
        """Note a day that the ledger cannot speak of: as an order's argument it would be negative, or beyond its bits."""
        if not FIRST_DAY <= day <= LAST_DAY:
            self.wrong(column, f"is not within {FIRST_DAY} to {LAST_DAY}", f"{FIRST_DAY}부터 {LAST_DAY}까지여야 합니다")
        return day

    def ledger_day(self, column: str) -> date:
        """A day that the ledger can speak of."""
        day = read_date(self._cells[column])
        return self.day(column) if day is None else self.within_ledger(column, day)

    def day(self, column: str) -> date:
        """Any day: a birthday."""
        value = read_date(self._cells[column])
        if value is None:
            self.wrong(column, "is not a date (use 2024-04-11)", "날짜가 아닙니다(예: 2024-04-11)")
        return value or date.min

    def ledger_day_or_open(self, column: str) -> date | None:
        """Such a day, or none."""
        return self.ledger_day(column) if self._cells[column].strip() else None

    def whole(self, column: str) -> int:
        """A whole number, not negative."""
        digits = plain_number(self._cells[column])
        if not (digits.isascii() and digits.isdigit() and len(digits) <= WHOLE_DIGITS_MAX):
            self.wrong(column, "is not a whole number", "정수가 아닙니다")
            return 0
        return int(digits)

    def _bounded(self, column: str, plain: Callable[[str], str], length_max: int) -> str:
        value = plain(self._cells[column])
        if not is_plain_text(value):
            self.wrong(
                column, "has a control character (a line break, for instance)", "제어 문자(줄바꿈 등)가 있습니다"
            )
        elif len(value) > length_max:
            self.wrong(column, f"is longer than {length_max} characters", f"{length_max}자를 넘습니다")
        return value

    def _filled(self, column: str, plain: Callable[[str], str], length_max: int) -> str:
        value = self._bounded(column, plain, length_max)
        if not value:
            self.wrong(column, "is empty", "비어 있습니다")
        return value


def master_rows(data: bytes, columns: Columns) -> Iterator[Row]:
    """Every row of a file. Raises MasterFileInvalid after the last one where a problem was noted, and what `read_table` raises:
    whoever reads them all takes nothing of a file that has a problem.
    """
    file = _File()
    names = (*columns.required, *columns.optional)
    for line in read_table(data, columns):
        row = Row(line.number, dict(zip(names, line.cells, strict=True)), file)
        if line.surplus_cells:
            row.wrong(names[-1], "is followed by more cells than the header has", "뒤에 제목 없는 칸이 더 있습니다")
        yield row
    file.end()
