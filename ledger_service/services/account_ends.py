"""The end of an account: a closure gives what is left to a listed body or burns it, a merge takes it to another number of the same person.

DOMAIN rules 7, 24 and 25. One of the coin office proposes, another approves. Everything of the account has to be settled first: no sign-up or
record that waits, every entry final, a debt set off as far as there are coins. So the balance that the entry names is the one that the chain
has, and nothing that was promised is lost. Holds at counters end with it. From approval on nothing comes to the account any more; what a merged
number is asked for (a charge, a refund of an old charge, next month's hours) is the other number's.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.account_ends import MERGED_FROM, MERGED_INTO, MERGES_MAX, EndReason
from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.days import civil_day, month_number
from ledger_service.domain.entries import UNITS_MAX, Kind
from ledger_service.domain.notices import NoticeKind
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.account_ends import AccountEndRow
from ledger_service.journal.accounts import AccountRow
from ledger_service.journal.master import FundRow
from ledger_service.journal.notices import Notice
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import entry_row, person_of, treasury_of
from ledger_service.services.approvals import approve_once, waiting
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.ended import account_closed
from ledger_service.services.forget import NotSettled, settle_holds
from ledger_service.services.frozen import refuse_frozen
from ledger_service.services.ledger_state import refuse_when_books_differ
from ledger_service.services.reserve import reserve_move
from ledger_service.services.spend import value_on

NOTE_LENGTH_MAX = 200


class DebtOpen(Refused):
    """The account owes coins and has some: they are set off first. Fields: debt, coins."""

    code = "debt_open"


class NotMergeable(Refused):
    """These two numbers cannot be merged: it is one person, or too many were merged before."""

    code = "not_mergeable"


class BalanceChanged(Refused):
    """The account moved while its end was approved; nothing was done."""

    code = "balance_changed"


def propose_closure(
    context: Context, actor: Actor, once: Once | None, person_id: str, reason: str, fund_code: str | None, note: str
) -> dict[str, Any]:
    """Put the end of a person's account before another of the office. Its balance goes to a fund, or is burnt where none is named.

    Raises NotFound, AccountClosed, NotSettled.
    """
    actor.require(Role.OFFICE)
    code = _reason_of(reason)

    def command(unit: WriteUnit) -> dict[str, Any]:
        person = _open_person(unit, person_id)
        fund = _fund_of(unit, fund_code)
        title = f"close an account ({reason}): " + (f"to fund {fund.code}" if fund else "burn what is left")
        return _proposed(context, unit, actor, "closure", title, _plain(note), person, fund=fund, reason=code)

    return run_once(context, actor.id, once, command)


def propose_merge(
    context: Context, actor: Actor, once: Once | None, from_person: str, into_person: str, note: str
) -> dict[str, Any]:
    """Put before another of the office that two member numbers are one person: the first one's coins and debt go to the second.

    Raises NotFound, AccountClosed, NotMergeable, NotSettled.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        giver, receiver = _open_person(unit, from_person), _open_person(unit, into_person)
        _require_mergeable(unit, giver, receiver)
        return _proposed(
            context, unit, actor, "merge", "merge two member numbers of one person", _plain(note), giver, receiver=receiver
        )  # fmt: skip

    return run_once(context, actor.id, once, command)


def approve_closure(context: Context, actor: Actor, once: Once | None, end_id: str) -> dict[str, Any]:
    """Close the account: its whole balance leaves with one entry.

    Raises SamePerson, NotWaiting, NotFound, NotSettled, AccountClosed, AccountFrozen, DebtOpen, BalanceChanged, AllotmentExceeded.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, end_id, ("closure",))
        end, today = _end_of(unit, end_id), context.clock.today()
        refuse_when_books_differ(unit)
        fund = next((one for one in unit.master.funds() if one.number == end.fund), None)
        if end.fund is not None:
            if fund is None or not fund.active:
                raise _no_fund("")
            value_on(unit, today)
        person = _open_person(unit, end.person_id)
        account = unit.accounts.lock(person.account)
        coins = _settled(context, unit, actor, person, account)
        if account.debt and coins:
            raise DebtOpen(
                f"this account owes {in_coins(account.debt)} and has {coins:,}: approve again when these are set off and final",
                f"갚을 코인이 {in_coins_ko(account.debt)} 남아 있습니다. 상계가 확정된 뒤 다시 승인하세요",
                debt=account.debt,
                coins=coins,
            )
        treasury = treasury_of(unit)
        _take_all(unit, person, coins)
        if coins:
            reserve_move(unit, treasury.number, coins, today)
        _decided(context, unit, actor, end, coins)
        row = entry_row(
            context, person, context.vault.of(person.id), today=today, desk=treasury.number, kind=Kind.CLOSURE, coins=coins,
            ref=end.fund or 0, key=f"closure {end.id}", who=approval.submitted_by, approver=actor.id, consent=end.id,
        )  # fmt: skip
        journal_no = unit.entries.next_numbers("journal", 1)
        unit.entries.add_many([{"journal_no": journal_no, **row, "word_line": end.reason}])
        unit.ends.accept(end.id, coins, journal_no)
        return _answer(end, 1, coins, journal_no) | {"debt": account.debt}

    return approve_once(context, actor, once, command)


def approve_merge(context: Context, actor: Actor, once: Once | None, end_id: str) -> dict[str, Any]:
    """Merge: a pair of entries takes the whole balance from the one account to the other, which has it once they are final.

    Raises SamePerson, NotWaiting, NotFound, NotMergeable, NotSettled, AccountClosed, AccountFrozen, BalanceChanged, AllotmentExceeded.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, end_id, ("merge",))
        end, today = _end_of(unit, end_id), context.clock.today()
        refuse_when_books_differ(unit)
        giver, receiver = _open_person(unit, end.person_id), _open_person(unit, end.receiver_id or "")
        _require_mergeable(unit, giver, receiver)
        locked = unit.accounts.lock_many([giver.account, receiver.account])
        coins = _settled(context, unit, actor, giver, locked[giver.account])
        _settled(context, unit, actor, receiver, locked[receiver.account], holds_stay=True)
        treasury = treasury_of(unit)
        _take_all(unit, giver, coins)
        if coins:
            reserve_move(unit, treasury.number, coins, today)
        _carry_earned(unit, giver.account, receiver.account, today)
        unit.people.merge(giver.id, receiver.id)
        _decided(context, unit, actor, end, coins)
        halves = [
            entry_row(
                context, person, context.vault.of(person.id), today=today, desk=treasury.number, kind=Kind.MERGE, coins=coins,
                ref=ref, key=f"merge {end.id} {ref}", who=approval.submitted_by, approver=actor.id, consent=end.id,
            )
            for ref, person in ((MERGED_FROM, giver), (MERGED_INTO, receiver))
        ]  # fmt: skip
        halves[MERGED_INTO]["coins"] = 0  # the pair moves its coins once
        first = unit.entries.next_numbers("journal", len(halves))
        # The words of a pair are alike but for account and ref, so both carry the first one's number.
        unit.entries.add_many(
            [{"journal_no": first + ref, **half, "word_line": first} for ref, half in enumerate(halves)]
        )
        unit.ends.accept(end.id, coins, first)
        return _answer(end, len(halves), coins, first) | {"debt": locked[giver.account].debt}

    return approve_once(context, actor, once, command)


def _proposed(
    context: Context,
    unit: WriteUnit,
    actor: Actor,
    kind: str,
    title: str,
    note: str,
    person: PersonRow,
    *,
    receiver: PersonRow | None = None,
    fund: FundRow | None = None,
    reason: int = 0,
) -> dict[str, Any]:
    end_id, now = context.new_id(), context.clock.now()
    for one in (person, receiver) if receiver else (person,):
        account = unit.accounts.read(one.account)
        assert account is not None  # a foreign key says so
        if account.frozen:
            refuse_frozen(unit, one.account)
    unit.approvals.add(end_id, kind, "waiting", actor.id, now)
    content = {"person_id": person.id} | ({"into": receiver.id} if receiver else {})
    unit.orders.propose(end_id, title, content)
    unit.ends.add(
        id=end_id, person_id=person.id, receiver_id=receiver.id if receiver else None, fund=fund.number if fund else None,
        reason=reason, note=note,
    )  # fmt: skip
    unit.audit_log.write(now, actor.id, f"propose {kind}", end_id)
    return {"id": end_id, "status": "waiting", "title": title}


def _settled(
    context: Context, unit: WriteUnit, actor: Actor, person: PersonRow, account: AccountRow, *, holds_stay: bool = False
) -> int:
    """Write: end what may end at once; the balance, if nothing else of the person is open. Raises NotSettled, AccountFrozen."""
    if account.frozen:
        refuse_frozen(unit, person.account)
    if not holds_stay:
        settle_holds(context, unit, actor, person.id)
    matters = unit.people.open_matters(person.id)
    left = {name: count for name, count in matters.items() if name != "coins" and not (holds_stay and name in _HOLDING)}
    if left:
        named = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in left.items())
        raise NotSettled(
            f"this resident has something open ({named}): settle it, wait until it is final, and approve again",
            f"정리할 것이 남아 있습니다({named}). 정리하고 확정된 뒤 다시 승인하세요",
            **left,
        )
    return account.credited - account.debited


_HOLDING = ("holds", "sign_ups")


def _take_all(unit: WriteUnit, person: PersonRow, coins: int) -> None:
    if coins > UNITS_MAX or not unit.accounts.close(person.account, coins):
        raise BalanceChanged(
            "the account moved while this was approved: approve again",
            "승인하는 동안 잔액이 바뀌었습니다. 다시 승인하세요",
        )
    unit.gifts.end_wish(person.id)


def _carry_earned(unit: WriteUnit, giver: bytes, receiver: bytes, today: date) -> None:
    """Write: what both numbers earned in this month and the last counts for the one that stays, as on the chain."""
    this_month = month_number(today)
    for month in (this_month - 1, this_month):
        earned = unit.limits.person_months(month, [giver]).get(giver, 0)
        if earned:
            unit.limits.add_person_months(month, {receiver: earned})


def _decided(context: Context, unit: WriteUnit, actor: Actor, end: AccountEndRow, coins: int) -> None:
    now, kind = context.clock.now(), NoticeKind.MERGED if end.receiver_id else NoticeKind.CLOSED
    unit.approvals.move(end.id, "waiting", "approved", actor.id, now, None)
    told = end.receiver_id or end.person_id
    unit.notices.queue([Notice(told, kind, end.id, civil_day(context.clock.today()), coins)], now)
    unit.audit_log.write(now, actor.id, "approve", end.id, coins=coins)


def _require_mergeable(unit: Unit, giver: PersonRow, receiver: PersonRow) -> None:
    if giver.id == receiver.id:
        raise NotMergeable("these are one account already", "이미 같은 계정입니다")
    if unit.people.merges_before(giver.id) >= MERGES_MAX:
        raise NotMergeable(
            f"{MERGES_MAX} numbers were merged into this one, one after the other: merge the other way round",
            f"이 회원번호에는 이미 {MERGES_MAX}번 이어서 통합되었습니다. 반대 방향으로 통합하세요",
        )


def _open_person(unit: Unit, person_id: str) -> PersonRow:
    person = person_of(unit, person_id)
    account = unit.accounts.read(person.account)
    if account is None or account.closed:
        raise account_closed()
    return person


def _end_of(unit: Unit, end_id: str) -> AccountEndRow:
    end = unit.ends.read(end_id)
    if end is None:
        raise NotFound(f"there is no proposal {end_id}", "해당 제안이 없습니다")
    return end


def _fund_of(unit: Unit, code: str | None) -> FundRow | None:
    if code is None:
        return None
    fund = unit.master.fund_of_code(code)
    if fund is None or not fund.active:
        raise _no_fund(f" {code}")
    return fund


def _no_fund(named: str) -> NotFound:
    return NotFound(f"there is no open fund{named}", "기부할 수 있는 모금이 아닙니다")


def _reason_of(name: str) -> int:
    names = [one.name.lower() for one in EndReason]
    if name not in names:
        raise Invalid(f"a reason is one of {', '.join(names)}", f"사유는 다음 중 하나입니다: {', '.join(names)}")
    return EndReason[name.upper()]


def _plain(note: str) -> str:
    if not note.strip() or len(note) > NOTE_LENGTH_MAX:
        raise Invalid(f"a note has 1 to {NOTE_LENGTH_MAX} characters", f"내용을 {NOTE_LENGTH_MAX}자 안에서 적어 주세요")
    return note


def _answer(end: AccountEndRow, entries: int, coins: int, first: int) -> dict[str, Any]:
    return {"id": end.id, "status": "approved", "entries": entries, "coins": coins, "first_journal_no": first}
