"""What a second person decides on, by kind of approval: one table for the API and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ledger_service.domain.actors import Actor
from ledger_service.services import balances, close_month, credit, setup
from ledger_service.services.context import Context, Once

Approve = Callable[[Context, Actor, Once | None, str], dict[str, Any]]
Decline = Callable[[Context, Actor, Once | None, str, str], dict[str, Any]]

APPROVE: Mapping[str, Approve] = {
    "import": credit.approve,
    "record": credit.approve,
    "orders": setup.approve_orders,
    "close": close_month.approve_close,
    "balances": balances.approve_balances,
}
DECLINE: Mapping[str, Decline] = {
    "import": credit.decline,
    "record": credit.decline,
    "orders": setup.decline_orders,
    "close": close_month.decline_close,
    "balances": balances.decline_balances,
}
