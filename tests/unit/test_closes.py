"""What a venue or fund is due (DOMAIN rules 19, 20, 28, 30), as a pure fold, and the files that say so."""

from __future__ import annotations

import csv
import io
import re
import zlib
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from ledger_service.domain.closes import Movement, fold_venue, fund_figures, venue_figures
from ledger_service.domain.entries import Kind
from ledger_service.printing import certificate
from ledger_service.printing.certificate import NO_RECEIPT, NO_RECEIPT_ENGLISH, certificate_pdf
from ledger_service.printing.receipt import PaperReceipt, receipt_pdf
from ledger_service.printing.statement import statement_pdf
from ledger_service.printing.tables import cell, payment_file
from ledger_service.reads.closes import CloseLine, DayLine, Payment, Payments, Statement
from ledger_service.reads.donations import Gift


def charge(seq: int, coins: int, krw: int = 100) -> Movement:
    return Movement(Kind.REDEEM, seq, seq, coins, coins * krw)


def refund(seq: int, coins: int, krw: int = 100) -> Movement:
    return Movement(Kind.REFUND, seq, seq, coins, coins * krw)


def close(seq: int, coins: int, krw: int) -> Movement:
    return Movement(Kind.MONTH_CLOSE, seq, seq, coins, krw)


def test_rule_30_a_close_is_what_was_taken_less_what_went_back() -> None:
    figures = venue_figures(fold_venue([charge(1, 30), charge(2, 20), refund(3, 10)]), 0, 3)
    assert (figures.charges, figures.refunds) == (2, 1)
    assert (figures.coins, figures.krw) == (40, 4_000)


def test_rule_30_what_came_after_the_cut_is_not_in_it() -> None:
    account = fold_venue([charge(1, 30), charge(2, 20)])
    assert venue_figures(account, 0, 1).coins == 30
    assert account.balance == 50


def test_rule_30_a_refund_of_a_closed_month_is_issued_again_and_netted_later() -> None:
    moved = [charge(1, 30), close(1, 30, 3_000), refund(2, 20), charge(3, 5), charge(4, 50)]
    account = fold_venue(moved)
    assert account.sums.reissued == 20
    second = venue_figures(account, 1, 3)
    assert (second.coins, second.krw, second.is_carried) == (5, -1_500, True)
    third = venue_figures(account, 3, 4)
    assert (third.opening_coins, third.opening_krw) == (5, -1_500)
    assert (third.coins, third.krw, third.is_carried) == (55, 3_500, False)


def test_a_refund_takes_the_venues_coins_before_any_is_issued_again() -> None:
    account = fold_venue([charge(1, 30), close(1, 30, 3_000), charge(2, 12), refund(3, 20)])
    assert (account.balance, account.sums.reissued) == (0, 8)
    assert venue_figures(account, 1, 3).coins == 0


def test_each_coin_counts_with_the_value_of_its_own_day() -> None:
    figures = venue_figures(fold_venue([charge(1, 10, 200), charge(2, 10, 100), refund(2, 4, 200)]), 0, 2)
    assert figures.krw == 2_000 + 1_000 - 800


def test_rule_28_a_fund_is_closed_whole() -> None:
    figures = fund_figures([Movement(Kind.DONATE, 1, 1, 12, 1_200), Movement(Kind.CLOSURE, 2, 2, 3, 300)])
    assert (figures.charges, figures.coins, figures.krw) == (2, 15, 1_500)


def test_an_entry_that_does_not_belong_to_a_venue_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="kind 1"):
        fold_venue([Movement(Kind.CREDIT, 1, 1, 1, 1)])


@pytest.mark.parametrize("text", ["=1+1", "+82", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "　＝1", "\u00a0@a"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert cell(text).startswith("'")


def test_an_amount_stays_a_number() -> None:
    assert (cell(-500), cell(0), cell("체육관")) == ("-500", "0", "체육관")


def test_the_payment_file_has_one_line_a_payee() -> None:
    found = Payments("2024-05", [Payment("2024-05", "venue", "=HYPERLINK()", ["GYM"], 40, 4_000, ["a"])], 0)
    rows = list(csv.reader(io.StringIO(payment_file(found).decode("utf-8-sig"))))
    assert len(rows) == 2
    assert rows[1][2:6] == ["'=HYPERLINK()", "GYM", "40", "4000"]


def test_a_statement_is_a_page_with_its_font_inside() -> None:
    line = CloseLine(
        "id", "2024-05", "venue", "GYM", "구립 체육관", None, "closed", 0, 0, 2, 50, 5_000, 1, 10, 1_000, 0, 40, 4_000,
        "office", "counter", 1, "second", 2, 7,
    )  # fmt: skip
    day = DayLine(date(2024, 5, 2), 2, 50, 5_000, 1, 10, 1_000)
    printed = statement_pdf(
        Statement(line, date(2024, 5, 1), date(2024, 5, 31), [day], 3, "0xab", "3/1/0"), 1_717_400_000
    )
    assert printed.startswith(b"%PDF-")
    assert b"/FontFile" in printed
    assert len(printed) < 100_000


def test_rule_29_a_certificate_says_that_it_is_no_tax_receipt() -> None:
    given = Gift("id", "홍길동", "따뜻한 겨울나기", "사회복지공동모금회", 12, 1_200, date(2024, 5, 2), 7)
    printed = certificate_pdf(given, 1_717_400_000)
    assert printed.startswith(b"%PDF-")
    assert "홍길동" not in repr(given)
    assert ("영수증이 아니며" in NO_RECEIPT, "not a tax receipt" in NO_RECEIPT_ENGLISH) == (True, True)


def test_nothing_on_a_residents_paper_is_smaller_than_13_points() -> None:
    given = Gift("id", "홍길동", "따뜻한 겨울나기", "사회복지공동모금회", 12, 1_200, date(2024, 5, 2), 7)
    receipt = PaperReceipt("영수증", "적립", "12코인", [("곳", "센터")], [("서명", "BORAM1")], ["도움 전화"], "7번")
    for printed in (certificate_pdf(given, 1_717_400_000), receipt_pdf(receipt, 1_717_400_000)):
        sizes = text_sizes(printed)
        assert sizes
        assert min(sizes) >= 13


def text_sizes(printed: bytes) -> set[float]:
    found: set[float] = set()
    for packed in re.findall(rb"stream\n(.*?)\nendstream", printed, re.DOTALL):
        with suppress(zlib.error):
            found |= {float(one) for one in re.findall(rb"/F\d+ ([\d.]+) Tf", zlib.decompress(packed))}
    return found


def test_rule_2_nothing_that_is_printed_names_a_giver_by_office() -> None:
    sources = Path(certificate.__file__).parent.glob("*.py")
    assert not [one.name for one in sources if any(word in one.read_text() for word in ("구청장", "시장", "군수"))]
