"""What people are told, and the words of it, short enough for one SMS: what happened, what is left, what expires next (DOMAIN rule 39).

Never a link: people must not learn to follow one. Never a name, neither the reader's nor that of anybody who might seem to give (rule 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ledger_service.domain.amounts import in_coins_ko
from ledger_service.domain.days import date_of

SMS_BYTES_MAX = 90
"""What one short message takes, in the coding of Korean networks (two bytes a syllable)."""
SMS_CODING = "euc-kr"


class NoticeKind(StrEnum):
    """What a notice is about."""

    CREDITED = "credited"
    REFUNDED = "refunded"
    CHARGED = "charged"
    DONATED = "donated"
    EXPIRY_60 = "expiry_60"
    EXPIRY_30 = "expiry_30"
    EXPIRY_7 = "expiry_7"
    EXPIRED = "expired"
    CORRECTED = "corrected"
    RESTORED = "restored"
    SET_OFF = "set_off"
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    VALUE_CHANGE = "value_change"
    CLOSED = "closed"
    MERGED = "merged"


_EXPIRING = "{coins}이 {day}까지만 유효"
_WORDS = {
    NoticeKind.CREDITED: "{coins} 적립",
    NoticeKind.REFUNDED: "{coins} 환불",
    NoticeKind.CHARGED: "{coins} 사용",
    NoticeKind.DONATED: "{coins} 기부",
    NoticeKind.EXPIRY_60: _EXPIRING,
    NoticeKind.EXPIRY_30: _EXPIRING,
    NoticeKind.EXPIRY_7: _EXPIRING,
    NoticeKind.EXPIRED: "{coins} 기한 지나 소멸",
    NoticeKind.CORRECTED: "잘못 적립한 {coins} 정정",
    NoticeKind.RESTORED: "소멸한 {coins} 되돌림",
    NoticeKind.SET_OFF: "{coins} 정정분에 충당",
    NoticeKind.FROZEN: "계정 사용이 잠시 멈췄습니다",
    NoticeKind.UNFROZEN: "계정을 다시 쓸 수 있습니다",
    NoticeKind.VALUE_CHANGE: "코인 가치가 바뀔 예정입니다",
    NoticeKind.CLOSED: "계정이 끝났습니다",
    NoticeKind.MERGED: "회원번호가 하나로 합쳐졌습니다",
}

_TO_ASK = frozenset({NoticeKind.FROZEN, NoticeKind.VALUE_CHANGE, NoticeKind.CLOSED})


@dataclass(frozen=True, slots=True)
class Sign:
    """Whose messages they are: the district's name for its coin, and the telephone that helps."""

    coin: str
    help_phone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account has: coins that can be spent, and the civil day up to which the nearest of them count, with how many these are."""

    left: int
    next_expiry: tuple[int, int] | None = None


def notice_text(sign: Sign, kind: NoticeKind, coins: int, about_day: int | None, standing: Standing) -> str:
    """The message of a notice. `about_day` is the civil day that an expiry is about."""
    day = "" if about_day is None else date_of(about_day).isoformat()
    said = f"[{sign.coin}] {_WORDS[kind].format(coins=in_coins_ko(coins), day=day)}"
    if kind in _TO_ASK:
        return f"{said}. 문의 {sign.help_phone}"
    text = f"{said}, 남은 {in_coins_ko(standing.left)}"
    if standing.next_expiry is None:
        return text
    expiry_day, expiring = standing.next_expiry
    return text if expiry_day == about_day else f"{text}({date_of(expiry_day).isoformat()}까지 {in_coins_ko(expiring)})"
