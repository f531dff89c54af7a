"""Freezes: nothing is credited to a frozen account and nothing taken from it (DOMAIN rule 22).

Two persons of the coin office decide, with a reason and a last day; their decision covers the end too, so that nobody stays frozen
because nobody came. The person is told, and may object for two weeks. The order to the chain waits until what was accepted before is final,
so that no promised charge is skipped for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.notices import NoticeKind
from ledger_service.domain.orders import Order, OrderCode, address_arg
from ledger_service.errors import Invalid, Refused
from ledger_service.journal.freezes import FreezeRow
from ledger_service.journal.notices import Notice
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context
from ledger_service.services.ended import account_closed
from ledger_service.services.lines import named_lines

APPEAL_DAYS = 14
FREEZE_DAYS_MAX = 366


class AccountFrozen(Refused):
    """The account is frozen. Fields: until, appeal_until (and the lines of a file)."""

    code = "account_frozen"


class FrozenAlready(Refused):
    """The account is under a freeze. Fields: until."""

    code = "frozen_already"


class NotFrozen(Refused):
    """There is no freeze to lift."""

    code = "not_frozen"


def not_frozen() -> NotFrozen:
    """The error for lifting what does not hold."""
    return NotFrozen(
        "this account is not frozen: there is nothing to lift (boram freezes)",
        "사용이 정지된 계정이 아니어서 해제할 것이 없습니다(boram freezes)",
    )


def refuse_frozen(unit: Unit, address: bytes) -> None:
    """Raise AccountFrozen, or AccountClosed, for an account whose row says that it cannot be used."""
    account = unit.accounts.read(address)
    if account is not None and account.closed:
        raise account_closed()
    freeze = unit.freezes.standing(address)
    until = date_of(freeze.end_day).isoformat() if freeze else None
    appeal = date_of(freeze.appeal_day).isoformat() if freeze else None
    raise AccountFrozen(
        f"this account is frozen up to {until}; objections go to the coin office up to {appeal}",
        f"이 계정은 {until}까지 사용이 정지되어 있습니다. 이의 신청은 {appeal}까지 코인 담당 부서에 해 주세요",
        until=until,
        appeal_until=appeal,
    )


def refuse_frozen_lines(unit: Unit, rows_by_account: Mapping[bytes, Sequence[tuple[int, int]]]) -> None:
    """Raise AccountFrozen where a submission would credit frozen accounts; it names the lines."""
    lines = sorted(line for account in unit.accounts.frozen() for line, _ in rows_by_account.get(account, ()))
    if lines:
        named = named_lines(lines)
        raise AccountFrozen(
            f"accounts are frozen that this would credit (lines {named}): leave these rows out until the freeze ends",
            f"사용이 정지된 계정의 행이 있습니다(줄 {named}). 정지가 끝날 때까지 빼고 제출하세요",
            lines=lines,
        )


def freeze_step(context: Context, unit: WriteUnit, step: dict[str, Any]) -> list[Order]:
    """An approved proposal to freeze, put in force."""
    today, until = context.clock.today(), date.fromisoformat(step["until"])
    if not today <= until <= today + timedelta(days=FREEZE_DAYS_MAX):
        raise Invalid(
            f"the last day of a freeze is {today} to {today + timedelta(days=FREEZE_DAYS_MAX)}",
            f"정지 종료일은 {today}부터 {today + timedelta(days=FREEZE_DAYS_MAX)}까지 정할 수 있습니다",
        )
    person = person_of(unit, step["person_id"])
    account = unit.accounts.lock(person.account)
    if account.closed:
        raise account_closed()
    if account.frozen:
        raise FrozenAlready("this account is frozen already", "이미 사용이 정지된 계정입니다")
    freeze_id, appeal = context.new_id(), today + timedelta(days=APPEAL_DAYS)
    unit.accounts.freeze(person.account, frozen=True)
    unit.freezes.add(
        id=freeze_id, proposal_id=step["proposal"], account=person.account, person_id=person.id, reason=step["reason"],
        first_day=civil_day(today), end_day=civil_day(until), appeal_day=civil_day(appeal), state="frozen",
    )  # fmt: skip
    _tell(context, unit, person.id, NoticeKind.FROZEN, freeze_id, civil_day(appeal))
    return [Order(OrderCode.FREEZE, (address_arg(person.account),))]


def unfreeze_step(context: Context, unit: WriteUnit, step: dict[str, Any]) -> list[Order]:
    """An approved proposal to lift a freeze before its end."""
    person = person_of(unit, step["person_id"])
    unit.accounts.lock(person.account)
    freeze = unit.freezes.standing(person.account)
    if freeze is None or not unit.freezes.lift(freeze.id):
        raise not_frozen()
    return _lift(context, unit, freeze)


def lift_freezes(context: Context) -> int:
    """End the freezes whose last day is past, by an order under the proposal that two persons decided on; how many."""
    today = civil_day(context.clock.today())
    with context.journal.read() as unit:
        over = unit.freezes.over(today)
    done = 0
    for freeze in over:
        with context.journal.write() as unit:
            unit.accounts.lock(freeze.account)
            if not unit.freezes.lift(freeze.id):
                continue
            unit.orders.add_many(freeze.proposal_id, _lift(context, unit, freeze), today)
            unit.audit_log.write(context.clock.now(), "system", "freeze over", freeze.id)
            unit.commit()
        done += 1
    if done:
        context.wake()
    return done


def _lift(context: Context, unit: WriteUnit, freeze: FreezeRow) -> list[Order]:
    unit.accounts.freeze(freeze.account, frozen=False)
    _tell(context, unit, freeze.person_id, NoticeKind.UNFROZEN, freeze.id, civil_day(context.clock.today()))
    return [Order(OrderCode.UNFREEZE, (address_arg(freeze.account),))]


def _tell(context: Context, unit: WriteUnit, person_id: str, kind: NoticeKind, subject: str, day: int) -> None:
    unit.notices.queue([Notice(person_id, kind, subject, day, 0)], context.clock.now())
