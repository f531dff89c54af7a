"""The statement of a month close, for the facility and the accountant (DOMAIN rule 30)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from fpdf import Align

from ledger_service.printing.paper import SMALL_POINTS, SUM_POINTS, Paper, amount
from ledger_service.reads.closes import CloseLine, DayLine, Statement

SIGNED_ROW_MM = 14  # room for a signature or a seal
SEOUL = timezone(timedelta(hours=9))
STATES = {
    "prepared": "확인 전 (초안)",
    "confirmed": "사용처 확인, 승인 전",
    "approved": "승인, 원장 기록 중",
    "closed": "확정",
    "rejected": "반려됨",
    "skipped": "원장에서 처리되지 않음",
}


def statement_pdf(found: Statement, now: int) -> bytes:
    """The statement on paper. `now` is UTC seconds."""
    close = found.close
    year, month = close.month.split("-")
    is_venue = close.payee_kind == "venue"
    what = "사용처 정산서" if is_venue else "기부 정산서"
    paper = Paper(
        f"{what} {close.month} {close.code}", f"정산 번호 {close.id}   ·   출력 {_at(now):%Y-%m-%d %H:%M}", _at(now)
    )
    paper.heading(what, under=f"{year}년 {int(month)}월분")
    _payee(paper, found)
    paper.section("정산 내역")
    paper.ruled(("구분", "건수", "코인", "금액(원)"), _figures(close), widths=(46, 14, 18, 22), strong_last=True)
    paper.ln(3)
    if worth := _worth(found.days):
        paper.paragraph(f"사용한 날의 코인 가치: {worth}", points=SMALL_POINTS, height_mm=4)
    paper.paragraph(f"지급할 금액  {close.krw:,}원", points=SUM_POINTS, height_mm=9, align=Align.R)
    if close.reissued_coins:
        paper.paragraph(
            f"이미 정산한 달의 사용을 환불한 {amount(close.reissued_coins)}코인은 다시 발행했고, 그 금액은 이번 정산에서 뺐습니다.",
            points=SMALL_POINTS,
        )
    _signatures(paper, close)
    _on_chain(paper, found)
    if found.days:
        paper.section("일자별 내역")
        paper.ruled(
            ("일자", "사용 건수", "사용 코인", "사용 금액(원)", "환불 건수", "환불 코인", "환불 금액(원)"),
            [*(_day(one) for one in found.days), _sum_of(found.days)],
            widths=(22, 13, 15, 20, 13, 15, 20),
            strong_last=True,
        )
    return paper.done()


def _payee(paper: Paper, found: Statement) -> None:
    close = found.close
    rows = [("지급 대상", close.name if close.body is None else f"{close.body} ({close.name})"), ("코드", close.code)]
    rows.append(("정산 기간", f"{found.first_day} ~ {found.last_day}"))
    rows.append(("상태", STATES[close.state]))
    for name, value in rows:
        paper.set_font_size(10)
        paper.cell(w=28, h=7, text=name)
        paper.cell(w=paper.epw - 28, h=7, text=value, new_x="LMARGIN", new_y="NEXT")


def _figures(close: CloseLine) -> list[tuple[str, str, str, str]]:
    taken = "받은 코인" if close.payee_kind == "venue" else "기부받은 코인"
    rows = [("이월 (지난 정산에서 넘어온 금액)", "", amount(close.opening_coins), amount(close.opening_krw))]
    rows.append((taken, amount(close.charges), amount(close.taken_coins), amount(close.taken_krw)))
    if close.payee_kind == "venue":
        rows.append(("환불 (−)", amount(close.refunds), amount(-close.refunded_coins), amount(-close.refunded_krw)))
        rows.append(("환불 중 다시 발행한 코인 (+)", "", amount(close.reissued_coins), ""))
    rows.append(("정산 합계", "", amount(close.coins), amount(close.krw)))
    return rows


def _worth(days: list[DayLine]) -> str:
    """What a coin was worth on the days of the charges, with their first day where the value changed within the month."""
    found: dict[int, str] = {}
    for one in days:
        if one.taken_coins and one.taken_krw % one.taken_coins == 0:
            found.setdefault(one.taken_krw // one.taken_coins, f"{one.day:%m-%d}부터")
    values = [f"1코인 {value:,}원" + (f"({since})" if len(found) > 1 else "") for value, since in found.items()]
    return ", ".join(values)


def _day(one: DayLine) -> tuple[str, ...]:
    return (
        one.day.isoformat(), amount(one.charges), amount(one.taken_coins), amount(one.taken_krw), amount(one.refunds),
        amount(one.refunded_coins), amount(one.refunded_krw),
    )  # fmt: skip


def _sum_of(days: list[DayLine]) -> tuple[str, ...]:
    names = ("charges", "taken_coins", "taken_krw", "refunds", "refunded_coins", "refunded_krw")
    return ("합계", *(amount(sum(getattr(one, name) for one in days)) for name in names))


def _signatures(paper: Paper, close: CloseLine) -> None:
    paper.section("확인과 승인")
    rows = [
        (
            "사용처 확인" if close.payee_kind == "venue" else "정산 작성",
            _signed(close.confirmed_by or close.prepared_by, close.confirmed_at),
        )
    ]
    if close.payee_kind == "venue" and close.confirmed_by is None:
        rows = [("사용처 확인", ("", ""))]
    rows.append(("코인 담당 부서 승인", _signed(close.approved_by, close.approved_at)))
    paper.ruled(
        ("구분", "담당자", "일시", "서명"),
        [(name, who, when, "") for name, (who, when) in rows],
        widths=(28, 22, 26, 24),
        texts=4,
        height_mm=SIGNED_ROW_MM,
    )


def _signed(who: str | None, at: int | None) -> tuple[str, str]:
    return who or "", f"{_at(at):%Y-%m-%d %H:%M}" if at is not None else ""


def _on_chain(paper: Paper, found: Statement) -> None:
    paper.ln(4)
    if found.last_head is not None:
        paper.paragraph(
            f"원장 대조: 마지막 묶음 {found.last_seq}번, 머리값 {found.last_head}", points=SMALL_POINTS, height_mm=4
        )
    if found.entry is not None:
        paper.paragraph(f"원장의 정산 기록: {found.entry} (창구/묶음/순서)", points=SMALL_POINTS, height_mm=4)
    paper.paragraph(
        "확정된 달은 바뀌지 않습니다. 이후의 환불은 다음 정산에 반영합니다.",
        points=SMALL_POINTS,
        height_mm=4,
        align=Align.L,
    )


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, SEOUL)
