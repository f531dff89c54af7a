"""Notices: what people are to be told goes into an outbox in the transaction that causes it, and from there to a sender, in order.

A row has no name and no address. Sending SMS or letters is a sender's work; the default writes the rows to a file (adapters/notices.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Protocol

from ledger_service.domain.days import civil_day, minus_months
from ledger_service.domain.expiry import NOTICE_DAYS, expiring_between, notice_due
from ledger_service.domain.lots import RETURN_DAYS_LEAST
from ledger_service.journal.notices import Notice, NoticeRow
from ledger_service.journal.unit import Unit
from ledger_service.services.context import Context
from ledger_service.services.expire import CLAMPED_DAYS

HOLDERS_A_CHUNK = 500
SENT_A_PASS = 500


class NoticeSender(Protocol):
    """Where notices go. It may be given a row again after a crash, and knows it by its id."""

    def send(self, rows: Sequence[NoticeRow], today: date) -> None:
        """Take these over; what is raised leaves them in the outbox."""
        ...


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
        Notice(one.person_id, "value_change", str(first_day), today, max(coins[one.account], 0))
        for first_day in ahead
        for one in holders
    ]
    for start in range(0, len(found), HOLDERS_A_CHUNK):
        with context.journal.write() as unit:
            queued += unit.notices.queue(found[start : start + HOLDERS_A_CHUNK], context.clock.now())
            unit.commit()
    return queued


def send_notices(context: Context, sender: NoticeSender) -> int:
    """Give the oldest of the outbox to a sender; how many."""
    with context.journal.read() as unit:
        rows = unit.notices.unsent(SENT_A_PASS)
    if not rows:
        return 0
    sender.send(rows, context.clock.today())
    with context.journal.write() as unit:
        unit.notices.mark_sent([row.id for row in rows], context.clock.now())
        unit.commit()
    return len(rows)


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
                    kind = f"expiry_{days_ahead}"
                    found.append(Notice(holder.person_id, kind, str(expiry_day), first, coins, expiry_day))
        if found:
            yield found
