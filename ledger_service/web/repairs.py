"""The rows of a file that were not taken: as a page shows them, and as a file for whoever mends them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger_service.domain.records import Judgement, Outcome
from ledger_service.printing.tables import table
from ledger_service.reads.submissions import RefusedLine
from ledger_service.web.outcomes import FAULTS, OUTCOMES, REPAIRS

SHOWN_MAX = 200
COLUMNS = ("줄", "실적번호", "결과", "까닭", "할 일")
_NEEDS_NOTHING = Outcome.DUPLICATE_RECORD.value


@dataclass(frozen=True, slots=True)
class Repair:
    """A row that was not taken. The books keep no record number of it: there is one while its file is at hand."""

    line: int
    record_number: str
    outcome: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a page says of them: the first ones, those that need work before those that need nothing."""

    shown: Sequence[Repair]
    to_mend: int
    known: int

    @property
    def more(self) -> int:
        return self.to_mend + self.known - len(self.shown)


def of_judgements(judgements: Iterable[Judgement]) -> list[Repair]:
    """The refused rows of a file that is at hand."""
    return _in_order(
        Repair(one.line, one.record_number, one.outcome.value, one.fault.value if one.fault else None)
        for one in judgements
        if not one.outcome.accepted
    )


def of_lines(lines: Iterable[RefusedLine]) -> list[Repair]:
    """Those of a submission."""
    return _in_order(Repair(one.line, "", one.outcome, one.fault) for one in lines)


def summed(repairs: Sequence[Repair]) -> Repairs:
    """For a page."""
    known = sum(one.outcome == _NEEDS_NOTHING for one in repairs)
    return Repairs(repairs[:SHOWN_MAX], len(repairs) - known, known)


def repair_file(repairs: Iterable[Repair]) -> bytes:
    """All of them as CSV, in Korean: it lies beside the file that is mended."""
    return table(
        COLUMNS,
        (
            (
                one.line,
                one.record_number,
                OUTCOMES[one.outcome],
                FAULTS[one.fault] if one.fault else "",
                REPAIRS[one.outcome],
            )
            for one in repairs
        ),
    )


def _in_order(repairs: Iterable[Repair]) -> list[Repair]:
    return sorted(repairs, key=lambda one: (one.outcome == _NEEDS_NOTHING, one.line))
