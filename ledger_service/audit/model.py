"""The ledger's rules as docs/formats.md states them: what the audit expects of every batch that landed.

Written from that page and not from the contract, so that a mistake in one of the two shows. No RPC, no clock.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger_service.audit.movements import closure, credit, donate, expire, merge, opening, redeem, set_off
from ledger_service.audit.office import OFFICE_THRESHOLD_MIN, apply_orders
from ledger_service.audit.proven import correct, month_close, refund, take_item
from ledger_service.audit.run import APPLIED, NOBODY, Applied, Recover, Run, are_signed, is_personal, run_of
from ledger_service.audit.state import OPERATOR_CUSTODY, Account, Desk, Due, Keys, State
from ledger_service.chain.codec import Refusal
from ledger_service.domain.batches import (
    BATCH_ANNEX_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    BATCH_ENTRIES_WITH_ANNEX_MAX,
    BATCH_NEEDS_MAX,
    BATCH_SIGNATURES_MAX,
    OFFICE_DESK,
    Batch,
    Domain,
    SignedBatch,
)
from ledger_service.domain.entries import DeskKind, Kind, Skip
from ledger_service.domain.hashing import ZERO32

_WORD = struct.Struct(">20sBHBHHI")
_DESK_KIND_OF = {
    **dict.fromkeys(range(Kind.DONATE, Kind.OPENING + 1), int(DeskKind.TREASURY)),
    int(Kind.CREDIT): int(DeskKind.CENTRE),
    int(Kind.REDEEM): int(DeskKind.VENUE),
    int(Kind.REFUND): int(DeskKind.VENUE),
}
_KINDS_WITH_ITEM = frozenset({int(Kind.REFUND), int(Kind.CORRECT), int(Kind.MONTH_CLOSE)})
_KINDS_WITHOUT_UNITS = frozenset({int(Kind.CLOSURE), int(Kind.MERGE), int(Kind.MONTH_CLOSE)})
_RULES: dict[int, Callable[[Run, Account, bytes, int, int, int, int], int]] = {
    Kind.CREDIT: credit,
    Kind.REDEEM: redeem,
    Kind.REFUND: refund,
    Kind.DONATE: donate,
    Kind.EXPIRE: expire,
    Kind.CORRECT: correct,
    Kind.SET_OFF: set_off,
    Kind.CLOSURE: closure,
    Kind.MONTH_CLOSE: month_close,
    Kind.OPENING: opening,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a batch could not land, and the value that the refusal carries."""

    reason: Refusal
    value: int


class Model:
    """The ledger from its first post on. `recover` gives a signer's address or raises ValueError or a BoramError."""

    def __init__(
        self,
        domain: Domain,
        office_signers: Sequence[bytes],
        guardian: bytes,
        recover: Recover,
    ) -> None:
        self.domain = domain
        self.state = State()
        self._recover = recover
        keys = Keys(OFFICE_THRESHOLD_MIN, frozenset(office_signers), OPERATOR_CUSTODY, guardian)
        self.state.desks[OFFICE_DESK] = Desk(DeskKind.OFFICE, [(0, keys)])

    # Landing

    def refusal_of(self, signed: SignedBatch, head: bytes) -> Refused | None:
        """The first check that a batch fails; None where it lands. A replay (a known head) is for the caller to see."""
        batch = signed.batch
        desk = self.state.desks.get(batch.desk)
        if desk is None:
            return Refused(Refusal.UNKNOWN_DESK, batch.desk)
        return (
            _beyond_bounds(signed)
            or self._misplaced(batch, desk)
            or _empty(batch)
            or self._badly_signed(signed, desk, head)
            or self._untimely(signed, desk)
            or self._too_early(batch)
        )

    def _misplaced(self, batch: Batch, desk: Desk) -> Refused | None:
        if batch.seq < desk.next_seq:
            used = self.state.heads.get((batch.desk, batch.seq), ZERO32)
            return Refused(Refusal.CONFLICT, int.from_bytes(used, "big"))
        if batch.seq > desk.next_seq:
            return Refused(Refusal.GAP, desk.next_seq)
        if batch.previous_head != desk.last_head:
            return Refused(Refusal.CONFLICT, int.from_bytes(desk.last_head, "big"))
        return None

    def _badly_signed(self, signed: SignedBatch, desk: Desk, head: bytes) -> Refused | None:
        keys = desk.keys_for_next()
        if keys is None:
            return Refused(Refusal.BAD_SIGNATURE, 0)
        refused = Refused(Refusal.BAD_SIGNATURE, keys.threshold)
        is_emergency = _is_emergency(signed)
        allowed = keys.signers | {keys.guardian or NOBODY} if is_emergency else keys.signers
        threshold = 1 if is_emergency else keys.threshold
        return None if are_signed(head, signed.signatures, threshold, allowed, self._recover) else refused

    def _untimely(self, signed: SignedBatch, desk: Desk) -> Refused | None:
        batch = signed.batch
        is_office = batch.desk == OFFICE_DESK
        if self.state.is_paused and not is_office:
            return Refused(Refusal.PAUSED, 0)
        if batch.day < desk.last_day or (_is_emergency(signed) and batch.day != desk.last_day):
            return Refused(Refusal.BAD_DAY, desk.last_day)
        if batch.day > self.state.open_until and not is_office:
            return Refused(Refusal.BAD_DAY, self.state.open_until)
        return None

    def _too_early(self, batch: Batch) -> Refused | None:
        for need in batch.needs:
            if (need.desk, need.seq) not in self.state.heads:
                return Refused(Refusal.NOT_YET, need.desk << 32 | need.seq)
        return None

    def apply(self, signed: SignedBatch, head: bytes) -> Applied:
        """What the batch does, now that it has landed (the checks of `refusal_of` are the caller's)."""
        batch, state = signed.batch, self.state
        desk = state.desks.setdefault(batch.desk, Desk(0, []))
        state.heads[batch.desk, batch.seq] = head
        desk.next_seq, desk.last_head, desk.last_day = batch.seq + 1, head, batch.day
        state.posts += 1
        state.latest_day = max(state.latest_day, batch.day)
        if batch.desk == OFFICE_DESK:
            emergency = _is_emergency(signed)
            return Applied(orders=apply_orders(state, batch.seq, batch.day, batch.annex, is_emergency=emergency))
        return self._apply_entries(batch, desk)

    # Entries

    def _apply_entries(self, batch: Batch, desk: Desk) -> Applied:
        run = run_of(self.state, self.domain, self._recover, batch)
        applied, accounts, kind_of_desk = run.applied, self.state.accounts, desk.kind
        coins_of_kind, entries_of_kind = applied.coins_of_kind, applied.entries_of_kind
        for index, fields in enumerate(_WORD.iter_unpack(batch.words)):
            account, kind, ref, units_high, units_low, day, line = fields
            if kind in _KINDS_WITH_ITEM:
                take_item(run, kind, ref, day, line)
            units = units_high << 16 | units_low
            reason: int = Skip.NOT_ALLOWED
            before = applied.coins_applied
            if _DESK_KIND_OF.get(kind) == kind_of_desk and (units or kind in _KINDS_WITHOUT_UNITS):
                run.index = index
                if kind == Kind.MERGE:
                    reason = merge(run, account, units, day)
                else:
                    holder = accounts.get(account) or Account()
                    if is_personal(account) == (kind == Kind.MONTH_CLOSE) or account == NOBODY or holder.is_closed:
                        reason = Skip.BAD_ACCOUNT
                    else:
                        reason = _RULES[kind](run, holder, account, ref, units, day, line)
                    if reason == APPLIED:
                        accounts[account] = holder
            if reason == APPLIED:
                coins_of_kind[kind] = coins_of_kind.get(kind, 0) + applied.coins_applied - before
                entries_of_kind[kind] = entries_of_kind.get(kind, 0) + 1
            else:
                applied.skips.append((index, int(reason)))
        if applied.skips:
            self.state.skips[batch.desk, batch.seq] = sum(1 << skipped for skipped, _ in applied.skips)
        if kind_of_desk == DeskKind.VENUE:
            due = self.state.dues.get(run.desk_address, Due())
            self.state.takings[batch.desk, batch.seq] = (due.coins_taken, due.krw_taken)
        return applied


def _is_emergency(signed: SignedBatch) -> bool:
    """One signature under orders: the guardian's or one office key's (the office's threshold is never below two)."""
    return signed.batch.desk == OFFICE_DESK and len(signed.signatures) == 1


def _beyond_bounds(signed: SignedBatch) -> Refused | None:
    batch = signed.batch
    entries_max = BATCH_ENTRIES_WITH_ANNEX_MAX if batch.annex else BATCH_ENTRIES_MAX
    bounds = (
        (batch.count, 0 if batch.desk == OFFICE_DESK else entries_max),
        (len(batch.needs), BATCH_NEEDS_MAX),
        (len(signed.signatures), BATCH_SIGNATURES_MAX),
        (len(batch.annex), BATCH_ANNEX_BYTES_MAX),
    )
    return next((Refused(Refusal.TOO_LARGE, count) for count, most in bounds if count > most), None)


def _empty(batch: Batch) -> Refused | None:
    if not (batch.annex if batch.desk == OFFICE_DESK else batch.words):
        return Refused(Refusal.EMPTY, 0)
    if batch.evidence_root == ZERO32:
        return Refused(Refusal.NO_EVIDENCE, 0)
    return None
