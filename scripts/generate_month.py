"""Make a month of a district that never was: master data and an activity file, with defects of every kind.

    python scripts/generate_month.py --out var/month --rows 2000 --members 600 --month 2025-02 --seed 7 --format xlsx
    python scripts/generate_month.py --out var/large --rows 56000 --members 12450 --month 2024-04 --defects 3

The same arguments give the same month. Names, numbers and birth dates are drawn at random and belong to nobody.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl

FORMATS = ("cp949", "utf-8", "utf-8-sig", "xlsx")
COLUMNS = ("실적번호", "회원번호", "이름", "생년월일", "센터코드", "활동코드", "활동일", "시작", "종료", "수량", "비고")
CENTERS = (
    ("SVC", "자원봉사센터"),
    ("YJ", "양지노인종합복지관"),
    ("HALL1", "은하1동 자치회관"),
    ("ZERO", "탄소제로샵"),
    ("YOUTH", "청소년센터"),
)
PROGRAMMES = """\
code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure
VOL,자원봉사,minute,3,60,2022-01-01,2024-03-31,480,0,time
VOL,자원봉사,minute,5,60,2024-04-01,,480,0,time
TALENT,재능기부,minute,3,60,2023-07-03,2024-03-31,480,0,time
TALENT,재능기부,minute,7,90,2024-04-01,,240,14,time
CLASS,건강강좌 수강,session,1,1,2022-01-01,,2,60,count
PET,투명페트병,bottle,1,10,2023-07-03,2024-03-31,50,0,count
PET,투명페트병,bottle,2,10,2024-04-01,,50,0,count
CARTON,종이팩,gram,5,1000,2024-04-01,,10000,0,count
SUMMER,여름 물놀이 안전,case,10,1,2024-07-01,2024-08-31,5,19,count
"""
TIMED = ("VOL", "TALENT")
COUNTED = {"CLASS": (1, 3), "PET": (1, 80), "CARTON": (100, 12_000), "SUMMER": (1, 7)}
FAMILY_NAMES = "김이박최정강조윤장임한오서신권황안송류홍전고문양손배백허남심노하곽성차주우구나지엄채원천방공현함변염"
SYLLABLES = "가나다라마사아자하민서준우지현수영호진경숙희정은혜도윤태석철율란옥순식미용배린"
ENTRY_WINDOW_MONTHS = 3
WIDE = str.maketrans("0123456789:.-", "０１２３４５６７８９：．－")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What month to make. `defects_percent` of the rows get a defect, `odd_spellings_percent` an unusual spelling."""

    seed: int
    rows: int = 300
    members: int = 60
    month: date = date(2024, 4, 1)
    as_of: date | None = None
    format: str = "cp949"
    defects_percent: int = 30
    odd_spellings_percent: int = 20

    @property
    def import_day(self) -> date:
        """The day of the import: the second day of the next month where none is named."""
        return self.as_of or self.month.replace(day=monthrange(self.month.year, self.month.month)[1]) + timedelta(
            days=2
        )


@dataclass(frozen=True, slots=True)
class Month:
    """The files of a month, by name, and the day on which the activities are imported."""

    files: dict[str, bytes]
    activities_name: str
    as_of: date

    @property
    def activities(self) -> bytes:
        """The activity file."""
        return self.files[self.activities_name]


def generate(plan: Plan) -> Month:
    """The month of a plan."""
    return _Maker(plan).month()


class _Maker:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dice = random.Random(plan.seed)  # noqa: S311 - repeatable data, no secret
        self.unicode = plan.format != "cp949"
        self.members = [self._member(number) for number in range(plan.members)]
        self.rows: list[Row] = []
        self.next_number = plan.month.year % 100 * 10_000_000 + plan.month.month * 100_000

    def month(self) -> Month:
        defects = [getattr(self, name) for name in dir(self) if name.startswith("defect_")]
        for _ in range(self.plan.rows):
            row = self._row()
            if self.dice.randrange(100) < self.plan.defects_percent:
                defect: Callable[[Row], None] = self.dice.choice(defects)
                defect(row)
            if self.dice.randrange(100) < self.plan.odd_spellings_percent:
                self._respell(row)
            self.rows.append(row)
        suffix = "xlsx" if self.plan.format == "xlsx" else "csv"
        name = f"activities-{self.plan.month:%Y-%m}.{suffix}"
        activities = self._workbook() if self.plan.format == "xlsx" else self._text()
        members = _csv(["회원번호", "이름", "생년월일", "휴대전화", "동", "자격"], [list(one) for one in self.members])
        centers = _csv(["code", "name"], [list(one) for one in CENTERS])
        mark = b"\xef\xbb\xbf"
        files = {
            "members.csv": mark + members.encode(),
            "centers.csv": mark + centers.encode(),
            "programmes.csv": mark + PROGRAMMES.encode(),
            name: activities,
        }
        return Month(files, name, self.plan.import_day)

    # --- ordinary rows

    def _member(self, number: int) -> tuple[str, str, str, str, str, str]:
        dice = self.dice
        name = dice.choice(FAMILY_NAMES) + dice.choice(SYLLABLES) + dice.choice(SYLLABLES)
        if number % 25 == 0:
            birth_date = date(dice.choice((1948, 1964, 1996, 2004, 2008)), 2, 29)
        elif number % 10 == 1:  # sixty or fourteen during this month
            years = dice.choice((60, 14))
            birth_date = date(self.plan.month.year - years, self.plan.month.month, dice.randint(1, 28))
        else:
            birth_date = date(1935, 1, 1) + timedelta(days=dice.randrange(80 * 365))
        phone = f"010-{dice.randrange(1000, 10000)}-{dice.randrange(1000, 10000)}"
        return (f"S{200_000 + number * 7}", name, birth_date.isoformat(), phone, "은하1동", "거주")

    def _row(self) -> Row:
        dice = self.dice
        number, name, birth_date, *_ = dice.choice(self.members)
        self.next_number += dice.randint(1, 3)
        row = dict.fromkeys(COLUMNS, "")
        row["실적번호"] = f"V{self.next_number:09}"
        row["회원번호"], row["이름"], row["생년월일"] = number, name, birth_date
        row["센터코드"] = dice.choice(CENTERS)[0]
        days = monthrange(self.plan.month.year, self.plan.month.month)[1]
        row["활동일"] = self.plan.month.replace(day=dice.randint(1, days)).isoformat()
        if dice.randrange(2):
            row["활동코드"] = dice.choice(TIMED)
            self._session(row, dice.randrange(6 * 12, 20 * 12) * 5, dice.choice((20, 45, 60, 90, 120, 180, 235)))
        else:
            row["활동코드"] = dice.choice(list(COUNTED))
            row["수량"] = str(dice.randint(*COUNTED[row["활동코드"]]))
        if dice.randrange(20) == 0:
            row["비고"] = dice.choice(("오전반", "도서관, 2층", '"감사"의 글', "비가 와서\n실내에서"))
        return row

    def _session(self, row: Row, start: int, minutes: int) -> None:
        end = min(start + minutes, 24 * 60 - 1)
        row["시작"], row["종료"] = f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}"
        row["수량"] = ""

    def _timed(self, row: Row) -> None:
        if not row["시작"]:
            row["활동코드"] = "VOL"
            self._session(row, 600, 120)

    def _counted(self, row: Row) -> None:
        if not row["수량"]:
            row["활동코드"], row["시작"], row["종료"], row["수량"] = "PET", "", "", "12"

    def _earlier(self) -> Row | None:
        return self.dice.choice(self.rows) if self.rows else None

    def _same_day(self, row: Row) -> Row | None:
        """Make the row one of the same person and day as an earlier timed row, and give that one."""
        earlier = next((one for one in reversed(self.rows[-50:]) if one["시작"] and one["종료"]), None)
        if earlier is not None:
            for column in ("회원번호", "이름", "생년월일", "활동일"):
                row[column] = earlier[column]
            self._timed(row)
        return earlier

    # --- defects

    def defect_record_number_empty(self, row: Row) -> None:
        row["실적번호"] = self.dice.choice(("", " ", "　"))

    def defect_record_number_rounded(self, row: Row) -> None:
        row["실적번호"] = "2.40401E+11"

    def defect_member_number_empty(self, row: Row) -> None:
        row["회원번호"] = self.dice.choice(("", "  "))

    def defect_date_unreadable(self, row: Row) -> None:
        forms = [
            "2024-13-45",
            "2023-02-29",
            "",
            "어제",
            "2024/04/11",
            "24-04-11",
            "2024-04.11",
            "202404011",
            "2024-04-11 09:00",
        ]
        if self.unicode:
            forms.append("٢٠٢٤-٠٤-١١")
        row["활동일"] = self.dice.choice(forms)

    def defect_time_unreadable(self, row: Row) -> None:
        self._timed(row)
        row[self.dice.choice(("시작", "종료"))] = self.dice.choice(
            ("25:70", "24:00", "", "9시", "09:5", "0930", "08:30:15")
        )

    def defect_end_not_after_start(self, row: Row) -> None:
        self._timed(row)
        row["시작"], row["종료"] = row["종료"], self.dice.choice((row["시작"], row["종료"]))

    def defect_quantity_wrong(self, row: Row) -> None:
        self._counted(row)
        forms = ["0", "-3", "1.0", "1e3", "+5", "많음", "", "1,000", "000", "9" * 19, "１．５"]
        if self.unicode:
            forms.extend(("٣", "①", "5²"))
        row["수량"] = self.dice.choice(forms)

    def defect_cells_beyond_the_header(self, row: Row) -> None:
        row["+"] = self.dice.choice(("", "넘침"))

    def defect_unknown_programme(self, row: Row) -> None:
        row["활동코드"] = self.dice.choice(("TUMBLER", "", "vol"))
        if self.dice.randrange(3) == 0:
            row["시작"], row["수량"] = self.dice.choice((("25:70", ""), ("", ""), ("", "0")))

    def defect_unknown_center(self, row: Row) -> None:
        row["센터코드"] = self.dice.choice(("MOON", "", "svc"))

    def defect_not_in_force(self, row: Row) -> None:
        row["활동코드"], row["수량"], row["시작"], row["종료"] = "CARTON", "1000", "", ""
        row["활동일"] = self.dice.choice(("2024-03-31", "2023-12-24", "2019-01-01"))

    def defect_not_in_force_timed(self, row: Row) -> None:
        self._timed(row)
        row["활동일"] = "2021-12-31"

    def defect_unknown_member(self, row: Row) -> None:
        row["회원번호"] = f"S{self.dice.randrange(900_000, 999_999)}"

    def defect_name_differs(self, row: Row) -> None:
        row["이름"] = self.dice.choice(
            (row["이름"][:-1] + "뷁" if self.unicode else "홍길동", "", row["이름"][0] + " " + row["이름"][1:])
        )

    def defect_birth_date_differs(self, row: Row) -> None:
        row["생년월일"] = self.dice.choice(("1970-01-01", "", "1970-13-01", row["생년월일"][2:]))

    def defect_future_date(self, row: Row) -> None:
        row["활동일"] = (self.plan.import_day + timedelta(days=self.dice.choice((0, 1, 1, 20)))).isoformat()

    def defect_around_the_entry_window(self, row: Row) -> None:
        months = self.plan.import_day.year * 12 + self.plan.import_day.month - 1 - ENTRY_WINDOW_MONTHS
        year, month = divmod(months, 12)
        edge = date(year, month + 1, min(self.plan.import_day.day, monthrange(year, month + 1)[1]))
        row["활동일"] = (edge + timedelta(days=self.dice.choice((-1, 0, 1)))).isoformat()

    def defect_same_row_again(self, row: Row) -> None:
        row.update(self._earlier() or {})

    def defect_same_number_again(self, row: Row) -> None:
        earlier = self._earlier()
        if earlier is not None:
            number = earlier["실적번호"]
            row["실적번호"] = self.dice.choice((number, number.translate(WIDE), number + " "))

    def defect_too_young(self, row: Row) -> None:
        row["활동코드"], row["시작"], row["종료"], row["수량"] = "CLASS", "", "", "1"

    def defect_near_the_sixtieth_birthday(self, row: Row) -> None:
        number, name, birth_date, *_ = self.dice.choice(self.members[1::10] or self.members)
        row["회원번호"], row["이름"], row["생년월일"] = number, name, birth_date
        day = int(birth_date[-2:]) + self.dice.choice((-1, 0, 1))
        row["활동일"] = self.plan.month.replace(day=min(max(day, 1), 28)).isoformat()
        self.defect_too_young(row)

    def defect_overlap(self, row: Row) -> None:
        if (earlier := self._same_day(row)) is not None:
            start, end = earlier["시작"], earlier["종료"]
            row["시작"], row["종료"] = self.dice.choice(
                ((start, end), ("00:10", "23:50"), (start, "23:59"), ("00:01", end))
            )

    def defect_session_that_touches(self, row: Row) -> None:
        if (earlier := self._same_day(row)) is not None:
            if self.dice.randrange(2):
                row["시작"], row["종료"] = earlier["종료"], "23:59"
            else:
                row["시작"], row["종료"] = "00:00", earlier["시작"]

    def defect_above_the_daily_cap(self, row: Row) -> None:
        if self.dice.randrange(2):
            self._timed(row)
            row["시작"], row["종료"] = self.dice.choice((("08:00", "16:00"), ("08:00", "16:01"), ("00:00", "23:59")))
        else:
            self._counted(row)
            row["수량"] = self.dice.choice(("50", "51", "100000", "9" * 18))

    def defect_same_count_again(self, row: Row) -> None:
        earlier = next((one for one in reversed(self.rows) if one["수량"] and one["활동코드"] in COUNTED), None)
        if earlier is not None:
            row.update({column: cell for column, cell in earlier.items() if column != "실적번호"})

    # --- unusual spellings of right cells

    def _respell(self, row: Row) -> None:
        for column in ("활동일", "생년월일"):
            row[column] = self._respelt_date(row[column])
        for column in ("시작", "종료", "수량", "회원번호"):
            row[column] = self.dice.choice((row[column], row[column].translate(WIDE), f" {row[column]}　"))
        if ":" in row["시작"]:
            row["시작"] = row["시작"].replace(":", self.dice.choice((":", " : ", "：")))
        if row["시작"].startswith("0") and row["시작"][1:2].isdigit() and self.dice.randrange(2):
            row["시작"] = row["시작"][1:]
        if row["수량"].isdigit() and len(row["수량"]) > 2:
            row["수량"] = self.dice.choice((row["수량"], f"{row['수량'][:1]} {row['수량'][1:]}", "00" + row["수량"]))
        names = [row["이름"], f" {row['이름']} ", f"　{row['이름']}"]
        if self.unicode:
            names.append(unicodedata.normalize("NFD", row["이름"]))
        row["이름"] = self.dice.choice(names)

    def _respelt_date(self, text: str) -> str:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return self.dice.choice(
            (
                f"{day:%Y.%m.%d}",
                f"{day:%Y%m%d}",
                f"{day.year}. {day.month}. {day.day}.",
                f"{day.year}. {day.month}. {day.day}",
                f"{day.year}-{day.month}-{day.day}",
                text.translate(WIDE),
                f"　{text} ",
            )
        )

    # --- files

    def _table(self) -> list[list[str]]:
        """Header and rows, every other time in a shuffled order of columns, sometimes with a column too many."""
        columns = list(COLUMNS)
        if self.dice.randrange(2):
            self.dice.shuffle(columns)
        if self.dice.randrange(3) == 0:
            columns.insert(self.dice.randrange(len(columns)), "확인자")
        if self.dice.randrange(5) == 0:
            columns.remove("비고")
        header = [f" {column[:2]} {column[2:]}" if self.dice.randrange(8) == 0 else column for column in columns]
        table = [header]
        for row in self.rows:
            table.append([row.get(column, "확인") for column in columns] + ([row["+"]] if "+" in row else []))
            if self.plan.defects_percent and self.dice.randrange(60) == 0:
                table.append([])
        return table

    def _text(self) -> bytes:
        return _csv(*_head_and_rest(self._table())).encode(self.plan.format)

    def _workbook(self) -> bytes:
        """Cells as text, or as the dates, times and numbers that a spreadsheet makes of them."""
        workbook = openpyxl.Workbook(write_only=True)
        sheet = workbook.create_sheet("실적")
        for cells in self._table():
            sheet.append([self._typed(cell) for cell in cells])
        workbook.create_sheet("안내").append(["작성 방법"])
        stream = io.BytesIO()
        workbook.save(stream)
        return stream.getvalue()

    def _typed(self, cell: str) -> object:
        if not cell or self.dice.randrange(2):
            return cell or None
        if cell.isascii() and cell.isdigit() and len(cell) < 8:
            return self.dice.choice((int(cell), float(cell)))
        for form, kind in (("%Y-%m-%d", "day"), ("%H:%M", "time")):
            try:
                moment = datetime.strptime(cell, form)  # noqa: DTZ007 - a cell has no zone
            except ValueError:
                continue
            if kind == "time":
                return time(moment.hour, moment.minute)
            return self.dice.choice((moment, moment.date())) if moment.year >= 1901 else cell
        return cell


def _head_and_rest(table: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    return table[0], table[1:]


def _csv(header: list[str], rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def main() -> None:
    """Write the files of one month into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--members", type=int, default=600)
    parser.add_argument("--month", default="2024-04", help="YYYY-MM")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, help="day of the import; the month's end + 2 days by default"
    )
    parser.add_argument("--format", choices=FORMATS, default="cp949")
    parser.add_argument("--defects", type=int, default=10, metavar="PERCENT")
    parser.add_argument("--odd-spellings", type=int, default=10, metavar="PERCENT")
    given = parser.parse_args()
    plan = Plan(
        seed=given.seed,
        rows=given.rows,
        members=given.members,
        month=date.fromisoformat(f"{given.month}-01"),
        as_of=given.as_of,
        format=given.format,
        defects_percent=given.defects,
        odd_spellings_percent=given.odd_spellings,
    )
    month = generate(plan)
    given.out.mkdir(parents=True, exist_ok=True)
    for name, content in month.files.items():
        (given.out / name).write_bytes(content)
    print(f"{given.out / month.activities_name}: {plan.rows} rows, import with --as-of {month.as_of}")


if __name__ == "__main__":
    main()
