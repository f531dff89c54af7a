"""Thresholds in won that the coin office watches: what is outstanding, and what a fiscal year issues (DOMAIN rule 8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarms:
    """Won from which on an alarm is raised; None: no alarm."""

    outstanding_krw: int | None = None
    year_issue_krw: int | None = None

    def raised(self, outstanding_krw: int, year_issue_krw: int, year: int) -> list[tuple[str, str]]:
        """(English, Korean) of every threshold that is reached."""
        found = []
        if self.outstanding_krw is not None and outstanding_krw >= self.outstanding_krw:
            found.append(
                (
                    f"outstanding coins are worth {outstanding_krw:,} won, at or above the threshold of {self.outstanding_krw:,}",
                    f"미사용 코인이 {outstanding_krw:,}원으로 기준({self.outstanding_krw:,}원)에 이르렀습니다",
                )
            )
        if self.year_issue_krw is not None and year_issue_krw >= self.year_issue_krw:
            found.append(
                (
                    f"coins issued in {year} are worth {year_issue_krw:,} won, at or above the threshold of {self.year_issue_krw:,}",
                    f"{year}년 발행액이 {year_issue_krw:,}원으로 기준({self.year_issue_krw:,}원)에 이르렀습니다",
                )
            )
        return found


NO_ALARMS = Alarms()
