"""Gifts after they were made, and standing wishes (DOMAIN rule 28: one way, to a listed body)."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.gifts import WishRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.donate import give

REASSIGN_DAYS = 30


class NotReassignable(Refused):
    """The gift's project goes on, was cancelled too long ago, or the other project is of another body."""

    code = "not_reassignable"


def reassign(context: Context, actor: Actor, once: Once | None, donation_id: str, fund_code: str) -> dict[str, Any]:
    """Name another project of the same body for a gift whose project was cancelled, within 30 days.

    The coins stay where the chain has them: a gift is one way, and no entry moves coins from fund to fund. The body that gets the money is the same.
    """

    def command(unit: WriteUnit) -> dict[str, Any]:
        gift = unit.gifts.donation(donation_id)
        if gift is None or not (gift.person_id == actor.person_id or actor.has(Role.OFFICE)):
            raise NotFound(f"there is no donation {donation_id}", "해당 기부가 없습니다")
        funds = {fund.number: fund for fund in unit.master.funds()}
        now_at = funds[gift.designated_fund or gift.fund]
        other = unit.master.fund_of_code(fund_code)
        if other is None or not other.active:
            raise NotFound(f"there is no open fund {fund_code}", "기부할 수 있는 모금이 아닙니다")
        today = civil_day(context.clock.today())
        if now_at.ended_day is None or today > now_at.ended_day + REASSIGN_DAYS:
            raise NotReassignable(
                f"a gift can be named for another project within {REASSIGN_DAYS} days after its own was cancelled",
                f"사업이 취소된 뒤 {REASSIGN_DAYS}일 안에만 다른 사업을 지정할 수 있습니다",
            )
        if other.body != now_at.body:
            raise NotReassignable(
                f"a gift stays with its body ({now_at.body}): choose another of its projects",
                f"기부는 받은 단체({now_at.body}) 안에서만 바꿀 수 있습니다. 그 단체의 다른 사업을 고르세요",
            )
        unit.gifts.designate(donation_id, other.number)
        unit.audit_log.write(context.clock.now(), actor.id, "reassign donation", donation_id, fund=other.number)
        return {"id": donation_id, "fund": other.code, "coins": gift.coins}

    return run_once(context, actor.id, once, command)


def set_wish(
    context: Context, actor: Actor, once: Once | None, person_id: str, fund_code: str | None
) -> dict[str, Any]:
    """Begin, change or (without a fund) end a standing wish. It counts for what is credited from now on."""
    if actor.person_id != person_id:
        actor.require(Role.CLERK, Role.APPROVER, Role.VENUE, Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        person_of(unit, person_id)
        now = context.clock.now()
        if fund_code is None:
            unit.gifts.end_wish(person_id)
            unit.audit_log.write(now, actor.id, "end wish", person_id)
            return {"person_id": person_id, "fund": None}
        fund = unit.master.fund_of_code(fund_code)
        if fund is None or not fund.active:
            raise NotFound(f"there is no open fund {fund_code}", "기부할 수 있는 모금이 아닙니다")
        wish = WishRow(person_id, context.new_id(), fund.number, unit.gifts.last_journal_no(), actor.id, now)
        unit.gifts.set_wish(wish)
        unit.audit_log.write(now, actor.id, "wish", person_id, fund=fund.number, wish=wish.id)
        return {"person_id": person_id, "fund": fund.code}

    return run_once(context, actor.id, once, command)


def carry_out_wishes(context: Context) -> int:
    """Give what people with a standing wish have earned; how many gifts were made. One that cannot be made keeps nobody.

    None while a bundle is missing: a gift in it would be made again.
    """
    with context.journal.read() as unit:
        if unit.outside.all("missing"):
            return 0
        wishes = [wish for wish in unit.gifts.wishes() if unit.gifts.earned(wish)]
    return sum(_carry_out(context, wish, context.clock.today()) for wish in wishes)


def _carry_out(context: Context, wish: WishRow, today: date) -> bool:
    """The account's row is locked first, so that two rounds at once give once. Who took the wish down need not be with us any more."""
    actor = Actor(wish.wished_by, "", frozenset(), frozenset())
    try:
        with context.journal.write() as unit:
            person = person_of(unit, wish.person_id)
            account = unit.accounts.lock(person.account)
            earned = unit.gifts.earned(wish)
            fund = next((one for one in unit.master.funds() if one.number == wish.fund and one.active), None)
            if not earned or fund is None or unit.gifts.wish(wish.person_id) != wish:
                return False
            coins = min(sum(one.coins for one in earned), account.available)
            gift = give(context, unit, actor, person.id, fund, coins, today, consent=wish.id) if coins else None
            unit.gifts.mark_given(
                person.id, [one.journal_no for one in earned], gift["journal_no"] if gift is not None else None
            )
            unit.commit()
    except Refused:
        return False  # the treasury's month is used up, or the account is frozen: the next round tries again
    context.wake()
    return bool(coins)
