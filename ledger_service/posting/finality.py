"""What becomes final: balances move in the transaction that turns batches from posted to final, and what the chain skipped is given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.effects import TAKING
from ledger_service.domain.entries import Kind
from ledger_service.journal.batches import BatchKey
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.posting.landings import Landing
from ledger_service.posting.settlement import Settlement
from ledger_service.posting.undoing import settle_corrections, settle_merges, undo_skipped


@dataclass(frozen=True, slots=True)
class Settled:
    """Batches that become final in one unit of work."""

    keys: tuple[BatchKey, ...]
    sums: Settlement
    skipping: tuple[BatchKey, ...] = ()
    """Those of which the chain skipped entries."""
    closing: tuple[BatchKey, ...] = ()
    """Those with month closes."""


def settled_of(unit: Unit, keys: Sequence[BatchKey], landings: Mapping[BatchKey, Landing]) -> Settled:
    """The sums of batches, added up before the write lock is taken; a posted batch does not change any more."""
    sums = Settlement()
    skipping: list[BatchKey] = []
    closing: list[BatchKey] = []
    stored = unit.settling.skips_of(key for key in keys if key not in landings)
    for desk, seq in keys:
        landing = landings.get((desk, seq))
        skips = landing.skips if landing else stored.get((desk, seq), ())
        if skips and desk != OFFICE_DESK:
            skipping.append((desk, seq))
        movements = unit.settling.movements(desk, seq)
        if any(kind == Kind.MONTH_CLOSE for _, kind, _, _ in movements):
            closing.append((desk, seq))
        sums.add(desk, seq, movements, {skip[0] for skip in skips})
    for row in unit.outside.of(keys).values():
        sums.add_outside(row.moves)
    return Settled(tuple(keys), sums, tuple(skipping), tuple(closing))


def finalise(unit: WriteUnit, settled: Settled) -> None:
    """Write: posted → final, and the balances with it. All of these batches or, by the caller's missing commit, none."""
    if not settled.keys:
        return
    skipped = unit.settling.skipped_of(settled.skipping)
    refused_refunds = _worthless_refunds(unit, skipped)
    if not all(unit.posts.mark_final(desk, seq) for desk, seq in settled.keys):
        raise RuntimeError("a batch became final elsewhere: two followers run on these books")
    unit.accounts.settle(
        credits=settled.sums.credits,
        refunds=settled.sums.refunds,
        refused_refunds=refused_refunds,
        refused_debits=settled.sums.refused_debits,
        debits=settled.sums.debits,
    )
    settle_corrections(unit, settled.sums.corrections)
    settle_merges(unit, settled.sums.merges)
    unit.closes.settle(settled.closing)
    undo_skipped(unit, skipped)
    _return_limits(unit, skipped)


def _return_limits(unit: WriteUnit, skipped: Sequence[EntryRow]) -> None:
    """Write: what skipped entries had reserved, in the month of their acceptance; and a skipped credit's record is free to come again.

    In one order, so that two units never wait for each other. A reservation that is not there (a limit set by hand) is left alone.
    """
    for row in sorted(skipped, key=lambda row: (row.desk, row.journal_no)):
        day = date_of(row.accepted_day)
        month = month_number(day)
        if row.kind == Kind.CREDIT and unit.records.free(row.record_key, row.coins):
            unit.settling.free(row.journal_no)
            _return_desk(unit, row.desk, month, row.coins)
            if unit.limits.budget(day.year).reserved >= row.coins:
                unit.limits.reserve_budget(day.year, -row.coins)
            if unit.limits.person_months(month, [row.account]).get(row.account, 0) >= row.coins:
                unit.limits.return_person_months(month, {row.account: row.coins})
        elif row.kind in (*TAKING, Kind.CORRECT):
            _return_desk(unit, row.desk, month, row.coins)


def _return_desk(unit: WriteUnit, desk: int, month: int, coins: int) -> None:
    if unit.limits.desk_limit(desk, month).reserved >= coins:
        unit.limits.reserve_desk(desk, month, -coins)


def _worthless_refunds(unit: WriteUnit, skipped: Sequence[EntryRow]) -> Counter[bytes]:
    """Write: what leaves `refunding` without coming in, asked before the batches are marked.

    A skipped redeem took nothing, so its refunds are worth nothing from then on: all that are not final leave with it, under the lock of their
    account, and do not leave again when the chain skips them. Every other skipped refund leaves by itself.
    """
    coins: Counter[bytes] = Counter()
    redeems = [row for row in skipped if row.kind == Kind.REDEEM]
    for account in sorted({row.account for row in redeems}):
        unit.accounts.lock(account)
    leaving = [*unit.settling.open_refunds_of(redeems), *unit.settling.refunds_leaving_alone(skipped)]
    for row in {row.journal_no: row for row in leaving}.values():
        coins[row.account] += row.coins
    return coins
