"""What batches that are not in the books have moved, by their words alone: the three-way check counts it on the books' side, and says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ledger_service.domain.entries import Kind, desk_account, fund_account, unpack_words
from ledger_service.domain.rates import RateVersion
from ledger_service.journal.outside import OutsideRow
from ledger_service.journal.unit import Unit
from ledger_service.posting.outside_moves import coins_of

_OPAQUE = frozenset({Kind.REFUND, Kind.CORRECT, Kind.CLOSURE, Kind.MERGE, Kind.MONTH_CLOSE})
"""What these move depends on more than their words."""


@dataclass(slots=True)
class OutsideSums:
    """Coins, and won of venues and funds by account. `opaque` are batches of which not everything is known: balances are not compared then."""

    credited: int = 0
    opened: int = 0
    coins: Counter[bytes] = field(default_factory=Counter)
    krw: Counter[bytes] = field(default_factory=Counter)
    opaque: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def outside_sums(unit: Unit) -> OutsideSums:
    """Of all batches that are missing or foreign."""
    found = OutsideSums()
    rows = [*unit.outside.all("missing"), *unit.outside.all("foreign")]
    if rows:
        rates = {rate.rate_id: rate for rate in unit.master.rate_versions()}
        for row in sorted(rows, key=lambda one: (one.desk, one.seq)):
            _add(unit, found, row, rates)
    return found


def _add(unit: Unit, found: OutsideSums, row: OutsideRow, rates: dict[int, RateVersion]) -> None:
    batch = unit.batches.read(row.desk, row.seq)
    name = f"batch {row.seq} of desk {row.desk}"
    if batch is None:
        found.opaque.append(name)
        found.lines.append(f"{name} ({row.state}): its words are not here")
        return
    skipped = {position for position, _ in row.skips}
    moved: Counter[str] = Counter()
    for position, entry in enumerate(unpack_words(batch.batch.words)):
        if position in skipped:
            continue
        coins = coins_of(entry, rates)
        moved[Kind(entry.kind).name.lower().replace("_", " ")] += coins
        if entry.kind == Kind.CREDIT:
            found.credited += coins
        elif entry.kind == Kind.OPENING:
            found.opened += coins
        elif entry.kind in (Kind.REDEEM, Kind.DONATE):
            payee = desk_account(row.desk) if entry.kind == Kind.REDEEM else fund_account(entry.ref)
            found.coins[payee] += coins
            found.krw[payee] += coins * (unit.master.coin_value(entry.day) or 0)
        elif entry.kind in _OPAQUE and name not in found.opaque:
            found.opaque.append(name)
    told = ", ".join(f"{kind} {coins:,}" for kind, coins in sorted(moved.items())) or "nothing"
    found.lines.append(f"{name} ({row.state}): {told}")
