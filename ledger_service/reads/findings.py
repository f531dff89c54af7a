"""What posting found, for the coin office and auditors."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.journal.findings import FindingRow
from ledger_service.journal.unit import Journal
from ledger_service.reads.paging import PAGE_ROWS_MAX


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding (chain and books do not agree: nothing is credited) or notice. `state`: open, over or acknowledged."""

    id: int
    kind: str
    subject: str
    words: str
    state: str
    found_at: int
    acknowledged_at: int | None
    acknowledged_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """Findings, latest first; `next_before` asks for the page after it. Of open ones there is one page: findings, then notices."""

    findings: list[FindingLine]
    next_before: int | None


def findings_page(journal: Journal, state: str, before: int | None, rows_max: int) -> FindingsPage:
    """Those that are open, or (`all`) everything that ever was found."""
    with journal.read() as unit:
        if state == "open":
            return FindingsPage([_line(row) for row in unit.findings.open_ones(PAGE_ROWS_MAX)], None)
        rows = unit.findings.page(before, rows_max + 1)
    more = len(rows) > rows_max
    return FindingsPage([_line(row) for row in rows[:rows_max]], rows[rows_max - 1].id if more else None)


def _line(row: FindingRow) -> FindingLine:
    state = "acknowledged" if row.acknowledged_at is not None else "over" if row.over_at is not None else "open"
    return FindingLine(
        row.id,
        row.kind,
        row.subject,
        row.words,
        state,
        row.found_at,
        row.acknowledged_at,
        row.acknowledged_by,
        row.reason,
    )
