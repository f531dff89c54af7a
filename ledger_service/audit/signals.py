"""What only looks odd: outliers that contradict no rule. They stand beside the findings and never among them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import islice, pairwise

from ledger_service.audit.findings import Finding, finding
from ledger_service.audit.run import Applied
from ledger_service.audit.state import OPERATOR_CUSTODY, State
from ledger_service.domain.batches import OFFICE_DESK, Batch
from ledger_service.domain.entries import WORD_BYTES, Entry, Kind

CREDITS_LEAST = 30
SHARE_ABOVE_ALL = 3
CREDITS_WATCHED_MAX = 2_000_000
SIGNALS_PER_CODE_MAX = 100

_MASK = 2**64 - 1
_REF_AT, _UNITS_AT, _DAY_AT, _LINE_AT = 21, 23, 26, 28


class Signals:
    """Watches credits as they pass: 44 bytes for each, up to `CREDITS_WATCHED_MAX`."""

    def __init__(self) -> None:
        self._words = bytearray()
        self._names = array("Q")  # hashes of (account, rate, day)
        self._credits: dict[int, int] = {}
        self._at_the_maximum: dict[int, int] = {}

    def watch(self, batch: Batch, applied: Applied, state: State) -> None:
        """Count the applied credits of a centre's batch, which has just been applied to `state`."""
        if Kind.CREDIT not in applied.coins_of_kind or len(self._names) >= CREDITS_WATCHED_MAX:
            return
        skipped = {index for index, _ in applied.skips}
        rates, at_the_maximum = state.rates, 0
        for index, packed in enumerate(batch.entry_words()):
            if index in skipped:
                continue
            self._words += packed
            self._names.append(hash(packed[:_UNITS_AT] + packed[_DAY_AT:_LINE_AT]) & _MASK)
            rate = rates[int.from_bytes(packed[_REF_AT:_UNITS_AT], "big")]
            at_the_maximum += int.from_bytes(packed[_UNITS_AT:_DAY_AT], "big") == rate.units_max
        self._credits[batch.desk] = self._credits.get(batch.desk, 0) + batch.count - len(skipped)
        self._at_the_maximum[batch.desk] = self._at_the_maximum.get(batch.desk, 0) + at_the_maximum

    def of_days(self, state: State) -> Iterator[Finding]:
        """Accounts that earned by one rate on one day more units than one record may have (corrections not counted)."""
        order = sorted(range(len(self._names)), key=self._names.__getitem__)
        units: dict[tuple[bytes, int, int], int] = {}
        for one, following in pairwise(order):
            if self._names[one] == self._names[following]:
                for index in (one, following) if not units or self._name(one) not in units else (following,):
                    name = self._name(index)
                    units[name] = units.get(name, 0) + self._entry(index).units
        crowded = (
            finding("daily_units", f"0x{account.hex()}/{rate}/{day}", state.rates[rate].units_max, sum_of_units)
            for (account, rate, day), sum_of_units in units.items()
            if rate in state.rates and sum_of_units > state.rates[rate].units_max
        )
        yield from islice(crowded, SIGNALS_PER_CODE_MAX)

    def _entry(self, index: int) -> Entry:
        return Entry.unpack(bytes(self._words[index * WORD_BYTES : (index + 1) * WORD_BYTES]))

    def _name(self, index: int) -> tuple[bytes, int, int]:
        entry = self._entry(index)
        return entry.account, entry.ref, entry.day

    def of_desks(self) -> Iterator[Finding]:
        """Centres that credit the most a rate allows far more often than all centres together."""
        credits, at_the_maximum = sum(self._credits.values()), sum(self._at_the_maximum.values())
        for desk, count in sorted(self._credits.items()):
            share = self._at_the_maximum[desk] / count if count else 0.0
            others = (at_the_maximum - self._at_the_maximum[desk]) / max(1, credits - count)
            if count >= CREDITS_LEAST and credits > count and share > SHARE_ABOVE_ALL * others and share > 0.2:
                yield finding("credits_at_the_maximum", desk, f"{others:.0%}", f"{share:.0%}")


def of_state(state: State) -> Iterator[Finding]:
    """Who holds the keys, and whether setup has ended."""
    held = operator_held(state)
    desks = len(state.desks) - (OFFICE_DESK in state.desks)
    if held:
        yield finding("operator_holds_keys", ", ".join(map(str, held)), desks, len(held))
    if not state.is_sealed:
        yield finding("not_sealed", "contract")


def operator_held(state: State) -> list[int]:
    """Desks (without the office) whose next batch keys of the operator sign."""
    held = []
    for number, desk in sorted(state.desks.items()):
        keys = desk.keys_for_next()
        if number != OFFICE_DESK and keys is not None and keys.custody == OPERATOR_CUSTODY:
            held.append(number)
    return held
