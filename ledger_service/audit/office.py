"""What the orders of the coin office do, in the order of the checks of docs/formats.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger_service.audit.state import OPERATOR_CUSTODY, Desk, Keys, Pending, Rate, State
from ledger_service.domain.batches import BATCH_SIGNATURES_MAX, OFFICE_DESK
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import EMERGENCY_CODES, Order, OrderCode, OrderSkip, decode_orders, encode_orders

OFFICE_THRESHOLD_MIN = 2

_NOTICE_DAYS = 7
_COIN_VALUE_NOTICE_DAYS = 30
_OPEN_DAYS_MAX = 400
_BITS_OF_ADDRESS = 160
_LIMIT_BITS = 48
_PERSON_CAP_BITS = 32

_ARGUMENTS = {
    OrderCode.SEAL: 0,
    OrderCode.REVOKE_KEYS: 1,
    OrderCode.RATE: 8,
    OrderCode.COIN_VALUE: 2,
    OrderCode.DESK_LIMIT: 4,
    OrderCode.BUDGET: 3,
    OrderCode.PERSON_CAP: 3,
    OrderCode.FUND: 2,
    OrderCode.OPEN_UNTIL: 1,
    OrderCode.FREEZE: 1,
    OrderCode.UNFREEZE: 1,
    OrderCode.PAUSE: 0,
    OrderCode.UNPAUSE: 0,
    OrderCode.VETO: 2,
}
_ARGUMENTS_LEAST = {OrderCode.REGISTER_DESK: 5, OrderCode.ROTATE_KEYS: 5, OrderCode.OFFICE_KEYS: 5}


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What became of one order: `skip` is None where it was applied."""

    index: int
    code: int
    skip: OrderSkip | None


class Skipped(Exception):
    """The order is not applied, for this reason; nothing has been changed."""

    def __init__(self, reason: OrderSkip) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Given:
    """One order with what its rules look at. `today` is the later of the order's day and the latest day posted."""

    state: State
    args: tuple[int, ...]
    seq: int
    index: int
    day: int
    today: int


def orders_in(annex: bytes) -> list[Order] | None:
    """The orders of an annex, None where it is not exactly the encoding of some orders."""
    try:
        orders = decode_orders(annex)
        return orders if encode_orders(orders) == annex else None
    except ValueError:
        return None


def apply_orders(state: State, seq: int, day: int, annex: bytes, *, is_emergency: bool) -> list[OrderResult]:
    """Try every order by itself; the batch has landed before (its seq is used, its day counts)."""
    orders = orders_in(annex)
    if orders is None:
        return [OrderResult(0, 0, OrderSkip.BAD_ANNEX)]
    today = max(day, state.latest_day)
    results = []
    for index, order in enumerate(orders):
        try:
            _apply(_Given(state, order.args, seq, index, day, today), order.code, is_emergency=is_emergency)
            skip = None
        except Skipped as skipped:
            skip = skipped.reason
        results.append(OrderResult(index, order.code, skip))
    return results


def _apply(given: _Given, code: int, *, is_emergency: bool) -> None:
    rule = _RULES.get(code)
    if rule is None:
        raise Skipped(OrderSkip.UNKNOWN_ORDER)
    if len(given.args) != _ARGUMENTS.get(OrderCode(code), len(given.args)):
        raise Skipped(OrderSkip.BAD_ARGUMENTS)
    if len(given.args) < _ARGUMENTS_LEAST.get(OrderCode(code), 0):
        raise Skipped(OrderSkip.BAD_ARGUMENTS)
    if is_emergency and code not in EMERGENCY_CODES:
        raise Skipped(OrderSkip.NOT_ALLOWED)
    rule(given)


def _want(reason: OrderSkip, holds: object) -> None:
    if not holds:
        raise Skipped(reason)


def _fits(value: int, bits: int, least: int = 0) -> None:
    _want(OrderSkip.BAD_ARGUMENTS, least <= value < 1 << bits)


def _seal(given: _Given) -> None:
    _want(OrderSkip.NOT_ALLOWED, not given.state.is_sealed)
    given.state.is_sealed = True


def _signers(args: tuple[int, ...], threshold: int, custody: int, guardian: int | None = None) -> Keys:
    _fits(threshold, 8, 1)
    _want(OrderSkip.BAD_ARGUMENTS, threshold <= len(args) <= BATCH_SIGNATURES_MAX)
    _want(OrderSkip.BAD_ARGUMENTS, len(set(args)) == len(args) and guardian not in args)
    for signer in args:
        _fits(signer, _BITS_OF_ADDRESS, 1)
    signers = frozenset(signer.to_bytes(20, "big") for signer in args)
    return Keys(threshold, signers, custody, None if guardian is None else guardian.to_bytes(20, "big"))


def _register_desk(given: _Given) -> None:
    number, kind, custody, threshold, *signers = given.args
    _fits(number, 16, 1)
    _want(OrderSkip.BAD_ARGUMENTS, DeskKind.CENTRE <= kind <= DeskKind.TREASURY and custody <= 1)
    keys = _signers(tuple(signers), threshold, custody)
    _want(OrderSkip.EXISTS, number not in given.state.desks)
    given.state.desks[number] = Desk(kind, [(0, keys)])


def _rotate_keys(given: _Given) -> None:
    number, first_seq, custody, threshold, *signers = given.args
    _fits(number, 16, 1)
    _fits(first_seq, 32)
    _fits(custody, 1)
    keys = _signers(tuple(signers), threshold, custody)
    desk = given.state.desks.get(number)
    if desk is None:
        raise Skipped(OrderSkip.UNKNOWN)
    _want(OrderSkip.NOTICE, first_seq >= desk.next_seq)
    desk.change_keys(first_seq, keys)


def _revoke_keys(given: _Given) -> None:
    _fits(given.args[0], 16, 1)
    desk = given.state.desks.get(given.args[0])
    if desk is None:
        raise Skipped(OrderSkip.UNKNOWN)
    desk.revoke_keys()


def _office_keys(given: _Given) -> None:
    first_seq, threshold, guardian, *signers = given.args
    _fits(first_seq, 32)
    _want(OrderSkip.BAD_ARGUMENTS, threshold >= OFFICE_THRESHOLD_MIN)
    _fits(guardian, _BITS_OF_ADDRESS, 1)
    keys = _signers(tuple(signers), threshold, OPERATOR_CUSTODY, guardian)
    office = given.state.desks[OFFICE_DESK]
    _want(OrderSkip.NOTICE, first_seq >= office.next_seq)
    office.change_keys(first_seq, keys)


def _notice(given: _Given, first_day: int, days: int) -> None:
    _want(OrderSkip.NOTICE, not given.state.is_sealed or first_day >= given.today + days)


def _nothing_ahead(given: _Given, first_day: int) -> None:
    _want(OrderSkip.EXISTS, not given.state.is_sealed or first_day <= given.today)


def _remember(given: _Given, pending: Pending) -> None:
    if given.state.is_sealed:
        given.state.pending[given.seq, given.index] = pending


def _rate(given: _Given) -> None:
    number, programme, first_day, last_day, coins, per_units, units_max, expiry_months = given.args
    _fits(number, 16, 1)
    _fits(last_day, 16)
    _want(OrderSkip.BAD_ARGUMENTS, first_day <= last_day)
    _fits(coins, 32)
    _fits(per_units, 24, 1)
    _fits(units_max, 24, 1)
    _fits(expiry_months, 16)
    terms = (programme, first_day, coins, per_units, units_max, expiry_months)
    known = given.state.rates.get(number)
    begins = first_day
    if known is not None:
        _nothing_ahead(given, known.change_from)
        _want(OrderSkip.EXISTS, known.terms == terms)
        _want(OrderSkip.LENGTHENED, last_day < known.last_day)
        begins = last_day + 1
    _notice(given, begins, _NOTICE_DAYS)
    given.state.rates[number] = Rate(terms, last_day, begins)
    before = known.last_day if known else None
    _remember(given, Pending(OrderCode.RATE, (number,), begins, before))


def _coin_value(given: _Given) -> None:
    first_day, krw = given.args
    _fits(first_day, 16)
    _fits(krw, 32, 1)
    versions = given.state.coin_values
    if versions:
        _nothing_ahead(given, versions[-1][0])
        _want(OrderSkip.NOTICE, first_day > versions[-1][0])
    _notice(given, first_day, _COIN_VALUE_NOTICE_DAYS)
    versions.append((first_day, krw))
    _remember(given, Pending(OrderCode.COIN_VALUE, (), first_day))


def _limit(given: _Given, key: tuple[int, ...], coins: int, first_day: int, bits: int) -> None:
    for part in key[1:]:
        _fits(part, 16)
    _fits(first_day, 16)
    _fits(coins, bits)
    if key[0] == OrderCode.DESK_LIMIT:
        _want(OrderSkip.UNKNOWN, key[1] != OFFICE_DESK and key[1] in given.state.desks)
    limit = given.state.limit(*key)
    if limit.versions:
        _nothing_ahead(given, limit.versions[-1][0])
        _want(OrderSkip.NOTICE, first_day > limit.versions[-1][0])
    _notice(given, first_day, _NOTICE_DAYS)
    _want(OrderSkip.BELOW_USED, coins >= limit.used)
    limit.versions.append((first_day, coins))
    _remember(given, Pending(key[0], key, first_day))


def _desk_limit(given: _Given) -> None:
    desk, month, coins, first_day = given.args
    _limit(given, (OrderCode.DESK_LIMIT, desk, month), coins, first_day, _LIMIT_BITS)


def _budget(given: _Given) -> None:
    year, coins, first_day = given.args
    _limit(given, (OrderCode.BUDGET, year), coins, first_day, _LIMIT_BITS)


def _person_cap(given: _Given) -> None:
    year, coins, first_day = given.args
    _limit(given, (OrderCode.PERSON_CAP, year), coins, first_day, _PERSON_CAP_BITS)


def _fund(given: _Given) -> None:
    number, active = given.args
    _fits(number, 16, 1)
    _fits(active, 1)
    (given.state.active_funds.add if active else given.state.active_funds.discard)(number)


def _open_until(given: _Given) -> None:
    _fits(given.args[0], 16)
    _want(OrderSkip.BAD_ARGUMENTS, given.args[0] <= given.day + _OPEN_DAYS_MAX)
    given.state.open_until = given.args[0]


def _set_frozen(given: _Given, *, is_frozen: bool) -> None:
    _fits(given.args[0], _BITS_OF_ADDRESS, 1)
    given.state.account(given.args[0].to_bytes(20, "big")).is_frozen = is_frozen


def _freeze(given: _Given) -> None:
    _set_frozen(given, is_frozen=True)


def _unfreeze(given: _Given) -> None:
    _set_frozen(given, is_frozen=False)


def _pause(given: _Given) -> None:
    given.state.is_paused = True


def _unpause(given: _Given) -> None:
    given.state.is_paused = False


def _veto(given: _Given) -> None:
    seq, index = given.args
    _fits(seq, 32)
    _fits(index, 16)
    pending = given.state.pending.get((seq, index))
    if pending is None:
        raise Skipped(OrderSkip.UNKNOWN)
    _want(OrderSkip.NOTICE, pending.first_day > given.today)
    state = given.state
    if pending.code == OrderCode.COIN_VALUE:
        state.coin_values.pop()
    elif pending.code != OrderCode.RATE:
        state.limits[pending.key].take_back_last()
    elif pending.last_day_before is None:
        del state.rates[pending.key[0]]
    else:
        rate = state.rates[pending.key[0]]
        rate.last_day, rate.change_from = pending.last_day_before, 0
    del state.pending[seq, index]


_RULES: dict[int, Callable[[_Given], None]] = {
    OrderCode.SEAL: _seal,
    OrderCode.REGISTER_DESK: _register_desk,
    OrderCode.ROTATE_KEYS: _rotate_keys,
    OrderCode.REVOKE_KEYS: _revoke_keys,
    OrderCode.OFFICE_KEYS: _office_keys,
    OrderCode.RATE: _rate,
    OrderCode.COIN_VALUE: _coin_value,
    OrderCode.DESK_LIMIT: _desk_limit,
    OrderCode.BUDGET: _budget,
    OrderCode.PERSON_CAP: _person_cap,
    OrderCode.FUND: _fund,
    OrderCode.OPEN_UNTIL: _open_until,
    OrderCode.FREEZE: _freeze,
    OrderCode.UNFREEZE: _unfreeze,
    OrderCode.PAUSE: _pause,
    OrderCode.UNPAUSE: _unpause,
    OrderCode.VETO: _veto,
}
