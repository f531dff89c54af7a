"""How amounts, days and moments are written. Amounts always in coins and won."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from ledger_service.domain.amounts import in_coins, in_coins_ko, in_won, in_won_ko
from ledger_service.domain.credentials import in_fours

SEOUL = timezone(timedelta(hours=9))  # no summer time since 1988
_WEEKDAYS = ("월", "화", "수", "목", "금", "토", "일")
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNBROKEN = "\u00a0"  # a space at which no line ends
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class Formats:
    """The writing of one language, "ko" or "en"."""

    in_fours = staticmethod(in_fours)

    def __init__(self, language: str) -> None:
        self._english = language == "en"

    def coins(self, coins: int) -> str:
        """1,250코인."""
        if self._english:
            return in_coins(coins)
        return in_coins_ko(coins)

    def won(self, krw: int) -> str:
        """250,000원."""
        return in_won(krw) if self._english else in_won_ko(krw)

    def amount(self, coins: int, krw: int | None) -> str:
        """1,250코인 (250,000원); coins alone where no value is in force."""
        return self.coins(coins) if krw is None else f"{self.coins(coins)} ({self.won(krw)})"

    def signed(self, coins: int, krw: int | None, is_in: bool) -> str:  # noqa: FBT001  a filter of the templates
        """With + or −, so that it does not hang on the colour."""
        return ("+" if is_in else "−") + self.amount(coins, krw)

    def day(self, day: date) -> str:
        """2026년 11월 22일 (일)."""
        if self._english:
            return f"{_WEEKDAYS_EN[day.weekday()]}, {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
        return f"{day.year}년 {day.month}월 {day.day}일{_UNBROKEN}({_WEEKDAYS[day.weekday()]})"

    def short_day(self, day: date) -> str:
        """4월 11일 (목), where the year is said beside it."""
        if self._english:
            return f"{_WEEKDAYS_EN[day.weekday()]}, {day.day} {_MONTHS_EN[day.month - 1]}"
        return f"{day.month}월 {day.day}일{_UNBROKEN}({_WEEKDAYS[day.weekday()]})"

    def period(self, first: date, last: date | None) -> str:
        """2026년 11월 22일 (일) ~ 2026년 12월 1일 (화); 2026년 11월 22일 (일)부터 without an end."""
        if last is not None:
            return f"{self.day(first)}{_UNBROKEN}~ {self.day(last)}"
        return f"from {self.day(first)}" if self._english else f"{self.day(first)}부터"

    def month(self, day: date) -> str:
        """2026년 11월."""
        return f"{_MONTHS_EN[day.month - 1]} {day.year}" if self._english else f"{day.year}년 {day.month}월"

    def month_named(self, name: str) -> str:
        """2026년 11월 of "2026-11", as the books name a month."""
        return self.month(date.fromisoformat(f"{name}-01"))

    def day_named(self, name: str) -> str:
        """The day of "2026-11-22", as a proposal holds it."""
        return self.day(date.fromisoformat(name))

    def moment(self, seconds: int) -> str:
        """2026년 11월 22일 (일) 오후 3:20, in Seoul."""
        when = datetime.fromtimestamp(seconds, UTC).astimezone(SEOUL)
        return f"{self.day(when.date())} {self.clock(seconds)}"

    def clock(self, seconds: int) -> str:
        """오후 3:20, in Seoul."""
        when = datetime.fromtimestamp(seconds, UTC).astimezone(SEOUL)
        return self.time_of_day(when.hour * 60 + when.minute)

    def time_of_day(self, minute: int) -> str:
        """오전 9:05, of a minute of the day."""
        hour = minute // 60 % 12 or 12
        if self._english:
            return f"{hour}:{minute % 60:02d} {'am' if minute < 720 else 'pm'}"
        return f"{'오전' if minute < 720 else '오후'}{_UNBROKEN}{hour}:{minute % 60:02d}"

    def units(self, units: int, unit: str) -> str:
        """2시간 30분 of minutes; 30 bottle otherwise, with the unit's Korean name."""
        if unit == "minute":
            hours, minutes = divmod(units, 60)
            if self._english:
                return " ".join(
                    part
                    for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else "")
                    if part
                )
            return " ".join(
                part
                for part in (f"{hours:,}시간" if hours else "", f"{minutes}분" if minutes or not hours else "")
                if part
            )
        if unit == "gram" and units and units % GRAMS_A_KG == 0:
            units, unit = units // GRAMS_A_KG, "kg"
        plural = "s" if units != 1 and unit != "kg" else ""
        return f"{units:,} {unit}{plural}" if self._english else f"{units:,}{UNITS_KO.get(unit, ' ' + unit)}"


GRAMS_A_KG = 1_000
UNITS_KO = {
    "minute": "분", "hour": "시간", "session": "회", "bottle": "병", "item": "개", "case": "건", "kg": "kg", "time": "회",
    "gram": "g", "donation": "회",
}  # fmt: skip
