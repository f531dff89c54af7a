"""What the steps of a proposal share (services/setup.py): what a step is, what is there already, and the notice of a change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ledger_service.errors import Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context

NOTICE_DAYS = 7  # of a rate or limit once setup is sealed; the contract asks for the same

Step = dict[str, Any]


class AlreadyThere(Refused):
    """What a proposal would put in force exists. Fields: kind, code."""

    code = "already_there"


class NoticeTooShort(Refused):
    """Once setup is sealed, a change takes effect some days ahead, never at once or backwards (DOMAIN rule 11). Fields: earliest."""

    code = "notice_too_short"


def require_notice(context: Context, unit: WriteUnit, first_day: date, days: int) -> None:
    earliest = context.clock.today() + timedelta(days=days)
    if first_day < earliest and unit.orders.is_sealed():
        raise NoticeTooShort(
            f"setup is sealed: this can take effect on {earliest} at the earliest, not on {first_day}",
            f"설정이 확정되어 {earliest}부터 적용할 수 있습니다({first_day} 불가)",
            earliest=earliest.isoformat(),
        )
