"""The acts behind entries that come back into lost books: records, charges, refunds, what the treasury moved, and the limits they use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import Kind
from ledger_service.domain.ids import uuid7
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.records import RecordRow
from ledger_service.journal.spending import HoldRow, RedemptionRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.ports import PostingContext
from ledger_service.posting.returning_batch import Returned, ReturningBatch
from ledger_service.posting.returning_treasury import original_entry, put_rows


class ReturningActs:
    """The acts of one batch, in one unit of work."""

    def __init__(self, unit: WriteUnit, context: PostingContext, returning: ReturningBatch) -> None:
        self._unit = unit
        self._context = context
        self._returning = returning

    def write(self, fresh: Sequence[Returned], skips: Mapping[int, int], *, is_settled: bool) -> None:
        """Records, charges, refunds and donations behind the entries, and the limits they use."""
        skipped = {self._returning.entries[position].number for position in skips} if is_settled else set()
        credits = [one for one in fresh if one.word.kind == Kind.CREDIT]
        standing = self._unit.records.known_keys(bytes.fromhex(one.record["record"]) for one in credits)
        self._records(
            [
                one
                for one in credits
                if bytes.fromhex(one.record["record"]) not in standing and one.number not in skipped
            ]
        )
        for one in fresh:
            if one.word.kind == Kind.REDEEM:
                self._charge(one, reserves=one.number not in skipped)
            elif one.is_debit or one.word.kind == Kind.CORRECT:
                self._move(one, reserves=one.number not in skipped)
            elif one.word.kind == Kind.REFUND:
                self._refund(one)
            put_rows(self._unit, one.act.get("rows", {}), self._context.clock.now())
            if one.word.kind == Kind.CORRECT and one.number not in skipped:
                original = original_entry(self._unit, one.original_no)
                if original is None or not self._unit.corrections.undo(original.journal_no, one.coins, original.coins):
                    raise RowConflict

    def _records(self, credits: Sequence[Returned]) -> None:
        """What another file is judged against: the record numbers, the sessions, the units of a day; and the limits they use."""
        unit, rows = self._unit, []
        by_month: dict[int, Counter[bytes]] = {}
        for one in credits:
            record, act = one.record, one.act
            import_id = act.get("import") or self._new_id()
            unit.returning.add_approval(
                import_id, act.get("kind", "import"), record["who"], record["approver"], record["acceptedAt"]
            )
            seal = self._returning.seals.get(record["person"])
            rows.append(
                RecordRow(
                    import_id=import_id, line=act.get("line", 0), record_key=bytes.fromhex(record["record"]),
                    record_sealed=seal.seal("business_key", act["key"]) if seal is not None and "key" in act else b"",
                    person_id=record["person"], desk=self._returning.batch.desk, rate_id=one.word.ref,
                    activity_day=one.word.day, start_minute=act.get("start"), end_minute=act.get("end"),
                    units=act.get("units", one.word.units), counted_units=act.get("counted", one.word.units), coins=one.coins,
                )
            )  # fmt: skip
            day = date_of(record["acceptedDay"])
            self._use(self._returning.batch.desk, day.year, month_number(day), one.coins)
            by_month.setdefault(month_number(day), Counter())[one.word.account] += one.coins
            self._number_single_records(act)
        unit.records.add_many(rows)
        for month, coins in by_month.items():
            unit.limits.add_person_months(month, coins)

    def _use(self, desk: int, year: int, month: int, coins: int) -> None:
        """A limit that was lowered since is full, not overdrawn."""
        limits = self._unit.limits
        limits.reserve_desk(desk, month, min(coins, max(limits.desk_limit(desk, month).left, 0)))
        limits.reserve_budget(year, min(coins, max(limits.budget(year).left, 0)))

    def _number_single_records(self, act: Mapping[str, Any]) -> None:
        """A single act is numbered DESK-YYYY-n: the next one must not take a number again."""
        _, _, number = str(act.get("key", "")).partition("\x1f")
        _, year, count = ([*number.rsplit("-", 2), "", ""])[:3]
        if act.get("kind") == "record" and year.isdecimal() and count.isdecimal():
            desk = self._returning.batch.desk
            self._unit.entries.raise_counter(f"record {desk} {int(year)}", int(count))

    def _charge(self, one: Returned, *, reserves: bool) -> None:
        unit, record, batch = self._unit, one.record, self._returning.batch
        hold_id = one.hold_id or self._new_id()
        hold = unit.spending.hold(hold_id)
        day = date_of(record["acceptedDay"])
        was_held = hold is not None and unit.spending.end_hold(hold_id, "captured")
        if hold is None:
            unit.spending.add_hold(
                HoldRow(
                    hold_id, one.word.account, record["person"], batch.desk, one.coins, one.act.get("purpose", "counter"),
                    "captured", record["who"], record["acceptedAt"], record["acceptedAt"], record["acceptedDay"],
                )
            )  # fmt: skip
        if was_held and hold is not None:
            unit.limits.reserve_desk(batch.desk, month_number(date_of(hold.reserved_day)), -hold.coins)
        if reserves:
            month = month_number(day)
            unit.limits.reserve_desk(
                batch.desk, month, min(one.coins, max(unit.limits.desk_limit(batch.desk, month).left, 0))
            )
        redemption = RedemptionRow(
            one.act.get("redemption") or self._new_id(), one.number, hold_id, record["person"], batch.desk, one.coins,
            unit.master.coin_value(one.word.day) or 0, 0, one.word.day,
        )  # fmt: skip
        unit.spending.add_redemption(redemption)
        enrolment = unit.courses.enrolment_of_hold(hold_id)
        if was_held and enrolment is not None:
            unit.courses.move_enrolment(enrolment.id, "held", "enrolled", redemption_id=redemption.id)

    def _move(self, one: Returned, *, reserves: bool) -> None:
        """What the treasury moved: of its month's limit, and where to if it was given."""
        desk, month = self._returning.batch.desk, month_number(date_of(one.record["acceptedDay"]))
        if reserves:
            left = max(self._unit.limits.desk_limit(desk, month).left, 0)
            self._unit.limits.reserve_desk(desk, month, min(one.coins, left))
        if one.word.kind == Kind.DONATE and "rows" not in one.act:
            self._unit.spending.add_donation(
                id=one.record["consent"] or self._new_id(), journal_no=one.number, person_id=one.record["person"],
                fund=one.word.ref, coins=one.coins, day=one.word.day,
            )  # fmt: skip

    def _refund(self, one: Returned) -> None:
        redemption = self._unit.returning.redemption_of(one.original_no) if one.original_no is not None else None
        if redemption is None:
            return
        self._unit.spending.take_back(redemption.id, one.coins)
        self._unit.spending.add_refund(
            one.act.get("refund") or self._new_id(),
            redemption.id,
            one.number,
            one.coins,
            one.act.get("reason", "counter"),
        )

    def _new_id(self) -> str:
        return uuid7(self._context.clock.now() * 1000, self._context.random_bytes(10))
