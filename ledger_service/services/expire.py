"""Expiry: coins whose day is over are burnt by a run that one person of the coin office proposes and another approves (DOMAIN rule 18).

A run is computed from final entries, and only when every desk is final up to its cut day; what was accepted since and holds that are open go
before it. Approval computes again: it takes of nobody more than was proposed, and leaves out whose account has moved meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of, minus_months
from ledger_service.domain.effects import TAKING
from ledger_service.domain.entries import UNITS_MAX, Kind
from ledger_service.domain.expiry import coins_to_expire
from ledger_service.domain.lots import RETURN_DAYS_LEAST, fold
from ledger_service.domain.notices import NoticeKind
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.accounts import AccountRow
from ledger_service.journal.expiries import ExpiryLine, RunRow
from ledger_service.journal.lots import Holder
from ledger_service.journal.notices import Notice
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import entry_row, treasury_of
from ledger_service.services.approvals import approve_once, waiting
from ledger_service.services.context import Context, Once, run_once, stored_answer
from ledger_service.services.ledger_state import refuse_when_books_differ
from ledger_service.services.reserve import reserve_move

PERIOD_OVER = 0  # the reason that an expiry's word carries
HOLDERS_A_CHUNK = 500
CLAMPED_DAYS = 3  # so many days of a longer month may share the last day of a shorter one


class CutDayNotOver(Refused):
    """Coins count up to and with their day: a run takes days that are past. Fields: cut_day, latest."""

    code = "cut_day_not_over"


class NotFinalYet(Refused):
    """A desk has entries up to the cut day that are not final. Fields: desks."""

    code = "not_final_yet"


class NothingExpired(Refused):
    """No account holds coins that have expired."""

    code = "nothing_expired"


@dataclass(frozen=True, slots=True)
class Due:
    """What a run takes of one account, and how the account stood when that was computed."""

    holder: Holder
    coins: int
    stood: AccountRow


def preview_expiry(context: Context, actor: Actor, to: date) -> dict[str, Any]:
    """What a run up to a day would take. Raises CutDayNotOver, NotFinalYet."""
    actor.require(Role.OFFICE, Role.AUDITOR)
    dues = _dues(context, to)
    return {"to": to.isoformat(), "accounts": len(dues), "coins": sum(due.coins for due in dues)}


def propose_expiry(context: Context, actor: Actor, once: Once | None, to: date) -> dict[str, Any]:
    """Put a run before another person. Raises CutDayNotOver, NotFinalYet, NothingExpired."""
    actor.require(Role.OFFICE)
    stored = stored_answer(context, actor.id, once)
    if stored is not None:
        return stored
    dues = _dues(context, to)
    if not dues:
        raise NothingExpired(f"no coins have expired up to {to}", f"{to}까지 소멸할 코인이 없습니다")
    coins = sum(due.coins for due in dues)
    title = f"expire to {to} ({len(dues):,} accounts, {coins:,} coins)"

    def command(unit: WriteUnit) -> dict[str, Any]:
        run_id = context.new_id()
        unit.approvals.add(run_id, "expiry", "waiting", actor.id, context.clock.now())
        unit.orders.propose(run_id, title, {"to": to.isoformat()})
        lines = [ExpiryLine(due.holder.account, due.holder.person_id, due.coins) for due in dues]
        unit.expiries.add(RunRow(run_id, civil_day(to), len(dues), coins), lines)
        unit.audit_log.write(
            context.clock.now(), actor.id, "propose expiry", run_id, to=to.isoformat(), coins=coins, accounts=len(dues)
        )
        return {"id": run_id, "status": "waiting", "to": to.isoformat(), "accounts": len(dues), "coins": coins}

    return run_once(context, actor.id, once, command)


def approve_expiry(context: Context, actor: Actor, once: Once | None, run_id: str) -> dict[str, Any]:
    """Burn what a proposed run takes, in one transaction. Raises SamePerson, NotWaiting, NotFound, NotFinalYet, AllotmentExceeded.

    Whose account has moved since it was computed a moment ago is left out; the next run takes it.
    """
    actor.require(Role.OFFICE)
    stored = stored_answer(context, actor.id, once)
    if stored is not None:
        return stored
    today = context.clock.today()
    with context.journal.read() as unit:
        run, approval = unit.expiries.read(run_id), unit.approvals.read(run_id)
        if run is None or approval is None:
            raise NotFound(f"there is no expiry run {run_id}", "해당 소멸 제안이 없습니다")
        lines = {line.account: line for line in unit.expiries.lines(run_id)}
        require_final(unit, run.cut_day)
        holders = [Holder(line.account, line.person_id) for line in lines.values()]
        dues = {due.holder.account: due for due in _of_holders(unit, holders, run.cut_day)}
        treasury = treasury_of(unit)
    coins = {account: min(lines[account].coins, due.coins) for account, due in dues.items()}
    rows = _rows(context, run, coins, lines, approval.submitted_by, actor.id, treasury.number, today)

    def command(unit: WriteUnit) -> dict[str, Any]:
        waiting(unit, actor, run_id, ("expiry",))
        refuse_when_books_differ(unit)
        standing = unit.accounts.lock_many(coins)
        taken = {account: amount for account, amount in coins.items() if standing[account] == dues[account].stood}
        unit.accounts.debit_many(taken)
        total = sum(taken.values())
        reserve_move(unit, treasury.number, total, today)
        unit.approvals.move(run_id, "waiting", "approved", actor.id, context.clock.now(), None)
        unit.notices.queue(
            [
                Notice(lines[account].person_id, NoticeKind.EXPIRED, run_id, civil_day(today), amount, run.cut_day)
                for account, amount in taken.items()
            ],
            context.clock.now(),
        )
        unit.audit_log.write(
            context.clock.now(), actor.id, "approve", run_id, coins=total, entries=len(taken),
            left_out=len(lines) - len(taken),
        )  # fmt: skip
        accepted = [row for row in rows if row["account"] in taken]
        first = unit.entries.next_numbers("journal", len(accepted)) if accepted else None
        unit.entries.add_many([{"journal_no": number, **row} for number, row in enumerate(accepted, first or 0)])
        return {
            "id": run_id, "status": "approved", "entries": len(taken), "coins": total, "first_journal_no": first,
            "left_out": len(lines) - len(taken),
        }  # fmt: skip

    return approve_once(context, actor, once, command)


def _dues(context: Context, to: date) -> list[Due]:
    cut_day, today = civil_day(to), civil_day(context.clock.today())
    if cut_day >= today:
        raise CutDayNotOver(
            f"coins count up to and with {to}: run it from the day after",
            f"코인은 {to}까지 쓸 수 있습니다. 다음 날부터 실행하세요",
            cut_day=cut_day,
            latest=today - 1,
        )
    with context.journal.read() as unit:
        require_final(unit, cut_day)
        days = {
            rate.rate_id: (0, civil_day(minus_months(to, rate.expiry_months)) + CLAMPED_DAYS)
            for rate in unit.master.rate_versions()
        }
        holders = unit.lots.holders(days, (0, cut_day - RETURN_DAYS_LEAST))
        return [
            due
            for start in range(0, len(holders), HOLDERS_A_CHUNK)
            for due in _of_holders(unit, holders[start : start + HOLDERS_A_CHUNK], cut_day)
        ]


def require_final(unit: Unit, cut_day: int) -> None:
    """Raise NotFinalYet while an entry that was accepted up to a day is not final."""
    desks = unit.expiries.desks_not_final(cut_day)
    if desks:
        raise NotFinalYet(
            f"desks {', '.join(map(str, desks))} have entries up to {date_of(cut_day)} that are not final: wait for the chain",
            f"{date_of(cut_day)}까지의 기록이 아직 확정되지 않은 창구가 있습니다({', '.join(map(str, desks))}). 확정된 뒤 다시 하세요",
            desks=desks,
        )


def _of_holders(unit: Unit, holders: Sequence[Holder], cut_day: int) -> list[Due]:
    stood = unit.accounts.read_many(holder.account for holder in holders)
    histories = unit.lots.histories(holder.account for holder in holders)
    found = []
    for holder in holders:
        account, history = stood[holder.account], histories[holder.account]
        if account.frozen:
            continue
        on_their_way = [movement for movement in history.pending if movement.kind in (*TAKING, Kind.CORRECT)]
        lots = fold([*history.final, *on_their_way]).lots(holder.account)
        coins = coins_to_expire(lots, cut_day, held=account.held, free=account.free)
        if coins:
            found.append(Due(holder, min(coins, UNITS_MAX), account))
    return found


def _rows(
    context: Context,
    run: RunRow,
    coins: Mapping[bytes, int],
    lines: Mapping[bytes, ExpiryLine],
    who: str,
    approver: str,
    desk: int,
    today: date,
) -> list[dict[str, Any]]:
    """The entries of a run, sealed before the write lock is taken."""
    seals = context.vault.of_many(lines[account].person_id for account in coins)
    with context.journal.read() as unit:
        people = {row.id: row for row in unit.people.by_ids(lines[account].person_id for account in coins)}
    return [
        entry_row(
            context, people[lines[account].person_id], seals[lines[account].person_id], today=today, desk=desk,
            kind=Kind.EXPIRE, coins=amount, ref=PERIOD_OVER, day=run.cut_day, key=f"expire {run.id} {account.hex()}",
            who=who, approver=approver, consent=None,
        )
        for account, amount in sorted(coins.items())
    ]  # fmt: skip
