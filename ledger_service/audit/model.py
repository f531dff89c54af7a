"""The ledger's rules as docs/formats.md states them: what the audit expects of every batch that landed.

Written from that page and not from the contract, so that a mistake in one of the two shows. No RPC, no clock.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger_service.audit.annex import AnnexCursor, Proof
from ledger_service.audit.office import OFFICE_THRESHOLD_MIN, OrderResult, apply_orders
from ledger_service.audit.state import OPERATOR_CUSTODY, Account, Desk, Due, Keys, Limit, Rate, State
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
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import (
    DESK_ACCOUNT_PREFIX,
    FUND_ACCOUNT_PREFIX,
    DeskKind,
    Entry,
    Kind,
    Skip,
    desk_account,
    fund_account,
    skipped_hash,
)
from ledger_service.domain.hashing import ZERO32
from ledger_service.domain.orders import OrderCode

NOBODY = bytes(20)

_WORD = struct.Struct(">20sBHBHHI")
_RESERVED = frozenset({DESK_ACCOUNT_PREFIX, FUND_ACCOUNT_PREFIX})
_DESK_KIND_OF = {
    **dict.fromkeys(range(Kind.DONATE, Kind.OPENING + 1), int(DeskKind.TREASURY)),
    int(Kind.CREDIT): int(DeskKind.CENTRE),
    int(Kind.REDEEM): int(DeskKind.VENUE),
    int(Kind.REFUND): int(DeskKind.VENUE),
}
_APPLIED = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a batch could not land, and the value that the refusal carries."""

    reason: Refusal
    value: int


@dataclass(slots=True)
class Applied:
    """What a batch did. Coins are gross; transfers are (from, to, coins), with the zero address for issue and burn."""

    coins_applied: int = 0
    skips: list[tuple[int, int]] = field(default_factory=list)
    orders: list[OrderResult] = field(default_factory=list)
    transfers: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    reissued: list[tuple[int, int]] = field(default_factory=list)
    coins_of_kind: dict[int, int] = field(default_factory=dict)

    @property
    def skipped_hash(self) -> bytes:
        """As BatchPosted carries it."""
        return skipped_hash(self.skips)


@dataclass(slots=True)
class _Run:
    """What the entries of one batch share."""

    batch: Batch
    month: int
    allotment: Limit
    allotment_left: int
    budget: Limit
    budget_left: int
    person_cap: int
    desk_address: bytes
    items: AnnexCursor
    index: int = 0
    proof: Proof | None = None
    applied: Applied = field(default_factory=Applied)


class Model:
    """The ledger from its first post on. `recover` gives a signer's address or raises ValueError or a BoramError."""

    def __init__(
        self,
        domain: Domain,
        office_signers: Sequence[bytes],
        guardian: bytes,
        recover: Callable[[bytes, bytes], bytes | None],
    ) -> None:
        self.domain = domain
        self.state = State()
        self._recover = recover
        keys = Keys(OFFICE_THRESHOLD_MIN, frozenset(office_signers), OPERATOR_CUSTODY, guardian)
        self.state.desks[OFFICE_DESK] = Desk(DeskKind.OFFICE, [(0, keys)])
        self._rules: dict[int, Callable[[_Run, Account, bytes, int, int, int, int], int]] = {
            Kind.CREDIT: self._credit,
            Kind.REDEEM: self._redeem,
            Kind.REFUND: self._refund,
            Kind.DONATE: self._donate,
        }

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
        if len(signed.signatures) < keys.threshold and not is_emergency:
            return refused
        allowed = keys.signers | {keys.guardian} if is_emergency else keys.signers
        previous = NOBODY
        for signature in signed.signatures:
            signer = self._recover(head, signature)
            if signer is None or signer <= previous or signer not in allowed:
                return refused
            previous = signer
        return None

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
        run = self._run(batch)
        applied, rules, accounts, kind_of_desk = run.applied, self._rules, self.state.accounts, desk.kind
        coins_of_kind = applied.coins_of_kind
        for index, fields in enumerate(_WORD.iter_unpack(batch.words)):
            account, kind, ref, units_high, units_low, day, line = fields
            reason: int = Skip.NOT_ALLOWED
            if kind == Kind.REFUND:
                run.proof = run.items.proof_of(batch.desk, line, ref)
            if _DESK_KIND_OF.get(kind) == kind_of_desk:
                run.index = index
                units = units_high << 16 | units_low
                if units:
                    holder = accounts.get(account)
                    if account[:18] in _RESERVED or account == NOBODY or (holder is not None and holder.is_closed):
                        reason = Skip.BAD_ACCOUNT
                    elif kind in rules:
                        if holder is None:
                            holder = Account()
                        before = applied.coins_applied
                        reason = rules[kind](run, holder, account, ref, units, day, line)
                        if reason == _APPLIED:
                            accounts[account] = holder
                            coins_of_kind[kind] = coins_of_kind.get(kind, 0) + applied.coins_applied - before
            if reason != _APPLIED:
                applied.skips.append((index, int(reason)))
        if applied.skips:
            self.state.skips[batch.desk, batch.seq] = sum(1 << skipped for skipped, _ in applied.skips)
        return applied

    def _run(self, batch: Batch) -> _Run:
        day, state = batch.day, self.state
        date = date_of(day)
        month = max(0, month_number(date))
        allotment = state.limit(OrderCode.DESK_LIMIT, batch.desk, month)
        budget = state.limit(OrderCode.BUDGET, date.year)
        return _Run(
            batch,
            month,
            allotment,
            allotment.left_on(day),
            budget,
            budget.left_on(day),
            state.limit(OrderCode.PERSON_CAP, date.year).amount_on(day),
            desk_account(batch.desk),
            AnnexCursor(batch.annex),
        )

    def _credit(self, run: _Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
        if holder.is_frozen:
            return Skip.FROZEN
        rate = self.state.rates.get(ref)
        if rate is None or not rate.terms[1] <= day <= rate.last_day or day > run.batch.day:
            return Skip.RATE_NOT_IN_FORCE
        coins = _coins_of(units, rate)
        if units > rate.terms[4]:
            return Skip.UNITS_ABOVE_MAX
        if coins == 0:
            return Skip.NOT_ALLOWED
        if coins > run.allotment_left:
            return Skip.ALLOTMENT
        if coins > run.budget_left:
            return Skip.BUDGET
        if not _earn(holder, run.month, coins, run.person_cap):
            return Skip.PERSON_CAP
        holder.coins += coins
        run.allotment_left -= coins
        run.budget_left -= coins
        run.allotment.used += coins
        run.budget.used += coins
        self.state.totals.credited += coins
        run.applied.coins_applied += coins
        run.applied.transfers.append((NOBODY, account, coins))
        return _APPLIED

    def _spend(self, run: _Run, holder: Account, coins: int, day: int) -> int:
        """The reason why coins cannot be spent; otherwise they have left the holder."""
        if holder.is_frozen:
            return Skip.FROZEN
        if day > run.batch.day or self.state.coin_value_on(day) == 0:
            return Skip.RATE_NOT_IN_FORCE
        if coins > holder.coins:
            return Skip.BALANCE
        if coins > run.allotment_left:
            return Skip.ALLOTMENT
        holder.coins -= coins
        run.allotment_left -= coins
        run.allotment.used += coins
        run.applied.coins_applied += coins
        return _APPLIED

    def _receive(self, run: _Run, giver: bytes, receiver: bytes, coins: int, day: int) -> None:
        """A venue or fund takes coins, and the district owes it their worth."""
        self.state.account(receiver).coins += coins
        self._due(receiver).krw += coins * self.state.coin_value_on(day)
        run.applied.transfers.append((giver, receiver, coins))

    def _due(self, account: bytes) -> Due:
        return self.state.dues.setdefault(account, Due())

    def _redeem(self, run: _Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
        reason = Skip.NOT_ALLOWED if ref else self._spend(run, holder, units, day)
        if reason == _APPLIED:
            self._receive(run, account, run.desk_address, units, day)
        return reason

    def _donate(self, run: _Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
        is_active = ref in self.state.active_funds
        reason = self._spend(run, holder, units, day) if is_active else Skip.NOT_ALLOWED
        if reason == _APPLIED:
            self._receive(run, account, fund_account(ref), units, day)
        return reason

    def _refund(self, run: _Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
        if run.proof is None:
            return Skip.BAD_ANNEX
        name = (run.batch.desk, line, ref)
        original = self._original(run.proof, name)
        undone = self.state.undone.get(name, 0) + units
        if original is None or original.kind != Kind.REDEEM or original.account != account or undone > original.units:
            return Skip.BAD_ORIGINAL
        venue, due = self.state.account(run.desk_address), self._due(run.desk_address)
        held = min(units, venue.coins)
        again = units - held
        if again > due.coins_closed - due.coins_reissued:
            return Skip.BALANCE
        self.state.undone[name] = undone
        venue.coins -= held
        holder.coins += units
        due.krw -= units * self.state.coin_value_on(original.day)
        run.applied.coins_applied += units
        if held:
            run.applied.transfers.append((run.desk_address, account, held))
        if again:
            due.coins_reissued += again
            self.state.totals.reissued += again
            run.applied.transfers.append((NOBODY, account, again))
            run.applied.reissued.append((run.index, again))
        return _APPLIED

    def _original(self, proof: Proof, name: tuple[int, int, int]) -> Entry | None:
        """The applied entry that a name stands for, where the proof leads to its batch's head."""
        desk, seq, index = name
        if not proof.rebuilds(self.state.heads.get((desk, seq)), self.domain):
            return None
        packed = proof.word_at(index)
        if packed is None or self.state.skips.get((desk, seq), 0) >> index & 1:
            return None
        return Entry.unpack(packed)


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


def _coins_of(units: int, rate: Rate) -> int:
    return units * rate.terms[2] // rate.terms[3]


def _earn(holder: Account, month: int, coins: int, cap: int) -> bool:
    """Count coins as earned in a month; False, and nothing is counted, above the cap or where the month is too old."""
    if month == holder.month:
        if holder.earned + coins > cap:
            return False
        holder.earned += coins
    elif month > holder.month:
        if coins > cap:
            return False
        holder.earned_before = holder.earned if month == holder.month + 1 else 0
        holder.earned, holder.month = coins, month
    elif month + 1 == holder.month:
        if holder.earned_before + coins > cap:
            return False
        holder.earned_before += coins
    else:
        return False
    return True
