"""How long the ledger takes batches: a month ahead and no longer, so that a stolen desk's key cannot push the latest day far out.

The two persons who decide to open the ledger decide that it stays open; the service carries that out month by month, by orders under the same
proposal (as a freeze's end is decided with the freeze). The office's two keys sign them like every order.
"""

from __future__ import annotations

from ledger_service.domain.days import civil_day
from ledger_service.domain.orders import Order, OrderCode
from ledger_service.services.context import Context

OPEN_DAYS = 31
EXTENDED_BELOW_DAYS = (
    14  # an order holds all entries back for the moment in which it is sealed: twice a month is enough
)


def open_order(today: int) -> Order:
    """The order that lets desks seal for a month from a day on."""
    return Order(OrderCode.OPEN_UNTIL, (today + OPEN_DAYS,))


def extend_opening(context: Context) -> int:
    """Order another month where less than two weeks are left; how many orders. Nothing before the ledger is opened."""
    today = civil_day(context.clock.today())
    with context.journal.read() as unit:
        found = unit.orders.opening()
    if found is None or found[1] - today >= EXTENDED_BELOW_DAYS:
        return 0
    with context.journal.write() as unit:
        found = unit.orders.opening()
        if found is None or found[1] - today >= EXTENDED_BELOW_DAYS:
            return 0
        unit.orders.add_many(found[0], [open_order(today)], today)
        unit.audit_log.write(context.clock.now(), "system", "extend opening", found[0], until=today + OPEN_DAYS)
        unit.commit()
    context.wake()
    return 1
