"""The import rules a second time: naive, slow and separate, to hold the product against on generated months.

Written from the rules alone. It imports nothing of the product, keeps a plain list of what it accepted and walks
through all of it for every row. Where the rules leave a corner open, docs/import.md decides it for both.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
import warnings

import openpyxl

Result = list[tuple[int, str, int]]
Cells = dict[str, str]

PLAIN = "".join(map(chr, range(33, 127)))
FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F)))


def squeeze(text: str) -> str:
    """Full-width to plain, and no white space at all."""
    for wide, plain in zip(FULL_WIDTH, PLAIN, strict=True):
        text = text.replace(wide, plain)
    return re.sub(r"\s", "", text)


def day_of(text: str) -> dt.date | None:
    text = squeeze(text)
    for pattern in (r"\d{4}-\d\d?-\d\d?", r"\d{4}\.\d\d?\.\d\d?\.?", r"\d{8}"):
        if re.fullmatch(pattern, text, re.ASCII):
            parts = re.findall(r"\d+", text)
            if len(parts) == 1:
                parts = [text[:4], text[4:6], text[6:]]
            try:
                return dt.date(int(parts[0]), int(parts[1]), int(parts[2]))
            except ValueError:
                return None
    return None


def minute_of(text: str) -> int | None:
    text = squeeze(text)
    if not re.fullmatch(r"\d?\d:\d\d", text, re.ASCII):
        return None
    hours, minutes = text.split(":")
    if int(hours) > 23 or int(minutes) > 59:
        return None
    return int(hours) * 60 + int(minutes)


def quantity_of(text: str) -> int | None:
    text = squeeze(text)
    if text == "" or any(sign not in "0123456789" for sign in text):
        return None
    number = int(text)
    return number if 0 < number < 10**18 else None


def shown(value: object) -> str:
    """A worksheet's cell as typed text."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d") if (value.hour, value.minute, value.second) == (0, 0, 0) else "?"
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def table_of(data: bytes) -> list[list[str]]:
    """All lines, also the blank ones, as lists of text."""
    if data[:2] == b"PK":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        return [[shown(cell.value) for cell in row] for row in sheet.iter_rows()]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp949")
    return list(csv.reader(io.StringIO(text, newline="")))


def records_of(data: bytes) -> list[tuple[int, Cells]]:
    """Line number and cells by column. Filled cells beyond the header are kept under the name '+'."""
    table = table_of(data)
    header = [re.sub(r"\s", "", name) for name in table[0]]
    while header and header[-1] == "":
        header.pop()
    records = []
    for number, cells in enumerate(table[1:], start=2):
        if (
            cells == []
            or (data[:2] == b"PK" and "".join(cells).strip() == "")
            or (len(cells) == 1 and not cells[0].strip())
        ):
            continue
        padded = cells + [""] * len(header)
        record = {name: padded[position] for position, name in enumerate(header)}
        record["+"] = "".join(cells[len(header) :]).strip()
        records.append((number, record))
    return records


def years_old(born: dt.date, day: dt.date) -> int:
    years = -200
    while True:  # as many birthdays as have come
        try:
            birthday = born.replace(year=born.year + years + 1)
        except ValueError:
            birthday = dt.date(born.year + years + 1, 3, 1)
        if birthday > day:
            return years
        years += 1


def three_months_before(day: dt.date) -> dt.date:
    year, month = (day.year, day.month - 3) if day.month > 3 else (day.year - 1, day.month + 9)
    for day_of_month in (day.day, day.day - 1, day.day - 2, day.day - 3):
        try:
            return dt.date(year, month, day_of_month)
        except ValueError:
            continue
    raise AssertionError


class Ledger:
    """Everything accepted so far, as one list."""

    def __init__(self, members: bytes, centers: bytes, programmes: bytes) -> None:
        self.members = {cells["회원번호"]: cells for _, cells in records_of(members)}
        self.centers = [cells["code"] for _, cells in records_of(centers)]
        self.versions = [cells for _, cells in records_of(programmes)]
        self.accepted: list[dict[str, object]] = []

    def run(self, activities: bytes, as_of: dt.date) -> Result:
        return [(number, *self.one(cells, as_of)) for number, cells in records_of(activities)]

    def version(self, code: str, day: dt.date) -> Cells | None:
        for version in self.versions:
            starts, ends = version["effective_from"], version["effective_to"] or "9999-12-31"
            if version["code"] == code and starts <= day.isoformat() <= ends:
                return version
        return None

    def one(self, cells: Cells, as_of: dt.date) -> tuple[str, int]:  # noqa: C901 - the table of outcomes, read top down
        number, code, day = squeeze(cells["실적번호"]), squeeze(cells["활동코드"]), day_of(cells["활동일"])
        if (
            cells["+"]
            or number == ""
            or re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", number)
            or squeeze(cells["회원번호"]) == ""
        ):
            return "malformed", 0
        if day is None:
            return "malformed", 0
        start, end, quantity = minute_of(cells["시작"]), minute_of(cells["종료"]), quantity_of(cells["수량"])
        session_fine = start is not None and end is not None and end > start
        ways = {version["measure"] for version in self.versions if version["code"] == code}
        version = self.version(code, day)
        if version:
            ways = {version["measure"]}
        if not ways:
            ways = {"time", "count"}
        if not ((session_fine and "time" in ways) or (quantity is not None and "count" in ways)):
            return "malformed", 0
        if code not in [one["code"] for one in self.versions]:
            return "unknown_programme", 0
        if squeeze(cells["센터코드"]) not in self.centers:
            return "unknown_center", 0
        if version is None and day <= as_of:
            return "not_in_force", 0
        member = self.members.get(squeeze(cells["회원번호"]))
        if member is None:
            return "unknown_member", 0
        names = {unicodedata.normalize("NFC", name).strip() for name in (cells["이름"], member["이름"])}
        born = day_of(member["생년월일"])
        if len(names) > 1 or day_of(cells["생년월일"]) != born:
            return "identity_mismatch", 0
        if day > as_of:
            return "future_date", 0
        if day < three_months_before(as_of):
            return "too_late", 0
        if any(one["number"] == number for one in self.accepted):
            return "duplicate_record", 0
        assert version is not None
        assert born is not None
        if years_old(born, day) < int(version["min_age"]):
            return "not_eligible", 0
        today = [one for one in self.accepted if one["member"] == member["회원번호"] and one["day"] == day]
        timed = version["measure"] == "time"
        if timed:
            assert start is not None
            assert end is not None
            minutes = set(range(start, end))
            if any(minutes & one["minutes"] for one in today):  # type: ignore[operator]
                return "overlap", 0
            units, cap = end - start, 480
            used = sum(int(str(one["counted"])) for one in today if one["timed"])
        else:
            assert quantity is not None
            minutes = set()
            units, cap = quantity, int(version["daily_cap_units"])
            used = sum(int(str(one["counted"])) for one in today if one["code"] == code)
        counted = min(units, max(cap - used, 0))
        self.accepted.append(
            {
                "number": number,
                "member": member["회원번호"],
                "day": day,
                "code": code,
                "timed": timed,
                "minutes": minutes,
                "counted": counted,
            }
        )
        return "capped" if counted < units else "ok", counted * int(version["coins"]) // int(version["per_units"])
