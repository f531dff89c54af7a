"""What has to be done without anybody asking: the ledger stays open, holds and freezes end, debts are set off, wishes carried out, people told.

Each round is short.
"""

from __future__ import annotations

from datetime import date

from ledger_service.services.context import Context
from ledger_service.services.deliver import Delivery, deliver_notices
from ledger_service.services.frozen import lift_freezes
from ledger_service.services.gifts import carry_out_wishes
from ledger_service.services.notify import queue_expiry_notices, queue_move_notices, queue_value_notices
from ledger_service.services.opening import extend_opening
from ledger_service.services.rate_limits import forget_counts
from ledger_service.services.set_off import set_off_debts
from ledger_service.services.spend import expire_holds


class Chores:
    """One process does them. `round` may be called as often as one likes."""

    def __init__(self, context: Context, delivery: Delivery) -> None:
        self._context = context
        self._delivery = delivery
        self._told_of: date | None = None

    def round(self) -> None:
        """Everything that is due. One that fails does not keep the others; what the first one raised is raised at the end."""
        failed: Exception | None = None
        for chore in (
            extend_opening, expire_holds, lift_freezes, set_off_debts, carry_out_wishes, self._daily, queue_move_notices, self._send,
        ):  # fmt: skip
            try:
                chore(self._context)
            except Exception as error:  # noqa: BLE001  raised below
                failed = failed or error
        if failed is not None:
            raise failed

    def _daily(self, context: Context) -> None:
        """Once a business day: it reads every account whose coins expire soon, or (before a change of their value) that has some.

        Counts of requests and attempts that say nothing any more go on that day, too.
        """
        today = context.clock.today()
        if self._told_of != today:
            queue_expiry_notices(context)
            queue_value_notices(context)
            forget_counts(context)
            self._told_of = today

    def _send(self, context: Context) -> None:
        deliver_notices(context, self._delivery)
