"""Notices: what people are to be told goes into an outbox, in the transaction that causes it where that is an act of the office. How it
leaves from there is in services/deliver.py. A row has no name and no address.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ledger_service.domain.days import civil_day, minus_months
from ledger_service.domain.entries import Kind
from ledger_service.domain.expiry import NOTICE_DAYS, expiring_between, notice_due
from ledger_service.domain.lots import RETURN_DAYS_LEAST
from ledger_service.domain.notices import NoticeKind
from ledger_service.journal.notices import Notice
from ledger_service.journal.unit import Unit
from ledger_service.services.context import Context
from ledger_service.services.expire import CLAMPED_DAYS

HOLDERS_A_CHUNK = 500
TOLD_WITHIN_SECONDS = 7 * 24 * 3600
TOLD_DEBITS = "told debits"  # a counter: up to which journal number
TOLD_ARRIVALS = "told arrivals"  # a counter: up to which post number
MOVES = {
    Kind.CREDIT: NoticeKind.CREDITED,
    Kind.REFUND: NoticeKind.REFUNDED,
    Kind.REDEEM: NoticeKind.CHARGED,
    Kind.DONATE: NoticeKind.DONATED,
}


def queue_expiry_notices(context: Context) -> int:
    """Put into the outbox who is to be told that coins expire in 60, 30 or 7 days, each once; how many are new.

    By the forecast: what was charged and is not final yet does not expire any more.
    """
    today = context.clock.today()
    queued = 0
    with context.journal.read() as unit:
        chunks = list(_expiring(unit, today))
    for chunk in chunks:
        with context.journal.write() as unit:
            queued += unit.notices.queue(chunk, context.clock.now())
            unit.commit()
    return queued


def queue_value_notices(context: Context) -> int:
    """Put into the outbox who holds coins whose value is going to change, each once for each change; how many are new."""
    today, queued = civil_day(context.clock.today()), 0
    with context.journal.read() as unit:
        ahead = [first_day for first_day, _ in unit.master.coin_values() if first_day > today]
        holders = unit.lots.all_holders() if ahead and unit.orders.is_sealed() else []
        coins = {row.address: row.free for row in unit.accounts.read_many(one.account for one in holders).values()}
    found = [
        Notice(one.person_id, NoticeKind.VALUE_CHANGE, str(first_day), today, max(coins[one.account], 0))
        for first_day in ahead
        for one in holders
    ]
    for start in range(0, len(found), HOLDERS_A_CHUNK):
        with context.journal.write() as unit:
            queued += unit.notices.queue(found[start : start + HOLDERS_A_CHUNK], context.clock.now())
            unit.commit()
    return queued


def queue_move_notices(context: Context) -> int:
    """Put into the outbox who spent or gave coins, and to whom some came; how many are new. Whoever lost a card learns of it by this.

    What is older than a week is not told of any more, so that books that were read back do not tell people of years. Books of a backup tell of
    the days since it once more.
    """
    since = context.clock.now() - TOLD_WITHIN_SECONDS
    with context.journal.read() as unit:
        before = {counter: unit.entries.last_number(counter) for counter in (TOLD_DEBITS, TOLD_ARRIVALS)}
        found = {
            TOLD_ARRIVALS: unit.untold.arrivals(before[TOLD_ARRIVALS], since),
            TOLD_DEBITS: unit.untold.debits(before[TOLD_DEBITS], since),
        }
    if {counter: untold.up_to for counter, untold in found.items()} == before:
        return 0
    today, queued = civil_day(context.clock.today()), 0
    with context.journal.write() as unit:
        for counter, untold in found.items():
            told = [Notice(one.person_id, MOVES[one.kind], one.subject, today, one.coins) for one in untold.moves]
            queued += unit.notices.queue(told, context.clock.now())
            unit.entries.raise_counter(counter, untold.up_to)
        unit.commit()
    return queued


def _expiring(unit: Unit, today: date) -> Iterator[list[Notice]]:
    first, last = civil_day(today), civil_day(today) + max(NOTICE_DAYS)
    days = {
        rate.rate_id: (
            civil_day(minus_months(today, rate.expiry_months)),
            civil_day(minus_months(today + timedelta(days=max(NOTICE_DAYS)), rate.expiry_months)) + CLAMPED_DAYS,
        )
        for rate in unit.master.rate_versions()
    }
    holders = unit.lots.holders(days, (first - RETURN_DAYS_LEAST, last))
    for start in range(0, len(holders), HOLDERS_A_CHUNK):
        chunk = holders[start : start + HOLDERS_A_CHUNK]
        histories = unit.lots.histories(holder.account for holder in chunk)
        found = []
        for holder in chunk:
            lots = histories[holder.account].forecast().lots(holder.account)
            for expiry_day, coins in expiring_between(lots, first, last).items():
                days_ahead = notice_due(expiry_day, first)
                if days_ahead is not None:
                    kind = NoticeKind(f"expiry_{days_ahead}")
                    found.append(Notice(holder.person_id, kind, str(expiry_day), first, coins, expiry_day))
        if found:
            yield found
