"""Closing a month: the books say what a venue or fund is due, the venue agrees, the coin office approves, the treasury's entry burns the coins.

DOMAIN rule 30: the facility signs, the district approves, a closed month never changes, and later refunds go into the next close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.amounts import in_coins, in_coins_ko, in_won, in_won_ko
from ledger_service.domain.closes import Figures, fund_figures, venue_figures
from ledger_service.domain.days import civil_day, first_day_of_month, last_day_of_month, month_name
from ledger_service.domain.entries import UNITS_MAX, DeskKind, Kind, desk_account, fund_account
from ledger_service.errors import BoramError, Forbidden, NotFound, Refused
from ledger_service.journal.closes import CloseRow
from ledger_service.journal.master import DeskRow, FundRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import treasury_of
from ledger_service.services.approvals import approve_once, turn_down, waiting
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.ledger_state import refuse_when_books_differ

OPEN_STATES = ("prepared", "confirmed")


class MonthNotOver(Refused):
    """The month has days to come."""

    code = "month_not_over"


class MonthNotFinal(Refused):
    """Something of the month is not final on the chain. Fields: entries, batches."""

    code = "month_not_final"


class CloseShort(Refused):
    """Refunds after the month took coins that its close would burn. Fields: coins, left."""

    code = "close_short"


class CloseChanged(Refused):
    """The books no longer give the figures that were agreed to."""

    code = "close_changed"


class NotInOrder(Refused):
    """Months are closed one after the other: the close before is not final, or a later one exists. Fields: month."""

    code = "close_not_in_order"


class NothingToClose(Refused):
    """Nothing was taken, or refunds outweigh it: it is carried over to the next close. Fields: krw."""

    code = "nothing_to_close"


def prepare_closes(
    context: Context, actor: Actor, once: Once | None, month: int, venue_code: str | None = None
) -> dict[str, Any]:
    """Work out the closes of a month, of one venue or of every venue and fund. One that is there is shown as it is.

    Raises MonthNotOver, MonthNotFinal, BooksDiffer, NotFound; for a single venue also what keeps it from being closed.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        refuse_when_books_differ(unit)
        _require_final(context, unit, month)
        prepared, left = [], []
        for payee in _payees(unit, venue_code):
            try:
                row = _prepare(context, unit, actor, payee, month)
                prepared.append(
                    {"id": row.id, "code": payee.code, "state": row.state, "coins": row.coins, "krw": row.krw}
                )
            except (CloseShort, NotInOrder, NothingToClose, MonthNotFinal) as error:
                if venue_code is not None:
                    raise
                left.append(
                    {"code": payee.code, "reason": error.code, "detail": error.message, "detail_ko": error.message_ko}
                )
        return {"month": month_name(month), "closes": prepared, "left": left}

    return run_once(context, actor.id, once, command)


def confirm_close(context: Context, actor: Actor, once: Once | None, close_id: str) -> dict[str, Any]:
    """The venue agrees to its figures: then they wait for the coin office, and the venue's key signs them once approved."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = unit.closes.lock(close_id)
        if row is None or row.desk is None or not (row.desk in actor.desks or actor.has(Role.OFFICE)):
            raise NotFound(f"there is no close {close_id}", "해당 정산이 없습니다")
        if row.desk not in actor.desks or not actor.has(Role.VENUE):
            raise Forbidden(
                "a close is confirmed by the venue's own person", "정산 확인은 해당 사용처 담당자만 할 수 있습니다"
            )
        refuse_when_books_differ(unit)
        now = context.clock.now()
        if not unit.closes.move(close_id, "prepared", "confirmed", confirmed_by=actor.id, confirmed_at=now):
            raise _not_so(row)
        unit.approvals.add(close_id, "close", "waiting", actor.id, now)
        unit.audit_log.write(now, actor.id, "confirm close", close_id, coins=row.coins, krw=row.krw, month=row.month)
        return {"id": close_id, "state": "confirmed", "coins": row.coins, "krw": row.krw}

    return run_once(context, actor.id, once, command)


def approve_close(context: Context, actor: Actor, once: Once | None, close_id: str) -> dict[str, Any]:
    """Approve what the venue confirmed (of a fund, what a colleague prepared): the treasury's entry is accepted.

    Looks at the books again under the lock of the journal numbers, so that no refund or gift is accepted in between.
    Raises SamePerson, NotWaiting, NotFound, BooksDiffer, MonthNotFinal, CloseShort, CloseChanged.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, close_id, ("close",))
        row = unit.closes.lock(close_id)
        assert row is not None, "an approval of kind close has the id of its close"
        refuse_when_books_differ(unit)
        _require_final(context, unit, row.month)
        treasury = treasury_of(unit)
        journal_no = unit.entries.next_numbers("journal", 1)
        row = _looked_at_again(unit, row)
        today = civil_day(context.clock.today())
        now = context.clock.now()
        unit.entries.add_many(
            [
                {
                    "journal_no": journal_no, "desk": treasury.number, "kind": int(Kind.MONTH_CLOSE), "account": row.account,
                    "ref": row.month, "units": row.coins, "day": civil_day(last_day_of_month(row.month)), "coins": row.coins,
                    "accepted_day": today, "accepted_at": now, "word_line": row.last_seq, "who": approval.submitted_by,
                    "approver": actor.id, "business_key_sealed": b"",
                    "record_key": context.vault.record_key("boram", f"close {close_id}"),
                }
            ]
        )  # fmt: skip
        before = "confirmed" if row.desk is not None else "prepared"
        figures = {name: getattr(row, name) for name in _FIGURES}
        if not unit.closes.move(close_id, before, "approved", journal_no=journal_no, **figures):
            raise _not_so(row)
        unit.approvals.move(close_id, "waiting", "approved", actor.id, now, None)
        unit.audit_log.write(now, actor.id, "approve close", close_id, coins=row.coins, krw=row.krw, month=row.month)
        return {
            "id": close_id, "status": "approved", "entries": 1, "coins": row.coins, "krw": row.krw,
            "first_journal_no": journal_no,
        }  # fmt: skip

    return approve_once(context, actor, once, command)


def decline_close(context: Context, actor: Actor, once: Once | None, close_id: str, reason: str) -> dict[str, Any]:
    """Reject what a venue confirmed, or withdraw one's own: the month can be prepared again."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, close_id, ("close",), deciding=False)
        if approval.submitted_by != actor.id:
            actor.require(Role.OFFICE)
        status = turn_down(context, unit, actor, approval, reason)
        row = unit.closes.lock(close_id)
        assert row is not None, "an approval of kind close has the id of its close"
        unit.closes.move(close_id, row.state, "rejected")
        unit.audit_log.write(context.clock.now(), actor.id, f"{status} close", close_id)
        return {"id": close_id, "status": status}

    return run_once(context, actor.id, once, command)


_FIGURES = (
    "opening_coins", "opening_krw", "charges", "taken_coins", "taken_krw", "refunds", "refunded_coins", "refunded_krw",
    "reissued_coins", "coins", "krw",
)  # fmt: skip


def _payees(unit: Unit, venue_code: str | None) -> Sequence[DeskRow | FundRow]:
    if venue_code is None:
        venues = [desk for desk in unit.master.desks() if desk.kind is DeskKind.VENUE]
        return [*venues, *unit.master.funds()]
    venue = unit.master.desk_of_code(DeskKind.VENUE, venue_code)
    if venue is None:
        raise NotFound(f"there is no venue {venue_code}", f"{venue_code} 사용처가 없습니다")
    return [venue]


def _require_final(context: Context, unit: Unit, month: int) -> None:
    last_day = last_day_of_month(month)
    if context.clock.today() <= last_day:
        raise MonthNotOver(
            f"{month_name(month)} can be closed from the day after {last_day} on",
            f"{month_name(month)} 정산은 {last_day} 다음 날부터 할 수 있습니다",
        )
    unsealed, open_batches = unit.closes.not_final_until(civil_day(last_day))
    if unsealed or open_batches:
        raise MonthNotFinal(
            f"of {month_name(month)} {unsealed} entries and {open_batches} batches are not final on the chain: try again when they are",
            f"{month_name(month)} 기록 {unsealed}건과 묶음 {open_batches}개가 아직 확정되지 않았습니다. 확정된 뒤 다시 해 주세요",
            entries=unsealed,
            batches=open_batches,
        )


def _prepare(context: Context, unit: WriteUnit, actor: Actor, payee: DeskRow | FundRow, month: int) -> CloseRow:
    is_venue = isinstance(payee, DeskRow)
    account = desk_account(payee.number) if is_venue else fund_account(payee.number)
    known = unit.closes.of_account(account)
    same = next((one for one in known if one.month == month), None)
    if same is not None:
        return same
    _require_order(known, month)
    last_seq, figures = _venue(unit, payee.number, month) if is_venue else (0, _fund(unit, payee.number))
    now, close_id = context.clock.now(), context.new_id()
    row = CloseRow(
        close_id, month, account, payee.number if is_venue else None, None if is_venue else payee.number, last_seq,
        figures.opening_coins, figures.opening_krw, figures.charges, figures.taken_coins, figures.taken_krw,
        figures.refunds, figures.refunded_coins, figures.refunded_krw, figures.reissued_coins, figures.coins,
        figures.krw, "prepared", actor.id, now,
    )  # fmt: skip
    unit.closes.add(row)
    if not is_venue:  # nobody signs for a fund: a colleague approves
        unit.approvals.add(close_id, "close", "waiting", actor.id, now)
    unit.audit_log.write(now, actor.id, "prepare close", close_id, coins=row.coins, krw=row.krw, month=month)
    return row


def _require_order(known: Sequence[CloseRow], month: int) -> None:
    if not known:
        return
    last = known[-1]
    if last.month > month or last.state != "closed":
        raise NotInOrder(
            f"the close of {month_name(last.month)} is {last.state}: months are closed one after the other",
            f"{month_name(last.month)} 정산이 {last.state} 상태입니다. 정산은 달 순서대로 합니다",
            month=month_name(last.month),
        )


def _venue(unit: Unit, desk: int, month: int) -> tuple[int, Figures]:
    """The venue's last batch of the month and the figures up to it, if they can be closed now."""
    account = unit.closes.venue_account(desk)
    last_seq = unit.closes.last_seq_until(desk, civil_day(last_day_of_month(month)))
    seq_before = unit.closes.last_seq_until(desk, civil_day(first_day_of_month(month)) - 1)
    figures = venue_figures(account, seq_before, last_seq)
    _require_payable(figures)
    left = account.balance - unit.closes.refunds_on_their_way(desk)
    if figures.coins > left:
        raise CloseShort(
            f"refunds after the month took coins that its close would settle ({figures.coins} to close, {left} there): "
            "close it again when the venue has taken more, or together with the next month",
            f"다음 달 환불로 정산할 코인이 모자랍니다(정산 {figures.coins}, 보유 {left}). 사용이 더 있은 뒤 다시 하거나 다음 달과 함께 정산하세요",
            coins=figures.coins,
            left=left,
        )
    return last_seq, figures


def _fund(unit: Unit, fund: int) -> Figures:
    """What a fund was given and is not closed; nothing of it may be on its way, because a fund is closed whole."""
    if waiting_coins := unit.closes.gifts_on_their_way(fund):
        raise MonthNotFinal(
            f"gifts of {in_coins(waiting_coins)} are not final on the chain: try again when they are",
            f"기부 {in_coins_ko(waiting_coins)}이 아직 확정되지 않았습니다. 확정된 뒤 다시 해 주세요",
            entries=waiting_coins,
            batches=0,
        )
    figures = fund_figures(unit.closes.gifts_to_close(fund))
    _require_payable(figures)
    return figures


def _require_payable(figures: Figures) -> None:
    if figures.is_empty:
        raise NothingToClose("nothing was taken and nothing is open", "정산할 내역이 없습니다", krw=0)
    if figures.is_carried:
        raise NothingToClose(
            f"refunds outweigh what was taken by {in_won(-figures.krw)}: they are netted at the next close",
            f"환불이 사용보다 {in_won_ko(-figures.krw)} 많아 다음 정산에서 상계합니다",
            krw=figures.krw,
        )
    if figures.coins > UNITS_MAX:
        raise Refused(
            f"one close settles {in_coins(UNITS_MAX)} at most, not {figures.coins:,}",
            "한 번에 정산할 수 있는 코인을 넘습니다",
        )


def _looked_at_again(unit: Unit, row: CloseRow) -> CloseRow:
    """The close with the figures that the books give now. A venue agreed to its figures, so they must be the same."""
    if row.desk is None:
        assert row.fund is not None
        figures = _fund(unit, row.fund)
        return replace(row, **{name: getattr(figures, name) for name in _FIGURES})
    last_seq, figures = _venue(unit, row.desk, row.month)
    if (last_seq, *(getattr(figures, name) for name in _FIGURES)) != (
        row.last_seq,
        *(getattr(row, name) for name in _FIGURES),
    ):
        raise CloseChanged(
            "the books no longer give the figures that the venue confirmed: reject it and prepare the month again",
            "사용처가 확인한 금액과 장부가 다릅니다. 반려한 뒤 다시 정산해 주세요",
        )
    return row


def _not_so(row: CloseRow) -> BoramError:
    return Refused(
        f"this close is {row.state}: nothing was changed", f"이미 처리된 정산입니다({row.state})", state=row.state
    )
