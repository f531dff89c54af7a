"""Crediting: another person approves a submission (services/intake.py) and its records become entries, or declines it and they are free again."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.approvals import ApprovalRow
from ledger_service.journal.records import ImportRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.approvals import approve_once, turn_down, waiting
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.ended import refuse_closed_lines
from ledger_service.services.frozen import refuse_frozen_lines
from ledger_service.services.ledger_state import refuse_what_is_unread, refuse_when_books_differ
from ledger_service.services.reserve import Claim, reserve_credit, return_credit

KINDS = ("import", "record")


def approve(context: Context, actor: Actor, once: Once | None, approval_id: str) -> dict[str, Any]:
    """Turn a submission's reserved records into entries. Re-checks under the write lock and refuses the whole if anything moved.

    Raises SamePerson, NotWaiting, NotFound, Forbidden, and the limits' errors where the month or year has changed since.
    """
    today = context.clock.today()
    with context.journal.read() as unit:  # before the write lock: a submission's rows do not change
        stored = unit.records.read_import(approval_id)
        claim = _claim_to_move(unit, stored, today)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, approval_id, KINDS)
        refuse_when_books_differ(unit)
        if stored is None:
            raise NotFound(f"there is no submission {approval_id}", "해당 제출 건이 없습니다")
        shares = unit.records.shares_of(approval_id)
        for share in shares:
            actor.require_desk(share.desk, Role.APPROVER)
        refuse_what_is_unread(
            unit, {share.desk for share in shares}, lambda closed: unit.returning.touches(approval_id, closed)
        )
        if sum(share.coins for share in shares) != stored.coins:
            raise _changed()
        ended = unit.ends.ended_since(approval.submitted_at)
        if ended or unit.accounts.frozen():
            rows_by_account = Claim.of(unit.records.reserved(approval_id)).rows_by_account
            refuse_frozen_lines(unit, rows_by_account)
            refuse_closed_lines(ended, rows_by_account)
        if claim is not None:
            return_credit(unit, claim, date_of(stored.reserved_day))
            reserve_credit(unit, claim, today)
        unit.approvals.move(approval_id, "waiting", "approved", actor.id, context.clock.now(), None)
        entries = sum(share.entries for share in shares)
        first = _accept(context, unit, actor, approval, entries, today)
        unit.audit_log.write(context.clock.now(), actor.id, "approve", approval_id, coins=stored.coins, entries=entries)
        return {
            "id": approval_id,
            "status": "approved",
            "entries": entries,
            "coins": stored.coins,
            "first_journal_no": first,
        }

    return approve_once(context, actor, once, command)


def decline(context: Context, actor: Actor, once: Once | None, approval_id: str, reason: str) -> dict[str, Any]:
    """Reject another's submission, or withdraw one's own: its rows are free again."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, approval_id, KINDS, deciding=False)
        if approval.submitted_by != actor.id:
            for share in unit.records.shares_of(approval_id):
                actor.require_desk(share.desk, Role.APPROVER)
        stored = unit.records.read_import(approval_id)
        if stored is None:
            raise NotFound(f"there is no submission {approval_id}", "해당 제출 건이 없습니다")
        status = turn_down(context, unit, actor, approval, reason)
        return_credit(unit, Claim.of(unit.records.reserved(approval_id)), date_of(stored.reserved_day))
        unit.records.withdraw(approval_id)
        unit.audit_log.write(context.clock.now(), actor.id, status, approval_id, reason=bool(reason))
        return {"id": approval_id, "status": status}

    return run_once(context, actor.id, once, command)


def _claim_to_move(unit: Unit, stored: ImportRow | None, today: date) -> Claim | None:
    """What was reserved in another month. The chain counts a credit in the month of its batch, which is that of approval."""
    if stored is None or month_number(date_of(stored.reserved_day)) == month_number(today):
        return None
    return Claim.of(unit.records.reserved(stored.id))


def _accept(
    context: Context, unit: WriteUnit, actor: Actor, approval: ApprovalRow, entries: int, today: date
) -> int | None:
    if not entries:
        return None
    first = unit.entries.next_numbers("journal", entries)
    added = unit.entries.add_reserved(
        approval.id,
        first,
        accepted_day=civil_day(today),
        accepted_at=context.clock.now(),
        who=approval.submitted_by,
        approver=actor.id,
    )
    if added != entries:
        raise _changed()
    return first


def _changed() -> Refused:
    return Refused(
        "the submission changed while it was being approved: look at it again and approve once more",
        "승인하는 동안 내용이 바뀌었습니다. 다시 확인한 뒤 승인해 주세요",
    )
