"""Set-off: what a debtor earns pays the debt, without anybody having to think of it (DOMAIN rule 21).

The treasury's desk signs it like every entry of the treasury. It carries out what two persons decided with the correction that made the debt, so
these two stand behind the entry, and the correction is its consent. From the correction on, the coins were promised to nobody else.
"""

from __future__ import annotations

from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import UNITS_MAX, Kind
from ledger_service.domain.notices import NoticeKind
from ledger_service.journal.notices import Notice
from ledger_service.services.accept import entry_row, person_of, treasury_of
from ledger_service.services.context import Context
from ledger_service.services.reserve import AllotmentExceeded, reserve_move

BY_CORRECTION = 0  # the reason that a set-off's word carries


def set_off_debts(context: Context) -> int:
    """Set off what can be: of each debtor in a transaction of its own. How many. One that the month's allotment does not cover waits."""
    with context.journal.read() as unit:
        owing = [account.address for account in unit.accounts.owing()]
    done = sum(_set_off(context, address) for address in owing)
    if done:
        context.wake()
    return done


def _set_off(context: Context, address: bytes) -> bool:
    today = context.clock.today()
    with context.journal.write() as unit:
        account = unit.accounts.lock(address)
        made = unit.corrections.last_of(
            unit.lots.group_of(address)
        )  # None while a correction is on its way: then the debt is not the chain's yet
        coins = min(account.debt, account.credited - account.debited - account.held, UNITS_MAX)
        entry = unit.entries.read(made[0].journal_no or 0) if made is not None else None
        if made is None or entry is None or entry.person_id is None or coins <= 0:
            return False
        correction, who, approver = made
        treasury = treasury_of(unit)
        try:
            reserve_move(unit, treasury.number, coins, today)
        except AllotmentExceeded:
            return False
        if not unit.accounts.set_off(address, coins):
            return False
        person = person_of(unit, entry.person_id)
        journal_no = unit.entries.next_numbers("journal", 1)
        row = entry_row(
            context, person, context.vault.of(person.id), today=today, desk=treasury.number, kind=Kind.SET_OFF, coins=coins,
            ref=BY_CORRECTION, key=f"set off {journal_no}", who=who, approver=approver, consent=correction.id,
        )  # fmt: skip
        unit.entries.add_many([{"journal_no": journal_no, **row}])
        now = context.clock.now()
        unit.notices.queue([Notice(person.id, NoticeKind.SET_OFF, str(journal_no), civil_day(today), coins)], now)
        unit.audit_log.write(now, "system", "set off", str(journal_no), coins=coins, correction=correction.id)
        unit.commit()
    return True
