"""What final corrections did, and what the treasury's skipped entries leave behind.

A correction of a credit burns what the account holds at its place on the chain, and the rest becomes debt. The books took what was free when it was
accepted and counted the rest as owed; coins that have come in since, or that a hold let go, make the difference. Taken and owed together stay the
same, so that what is free does not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ledger_service.domain.entries import Kind
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.unit import WriteUnit


def settle_corrections(unit: WriteUnit, places: Iterable[tuple[int, int, int]]) -> None:
    """Write: what applied corrections took, now that their batches are final; an expiry that was undone gives its coins back."""
    for desk, seq, position in places:
        entry = unit.entries.at(desk, seq, position)
        correction = unit.corrections.of_entry(entry.journal_no) if entry is not None else None
        assert entry is not None, "a batch that is settled has its entries"
        if _restores(unit, entry):
            unit.accounts.restore(entry.account, entry.coins)
            continue
        burnt = min(entry.coins, unit.lots.coins_before(entry.account, desk, seq, position))
        if correction is None:  # not proposed here: nothing was taken and nothing counted as owed when it was accepted
            unit.accounts.take_back(entry.account, entry.coins, burnt)
            continue
        unit.accounts.move_to_debt(entry.account, correction.taken - burnt)
        unit.corrections.settle(correction.id, burnt)


def settle_merges(unit: WriteUnit, places: Iterable[tuple[int, int, int]]) -> None:
    """Write: what applied merges brought to the accounts that took over, now that their batches are final."""
    for desk, seq, position in places:
        first, second = unit.entries.at(desk, seq, position), unit.entries.at(desk, seq, position + 1)
        if first is not None and first.ref == 0 and second is not None:
            unit.accounts.merge(first.account, second.account, first.coins)


def undo_skipped(unit: WriteUnit, skipped: Sequence[EntryRow]) -> None:
    """Write: a skipped correction takes nothing and makes no debt, and its original may be corrected again; a skipped set-off leaves its debt,
    and a skipped closure or merge the account."""
    for row in skipped:
        if row.kind == Kind.SET_OFF:
            unit.accounts.add_debt(row.account, row.coins)
        if row.kind in (Kind.CLOSURE, Kind.MERGE):
            _reopen(unit, row)
        if row.kind != Kind.CORRECT:
            continue
        correction = unit.corrections.of_entry(row.journal_no)
        if correction is None:
            continue
        unit.corrections.redo(correction.original_no, correction.coins)
        if not correction.restores:
            unit.accounts.move_to_debt(row.account, correction.taken)
            unit.accounts.add_debt(row.account, -correction.coins)
            unit.corrections.settle(correction.id, 0)


def _reopen(unit: WriteUnit, row: EntryRow) -> None:
    """Write: the account has not ended. What both numbers of a merge earned stays counted for the one that was to take over: never too little."""
    if row.kind == Kind.CLOSURE or row.ref == 0:
        unit.accounts.reopen(row.account)
    if row.kind == Kind.MERGE and row.ref == 0 and row.person_id is not None:
        unit.people.merge(row.person_id, None)


def _restores(unit: WriteUnit, entry: EntryRow) -> bool:
    """Whether a correction undoes an expiry."""
    original = unit.entries.read(entry.original_no) if entry.original_no is not None else None
    return original is not None and original.kind == Kind.EXPIRE
