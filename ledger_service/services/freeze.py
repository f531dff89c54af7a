"""Proposing a freeze or its end: an order proposal like the others, put in force by services/frozen.py."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import Invalid
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context, Once
from ledger_service.services.frozen import APPEAL_DAYS, not_frozen
from ledger_service.services.setup import propose

REASON_LENGTH_MAX = 200


def propose_freeze(
    context: Context, actor: Actor, once: Once | None, person_id: str, until: date, reason: str
) -> dict[str, Any]:
    """Put a freeze up to and with a day before another person of the coin office."""
    actor.require(Role.OFFICE)
    _require_person(context, person_id)
    step = {"step": "freeze", "person_id": person_id, "until": until.isoformat(), "reason": _plain(reason)}
    if until < context.clock.today():
        raise Invalid("the last day of a freeze is not past", "정지 종료일은 오늘 이후여야 합니다")
    return {**propose(context, actor, once, f"freeze to {until}", [step]), "appeal_days": APPEAL_DAYS}


def propose_unfreeze(context: Context, actor: Actor, once: Once | None, person_id: str, reason: str) -> dict[str, Any]:
    """Put the end of a freeze before another person of the coin office."""
    actor.require(Role.OFFICE)
    with context.journal.read() as unit:
        if unit.freezes.standing(person_of(unit, person_id).account) is None:
            raise not_frozen()
    step = {"step": "unfreeze", "person_id": person_id, "reason": _plain(reason)}
    return {**propose(context, actor, once, "unfreeze", [step]), "appeal_days": APPEAL_DAYS}


def _require_person(context: Context, person_id: str) -> None:
    with context.journal.read() as unit:
        person_of(unit, person_id)


def _plain(reason: str) -> str:
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX:
        raise Invalid(
            f"a reason has 1 to {REASON_LENGTH_MAX} characters", f"사유를 {REASON_LENGTH_MAX}자 안에서 적어 주세요"
        )
    return reason
