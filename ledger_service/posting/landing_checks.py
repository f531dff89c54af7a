"""What landed against what the books expect of it: another head, other coins or other skips stop the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger_service.domain.amounts import in_coins
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.journal.batches import BatchKey, BatchMark
from ledger_service.posting.findings import Findings
from ledger_service.posting.landings import Landing
from ledger_service.posting.outside_moves import skips_of
from ledger_service.posting.ports import PostingContext


class LandingChecks:
    """Stops desks; nothing else is written."""

    def __init__(self, context: PostingContext, findings: Findings) -> None:
        self._context = context
        self._findings = findings

    def is_grave(self, landings: Sequence[Landing], marks: Mapping[BatchKey, BatchMark]) -> bool:
        """Whether one of them is another than in the books, or moved other coins: then its desk is stopped."""
        for landing in landings:
            mark = marks.get(landing.key)
            if mark is None:  # it is read back, and checked against its transaction and its bundle
                continue
            if mark.head != landing.event.head or mark.state == "final":
                return True
            if landing.event.desk != OFFICE_DESK and self._coins_expected(landing, mark) != landing.event.coins_applied:
                return True
        return False

    def check_coins(self, landings: Sequence[Landing], marks: Mapping[BatchKey, BatchMark]) -> None:
        """The forecast of the books against what the contract says it moved."""
        for landing in landings:
            if landing.event.desk == OFFICE_DESK:
                continue
            expected = self._coins_expected(landing, marks[landing.key])
            if expected != landing.event.coins_applied:
                difference = abs(expected - landing.event.coins_applied)
                self._findings.measures.add("reconciliation_difference_coins", difference)
                self._findings.stop_desk(
                    landing.event.desk,
                    f"batch {landing.event.seq} of desk {landing.event.desk} moved {in_coins(landing.event.coins_applied)} "
                    f"on the chain, {expected:,} in the books",
                )

    def check_again(self, landings: Sequence[Landing]) -> None:
        """What was final and was posted again after a deep reorg must have had the same effect."""
        with self._context.journal.read() as unit:
            before = skips_of(unit, (landing.key for landing in landings))
        for landing in landings:
            if landing.event.desk != OFFICE_DESK and landing.skips != tuple(
                (position, reason) for position, reason, _ in before.get(landing.key, ())
            ):
                self._findings.stop_desk(
                    landing.event.desk,
                    f"batch {landing.event.seq} of desk {landing.event.desk} was final and now skips other entries",
                )

    def _coins_expected(self, landing: Landing, mark: BatchMark) -> int:
        return mark.coins - self._coins_at(landing)

    def _coins_at(self, landing: Landing) -> int:
        if not landing.skips:
            return 0
        skipped = {index for index, _ in landing.skips}
        with self._context.journal.read() as unit:
            movements = unit.settling.movements(*landing.key)
        return sum(coins for _, _, coins, position in movements if position in skipped)
