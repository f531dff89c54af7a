"""What the acceptance of entries once did to accounts, done again when they come back into lost books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import Kind
from ledger_service.journal.spending import HoldRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.returning_batch import Returned, ReturningBatch
from ledger_service.posting.returning_treasury import original_entry, taken_of
from ledger_service.posting.undoing import settle_corrections


class ReturningAccounts:
    """The accounts of one batch, in one unit of work."""

    def __init__(self, unit: WriteUnit, returning: ReturningBatch) -> None:
        self._unit = unit
        self._returning = returning

    def make_room(self, fresh: Sequence[Returned]) -> int:
        """What acceptance did to accounts. A hold that became a charge is captured; others end where the coins they keep were spent."""
        unit = self._unit
        debited: Counter[bytes] = Counter()
        refunding: Counter[bytes] = Counter()
        for one in fresh:
            account = one.word.account
            if one.word.kind == Kind.REFUND:
                refunding[account] += one.coins
            elif one.is_debit:
                hold = unit.spending.hold(one.hold_id or "")
                if hold is not None and hold.state == "held":
                    unit.accounts.release(account, hold.coins)  # its row ends with the charge, below
                debited[account] += one.coins
            if one.word.kind == Kind.SET_OFF:
                unit.accounts.add_debt(account, -one.coins)
        taken = {one.hold_id for one in fresh}
        ended = 0
        for account in sorted(debited):
            row = unit.accounts.lock(account)
            free = row.credited + row.refunding + refunding[account] - row.debited - row.held
            if free < debited[account]:
                ended += sum(self._end(hold) for hold in unit.returning.open_holds_of(account) if hold.id not in taken)
        unit.returning.accept(debited, refunding)
        for one in fresh:
            self._take_back(one)
        for one, other in self._returning.ends(fresh):
            self._end_account(one, other)
        return ended

    def settle_late(self, fresh: Sequence[Returned], skips: Mapping[int, int]) -> None:
        """A batch whose balances moved by its words alone has its bundle back: corrections, ends and closes, which no words settle."""
        batch = self._returning.batch
        positions = {one.number: position for position, one in enumerate(self._returning.entries)}
        applied = [one for one in fresh if positions[one.number] not in skips]
        for one in applied:
            self._take_back(one)
            if one.word.kind == Kind.SET_OFF:
                self._unit.accounts.add_debt(one.word.account, -one.coins)
        settle_corrections(
            self._unit,
            [(batch.desk, batch.seq, positions[one.number]) for one in applied if one.word.kind == Kind.CORRECT],
        )
        for one, other in self._returning.ends(applied):
            self._end_account(one, other)
            if other is not None:
                self._unit.accounts.merge(
                    one.word.account, other.word.account, 0
                )  # its debt: the coins moved by the words
        self._unit.closes.settle([(batch.desk, batch.seq)])

    def _take_back(self, one: Returned) -> None:
        """What a correction took and what it left as debt; settlement does both where its bundle does not say."""
        if one.word.kind != Kind.CORRECT:
            return
        original = original_entry(self._unit, one.original_no)
        taken = taken_of(one.act, original)
        if taken is not None and original is not None and original.kind != Kind.EXPIRE:
            self._unit.accounts.take_back(one.word.account, one.coins, taken)

    def _end_account(self, one: Returned, other: Returned | None) -> None:
        """Nothing comes to it any more; of a merge the other number stands for both, with what both have earned."""
        unit, giver = self._unit, one.word.account
        unit.returning.end_account(giver)
        if other is None or one.record["person"] is None or other.record["person"] is None:
            return
        unit.people.merge(one.record["person"], other.record["person"])
        month = month_number(date_of(one.record["acceptedDay"]))
        for earned_in in (month - 1, month):
            earned = unit.limits.person_months(earned_in, [giver]).get(giver, 0)
            if earned:
                unit.limits.add_person_months(earned_in, {other.word.account: earned})

    def _end(self, hold: HoldRow) -> bool:
        """A hold of the backup whose coins the chain shows spent: it was ended before the books were lost."""
        unit = self._unit
        if not unit.spending.end_hold(hold.id, "released"):
            return False
        unit.accounts.release(hold.account, hold.coins)
        unit.limits.reserve_desk(hold.desk, month_number(date_of(hold.reserved_day)), -hold.coins)
        enrolment = unit.courses.enrolment_of_hold(hold.id)
        if enrolment is not None and unit.courses.move_enrolment(enrolment.id, "held", "lapsed"):
            unit.courses.give_seat_back(enrolment.course_id)
        return True
