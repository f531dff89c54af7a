"""The files that people fill in: what each column holds, in words, and an example to fill in or to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger_service.printing.tables import table
from ledger_service.services.activity_file import ACTIVITY_COLUMNS
from ledger_service.services.file_steps import FILE_COLUMNS
from ledger_service.services.organisation_files import COURSE_COLUMNS
from ledger_service.services.table_errors import Columns

_MEANINGS: dict[str, str] = {
    "실적번호": "기관에서 붙인 번호. 한 번만 쓸 수 있습니다",
    "회원번호": "주민의 회원번호",
    "이름": "등록된 이름과 같아야 합니다",
    "생년월일": "등록된 생년월일과 같아야 합니다(예: 1954-03-01)",
    "센터코드": "센터의 코드",
    "활동코드": "활동의 코드",
    "활동일": "활동한 날(예: 2024-04-11, 2024. 4. 11.)",
    "시작": "시간으로 세는 활동의 시작(예: 09:00)",
    "종료": "시간으로 세는 활동의 끝(예: 11:30)",
    "수량": "개수나 무게로 세는 활동의 수량",
    "비고": "읽지 않습니다",
    "code": "짧은 코드. 다른 것과 겹치지 않아야 합니다",
    "name": "주민에게 보이는 이름",
    "unit": "세는 단위(예: minute, bag)",
    "coins": "코인 수",
    "per_units": "몇 단위마다 그 코인을 주는지",
    "effective_from": "적용하는 첫날(예: 2024-07-01)",
    "effective_to": "적용하는 마지막 날. 끝이 없으면 비웁니다",
    "daily_cap_units": "한 사람이 하루에 인정받는 단위 수",
    "min_age": "참여할 수 있는 가장 적은 나이",
    "measure": "시간으로 세면 time, 수량으로 세면 count",
    "basis": "근거가 되는 조례 조항",
    "krw": "1코인의 금액(원)",
    "choice": "이미 나간 코인은 새 가치를 따르면 devalue, 같은 금액이 되게 바꾸면 convert",
    "limit": "budget(한 해 예산), person(한 사람 한 달), centre, venue, treasury(기관의 한 달)",
    "period": "해(2024)이거나, 기관의 한도이면 달(2024-05)",
    "body": "돈을 받는 단체",
    "goal_coins": "모으려는 코인. 정하지 않았으면 비웁니다",
    "step_coins": "몇 코인 단위로 받는지",
    "dong": "사용처가 있는 동",
    "venue": "강좌를 여는 사용처의 코드",
    "first_day": "강좌의 첫날(예: 2024-07-01)",
    "last_day": "강좌의 마지막 날(예: 2024-09-27)",
    "seats": "정원",
    "price_krw": "수강료(원)",
}
_MEANINGS_IN: dict[tuple[str, str], str] = {
    ("limits", "code"): "기관의 코드. 예산과 한 사람 한 달이면 비웁니다",
    ("limits", "effective_from"): "기간 안에서 바뀌는 날. 처음부터이면 비웁니다",
}
MEANINGS = frozenset({*_MEANINGS.values(), *_MEANINGS_IN.values()})
ACTIVITIES, COURSES = "activities", "courses"
_NOT_PROPOSED: dict[str, Columns] = {ACTIVITIES: ACTIVITY_COLUMNS, COURSES: COURSE_COLUMNS}


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column, what it holds (Korean; the pages' words have the English), and whether a file may be without it."""

    name: str
    meaning: str
    is_required: bool


def column_lines(kind: str) -> list[ColumnLine]:
    """The columns of a kind of file: `ACTIVITIES`, `COURSES`, or a master file that is proposed."""
    columns = _columns_of(kind)
    return [
        ColumnLine(name, _MEANINGS_IN.get((kind, name)) or _MEANINGS[name], name in columns.required)
        for name in (*columns.required, *columns.optional)
    ]


def filled_in(kind: str, rows: Iterable[Mapping[str, object]]) -> bytes:
    """A CSV file of that kind with these rows."""
    columns = _columns_of(kind)
    names = (*columns.required, *columns.optional)
    return table(names, ([row.get(name, "") for name in names] for row in rows))


def _columns_of(kind: str) -> Columns:
    return _NOT_PROPOSED.get(kind) or FILE_COLUMNS[kind]
