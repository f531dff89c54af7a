"""Which entries the next batch of a desk takes, in which order, with which proofs and needs.

Refunds and corrections come first, sorted by their original's place, then venues' closes, because the contract walks the annex once
(docs/formats.md, Annex). That is safe: their redeems are in earlier batches, a refund before an older debit of its account only brings that debit
coins, and before a correction nothing of its account is open. The other way round is not: a debit may spend the coins of a refund before it, so
where a refund waits for its redeem's place, all later entries of that account wait with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from ledger_service.domain.batches import (
    BATCH_ANNEX_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    BATCH_ENTRIES_WITH_ANNEX_MAX,
    BATCH_GAS_MAX,
    BATCH_NEEDS_MAX,
    CHUNK_ENTRIES,
    OFFICE_DESK,
    Batch,
    Need,
    annex_of,
    proof_item,
)
from ledger_service.domain.closes import statement_item
from ledger_service.domain.effects import DEPENDING, TAKING
from ledger_service.domain.entries import Entry, Kind
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.master import DeskRow
from ledger_service.journal.unit import Unit
from ledger_service.posting.gas import ANNEX_BYTE, batch_gas, entry_gas

DESK_SIGNATURES = 3  # more than any desk but the office is likely to have
_SPENDING = (*TAKING, Kind.CORRECT)
_OF_THE_WHOLE = (Kind.CORRECT, Kind.CLOSURE, Kind.MERGE)
"""Of these the outcome is another where something else has left the account meanwhile, so they need what took coins, too."""
_WITH_PROOF = (Kind.REFUND, Kind.CORRECT)
_WITH_ITEM = (*_WITH_PROOF, Kind.MONTH_CLOSE)

ItemKey = tuple[int, int, int]
"""Names an annex item: a proof's (desk, seq, chunk), or (-1, -1, journal number) of a close's statement."""


@dataclass(frozen=True, slots=True)
class Original:
    """The place of the redeem that a refund undoes, or of what a correction does."""

    desk: int
    seq: int
    position: int

    @property
    def chunk(self) -> ItemKey:
        """What one proof item proves."""
        return self.desk, self.seq, self.position // CHUNK_ENTRIES


@dataclass(frozen=True, slots=True)
class Draft:
    """The next batch of a desk, before it is hashed."""

    desk: DeskRow
    day: int
    entries: tuple[EntryRow, ...]
    words: bytes
    needs: tuple[Need, ...]
    annex: bytes
    coins: int
    gas_max: int


def draft(
    unit: Unit, desk: DeskRow, office_seq: int, expiring: Mapping[bytes, int] | None = None
) -> tuple[Draft | None, int]:
    """The next batch of a desk (None where nothing can be sealed now), and how many accounts' charges no batch can carry.

    `expiring` are the first expiries by account that are not final (journal numbers).
    """
    candidates = unit.sealing.unsealed(desk.number, BATCH_ENTRIES_MAX)
    originals = _originals(unit, desk.number, candidates)
    statements = _statements(unit, candidates)
    waits = _out_of_order(unit, candidates, expiring or {})
    ready = _without_waiting(candidates, originals, statements, waits, is_closing=unit.closes.is_closing(desk.number))
    chosen, items, gas = _within_bounds(unit, desk.number, _split_items(_of_one_day(ready)), originals, statements)
    chosen, needs, stuck = _within_needs(unit, desk.number, chosen, office_seq)
    if not chosen:
        return None, stuck
    ordered = sorted(chosen, key=lambda row: _order(row, originals))
    used = dict.fromkeys(key for row in ordered if (key := _item_key(row, originals, statements)) is not None)
    annex = annex_of([items[chunk] for chunk in used])
    made = Draft(
        desk=desk,
        day=max(ordered[0].accepted_day, desk.sealed_day),
        entries=tuple(ordered),
        words=b"".join(_word(row, originals) for row in ordered),
        needs=needs,
        annex=annex,
        coins=sum(row.coins for row in ordered),
        gas_max=batch_gas(gas, needs=len(needs), annex_bytes=len(annex), signatures=DESK_SIGNATURES),
    )
    return made, stuck


def _of_one_day(rows: Sequence[EntryRow]) -> list[EntryRow]:
    """A batch has one day: the day of acceptance of its entries. One that waited longer than others takes the day that its desk has come to."""
    return list(takewhile(lambda row: row.accepted_day == rows[0].accepted_day, rows))


def _without_waiting(
    rows: Sequence[EntryRow],
    originals: Mapping[int, Original],
    statements: Mapping[int, bytes],
    waits: set[int],
    *,
    is_closing: bool,
) -> list[EntryRow]:
    """The rows but those that wait, and everything of their accounts after them: the order within an account is kept.

    A refund waits for its redeem's place, and while a close of its venue is on its way: it could take coins that the close burns. A close waits for
    its venue's signatures. `waits` are the numbers of those that expiries and corrections hold back, or that these wait for.
    """
    waiting: set[bytes] = set()
    ready = []
    for row in rows:
        if row.journal_no in waits or (row.kind in _WITH_PROOF and row.journal_no not in originals):
            waiting.add(row.account)
        if row.kind == Kind.REFUND and is_closing:
            waiting.add(row.account)
        if row.kind == Kind.MONTH_CLOSE and statements.get(row.journal_no) == b"":
            waiting.add(row.account)
        if row.account not in waiting:
            ready.append(row)
    return _whole_pairs(ready)


def _whole_pairs(rows: Sequence[EntryRow]) -> list[EntryRow]:
    """The rows without a merge's half whose other half is not beside it: the contract moves both or none."""
    firsts = {row.journal_no for row in rows if row.kind == Kind.MERGE and row.ref == 0}
    seconds = {row.journal_no for row in rows if row.kind == Kind.MERGE and row.ref == 1}
    return [
        row
        for row in rows
        if row.kind != Kind.MERGE or (row.journal_no + 1 in seconds if row.ref == 0 else row.journal_no - 1 in firsts)
    ]


def _out_of_order(unit: Unit, rows: Sequence[EntryRow], expiring: Mapping[bytes, int]) -> set[int]:
    """Entries whose turn in their account's order has not come, by journal number.

    What an expiry may take and what a correction finds depend on what stands before them, so these wait until everything of their account that was
    accepted before is final; and until an expiry is, what takes coins of its account waits for it. A correction of more than is free burns what
    it finds: it waits for open holds too, and for what became of them.
    """
    first = unit.sealing.first_open({row.account for row in rows if row.kind in DEPENDING})
    return {
        row.journal_no
        for row in rows
        if (row.kind in DEPENDING and first.get(row.account, row.journal_no) < row.journal_no)
        or (row.kind in TAKING and expiring.get(row.account, row.journal_no) < row.journal_no)
        or (row.kind == Kind.CORRECT and _is_spoken_for(unit, row.account))
    }


def _is_spoken_for(unit: Unit, account: bytes) -> bool:
    """Whether coins that a correction would burn are promised to a hold or to an entry on its way."""
    row = unit.accounts.read(account)
    return row is not None and row.free < 0 and (row.held > 0 or unit.sealing.is_taking_open(account))


def _originals(unit: Unit, desk: int, rows: Sequence[EntryRow]) -> dict[int, Original]:
    """What refunds and corrections undo, by their journal number; one that no batch has taken yet is missing: its refund waits.

    A redeem that has a place is in a signed batch, because a desk's next batch is drafted only after its last one is signed. What a correction
    undoes is final, as is everything of its account before it.
    """
    found = {}
    for row in rows:
        if row.kind not in _WITH_PROOF:
            continue
        original = unit.entries.read(row.original_no) if row.original_no is not None else None
        is_ours = original is not None and (row.kind == Kind.CORRECT or original.desk == desk)
        if original is not None and is_ours and original.seq is not None:
            assert original.position is not None
            found[row.journal_no] = Original(original.desk, original.seq, original.position)
    return found


def _statements(unit: Unit, rows: Sequence[EntryRow]) -> dict[int, bytes]:
    """The venues' signatures under their closes, by the close's journal number; none yet is b"", a fund's is missing."""
    found = {}
    for row in rows:
        close = unit.closes.of_entry(row.journal_no) if row.kind == Kind.MONTH_CLOSE else None
        if close is not None and close.desk is not None:
            found[row.journal_no] = close.signatures or b""
    return found


def _item_key(row: EntryRow, originals: Mapping[int, Original], statements: Mapping[int, bytes]) -> ItemKey | None:
    """What names the annex item that an entry needs, if it needs one."""
    if row.kind in _WITH_PROOF:
        return originals[row.journal_no].chunk
    return (-1, -1, row.journal_no) if row.journal_no in statements else None


def _split_items(rows: list[EntryRow]) -> list[EntryRow]:
    """A batch with an annex is small, so what needs one lets a large batch of what came before it go first."""
    first = next((at for at, row in enumerate(rows) if row.kind in _WITH_ITEM), len(rows))
    if first == len(rows) or first >= BATCH_ENTRIES_WITH_ANNEX_MAX:
        return rows[:first]
    return rows[:BATCH_ENTRIES_WITH_ANNEX_MAX]


def _within_bounds(
    unit: Unit, desk: int, rows: list[EntryRow], originals: dict[int, Original], statements: Mapping[int, bytes]
) -> tuple[list[EntryRow], dict[ItemKey, bytes], int]:
    """As many of the rows as gas and annex allow, the proof of each chunk, and the gas of the entries."""
    if not rows:
        return [], {}, 0
    unseen = unit.sealing.new_accounts(desk, max(row.journal_no for row in rows))
    undone: dict[tuple[int, int], Batch] = {}
    items: dict[ItemKey, bytes] = {}
    chosen: list[EntryRow] = []
    gas, annex_bytes = 0, 1
    needs = BATCH_NEEDS_MAX if any(row.kind in _SPENDING for row in rows) else 1
    room = BATCH_GAS_MAX - batch_gas(0, needs=needs, annex_bytes=0, signatures=DESK_SIGNATURES)
    for row in rows:
        row_gas = entry_gas(row.kind, is_new_account=row.account in unseen)
        item = b""
        if (key := _item_key(row, originals, statements)) is not None and key not in items:
            statement = statements.get(row.journal_no)
            item = statement_item(statement) if statement else _item(unit, originals[row.journal_no], undone)
            items[key] = item
        grown = annex_bytes + len(item)
        if gas + row_gas + ANNEX_BYTE * grown > room or grown > BATCH_ANNEX_BYTES_MAX:
            break
        unseen.discard(row.account)
        chosen.append(row)
        gas, annex_bytes = gas + row_gas, grown
    return _whole_pairs(chosen), items, gas


def _item(unit: Unit, original: Original, undone: dict[tuple[int, int], Batch]) -> bytes:
    key = original.desk, original.seq
    if key not in undone:
        row = unit.batches.read(*key)
        assert row is not None, "an entry is placed in the transaction that stores its batch"
        undone[key] = row.batch
    return proof_item(undone[key], original.position)


def _within_needs(
    unit: Unit, desk: int, rows: list[EntryRow], office_seq: int
) -> tuple[list[EntryRow], tuple[Need, ...], int]:
    """The rows, the batches that funded what they spend, and how many accounts were left out.

    Fewer rows where they would need too many desks together. An account that alone needs too many is left out whole: no batch can carry its charge.
    """
    final_seqs: dict[int, int] = {}
    stuck: set[bytes] = set()
    while rows:
        spenders = sorted({row.account for row in rows if row.kind in _SPENDING})
        emptied = sorted({row.account for row in rows if row.kind in _OF_THE_WHOLE})
        needs = {OFFICE_DESK: office_seq} if office_seq else {}
        for other, seq in _of_closes(unit, desk, rows) | _of_merges(unit, desk, rows):
            needs[other] = max(needs.get(other, 0), seq)
        for other, seq in unit.sealing.funding(spenders, desk) | unit.sealing.funding(emptied, desk, TAKING):
            if other not in final_seqs:
                final_seqs[other] = unit.posts.final_seq(other)
            if seq <= final_seqs[other]:
                needs[other] = max(needs.get(other, 0), seq)
        if len(needs) <= BATCH_NEEDS_MAX:
            return rows, tuple(Need(number, seq) for number, seq in sorted(needs.items())), len(stuck)
        if len(spenders) == 1:
            stuck.update(spenders)
        alone = {one for one in spenders if len(spenders) > 1 and _is_stuck(unit, desk, one, office_seq, final_seqs)}
        stuck |= alone
        kept = [row for row in rows if row.account not in stuck]
        rows = _whole_pairs(kept if len(kept) < len(rows) else rows[: len(rows) // 2])
    return [], (), len(stuck)


def _of_merges(unit: Unit, desk: int, rows: Sequence[EntryRow]) -> set[tuple[int, int]]:
    """What undoes an entry of an account that was merged since needs the merge: only then is the account that one's heir."""
    undoing = {row.account for row in rows if row.kind in _WITH_PROOF}
    return unit.sealing.funding(sorted(undoing), desk, (Kind.MERGE,))


def _of_closes(unit: Unit, desk: int, rows: Sequence[EntryRow]) -> set[tuple[int, int]]:
    """A close needs the venue's batch that it names; a venue's refund needs its last close, whose coins it may issue again."""
    closes = [unit.closes.of_entry(row.journal_no) for row in rows if row.kind == Kind.MONTH_CLOSE]
    needed = [(close.desk, close.last_seq) for close in closes if close is not None and close.desk is not None]
    if any(row.kind == Kind.REFUND for row in rows) and (last := unit.closes.last_batch(desk)) is not None:
        needed.append(last)
    return set(needed)


def _is_stuck(unit: Unit, desk: int, account: bytes, office_seq: int, final_seqs: Mapping[int, int]) -> bool:
    funding = {other for other, seq in unit.sealing.funding([account], desk) if seq <= final_seqs[other]}
    return len(funding | ({OFFICE_DESK} if office_seq else set())) > BATCH_NEEDS_MAX


def _order(row: EntryRow, originals: dict[int, Original]) -> tuple[int, int, int, int, int]:
    if row.kind == Kind.MONTH_CLOSE and row.word_line:
        return 1, 0, 0, 0, row.journal_no  # a venue's, whose statement must not be a fund's close's
    if row.kind not in _WITH_PROOF:
        return 2, 0, 0, 0, row.journal_no
    original = originals[row.journal_no]
    return 0, original.desk, original.seq, original.position, row.journal_no


def _word(row: EntryRow, originals: dict[int, Original]) -> bytes:
    ref, day, line = row.ref, row.day, row.journal_no if row.word_line is None else row.word_line
    if row.kind in _WITH_PROOF:
        original = originals[row.journal_no]
        ref, line = original.position, original.seq
        day = original.desk if row.kind == Kind.CORRECT else day
    return Entry(row.account, row.kind, ref, row.units, day, line).pack()
