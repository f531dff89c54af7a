"""The words of notices: short enough for one message, without a link and without a name."""

from __future__ import annotations

import pytest

from ledger_service.domain.notices import SMS_BYTES_MAX, SMS_CODING, NoticeKind, Sign, Standing, notice_text

SIGN = Sign("보람코인", "02-2155-6114")
DAY = 19_875


@pytest.mark.parametrize("kind", NoticeKind)
def test_each_notice_is_one_short_message_without_a_link(kind: NoticeKind) -> None:
    about = DAY if kind.startswith("expir") else None
    text = notice_text(SIGN, kind, 99_999, about, Standing(99_999, (DAY + 30, 99_999)))
    assert len(text.encode(SMS_CODING)) <= SMS_BYTES_MAX
    assert text.startswith("[보람코인] ")
    assert not any(part in text.lower() for part in ("http", "www", "://", ".kr", ".com"))
    assert "구청장" not in text


def test_a_notice_says_what_is_left_and_what_expires_next() -> None:
    text = notice_text(SIGN, NoticeKind.CREDITED, 10, None, Standing(130, (DAY, 20)))
    assert text == "[보람코인] 10코인 적립, 남은 130코인(2024-06-01까지 20코인)"
    assert notice_text(SIGN, NoticeKind.CHARGED, 1_000, None, Standing(0)) == "[보람코인] 1,000코인 사용, 남은 0코인"


def test_a_notice_of_an_expiry_names_its_day_once() -> None:
    text = notice_text(SIGN, NoticeKind.EXPIRY_7, 10, DAY, Standing(30, (DAY, 10)))
    assert text == "[보람코인] 10코인이 2024-06-01까지만 유효, 남은 30코인"


def test_a_notice_that_raises_questions_says_whom_to_ask() -> None:
    text = notice_text(SIGN, NoticeKind.FROZEN, 0, None, Standing(30, (DAY, 10)))
    assert text == "[보람코인] 계정 사용이 잠시 멈췄습니다. 문의 02-2155-6114"
