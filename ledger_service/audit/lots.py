"""Every lot folded again from the chain alone, and every expiry held against what had expired (domain/lots.py, docs/formats.md).

Entries are kept as they pass, 18 bytes each by account, and folded account by account at the end: an account's lots depend on its own entries
and on those of accounts that were merged into it, and on nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ledger_service.audit.findings import Counts, Findings
from ledger_service.audit.movements import coins_of
from ledger_service.audit.run import Applied, is_personal
from ledger_service.audit.state import State
from ledger_service.chain.hexes import hex_of
from ledger_service.domain.amounts import in_coins
from ledger_service.domain.batches import OFFICE_DESK, Batch
from ledger_service.domain.entries import ACCOUNT_BYTES, WORD_BYTES, Kind
from ledger_service.domain.lots import LotFold, Movement, Name, expiry_day_of

_KEPT = struct.Struct(">BHBHHIIH")  # the word but for its account, then the batch's ordinal and the entry's index
_PLACE = struct.Struct(">IH")


class LotCheck:
    """Follows the chain while it is folded (`see`), then folds and compares (`check`)."""

    def __init__(self, findings: Findings, counts: Counts) -> None:
        self._findings = findings
        self._counts = counts
        self._batches: list[tuple[int, int, int]] = []  # desk, seq, day
        self._kept: dict[bytes, bytearray] = {}

    def see(self, batch: Batch, applied: Applied) -> None:
        """Keep the applied entries of a batch that has landed."""
        if batch.desk == OFFICE_DESK:
            return
        ordinal = len(self._batches)
        self._batches.append((batch.desk, batch.seq, batch.day))
        skipped = {index for index, _ in applied.skips}
        kept, words, pack = self._kept, batch.words, _PLACE.pack
        for index in range(batch.count):
            if index in skipped:
                continue
            at = index * WORD_BYTES
            account = words[at : at + ACCOUNT_BYTES]
            entries = kept.get(account)
            if entries is None:
                entries = kept[account] = bytearray()
            entries += words[at + ACCOUNT_BYTES : at + WORD_BYTES] + pack(ordinal, index)

    def check(self, state: State) -> None:
        """Fold the lots of every account; the sum is its balance, the debt its debt, and no expiry took what had not expired."""
        givers: dict[bytes, list[bytes]] = {}
        for giver, taker in state.merged_into.items():
            givers.setdefault(taker, []).append(giver)
        for account in self._kept:
            if account not in state.merged_into:
                self._check_one(account, givers, state)

    def _check_one(self, account: bytes, givers: dict[bytes, list[bytes]], state: State) -> None:
        group = [account]
        for member in group:
            group += givers.get(member, ())
        movements = [movement for member in group for movement in self._movements(member, state)]
        if len(group) > 1:
            movements.sort(key=lambda movement: movement.place)
        folded = LotFold()
        for movement in movements:
            excess = folded.apply(movement)
            if excess:
                self._findings.add(
                    "expired_early",
                    f"{hex_of(movement.account)}, {'/'.join(map(str, movement.name))}",
                    movement.coins - excess,
                    movement.coins,
                )
        if not is_personal(account):
            return
        holder = state.accounts.get(account)
        expected = (holder.coins, holder.debt) if holder is not None else (0, 0)
        self._findings.compare("lots", hex_of(account), expected, (folded.coins(account), folded.debt(account)), _told)
        self._counts.lots += len(folded.lots(account))

    def _movements(self, account: bytes, state: State) -> Iterator[Movement]:
        for kind, ref, high, low, day, line, ordinal, index in _KEPT.iter_unpack(self._kept.get(account, b"")):
            if kind == Kind.MONTH_CLOSE:
                continue
            desk, seq, batch_day = self._batches[ordinal]
            coins, expiry_day = high << 16 | low, 0
            original: Name | None = None
            if kind == Kind.CREDIT:
                rate = state.rates[ref]
                coins, expiry_day = coins_of(coins, rate), expiry_day_of(day, rate.expiry_months)
            elif kind == Kind.OPENING:
                expiry_day = expiry_day_of(day, ref)
            elif kind == Kind.REFUND:
                original = desk, line, ref
            elif kind == Kind.CORRECT:
                original, day = (day, line, ref), batch_day
            receiver = state.merged_into.get(account) if kind == Kind.MERGE and ref == 0 else None
            yield Movement(
                (ordinal, index), (desk, seq, index), account, kind, coins, day, expiry_day, original, receiver
            )


def _told(pair: tuple[int, int]) -> str:
    return f"{in_coins(pair[0])}, {pair[1]:,} owed"
