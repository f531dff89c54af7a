"""The three-way checks that were done, and what they found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger_service.domain.days import date_of
from ledger_service.errors import NotFound
from ledger_service.journal.checks import CheckRow
from ledger_service.journal.unit import Journal


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check: the books' balances = the chain's supply = credited + opened + reissued + restored - burnt.

    `state` is waiting, holds or differs; `differences` say where, each with what the books and what the chain has; `outside` are
    batches that the books do not have, with what they moved.
    """

    id: str
    day: date
    asked_for: bool
    state: str
    done_at: int | None
    block: int | None
    balances: int | None
    supply: int | None
    credited: int | None
    opened: int | None
    reissued: int | None
    restored: int | None
    burnt: int | None
    differences: list[str]
    outside: list[str]


def check(journal: Journal, check_id: str) -> CheckLine:
    """One check."""
    with journal.read() as unit:
        row = unit.checks.read(check_id)
    if row is None:
        raise NotFound(f"there is no check {check_id}", "해당 점검이 없습니다")
    return _line(row)


def checks(journal: Journal, rows_max: int) -> list[CheckLine]:
    """The last checks, newest first."""
    with journal.read() as unit:
        return [_line(row) for row in unit.checks.latest(rows_max)]


def _line(row: CheckRow) -> CheckLine:
    detail = row.detail or {}
    chain = detail.get("chain", {})
    return CheckLine(
        id=row.id,
        day=date_of(row.day),
        asked_for=row.requested_by is not None,
        state=row.state,
        done_at=row.done_at,
        block=detail.get("block"),
        balances=detail.get("balances"),
        **{name: chain.get(name) for name in ("supply", "credited", "opened", "reissued", "restored", "burnt")},
        differences=detail.get("differences", []),
        outside=detail.get("outside", []),
    )
