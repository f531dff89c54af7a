"""What a batch does to balances by its words alone, for one whose bundle is missing or that somebody else sealed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ledger_service.domain.batches import Batch
from ledger_service.domain.entries import Entry, Kind
from ledger_service.domain.rates import RateVersion
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.outside import Moves
from ledger_service.journal.unit import Unit

_IN = frozenset({Kind.CREDIT, Kind.OPENING})
_OUT = frozenset({Kind.REDEEM, Kind.DONATE, Kind.EXPIRE, Kind.SET_OFF, Kind.CLOSURE})


Skips = dict[BatchKey, list[tuple[int, int, int]]]
"""(position, reason, coins) of every skipped entry, in order."""


def skips_of(unit: Unit, keys: Iterable[BatchKey]) -> Skips:
    """What was skipped of these batches, as the books know it; of one from outside the coins do not count in its forecast."""
    wanted = list(keys)
    outside = {
        key: [(position, reason, 0) for position, reason in row.skips] for key, row in unit.outside.of(wanted).items()
    }
    return {**unit.settling.skips_of(wanted), **outside}


def coins_of(entry: Entry, rates: dict[int, RateVersion]) -> int:
    """The coins that an entry moves: a credit's by its rate, others as they say."""
    if entry.kind != Kind.CREDIT:
        return entry.units
    rate = rates.get(entry.ref)
    return entry.units * rate.coins // rate.per_units if rate else 0


def moves_of(unit: Unit, batch: Batch, entries: Sequence[Entry], skipped: Collection[int]) -> Moves:
    """(account, credited, refunding, debited) of every entry that was applied, in order.

    A charge that the books accepted and had not sealed was taken from its account by then, and is not taken again; a refund of that sort leaves
    `refunding`. Both words of a merge say what moves. Corrections are left to a person: what they take depends on more than their words.
    """
    rates = {rate.rate_id: rate for rate in unit.master.rate_versions()}
    numbered = unit.returning.entries_numbered(entry.line for entry in entries if entry.kind in _OUT)
    moves: Moves = []
    for position, entry in enumerate(entries):
        if position in skipped:
            continue
        coins = coins_of(entry, rates)
        if entry.kind in _IN:
            moves.append((entry.account, coins, 0, 0))
        elif entry.kind == Kind.REFUND:
            original = unit.returning.number_at(batch.desk, entry.line, entry.ref)
            is_ours = original is not None and unit.returning.open_refund(entry.account, coins, original)
            moves.append((entry.account, coins, coins if is_ours else 0, 0))
        elif entry.kind == Kind.MERGE:
            moves.append((entry.account, coins, 0, 0) if entry.ref else (entry.account, 0, 0, coins))
        elif entry.kind in _OUT:
            row = numbered.get(entry.line)
            is_ours = row is not None and row.seq is None and (row.desk, row.account) == (batch.desk, entry.account)
            moves.append((entry.account, 0, 0, 0 if is_ours else coins))
        else:
            moves.append((entry.account, 0, 0, 0))
    return moves
