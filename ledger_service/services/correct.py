"""Corrections: a wrong credit is taken back, or an expiry undone, by an entry of the treasury that names it (DOMAIN rule 21).

Anyone of the original's centre, or the coin office, proposes; another person of the coin office approves, and not who had submitted the original. In
all no more is undone than the original moved. Of a credit that was spent already the rest becomes a debt on the chain, which later credits pay
(services/set_off.py); no charge is promised coins that a debt will take. The chain burns what it finds at the entry's place, so such a correction is
sealed only when everything of the account that was accepted before it is final.
"""

from __future__ import annotations

import re
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import UNITS_MAX, Kind
from ledger_service.domain.notices import NoticeKind
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.notices import Notice
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import entry_row, person_of, treasury_of
from ledger_service.services.approvals import approve_once, waiting
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.ended import account_closed
from ledger_service.services.ledger_state import refuse_when_books_differ
from ledger_service.services.reserve import reserve_move

ENTRY_PATTERN = r"^(\d{1,10}|\d{1,5}/\d{1,10}/\d{1,3})$"
CORRECTABLE = (Kind.CREDIT, Kind.OPENING, Kind.EXPIRE)
REASON_LENGTH_MAX = 200


class NotCorrectable(Refused):
    """Only a credit, an opening or an expiry that the chain applied is corrected."""

    code = "not_correctable"


class CorrectionTooLarge(Refused):
    """More would be undone than the original moved. Fields: left."""

    code = "correction_too_large"


class OriginalsMaker(Forbidden):
    """Who submitted the original may not approve its correction."""

    code = "originals_maker"


def propose_correction(
    context: Context, actor: Actor, once: Once | None, entry: str, coins: int | None, reason: str
) -> dict[str, Any]:
    """Put a correction before another person. `entry` is a journal number or desk/seq/index; `coins` None: all that is left of it.

    Raises NotFound, NotCorrectable, CorrectionTooLarge, Forbidden (an entry of a desk that is not the actor's).
    """
    actor.require(Role.CLERK, Role.APPROVER, Role.OFFICE)
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX:
        raise Invalid(
            f"a reason has 1 to {REASON_LENGTH_MAX} characters", f"사유를 {REASON_LENGTH_MAX}자 안에서 적어 주세요"
        )

    def command(unit: WriteUnit) -> dict[str, Any]:
        original = _entry_named(unit, actor, entry)
        left = original.coins - unit.corrections.corrected(original.journal_no)
        wanted = _within(left, left if coins is None else coins)
        restores = original.kind == Kind.EXPIRE
        correction_id = context.new_id()
        title = f"{'give back' if restores else 'take back'} {wanted} of entry {original.journal_no}"
        unit.approvals.add(correction_id, "correction", "waiting", actor.id, context.clock.now())
        unit.orders.propose(correction_id, title, {"entry": original.journal_no, "coins": wanted})
        unit.corrections.add(
            id=correction_id, original_no=original.journal_no, coins=wanted, restores=restores, reason=reason
        )
        unit.audit_log.write(
            context.clock.now(),
            actor.id,
            "propose correction",
            correction_id,
            original=original.journal_no,
            coins=wanted,
        )
        return {
            "id": correction_id, "status": "waiting", "original_no": original.journal_no, "coins": wanted,
            "restores": restores,
        }  # fmt: skip

    return run_once(context, actor.id, once, command)


def preview_correction(context: Context, actor: Actor, entry: str, coins: int | None) -> dict[str, Any]:
    """What a correction would do now; nothing is stored. Raises what proposing it would."""
    actor.require(Role.CLERK, Role.APPROVER, Role.OFFICE)
    with context.journal.read() as unit:
        original = _entry_named(unit, actor, entry)
        left = original.coins - unit.corrections.corrected(original.journal_no)
        wanted = _within(left, left if coins is None else coins)
        account = unit.accounts.read(original.account)
    restores = original.kind == Kind.EXPIRE
    taken = 0 if restores or account is None else min(account.available, wanted)
    return {
        "original_no": original.journal_no, "coins": wanted, "left": left, "restores": restores, "taken": taken,
        "debt": 0 if restores else wanted - taken,
    }  # fmt: skip


def approve_correction(context: Context, actor: Actor, once: Once | None, correction_id: str) -> dict[str, Any]:
    """Accept a proposed correction: it takes what is free now, the rest is owed.

    Raises SamePerson, OriginalsMaker, NotWaiting, NotFound, NotCorrectable, CorrectionTooLarge, AllotmentExceeded.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, correction_id, ("correction",))
        refuse_when_books_differ(unit)
        correction = unit.corrections.read(correction_id)
        original = unit.entries.read(correction.original_no) if correction is not None else None
        if correction is None or original is None or original.person_id is None:
            raise NotFound(f"there is no correction {correction_id}", "해당 정정 제안이 없습니다")
        if original.who == actor.id:
            raise OriginalsMaker(
                "who submitted the entry may not approve its correction: another person has to",
                "원래 기록을 제출한 사람은 정정을 승인할 수 없습니다. 다른 분이 승인해야 합니다",
            )
        _require_applied(unit.spending.skip_reason(original.journal_no))
        if not unit.corrections.undo(original.journal_no, correction.coins, original.coins):
            _within(original.coins - unit.corrections.corrected(original.journal_no), correction.coins)
        today, treasury = context.clock.today(), treasury_of(unit)
        person = person_of(unit, original.person_id)
        account = unit.accounts.lock(person.account)  # the original's, or the one that it was merged into
        if account.closed:
            raise account_closed()
        taken = 0 if correction.restores else min(account.available, correction.coins)
        if not correction.restores:
            unit.accounts.take_back(person.account, correction.coins, taken)
        reserve_move(unit, treasury.number, correction.coins, today)
        unit.approvals.move(correction_id, "waiting", "approved", actor.id, context.clock.now(), None)
        kind = NoticeKind.RESTORED if correction.restores else NoticeKind.CORRECTED
        unit.notices.queue(
            [Notice(person.id, kind, correction_id, civil_day(today), correction.coins)], context.clock.now()
        )
        unit.audit_log.write(
            context.clock.now(), actor.id, "approve", correction_id, coins=correction.coins, taken=taken,
            original=original.journal_no,
        )  # fmt: skip
        row = entry_row(
            context, person, context.vault.of(person.id), today=today, desk=treasury.number, kind=Kind.CORRECT,
            coins=correction.coins, ref=0, key=f"correct {correction_id}", who=approval.submitted_by, approver=actor.id,
            original_no=original.journal_no,
        )  # fmt: skip
        journal_no = unit.entries.next_numbers("journal", 1)
        unit.entries.add_many([{"journal_no": journal_no, **row}])
        unit.corrections.accept(correction_id, journal_no, taken)
        return {
            "id": correction_id, "status": "approved", "entries": 1, "coins": correction.coins,
            "first_journal_no": journal_no, "taken": taken,
            "debt": 0 if correction.restores else correction.coins - taken,
        }  # fmt: skip

    return approve_once(context, actor, once, command)


def _entry_named(unit: Unit, actor: Actor, name: str) -> EntryRow:
    found = None
    if re.match(ENTRY_PATTERN, name):
        parts = [int(part) for part in name.split("/")]
        found = unit.entries.read(parts[0]) if len(parts) == 1 else unit.entries.at(*parts)
    if found is None or not (actor.has(Role.OFFICE) or found.desk in actor.desks):
        raise NotFound(f"there is no entry {name}", "해당 기록이 없습니다")
    if found.kind not in CORRECTABLE:
        raise NotCorrectable(
            f"entry {name} is a {Kind(found.kind).name.lower()}: only a credit or an expiry is corrected, a charge is refunded",
            "적립과 소멸만 정정할 수 있습니다. 사용한 코인은 환불로 처리하세요",
        )
    _require_applied(found.skip_reason)
    return found


def _require_applied(skip_reason: int | None) -> None:
    if skip_reason is not None:
        raise NotCorrectable(
            "the chain did not apply this entry: there is nothing to undo",
            "원장에 반영되지 않은 기록이라 정정할 것이 없습니다",
        )


def _within(left: int, coins: int) -> int:
    """The coins, if they are an amount and no more than is left to undo."""
    if not 0 < coins <= min(left, UNITS_MAX):
        raise CorrectionTooLarge(
            f"of this entry {in_coins(left)} can be undone, not {coins:,}",
            f"이 기록에서 정정할 수 있는 코인은 {in_coins_ko(left)}입니다({in_coins_ko(coins)} 요청)",
            left=left,
        )
    return coins
