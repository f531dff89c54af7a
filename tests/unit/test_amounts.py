"""Amounts in what people read: thousands set apart, in both languages."""

from __future__ import annotations

import pytest

from ledger_service.audit.findings import finding
from ledger_service.domain.amounts import in_coins, in_coins_ko, in_won, in_won_ko
from ledger_service.errors import BoramError
from ledger_service.services.enrol import too_many_coins
from ledger_service.services.spend import too_few, too_much_back, wrong_step
from ledger_service.web.formats import Formats
from ledger_service.web.titles import titled


def test_thousands_are_set_apart_and_one_coin_is_one() -> None:
    assert [in_coins(coins) for coins in (0, 1, 999, 1_000, 1_234_567)] == [
        "0 coins", "1 coin", "999 coins", "1,000 coins", "1,234,567 coins",
    ]  # fmt: skip
    assert (in_coins_ko(1_000), in_won(250_000), in_won_ko(250_000)) == ("1,000코인", "250,000 won", "250,000원")


@pytest.mark.parametrize(
    ("error", "english", "korean"),
    [
        (
            too_few(1_000, 2_500),
            "1,000 coins can be used, 2,500 were",
            "코인은 1,000코인입니다(2,500코인 요청). 그 안에서",
        ),
        (too_much_back(1_200, 3_000), "1,200 coins can come back, not 3,000", "코인은 1,200코인입니다"),
        (wrong_step(1_000), "steps of 1,000", "1,000코인 단위로"),
        (too_many_coins(2_050), "0 to 2,050 coins", "0~2,050코인을"),
    ],
)
def test_errors_set_thousands_apart_in_both_languages_and_carry_plain_numbers(
    error: BoramError, english: str, korean: str
) -> None:
    assert english in error.message
    assert korean in error.message_ko
    assert all(isinstance(value, int) for name, value in error.fields.items() if name != "field")


def test_a_finding_says_coins_with_thousands_and_keeps_the_plain_numbers() -> None:
    found = finding("balance", "0xabc", 12_000, 11_999)
    assert "12,000 coins" in found.message
    assert "12,000 코인" in found.message_ko
    assert "11,999" in found.message_ko
    assert (found.expected, found.found) == ("12000", "11999")


@pytest.mark.parametrize(
    ("title", "said"),
    [
        (
            "expire to 2024-05-01 (1,200 accounts, 12,000 coins)",
            "2024년 5월 1일\u00a0(수)까지인 코인 소멸(1,200명, 12,000코인)",
        ),
        ("balances (1,200 lots, 12,000 coins)", "이월 잔액 1,200건(12,000코인)"),
        ("take back 1200 of entry 7", "7번 기록에서 1,200코인 되돌리기"),
        ("give back 1200 of entry 7", "소멸한 7번 기록의 1,200코인 돌려주기"),
        ("close 2024-05: 구민체육센터", "구민체육센터 2024년 5월 정산"),
    ],
)
def test_a_proposal_is_called_by_words_with_thousands_apart(title: str, said: str) -> None:
    assert titled(lambda korean, **values: korean.format(**values), Formats("ko"), title) == said
