"""What people show to prove who they are: card numbers, PINs, passwords; and how long somebody who guesses has to wait."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import Final

from ledger_service.domain.cells import plain_code
from ledger_service.errors import Invalid

# 32 signs, none of which looks like another: no 0/O, no 1/I.
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CARD_RANDOM_SIGNS: Final = 12  # 60 bits: a card number is found, never guessed
CARD_SIGNS: Final = CARD_RANDOM_SIGNS + 1
PIN_DIGITS: Final = 6
PASSWORD_SIGNS_MIN: Final = 12  # OWASP ASVS 2.1.1
PASSWORD_SIGNS_MAX: Final = 128
PAYMENT_CODE_SIGNS: Final = 26  # 130 bits

FAILURES_MAX: Final = 5
FAILURES_OF_ADDRESS_MAX: Final = 50  # an office of many people has one address
LOCK_SECONDS: Final = 15 * 60
LOCK_SECONDS_MAX: Final = 24 * 3600

# The beginning of what everybody tries; twelve signs leave little of the usual lists.
_COMMON: Final = frozenset(
    {
        "123456789012", "1234567890123", "12345678901234", "password1234", "passwordpassword", "qwertyuiop12",
        "qwertyuiop123", "qwerty123456", "administrator", "adminadmin12", "letmeinletmein", "111111111111",
        "000000000000", "aaaaaaaaaaaa", "abcdefghijkl", "iloveyou1234", "welcome12345", "changeme1234", "seocho123456",
        "boram1234567", "password12345", "1q2w3e4r5t6y", "qwer1234qwer", "asdf1234asdf",
    }
)  # fmt: skip


class WeakSecret(Invalid):
    """A PIN or password that others would guess, or that is too short or too long."""

    code = "weak_secret"


def card_number(random: bytes) -> str:
    """A card's number from random bytes (one a sign), with its check sign."""
    signs = "".join(ALPHABET[one % len(ALPHABET)] for one in random[:CARD_RANDOM_SIGNS])
    if len(signs) != CARD_RANDOM_SIGNS:
        raise ValueError(f"a card number wants {CARD_RANDOM_SIGNS} random bytes")
    return signs + _check_sign(signs)


def read_card_number(text: str) -> str | None:
    """A card number as it was typed or scanned, in its plain form; None where it cannot be one."""
    number = plain_code(text).upper().replace("-", "")
    if len(number) != CARD_SIGNS or any(sign not in ALPHABET for sign in number):
        return None
    return number if _check_sign(number[:-1]) == number[-1] else None


def payment_code(random: bytes) -> str:
    """A payment code from random bytes (one a sign)."""
    signs = "".join(ALPHABET[one % len(ALPHABET)] for one in random[:PAYMENT_CODE_SIGNS])
    if len(signs) != PAYMENT_CODE_SIGNS:
        raise ValueError(f"a payment code wants {PAYMENT_CODE_SIGNS} random bytes")
    return signs


def in_fours(number: str) -> str:
    """The number of a card or a payment code in groups of four, as it is printed and read out."""
    return "-".join(number[start : start + 4] for start in range(0, len(number), 4))


def read_pin(text: str) -> str | None:
    """Six ASCII digits, full-width ones read as such; None for anything else."""
    pin = plain_code(text)
    return pin if len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit() else None


def require_good_pin(text: str) -> str:
    """A new PIN. WeakSecret where it is not six digits, or one of those that everybody takes."""
    pin = read_pin(text)
    if pin is None:
        raise WeakSecret(f"a PIN is {PIN_DIGITS} digits", f"비밀번호는 숫자 {PIN_DIGITS}자리입니다")
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if (len(steps) == 1 and steps <= {0, 1, 9}) or pin[:3] == pin[3:] or pin[:2] * 3 == pin:
        raise WeakSecret(
            "this PIN is easy to guess: take another one", "추측하기 쉬운 비밀번호입니다. 다른 번호를 정해 주세요"
        )
    return pin


def plain_password(text: str) -> str:
    """A password as it is compared: NFKC, so that the same keys give the same text on every keyboard."""
    return unicodedata.normalize("NFKC", text)


def require_good_password(text: str, name: str) -> str:
    """A new password. WeakSecret where it is too short or long, well known, one repeated sign, or holds the sign-in name."""
    password = plain_password(text)
    if not PASSWORD_SIGNS_MIN <= len(password) <= PASSWORD_SIGNS_MAX:
        raise WeakSecret(
            f"a password has {PASSWORD_SIGNS_MIN} to {PASSWORD_SIGNS_MAX} signs; a sentence is a good one",
            f"비밀번호는 {PASSWORD_SIGNS_MIN}자 이상 {PASSWORD_SIGNS_MAX}자 이하입니다. 짧은 문장이 좋습니다",
        )
    lower = password.lower()
    if lower in _COMMON or len(set(lower)) < 4 or (len(name) > 3 and name.lower() in lower):
        raise WeakSecret(
            "this password is easy to guess: take another one", "추측하기 쉬운 비밀번호입니다. 다른 것을 정해 주세요"
        )
    return password


def lock_seconds(lockouts_before: int) -> int:
    """How long a lock-out lasts: 15 minutes, doubled with each one before it, at most a day."""
    return min(LOCK_SECONDS << min(lockouts_before, 10), LOCK_SECONDS_MAX)


def _check_sign(signs: str) -> str:
    """Luhn's sum to the base of the alphabet: one wrong sign, or two neighbours swapped, is noticed."""
    base, total = len(ALPHABET), 0
    for place, sign in enumerate(reversed(signs)):
        value = ALPHABET.index(sign) * (2 if place % 2 == 0 else 1)
        total += value // base + value % base
    return ALPHABET[-total % base]
