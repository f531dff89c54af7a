"""What entries of kinds 3, 6 and 10 do, which need a proof or a closing statement of their annex (docs/formats.md)."""

from __future__ import annotations

from ledger_service.audit.annex import Proof
from ledger_service.audit.movements import coins_of, due_of
from ledger_service.audit.run import APPLIED, NOBODY, Run, are_signed
from ledger_service.audit.state import Account
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import DESK_ACCOUNT_PREFIX, DeskKind, Entry, Kind, Skip
from ledger_service.domain.hashing import ZERO32, keccak, word

MERGE_STEPS_MAX = 4

_CLOSE_TYPE = keccak(b"Close(uint16 desk,uint16 month,bytes32 lastHead,uint64 coins,int128 krw)")


def take_item(run: Run, kind: int, ref: int, day: int, line: int) -> None:
    """Move along the items as an entry of kind 3, 6 or 10 does, whatever becomes of it."""
    if kind == Kind.MONTH_CLOSE:
        run.statement = run.items.statement()
    else:
        run.proof = run.items.proof_of(run.batch.desk if kind == Kind.REFUND else day, line, ref)


def refund(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 3."""
    if run.proof is None:
        return Skip.BAD_ANNEX
    name = (run.batch.desk, line, ref)
    original = _original(run, run.proof, name, account)
    if original is None or original.kind != Kind.REDEEM or not _may_undo(run, name, units, original.units):
        return Skip.BAD_ORIGINAL
    venue, due = run.state.account(run.desk_address), due_of(run.state, run.desk_address)
    held = min(units, venue.coins)
    again = units - held
    if again > due.coins_closed - due.coins_reissued:
        return Skip.BALANCE
    _undo(run, name, units)
    venue.coins -= held
    holder.coins += units
    due.coins_taken -= held
    due.krw_taken -= units * run.state.coin_value_on(original.day)
    run.applied.coins_applied += units
    run.move(run.desk_address, account, held)
    run.move(NOBODY, account, again)
    if again:
        due.coins_reissued += again
        run.state.totals.reissued += again
        run.applied.reissued.append((run.index, again))
    return APPLIED


def correct(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 6."""
    if run.proof is None:
        return Skip.BAD_ANNEX
    name = (day, line, ref)
    original = _original(run, run.proof, name, account)
    if original is None or not _may_undo(run, name, units, _coins_to_correct(run, original)):
        return Skip.BAD_ORIGINAL
    if units > run.allotment_left:
        return Skip.ALLOTMENT
    run.count(units)
    _undo(run, name, units)
    if original.kind == Kind.EXPIRE:
        holder.coins += units
        run.state.totals.restored += units
        run.move(NOBODY, account, units)
    else:
        held = min(units, holder.coins)
        run.burn(account, holder, held)
        holder.debt += units - held
    return APPLIED


def _coins_to_correct(run: Run, original: Entry) -> int:
    """Coins that an original issued or took away; 0 for a kind that is not corrected."""
    if original.kind == Kind.CREDIT:
        return coins_of(original.units, run.state.rates[original.ref])
    return original.units if original.kind in (Kind.OPENING, Kind.EXPIRE) else 0


def _may_undo(run: Run, name: tuple[int, int, int], units: int, most: int) -> bool:
    return run.state.undone.get(name, 0) + units <= most


def _undo(run: Run, name: tuple[int, int, int], units: int) -> None:
    run.state.undone[name] = run.state.undone.get(name, 0) + units


def _original(run: Run, proof: Proof, name: tuple[int, int, int], account: bytes) -> Entry | None:
    """The applied entry of the account that a name stands for, where the proof leads to its batch's head."""
    desk, seq, index = name
    if not proof.rebuilds(run.state.heads.get((desk, seq)), run.domain):
        return None
    packed = proof.word_at(index)
    if packed is None or run.state.skips.get((desk, seq), 0) >> index & 1:
        return None
    original = Entry.unpack(packed)
    owner = original.account
    for _ in range(MERGE_STEPS_MAX):
        if owner == account:
            break
        owner = run.state.merged_into.get(owner, owner)
    return original if owner == account else None


def month_close(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 10."""
    if ref != max(0, month_number(date_of(day))) or day > run.batch.day:
        return Skip.NOT_ALLOWED
    due = due_of(run.state, account)
    if account[:18] == DESK_ACCOUNT_PREFIX:
        desk = int.from_bytes(account[18:], "big")
        coins_taken, krw_taken = run.state.takings.get((desk, line), (0, 0))
        krw = krw_taken - due.krw_settled
        head = run.state.heads.get((desk, line), ZERO32)
        if not _is_agreed(run, desk, ref, head, units, krw):
            return Skip.BAD_ANNEX
        if head == ZERO32 or units != coins_taken - due.coins_closed:
            return Skip.BAD_ORIGINAL
        if units > holder.coins:
            return Skip.BALANCE
    else:
        krw = due.krw
        if units != holder.coins:
            return Skip.BALANCE
    run.applied.coins_applied += units
    run.burn(account, holder, units)
    due.coins_closed += units
    due.krw_settled += krw
    return APPLIED


def _is_agreed(run: Run, desk: int, month: int, head: bytes, coins: int, krw: int) -> bool:
    """Whether the statement at hand carries a venue's signatures under these figures."""
    known = run.state.desks.get(desk)
    keys = known.keys_for_next() if known else None
    if run.statement is None or known is None or keys is None or known.kind != DeskKind.VENUE:
        return False
    fields = word(desk) + word(month) + head + word(coins) + word(krw % 2**256)
    digest = run.domain.digest(keccak(_CLOSE_TYPE + fields))
    return are_signed(digest, run.statement.signatures, keys.threshold, keys.signers, run.recover)
