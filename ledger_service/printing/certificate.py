"""The certificate of thanks for a gift of coins. It is no receipt for taxes and says so (DOMAIN rules 2 and 29): it names no mayor."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from fpdf import Align

from ledger_service.printing.paper import SUM_POINTS, Paper, amount
from ledger_service.reads.donations import Gift

SEOUL = timezone(timedelta(hours=9))
NO_RECEIPT = "이 증서는 기부금 영수증이 아니며, 소득공제나 세액공제에 사용할 수 없습니다."
NO_RECEIPT_ENGLISH = "This certificate is not a tax receipt."


def certificate_pdf(gift: Gift, now: int) -> bytes:
    """The certificate on paper. `now` is UTC seconds."""
    paper = Paper(
        f"코인 기부 감사증서 {gift.day}", f"기부 번호 {gift.id}", datetime.fromtimestamp(now, SEOUL), is_large=True
    )
    paper.ln(20)
    paper.heading("코인 기부 감사증서")
    paper.ln(10)
    paper.paragraph(f"{gift.name} 님", points=SUM_POINTS, height_mm=12, align=Align.C)
    paper.ln(4)
    paper.paragraph(
        f"{gift.day.year}년 {gift.day.month}월 {gift.day.day}일 나누어 주신 {amount(gift.coins)}코인을\n"
        f"{gift.body}의 '{gift.project}'에 전합니다.\n"
        "고맙습니다.",
        height_mm=9, align=Align.C,
    )  # fmt: skip
    paper.ln(12)
    paper.ruled(
        ("기부일", "받는 단체", "사업", "코인", "그날의 가치(원)"),
        [(gift.day.isoformat(), gift.body, gift.project, amount(gift.coins), amount(gift.krw))],
        widths=(20, 32, 28, 12, 18),
        texts=3,
    )
    paper.ln(16)
    paper.paragraph(NO_RECEIPT, height_mm=8, align=Align.C)
    paper.paragraph(NO_RECEIPT_ENGLISH, height_mm=8, align=Align.C)
    paper.ln(6)
    paper.paragraph(f"원장 기록 {gift.journal_no}번", height_mm=8, align=Align.C)
    return paper.done()
