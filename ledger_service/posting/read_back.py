"""Reading lost books back: a batch on the chain that the books do not have comes in from its transaction and its bundle.

It comes in as a signed batch with everything that acceptance once wrote; the follower then takes it for one of ours, so that its skips, its
finality and the balances go their usual way. Only what is final is read back, in the order of the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ledger_service.chain.reader import PostedBatch, posted_between
from ledger_service.domain.batches import OFFICE_DESK, Batch, SignedBatch
from ledger_service.domain.entries import Entry, Kind, unpack_words
from ledger_service.domain.hashing import ZERO32
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.master import DeskRow
from ledger_service.journal.outside import OutsideRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.bundles import BundleBroken, BundleContent, bundle_path, read_bundle
from ledger_service.posting.findings import Findings
from ledger_service.posting.gas import batch_gas, entry_gas, order_gas
from ledger_service.posting.kept_logs import KeptLogs, LogReport, instant, lost_rows
from ledger_service.posting.landings import Landing
from ledger_service.posting.outside_moves import moves_of
from ledger_service.posting.ports import ChainAccess, PostingContext
from ledger_service.posting.returning_batch import Forked, NotReadable
from ledger_service.posting.returning_changes import return_changes
from ledger_service.posting.returning_entries import prepare_entries, return_reserved, write_entries
from ledger_service.posting.returning_orders import prepare_orders

_KINDS = frozenset(Kind)
JOURNAL_GAP = 100_000  # numbers given to what was accepted and never sealed before the books were lost stay unused

NOT_TAKEN = "not read back: "  # how the reason begins for which a desk is stopped whose bundles do not follow the chain


@dataclass(slots=True)
class Report:
    """What was read back, and what stands in the way."""

    batches: int = 0
    entries: int = 0
    orders: int = 0
    not_landed: int = 0
    """Of the batches: those that are signed and not on the chain, and are posted as they are."""
    holds_ended: int = 0
    records_freed: int = 0
    missing: dict[BatchKey, str] = field(default_factory=dict)
    logs: dict[str, LogReport] = field(default_factory=dict)

    @property
    def log_rows(self) -> int:
        """Rows of the audit log and the access log that came back."""
        return sum(one.returned for one in self.logs.values())


class ReadBack:
    """Brings unknown batches into the books. One thread at a time."""

    def __init__(self, context: PostingContext, chain: ChainAccess, findings: Findings, logs: KeptLogs) -> None:
        self._context = context
        self._chain = chain
        self._findings = findings
        self._logs = logs
        self._are_logs_back = False
        self._block: tuple[int, dict[BatchKey, PostedBatch]] = (-1, {})
        self.report = Report()

    def take(self, landing: Landing, *, is_foreign: bool = False) -> None:
        """Bring a batch in that landed and is final. Where that cannot be, its desk is stopped and the reason said.

        `is_foreign`: two people said that a batch without a bundle is not ours, and stands.
        """
        desk, seq = landing.key
        posted = self._posted(landing)
        batch = posted.signed.batch
        with self._context.journal.read() as unit:
            row = unit.master.desk(desk)
        if row is None or row.sealed_seq + 1 != seq or row.sealed_head != batch.previous_head:
            self._stop(
                desk,
                f"batch {seq} of desk {desk} is on the chain (post {landing.event.post_number}) and does not follow what the books have",
            )
            return
        content, why = self._bundle(batch, landing.event.head)
        if desk == OFFICE_DESK:
            self._take_orders(posted.signed, landing.event.head, content)
        elif content is None:
            self._take_words(posted, landing, why, is_foreign=is_foreign)
        else:
            try:
                self._take_entries(posted.signed, content)
            except NotReadable as error:
                self._take_words(posted, landing, error.message, is_foreign=is_foreign)
            except Forked as error:
                self._stop(desk, error.message)
            except RowConflict:
                self._stop(desk, f"batch {seq} of desk {desk} is on the chain, and what it holds contradicts the books")

    def return_missing(self) -> int:
        """Bundles that were missing and are back: their entries come into the books, without moving coins again; how many."""
        with self._context.journal.read() as unit:
            rows = unit.outside.all("missing")
            stored = [unit.batches.read(row.desk, row.seq) for row in rows]
        done = 0
        for row, batch in zip(rows, stored, strict=True):
            if batch is None or batch.state != "final":
                continue
            content, _ = self._bundle(batch.batch, batch.head)
            if content is None:
                continue
            try:
                self._return(row, batch.batch, content)
            except NotReadable:
                continue
            except (Forked, RowConflict) as error:
                self._stop(
                    row.desk,
                    f"the bundle of batch {row.seq} of desk {row.desk} is back and does not fit the books: {error.message}",
                )
                continue
            self.report.missing.pop((row.desk, row.seq), None)
            done += 1
            self._replay()
            self._start_again(row.desk)
        return done

    def _return(self, row: OutsideRow, batch: Batch, content: BundleContent) -> None:
        prepared = prepare_entries(self._context, batch, content)
        with self._context.journal.write() as unit:
            write_entries(unit, self._context, prepared, skips=dict(row.skips), is_settled=True)
            unit.batches.set_audit_head(row.desk, row.seq, content.audit_head)
            unit.outside.remove(row.desk, row.seq)
            unit.commit()

    def bring_logs_back(self) -> None:
        """The logs first: what is written about reading back comes after what was written before the books were lost."""
        if not self._are_logs_back:
            self._are_logs_back, self.report.logs = True, self._logs.bring_back()

    def finish(self) -> None:
        """After the last of it: numbers that may be on somebody's receipt stay unused, half-read submissions are closed, and what the logs
        tell of master data is put in force. A process that ended before this leaves it to the next one.
        """
        with self._context.journal.read() as reading:
            if not reading.returning.is_unfinished():
                return
        self._name_lost_rows()
        with self._context.journal.write() as unit:
            unit.entries.next_numbers("journal", JOURNAL_GAP)
            unit.gifts.replay(unit.loose_acts.all())
            return_changes(unit, self._context.clock.now())
            for half in unit.returning.half_imports():
                self.report.records_freed += _close_half(unit, half.id, half.approver, half.reserved_day, self._context)
            unit.audit_log.write(
                self._context.clock.now(), "system", "read back", "books",
                batches=self.report.batches, entries=self.report.entries, orders=self.report.orders,
                log_rows=self.report.log_rows,
            )  # fmt: skip
            unit.returning.end()
            unit.commit()
        self._findings.notice("read back", said(self.report))

    def _name_lost_rows(self) -> None:
        """Rows of a log that neither the books nor their files have, as exactly as can be told."""
        for log, report in self.report.logs.items():
            with self._context.journal.read() as unit:
                text = lost_rows(unit, log, report)
            if text:
                self._findings.notice(f"{log} log", text)
            else:
                self._findings.clear(f"{log} log")

    def _replay(self) -> None:
        with self._context.journal.write() as unit:
            unit.gifts.replay(unit.loose_acts.all())
            unit.commit()

    def _posted(self, landing: Landing) -> PostedBatch:
        number = landing.event.position.block_number
        if self._block[0] != number:
            found = posted_between(self._chain.contract, number, number)
            self._block = number, {(one.event.desk, one.event.seq): one for one in found}
        return self._block[1][landing.key]

    def _bundle(self, batch: Batch, head: bytes) -> tuple[BundleContent | None, str]:
        path = bundle_path(self._context.bundles_folder, batch.desk, batch.seq, head)
        if not path.is_file():
            return None, f"its bundle {path.parent.name}/{path.name} is missing"
        try:
            return read_bundle(path, self._context.vault.bundle_key, self._context.domain), ""
        except BundleBroken as error:
            return None, error.message

    def take_not_landed(self, content: BundleContent) -> None:
        """Bring a batch in that only its bundle holds; it is posted as it is. Raises NotReadable, Forked, RowConflict."""
        signed = SignedBatch(content.batch, content.signatures)
        if content.batch.desk == OFFICE_DESK:
            self._take_orders(signed, content.head, content)
        else:
            self._take_entries(signed, content)
        self.report.not_landed += 1

    def _take_orders(self, signed: SignedBatch, head: bytes, content: BundleContent | None) -> None:
        prepared = prepare_orders(self._context, signed.batch, content)
        gas = batch_gas(
            sum(map(order_gas, prepared.orders)), needs=0, annex_bytes=len(signed.batch.annex), signatures=16
        )
        with self._context.journal.write() as unit:
            prepared.write(unit, self._context)
            unit.returning.begin()
            audit_head = content.audit_head if content else ZERO32
            add_signed(unit, self._context, signed, head, audit_head, coins=0, gas=gas)
            unit.commit()
        self.report.batches += 1
        self.report.orders += len(prepared.orders)

    def _take_entries(self, signed: SignedBatch, content: BundleContent) -> None:
        batch = signed.batch
        prepared = prepare_entries(self._context, batch, content)
        with self._context.journal.write() as unit:
            unit.returning.begin()
            add_signed(
                unit, self._context, signed, content.head, content.audit_head, coins=prepared.coins, gas=_gas(batch)
            )
            self.report.holds_ended += write_entries(unit, self._context, prepared, skips={}, is_settled=False)
            unit.commit()
        self.report.batches += 1
        self.report.entries += batch.count

    def _take_words(self, posted: PostedBatch, landing: Landing, why: str, *, is_foreign: bool) -> None:
        """Without its bundle only balances and sequence follow the chain; the desk waits for a person."""
        batch = posted.signed.batch
        state = "foreign" if is_foreign else "missing"
        note_outside(self._context, posted.signed, landing, state, posted.event.coins_applied, _gas(batch))
        if is_foreign:
            return
        text = (
            f"batch {batch.seq} of desk {batch.desk} is on the chain, and {why}: bring it back, or, if nobody here sealed the batch, run "
            f"boram desk adopt {batch.desk}; until then the desk credits nothing and its activity days are closed"
        )
        self.report.missing[landing.key] = text
        self._findings.stop_desk(batch.desk, text, is_notice=True)

    def _stop(self, desk: int, finding: str) -> None:
        self._findings.stop_desk(desk, finding)

    def _start_again(self, desk: int) -> None:
        with self._context.journal.write() as unit:
            row = unit.master.desk(desk)
            if any(row.desk == desk for row in unit.outside.all("missing")) or _is_held(row):
                return
            unit.master.stop_desk(desk, None)
            unit.commit()
        self._findings.clear(f"desk {desk}")


def _is_held(row: DeskRow | None) -> bool:
    """Whether a desk is stopped because of bundles that follow the chain and could not be taken (not_landed.py)."""
    return row is not None and (row.stopped or "").startswith(NOT_TAKEN)


def add_signed(
    unit: WriteUnit, context: PostingContext, signed: SignedBatch, head: bytes, audit_head: bytes, coins: int, gas: int
) -> None:
    """Write: a batch of the chain as the desk's next one, signed."""
    batch = signed.batch
    if not unit.master.move_sealed(batch.desk, batch.seq, head, batch.day):
        raise RuntimeError("two read the books back at once")
    unit.batches.add(batch, head=head, audit_head=audit_head, coins=coins, gas_max=gas, now=context.clock.now())
    unit.batches.sign(batch.desk, batch.seq, head, signed.signatures)


def note_outside(
    context: PostingContext, signed: SignedBatch, landing: Landing, state: str, coins: int, gas: int
) -> None:
    """Bring a batch in by its words alone: its place in the chain of heads, and what it does to the balances once it is final."""
    batch = signed.batch
    entries = list(unpack_words(batch.words))
    with context.journal.read() as unit:
        moves = moves_of(unit, batch, entries, dict(landing.skips))
    days = _credited_days(entries)
    with context.journal.write() as unit:
        known = unit.returning.known_accounts(account for account, *_ in moves)
        unit.accounts.open_many(sorted({account for account, *_ in moves} - known))
        if state == "missing":
            unit.returning.begin()  # its journal numbers are not known here
        add_signed(unit, context, signed, landing.event.head, ZERO32, coins, gas)
        unit.outside.add(
            OutsideRow(
                batch.desk, batch.seq, state, landing.event.head, min(days, default=None), max(days, default=None), moves,
                list(landing.skips), context.clock.now(),
            )
        )  # fmt: skip
        unit.audit_log.write(
            context.clock.now(), "system", f"{state} batch", f"{batch.desk}/{batch.seq}", entries=batch.count
        )
        unit.commit()


def said(report: Report) -> str:
    """One line on what was read back and what cannot be."""
    logs = ", ".join(
        f"the {log} log goes up to row {one.last} ({instant(one.last_at)})" for log, one in report.logs.items()
    )
    return (
        f"{report.batches} batches with {report.entries} entries and {report.orders} orders were read back from the chain and the bundles "
        f"({report.not_landed} of them signed and not on the chain: they are posted as they are), "
        f"{report.log_rows} rows of the logs from their files: {logs}; "
        f"{report.holds_ended} holds that the chain contradicts were ended, {report.records_freed} approved records that were not on the chain "
        "are free again (upload their file once more). Gone since the backup: open holds, sign-ups, what was accepted and not signed, refused and "
        "zero-coin rows, who acts, courses, stored answers, what was written in the logs later"
    )


def _credited_days(entries: list[Entry]) -> list[int]:
    return [entry.day for entry in entries if entry.kind == Kind.CREDIT]


def _close_half(
    unit: WriteUnit, import_id: str, approver: str | None, reserved_day: int, context: PostingContext
) -> int:
    left = unit.returning.without_entry(import_id)
    return_reserved(unit, left, reserved_day)
    unit.returning.withdraw_without_entry(import_id)
    unit.approvals.move(import_id, "waiting", "approved", approver, context.clock.now(), None)
    return len(left)


def _gas(batch: Batch) -> int:
    return batch_gas(sum(_entry_costs(batch)), needs=len(batch.needs), annex_bytes=len(batch.annex), signatures=3)


def _entry_costs(batch: Batch) -> Iterator[int]:
    """At most: an account's first entry of a batch counts as its first of all."""
    seen: set[bytes] = set()
    for entry in unpack_words(batch.words):
        kind = entry.kind if entry.kind in _KINDS else Kind.EXPIRE
        yield entry_gas(kind, is_new_account=entry.account not in seen)
        seen.add(entry.account)
