"""The steps that a master file proposes, by kind of file."""

from __future__ import annotations

from collections.abc import Callable

from ledger_service.services.coin_files import (
    LIMIT_COLUMNS,
    PROGRAMME_COLUMNS,
    VALUE_COLUMNS,
    read_limits,
    read_programmes,
    read_values,
)
from ledger_service.services.organisation_files import (
    CENTER_COLUMNS,
    FUND_COLUMNS,
    VENUE_COLUMNS,
    read_centers,
    read_funds,
    read_venues,
)
from ledger_service.services.rate_steps import rate_step
from ledger_service.services.steps import Step
from ledger_service.services.table_errors import Columns

TREASURY_CODE = "TREASURY"

FILE_COLUMNS: dict[str, Columns] = {
    "programmes": PROGRAMME_COLUMNS,
    "values": VALUE_COLUMNS,
    "limits": LIMIT_COLUMNS,
    "funds": FUND_COLUMNS,
    "centers": CENTER_COLUMNS,
    "venues": VENUE_COLUMNS,
}

FILE_STEPS: dict[str, Callable[[bytes], list[Step]]] = {
    "centers": lambda data: [
        {"step": "desk", "kind": "CENTRE", "code": row.code, "name": row.name} for row in read_centers(data)
    ],
    "venues": lambda data: [
        {
            "step": "desk",
            "kind": "VENUE",
            "code": row.code,
            "name": row.name,
            "step_coins": row.step_coins,
            "dong": row.dong,
        }
        for row in read_venues(data)
    ],
    "programmes": lambda data: [{"step": "rate", "rate": rate_step(rate)} for rate in read_programmes(data)],
    "funds": lambda data: [
        {"step": "desk", "kind": "TREASURY", "code": TREASURY_CODE, "name": "코인 담당 부서", "if_missing": True},
        *(
            {"step": "fund", "code": row.code, "name": row.name, "body": row.body, "goal_coins": row.goal_coins}
            for row in read_funds(data)
        ),
    ],
    "values": lambda data: [
        {
            "step": "value",
            "first_day": row.first_day.isoformat(),
            "krw": row.krw,
            "choice": row.choice,
            "basis": row.basis,
        }
        for row in read_values(data)
    ],
    "limits": lambda data: [
        {
            "step": "limit",
            "limit": row.limit,
            "code": row.code,
            "first_day": row.first_day.isoformat(),
            "coins": row.coins,
            "effective_from": row.effective_from.isoformat() if row.effective_from else None,
        }
        for row in read_limits(data)
    ],
}
