"""What an audit reports: disagreements as findings, what only looks odd as signals, and the counts beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from ledger_service.audit.texts import TEXTS

FINDINGS_PER_CODE_MAX = 1_000


class Severity(StrEnum):
    """A `broken` finding contradicts the rules or the chain itself; a `signal` contradicts nothing and wants a look."""

    BROKEN = "broken"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement. `where` is an account, a batch (desk/seq), an entry (desk/seq/index) or a row of the books."""

    code: str
    severity: Severity
    where: str
    expected: str
    found: str
    message: str
    message_ko: str


SIGNAL_CODES = frozenset(
    {"conflicts", "no_consent", "daily_units", "credits_at_the_maximum", "operator_holds_keys", "not_sealed"}
)


AMOUNTS = frozenset(code for code, (english, _) in TEXTS.items() if " coins" in english or " KRW" in english)
"""Those whose numbers are coins or won."""


def finding(code: str, where: object, expected: object = "", found: object = "") -> Finding:
    """A finding with its texts. Raises KeyError for a code that has none."""
    english, korean = TEXTS[code]
    fields = {"where": str(where), "expected": str(expected), "found": str(found)}
    told = {**fields, "expected": _told(code, expected), "found": _told(code, found)}
    severity = Severity.SIGNAL if code in SIGNAL_CODES else Severity.BROKEN
    return Finding(code, severity, **fields, message=english.format(**told), message_ko=korean.format(**told))


def _told(code: str, value: object) -> str:
    return f"{value:,}" if code in AMOUNTS and isinstance(value, int) else str(value)


class Findings:
    """Collects findings; of one code no more than a bound, and then their number."""

    def __init__(self, each_code_max: int = FINDINGS_PER_CODE_MAX) -> None:
        self._each_code_max = each_code_max
        self._listed: list[Finding] = []
        self._count_of: dict[str, int] = {}

    def add(self, code: str, where: object, expected: object = "", found: object = "") -> None:
        """Write down one disagreement."""
        count = self._count_of[code] = self._count_of.get(code, 0) + 1
        if count <= self._each_code_max:
            self._listed.append(finding(code, where, expected, found))

    def compare(
        self, code: str, where: object, expected: object, found: object, show: Callable[..., str] = str
    ) -> bool:
        """Write down a disagreement where there is one; True where there is none."""
        if expected == found:
            return True
        self.add(code, where, show(expected), show(found))
        return False

    def listed(self) -> tuple[Finding, ...]:
        """All that were kept, and one line for each code that had more."""
        more = [
            replace(
                finding("more", code, self._each_code_max, count - self._each_code_max),
                severity=Severity.SIGNAL if code in SIGNAL_CODES else Severity.BROKEN,
            )
            for code, count in self._count_of.items()
            if count > self._each_code_max
        ]
        return (*self._listed, *more)


@dataclass(slots=True)
class Counts:
    """What was looked at. Coins by what moved them, gross; `coins_closed` by month closes.

    supply = credited + opened + reissued + restored - burnt.
    """

    batches: int = 0
    entries: int = 0
    entries_skipped: int = 0
    coins_credited: int = 0
    coins_redeemed: int = 0
    coins_refunded: int = 0
    coins_donated: int = 0
    coins_expired: int = 0
    coins_corrected: int = 0
    coins_set_off: int = 0
    coins_opened: int = 0
    accounts_closed: int = 0
    accounts_merged: int = 0
    month_closes: int = 0
    coins_closed: int = 0
    coins_reissued: int = 0
    coins_restored: int = 0
    coins_burnt: int = 0
    supply: int = 0
    accounts: int = 0
    lots: int = 0
    desks: int = 0
    desks_held_by_operator: int = 0
    transfers: int = 0
    blocks: int = 0
    books_rows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of an audit of one contract at one block."""

    chain_id: int
    contract: str
    block_number: int
    block_hash: str
    counts: Counts
    findings: tuple[Finding, ...]
    signals: tuple[Finding, ...]
    not_proven: tuple[tuple[str, str], ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts the chain and its rules. Signals do not count."""
        return not self.findings

    @property
    def exit_code(self) -> int:
        """0 holds, 1 findings. (2, could not run, is an error and never a report.)"""
        return 0 if self.holds else 1

    def as_json(self) -> dict[str, Any]:
        """Plain data for machines."""
        return {
            "holds": self.holds,
            "chain_id": self.chain_id,
            "contract": self.contract,
            "block_number": self.block_number,
            "block_hash": self.block_hash,
            "counts": asdict(self.counts),
            "findings": [asdict(one) for one in self.findings],
            "signals": [asdict(one) for one in self.signals],
            "not_proven": [english for english, _ in self.not_proven],
        }
