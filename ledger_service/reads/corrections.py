"""What corrections have done on the chain so far: the books' own columns say it of final ones only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select

from ledger_service.domain.entries import Kind
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import batches, corrections, entries
from ledger_service.journal.unit import Unit


@dataclass(slots=True)
class Unsettled:
    """By account, what has to be added to the books' coins and debt to come to the chain's."""

    coins: Counter[bytes] = field(default_factory=Counter)
    debt: Counter[bytes] = field(default_factory=Counter)


def unsettled(unit: Unit, off_chain: Iterable[Row[Any]], posted: Iterable[Row[Any]]) -> Unsettled:
    """Of corrections and set-offs that are not final: those that the chain does not have, and those that it has."""
    found = Unsettled()
    for row in off_chain:
        if row.kind == Kind.SET_OFF:
            found.debt[row.account] += row.coins
        elif row.kind == Kind.CORRECT:
            _take_away(unit, found, row)
    for row in posted:
        is_skipped = row.skip_reason is not None
        if row.kind == Kind.SET_OFF and is_skipped:
            found.debt[row.account] += row.coins
        elif row.kind == Kind.MERGE and not is_skipped and row.ref == 0:
            _carry_over(unit, found, row)
        elif row.kind == Kind.CORRECT and is_skipped:
            _take_away(unit, found, row)
        elif row.kind == Kind.CORRECT:
            taken, burnt = _taken_and_burnt(unit, row)
            found.coins[row.account] += taken - burnt
            found.debt[row.account] += taken - burnt if burnt >= 0 else 0
    return found


def supply_change(unit: Unit) -> int:
    """Coins that corrections on the chain gave back, less those that they burnt."""
    of_final = corrections.join(entries, entries.c.journal_no == corrections.c.journal_no).join(batches, ITS_BATCH)
    rows = unit.connection.execute(
        select(corrections.c.restores, func.sum(corrections.c.coins), func.sum(corrections.c.taken))
        .select_from(of_final)
        .where(batches.c.state == "final", entries.c.skip_reason.is_(None))
        .group_by(corrections.c.restores)
    )
    change = sum(int(coins) if restores else -int(taken) for restores, coins, taken in rows)
    posted = unit.connection.execute(
        select(entries)
        .select_from(entries.join(batches, ITS_BATCH))
        .where(batches.c.state == "posted", entries.c.kind == Kind.CORRECT, entries.c.skip_reason.is_(None))
    ).all()
    return change - sum(_taken_and_burnt(unit, row)[1] for row in posted)


def _carry_over(unit: Unit, found: Unsettled, row: Row[Any]) -> None:
    """A merge that the chain has done, and that is not final: its coins and its debt are with the other account."""
    second = unit.entries.read(row.journal_no + 1)
    giver = unit.accounts.read(row.account)
    assert second is not None and giver is not None, "both halves of a merge are stored with their accounts"
    found.coins[second.account] += row.coins
    found.debt[second.account] += giver.debt
    found.debt[row.account] -= giver.debt


def _take_away(unit: Unit, found: Unsettled, row: Row[Any]) -> None:
    """The books hold a correction for accepted, and the chain has not done it."""
    correction = unit.corrections.of_entry(row.journal_no)
    if correction is not None and not correction.restores:
        found.coins[row.account] += correction.taken
        found.debt[row.account] -= correction.coins - correction.taken


def _taken_and_burnt(unit: Unit, row: Row[Any]) -> tuple[int, int]:
    """Of a correction that the chain applied and that is not final: what the books took, and what the chain burnt (below 0: gave back)."""
    correction = unit.corrections.of_entry(row.journal_no)
    assert correction is not None, "a correction is stored with its entry"
    if correction.restores:
        return 0, -correction.coins
    before = unit.lots.coins_before(row.account, row.desk, row.seq, row.position)
    return correction.taken, min(correction.coins, before)
