"""Sums over the whole ledger. They scan the entries: for reports, not for every request."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select, tuple_

from ledger_service.domain.entries import Kind
from ledger_service.journal.chunks import chunks
from ledger_service.journal.places import BATCH_NOT_FINAL
from ledger_service.journal.schema import batches, entries
from ledger_service.journal.unit import Journal, Unit

QUERY_KEYS_MAX = 200


@dataclass(frozen=True, slots=True)
class KindTotal:
    """Entries of one kind. Coins count what is accepted and was not skipped; `final_*` what the chain has for good."""

    kind: str
    entries: int
    coins: int
    final_entries: int
    final_coins: int
    skipped_entries: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Coins by what happened to them. `outstanding` are those that people hold: credited and refunded, less what was spent, donated,
    expired, set off and taken back; `final_outstanding` of final entries. `corrected` counts what corrections ask for, `taken_back` what they got.
    """

    credited: int
    spent: int
    refunded: int
    donated: int
    expired: int
    corrected: int
    taken_back: int
    restored: int
    set_off: int
    outstanding: int
    final_outstanding: int
    kinds: list[KindTotal]


def totals(journal: Journal) -> Totals:
    """The sums of the ledger."""
    with journal.read_moment() as unit:
        accepted = _sums(unit)
        open_rows = unit.connection.execute(select(batches.c.desk, batches.c.seq).where(BATCH_NOT_FINAL))
        open_keys = [(row[0], row[1]) for row in open_rows]
        waiting = [_sums(unit, entries.c.seq.is_(None))]
        for chunk in chunks(open_keys, QUERY_KEYS_MAX):
            places = tuple_(entries.c.desk, entries.c.seq).in_(chunk)
            waiting.append(_sums(unit, places))
        undone = unit.corrections.sums()
    kinds = []
    for kind, (count, coins, skipped) in sorted(accepted.items()):
        open_count = sum(found[kind][0] for found in waiting if kind in found)
        open_coins = sum(found[kind][1] for found in waiting if kind in found)
        name = Kind(kind).name.lower()
        kinds.append(KindTotal(name, count, coins, count - open_count, coins - open_coins, skipped))
    all_coins = {one.kind: one.coins for one in kinds}
    final_coins = {one.kind: one.final_coins for one in kinds}
    return Totals(
        credited=all_coins.get("credit", 0),
        spent=all_coins.get("redeem", 0),
        refunded=all_coins.get("refund", 0),
        donated=all_coins.get("donate", 0),
        expired=all_coins.get("expire", 0),
        corrected=all_coins.get("correct", 0),
        taken_back=undone.taken,
        restored=undone.restored,
        set_off=all_coins.get("set_off", 0),
        outstanding=_outstanding(all_coins) - undone.taken + undone.restored,
        final_outstanding=_outstanding(final_coins) - undone.final_taken + undone.final_restored,
        kinds=kinds,
    )


def _sums(unit: Unit, *conditions: ColumnElement[bool]) -> dict[int, tuple[int, int, int]]:
    """By kind: applied entries, their coins, and skipped entries. A batch's row is long, so none is joined."""
    applied = entries.c.skip_reason.is_(None)
    rows = unit.connection.execute(
        select(
            entries.c.kind,
            func.sum(case((applied, 1), else_=0)),
            func.sum(case((applied, entries.c.coins), else_=0)),
            func.sum(case((applied, 0), else_=1)),
        )
        .where(*conditions)
        .group_by(entries.c.kind)
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def _outstanding(coins: dict[str, int]) -> int:
    brought = coins.get("credit", 0) + coins.get("opening", 0) + coins.get("refund", 0)
    return brought - sum(coins.get(kind, 0) for kind in ("redeem", "donate", "expire", "set_off", "closure"))
