"""What entries of kinds 1, 2, 4, 5, 7, 8, 9 and 11 do: docs/formats.md, "Why an entry is skipped"."""

from __future__ import annotations

from ledger_service.audit.run import APPLIED, NOBODY, Run, is_personal
from ledger_service.audit.state import Account, Due, Rate, State
from ledger_service.domain.entries import WORD_BYTES, Skip, fund_account

_REF = slice(21, 23)
_FROM, _TO = b"\0\0", b"\0\1"
_EARNED_MAX = 2**32 - 1


def coins_of(units: int, rate: Rate) -> int:
    """What a credit of units issues."""
    return units * rate.terms[2] // rate.terms[3]


def due_of(state: State, account: bytes) -> Due:
    """What is owed to a venue's or fund's account, made where there is nothing."""
    return state.dues.setdefault(account, Due())


def credit(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 1."""
    if holder.is_frozen:
        return Skip.FROZEN
    rate = run.state.rates.get(ref)
    if rate is None or not rate.terms[1] <= day <= rate.last_day or day > run.batch.day:
        return Skip.RATE_NOT_IN_FORCE
    coins = coins_of(units, rate)
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
    run.state.totals.credited += coins
    run.applied.coins_applied += coins
    run.applied.transfers.append((NOBODY, account, coins))
    return APPLIED


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


def redeem(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 2."""
    if ref:
        return Skip.NOT_ALLOWED
    reason = _give(run, holder, account, run.desk_address, units, day)
    if reason == APPLIED:
        due_of(run.state, run.desk_address).coins_taken += units
    return reason


def donate(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 4."""
    if ref not in run.state.active_funds:
        return Skip.NOT_ALLOWED
    return _give(run, holder, account, fund_account(ref), units, day)


def _give(run: Run, holder: Account, account: bytes, receiver: bytes, coins: int, day: int) -> int:
    """Coins to a venue or fund, to which the district then owes their worth on the day."""
    if holder.is_frozen:
        return Skip.FROZEN
    value = run.state.coin_value_on(day)
    if day > run.batch.day or value == 0:
        return Skip.RATE_NOT_IN_FORCE
    reason = run.spend(holder, coins)
    if reason == APPLIED:
        holder.coins -= coins
        run.state.account(receiver).coins += coins
        due_of(run.state, receiver).krw_taken += coins * value
        run.move(account, receiver, coins)
    return reason


def expire(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 5."""
    if holder.is_frozen:
        return Skip.FROZEN
    return _burn(run, holder, account, NOBODY, units, day)


def _burn(run: Run, holder: Account, account: bytes, _: bytes, coins: int, day: int) -> int:
    if day > run.batch.day:
        return Skip.RATE_NOT_IN_FORCE
    reason = run.spend(holder, coins)
    if reason == APPLIED:
        run.burn(account, holder, coins)
    return reason


def set_off(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 7."""
    if units > holder.debt:
        return Skip.NOT_ALLOWED
    reason = _burn(run, holder, account, NOBODY, units, day)
    if reason == APPLIED:
        holder.debt -= units
    return reason


def closure(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 8."""
    if (ref and ref not in run.state.active_funds) or (holder.coins and holder.debt):
        return Skip.NOT_ALLOWED
    if holder.is_frozen:
        return Skip.FROZEN
    if day > run.batch.day or (ref and run.state.coin_value_on(day) == 0):
        return Skip.RATE_NOT_IN_FORCE
    if units != holder.coins:
        return Skip.BALANCE
    give = _give if ref else _burn
    reason = give(run, holder, account, fund_account(ref), units, day)
    if reason == APPLIED:
        holder.is_closed = True  # what is left of a debt stays written there, and nothing can collect it
    return reason


def opening(run: Run, holder: Account, account: bytes, ref: int, units: int, day: int, line: int) -> int:
    """Kind 11."""
    if run.state.is_sealed:
        return Skip.NOT_ALLOWED
    if holder.is_frozen:
        return Skip.FROZEN
    if day > run.batch.day:
        return Skip.RATE_NOT_IN_FORCE
    if units > run.allotment_left:
        return Skip.ALLOTMENT
    run.count(units)
    holder.coins += units
    run.state.totals.opened += units
    run.move(NOBODY, account, units)
    return APPLIED


def merge(run: Run, account: bytes, units: int, day: int) -> int:
    """Kind 9, either half at `run.index`: the first does it for both, and the second shares its reason."""
    if run.pair[0] == run.index:
        return run.pair[1]
    at = run.index * WORD_BYTES
    first, second = run.batch.words[at : at + WORD_BYTES], run.batch.words[at + WORD_BYTES : at + 2 * WORD_BYTES]
    if not _are_pair(first, second):
        return Skip.NOT_ALLOWED
    reason = _merge(run, account, second[:20], units, day)
    run.pair = (run.index + 1, reason)
    return reason


def _are_pair(first: bytes, second: bytes) -> bool:
    is_alike = first[20:21] == second[20:21] and first[23:] == second[23:] and first[:20] != second[:20]
    return is_alike and first[_REF] == _FROM and second[_REF] == _TO


def _is_bad(state: State, account: bytes) -> bool:
    holder = state.accounts.get(account)
    return not is_personal(account) or (holder is not None and holder.is_closed)


def _merge(run: Run, giver: bytes, taker: bytes, units: int, day: int) -> int:
    state = run.state
    if _is_bad(state, giver) or _is_bad(state, taker):
        return Skip.BAD_ACCOUNT
    old, new = (state.accounts.get(one) or Account() for one in (giver, taker))
    if old.is_frozen or new.is_frozen:
        return Skip.FROZEN
    if day > run.batch.day:
        return Skip.RATE_NOT_IN_FORCE
    if units != old.coins:
        return Skip.BALANCE
    reason = run.spend(old, units)
    if reason != APPLIED:
        return reason
    state.accounts[giver], state.accounts[taker] = old, new
    month = max(old.month, new.month)
    sums = [[_earned_in(one, at) for one in (old, new)] for at in (month, month - 1)]
    new.earned, new.earned_before = (min(_EARNED_MAX, sum(both)) for both in sums)
    new.month = month
    new.coins += units
    new.debt += old.debt
    old.coins = old.debt = 0
    old.is_closed = True
    state.merged_into[giver] = taker
    run.move(giver, taker, units)
    return APPLIED


def _earned_in(holder: Account, month: int) -> int:
    if month == holder.month:
        return holder.earned
    return holder.earned_before if month == holder.month - 1 else 0
