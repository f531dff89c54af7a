"""Donating: a resident's coins go to a fund of a listed body, one way, by the treasury's desk (DOMAIN rule 28)."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import Kind
from ledger_service.errors import NotFound
from ledger_service.journal.master import FundRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accept import accept, person_of, treasury_of
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.frozen import refuse_frozen
from ledger_service.services.ledger_state import refuse_when_behind
from ledger_service.services.reserve import reserve_move
from ledger_service.services.spend import require_coins, too_few, value_on


def donate(
    context: Context, actor: Actor, once: Once | None, person_id: str, fund_code: str, coins: int
) -> dict[str, Any]:
    """Give a resident's coins to a fund. By the resident, or by a clerk or venue on their word, or the coin office."""
    if actor.person_id != person_id:
        actor.require(Role.CLERK, Role.APPROVER, Role.VENUE, Role.OFFICE)
    require_coins(coins)

    def command(unit: WriteUnit) -> dict[str, Any]:
        fund = unit.master.fund_of_code(fund_code)
        if fund is None or not fund.active:
            raise NotFound(f"there is no open fund {fund_code}", "기부할 수 있는 모금이 아닙니다")
        return give(context, unit, actor, person_id, fund, coins, context.clock.today())

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def give(
    context: Context,
    unit: WriteUnit,
    actor: Actor,
    person_id: str,
    fund: FundRow,
    coins: int,
    today: date,
    *,
    consent: str | None = None,
) -> dict[str, Any]:
    """Write: a gift, for commands that do more in the same unit. `consent` is the standing wish behind it, if it was not said by itself."""
    treasury = treasury_of(unit)
    value = value_on(unit, today)
    refuse_when_behind(context, unit, coins)
    person = person_of(unit, person_id)
    account = unit.accounts.lock(person.account)
    if not account.usable:
        refuse_frozen(unit, person.account)
    if not unit.accounts.debit(person.account, coins):
        raise too_few(account.available, coins)
    reserve_move(unit, treasury.number, coins, today)
    donation_id = context.new_id()
    journal_no = accept(
        context, unit, actor, person, context.vault.of(person.id), today=today, desk=treasury.number, kind=Kind.DONATE,
        coins=coins, ref=fund.number, key=f"donate {donation_id}", consent=consent or donation_id,
    )  # fmt: skip
    unit.spending.add_donation(
        id=donation_id, journal_no=journal_no, person_id=person.id, fund=fund.number, coins=coins, day=civil_day(today)
    )
    unit.audit_log.write(
        context.clock.now(), actor.id, "donate", donation_id, coins=coins, fund=fund.number, journal_no=journal_no
    )
    return {
        "id": donation_id, "fund": fund.code, "coins": coins, "krw": coins * value, "journal_no": journal_no,
        "state": "accepted",
    }  # fmt: skip
