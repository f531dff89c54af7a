"""Entries that come back into lost books with all that their acceptance once wrote: people, records, charges, refunds, donations, limits."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ledger_service.domain.batches import Batch
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import Entry, Kind, unpack_words
from ledger_service.domain.hashing import keccak
from ledger_service.domain.ids import uuid7
from ledger_service.errors import Unavailable
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.kept_rows import Rows
from ledger_service.journal.people import PersonRow
from ledger_service.journal.records import RecordRow, ReservedRow
from ledger_service.journal.spending import HoldRow, RedemptionRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.journal.vault import PersonSeal
from ledger_service.posting.bundles import BundleContent
from ledger_service.posting.outside_moves import coins_of
from ledger_service.posting.ports import PostingContext
from ledger_service.posting.returning_treasury import (
    add_lost_actors,
    opened_people,
    original_entry,
    personal_rows,
    put_personal,
    put_rows,
    taken_of,
)
from ledger_service.posting.undoing import settle_corrections

_DEBITS = frozenset({Kind.REDEEM, Kind.DONATE, Kind.EXPIRE, Kind.SET_OFF, Kind.CLOSURE})
_UNDOING = frozenset({Kind.REFUND, Kind.CORRECT})
_KNOWN_KINDS = frozenset({Kind.CREDIT, Kind.OPENING, Kind.MONTH_CLOSE, *_UNDOING, *_DEBITS})


class NotReadable(Unavailable):
    """What a batch holds cannot be read back now, or not by this version: its words stand for it, and its desk waits."""

    code = "not_readable"


class Forked(Unavailable):
    """The books went on by themselves after they were lost: what they hold contradicts the chain."""

    code = "books_forked"


@dataclass(frozen=True, slots=True)
class Returned:
    """One entry: its word, what the bundle keeps of it, and what its sealed part says (nothing where the person is forgotten)."""

    word: Entry
    record: Mapping[str, Any]
    act: Mapping[str, Any]
    coins: int
    original_no: int | None
    known: EntryRow | None

    @property
    def number(self) -> int:
        """Its journal number."""
        return int(self.record["journalNo"])

    @property
    def hold_id(self) -> str | None:
        """The hold that became this charge, if that is known."""
        known: str | None = self.act.get("hold") or self.record["consent"]
        return known


@dataclass(frozen=True, slots=True)
class ReturningBatch:
    """A batch's entries, ready to be written."""

    batch: Batch
    entries: tuple[Returned, ...]
    people: tuple[PersonRow, ...]
    seals: Mapping[str, PersonSeal]
    rows: Rows
    personal: Mapping[str, Rows]

    @property
    def coins(self) -> int:
        """The forecast of what it moves."""
        return sum(one.coins for one in self.entries)

    def write(self, unit: WriteUnit, context: PostingContext, *, skips: Mapping[int, int], is_settled: bool) -> int:
        """Write: the rows, and (unless the balances have moved) what acceptance did to accounts; how many holds had to end.

        `skips` are only known of a batch that is settled: else the follower writes them.
        """
        writer = _Writer(unit, context, self)
        writer.people()
        ended = 0
        fresh = [one for one in self.entries if one.known is None]
        if not is_settled:
            ended = writer.make_room(fresh)
        writer.entries(skips)
        put_rows(unit, self.rows, context.clock.now())
        writer.acts(fresh, skips, is_settled=is_settled)
        put_personal(unit, self.personal, context.clock.now())
        if is_settled:
            writer.settle_late(fresh, skips)
        return ended


def prepare_entries(context: PostingContext, batch: Batch, content: BundleContent) -> ReturningBatch:
    """Read and open everything before the write lock is taken. Raises Forked, NotReadable."""
    words = list(unpack_words(batch.words))
    records = content.entries
    strange = sorted({word.kind for word in words} - _KNOWN_KINDS)
    if strange:
        raise NotReadable(f"it holds entries of kind {strange[0]}, of which this version reads the balances only")
    named = {record["person"] for record in records} | {one["id"] for one in (*content.people, *content.personal)}
    seals = context.vault.of_many(named - {None})
    with context.journal.read() as unit:
        rates = {rate.rate_id: rate for rate in unit.master.rate_versions()}
        known = unit.returning.entries_numbered(record["journalNo"] for record in records)
        at_home = unit.returning.people_of(
            [word.account for word in words] + [row.account for row in opened_people(content, seals)]
        )
        originals = {
            position: unit.returning.number_at(
                word.day if word.kind == Kind.CORRECT else batch.desk, word.line, word.ref
            )
            for position, word in enumerate(words)
            if word.kind in _UNDOING
        }
    if any(word.kind == Kind.CORRECT and originals[position] is None for position, word in enumerate(words)):
        raise NotReadable("it corrects an entry of a batch whose bundle is missing")
    found = []
    for position, (word, record) in enumerate(zip(words, records, strict=True)):
        here = known.get(record["journalNo"])
        if here is not None and (here.seq is not None or here.record_key.hex() != record["record"]):
            raise Forked(
                f"entry {record['journalNo']} of batch {batch.seq} of desk {batch.desk} is another one in the books: they went on after the backup "
                "before they had read the chain. Restore the backup again, into an empty home"
            )
        found.append(Returned(word, record, _act(seals, record), coins_of(word, rates), originals.get(position), here))
    people = {row.id: row for row in opened_people(content, seals) if row.account not in at_home}
    for word, record in zip(words, records, strict=True):
        if record["person"] is not None and word.account not in at_home and record["person"] not in people:
            people[record["person"]] = _forgotten(record["person"], word.account)
    return ReturningBatch(
        batch, tuple(found), tuple(people.values()), seals, content.rows, personal_rows(content, seals)
    )


def return_reserved(unit: WriteUnit, rows: Sequence[ReservedRow], reserved_day: int) -> None:
    """Write: give back what records that become no entries had reserved."""
    day = date_of(reserved_day)
    by_account: Counter[bytes] = Counter()
    for row in rows:
        unit.limits.reserve_desk(row.desk, month_number(day), -row.coins)
        unit.limits.reserve_budget(day.year, -row.coins)
        by_account[row.account] += row.coins
    unit.limits.return_person_months(month_number(day), by_account)


def _act(seals: Mapping[str, PersonSeal], record: Mapping[str, Any]) -> Mapping[str, Any]:
    seal = seals.get(record["person"])
    if seal is None or not record["sealed"]:
        return {}
    return dict(orjson.loads(seal.open(f"entry|{record['journalNo']}", b64decode(record["sealed"]))))


def _forgotten(person_id: str, account: bytes) -> PersonRow:
    """Somebody whose key is gone, or whose row no bundle holds: the account stays, and nobody's name is on it."""
    return PersonRow(person_id, account, keccak(b"nobody " + person_id.encode()), b"", b"", b"", None, None)


class _Writer:
    """The rows of one batch, in one unit of work."""

    def __init__(self, unit: WriteUnit, context: PostingContext, returning: ReturningBatch) -> None:
        self._unit = unit
        self._context = context
        self._returning = returning

    def people(self) -> None:
        """Accounts, people and those who acted, before the rows that name them."""
        unit, rows = self._unit, self._returning.people
        wanted = {row.account for row in rows} | {one.word.account for one in self._returning.entries}
        unit.accounts.open_many(sorted(wanted - unit.returning.known_accounts(wanted)))
        unit.people.add_many(rows, self._context.clock.now())
        acting = {one.record[name] for one in self._returning.entries for name in ("who", "approver")} - {None}
        add_lost_actors(unit, acting, self._context.clock.now())

    def make_room(self, fresh: Sequence[Returned]) -> int:
        """What acceptance did to accounts. A hold that became a charge is captured; others end where the coins they keep were spent."""
        unit = self._unit
        debited: Counter[bytes] = Counter()
        refunding: Counter[bytes] = Counter()
        for one in fresh:
            account = one.word.account
            if one.word.kind == Kind.REFUND:
                refunding[account] += one.coins
            elif one.word.kind in _DEBITS:
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
        return ended

    def _take_back(self, one: Returned) -> None:
        """What a correction took and what it left as debt; settlement does both where its bundle does not say."""
        if one.word.kind != Kind.CORRECT:
            return
        original = original_entry(self._unit, one.original_no)
        taken = taken_of(one.act, original)
        if taken is not None and original is not None and original.kind != Kind.EXPIRE:
            self._unit.accounts.take_back(one.word.account, one.coins, taken)

    def settle_late(self, fresh: Sequence[Returned], skips: Mapping[int, int]) -> None:
        """A batch whose balances moved by its words alone has its bundle back: corrections and closes, which no words settle."""
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
        self._unit.closes.settle([(batch.desk, batch.seq)])

    def entries(self, skips: Mapping[int, int]) -> None:
        """The entries in their places; one that the books have already only gets its place."""
        batch, rows = self._returning.batch, []
        for position, one in enumerate(self._returning.entries):
            if one.known is not None:
                self._unit.returning.place(one.number, batch.seq, position)
                continue
            rows.append(self._entry(one, position, skips.get(position)))
        self._unit.entries.add_many(rows)
        for position, one in enumerate(self._returning.entries):
            if one.known is not None and position in skips:
                self._unit.entries.mark_skipped(batch.desk, batch.seq, position, skips[position])
        self._unit.returning.raise_counter("journal", max(one.number for one in self._returning.entries))

    def acts(self, fresh: Sequence[Returned], skips: Mapping[int, int], *, is_settled: bool) -> None:
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
            elif one.word.kind in _DEBITS or one.word.kind == Kind.CORRECT:
                self._move(one, reserves=one.number not in skipped)
            elif one.word.kind == Kind.REFUND:
                self._refund(one)
            put_rows(self._unit, one.act.get("rows", {}), self._context.clock.now())
            if one.word.kind == Kind.CORRECT and one.number not in skipped:
                original = original_entry(self._unit, one.original_no)
                if original is None or not self._unit.corrections.undo(original.journal_no, one.coins, original.coins):
                    raise RowConflict

    def _entry(self, one: Returned, position: int, skip: int | None) -> dict[str, Any]:
        batch, record, word = self._returning.batch, one.record, one.word
        seal = self._returning.seals.get(record["person"])
        sealed = seal.seal("business_key", one.act["key"]) if seal is not None and "key" in one.act else b""
        return {
            "journal_no": one.number,
            "desk": batch.desk,
            "kind": word.kind,
            "account": word.account,
            "person_id": record["person"],
            "ref": 0 if word.kind in _UNDOING else word.ref,
            "units": word.units,
            "day": record["acceptedDay"] if word.kind == Kind.CORRECT else word.day,
            "coins": one.coins,
            "accepted_day": record["acceptedDay"],
            "accepted_at": record["acceptedAt"],
            "record_key": bytes.fromhex(record["record"]),
            "business_key_sealed": sealed,
            "who": record["who"],
            "approver": record["approver"],
            "consent": record["consent"],
            "original_no": one.original_no,
            "word_line": word.line if word.kind == Kind.MONTH_CLOSE else None,
            "seq": batch.seq,
            "position": position,
            "skip_reason": skip,
            "freed_no": one.number if skip is not None and word.kind == Kind.CREDIT else 0,
        }

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
            self._unit.returning.raise_counter(f"record {desk} {int(year)}", int(count))

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

    def _new_id(self) -> str:
        return uuid7(self._context.clock.now() * 1000, self._context.random_bytes(10))
