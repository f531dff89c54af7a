"""Proposals and orders: one person of the coin office proposes, another approves, and desk 0's next batch carries it.

A proposal's content is a list of steps, each naming one thing to put in force (services/rate_steps.py, limit_steps.py, desk_steps.py,
frozen.py, key_changes.py); approving writes the books and queues the contract's orders in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import Order, OrderCode, encode_orders
from ledger_service.errors import Invalid, NotFound
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.approvals import approve_once, turn_down, waiting
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.desk_steps import (
    add_desk,
    add_fund,
    adopt,
    end_fund,
    is_so,
    open_ledger,
    require_changeable,
    require_stopped,
    seal,
)
from ledger_service.services.file_steps import FILE_STEPS
from ledger_service.services.frozen import freeze_step, unfreeze_step
from ledger_service.services.key_changes import rotate_step
from ledger_service.services.limit_steps import set_limit
from ledger_service.services.rate_steps import add_rate, add_value
from ledger_service.services.steps import Step

_WITH_NOTICE = frozenset({"rate", "value", "limit"})


def propose_file(context: Context, actor: Actor, once: Once | None, kind: str, data: bytes) -> dict[str, Any]:
    """Propose what a master file holds: centers, venues, programmes, funds, values or limits."""
    reader = FILE_STEPS.get(kind)
    if reader is None:
        raise Invalid(f"a master file is one of {', '.join(FILE_STEPS)}", "알 수 없는 기준 정보 파일입니다")
    steps = _changes(context, actor, reader(data))
    if not steps:
        raise Invalid("the file changes nothing: nothing was proposed", "바뀌는 내용이 없어 제안하지 않았습니다")
    return propose(context, actor, once, f"{kind} ({len(steps)})", steps)


def _changes(context: Context, actor: Actor, steps: Sequence[Step]) -> Sequence[Step]:
    """The steps but those of desks and funds that are as they say; once the ledger is open, those that would change something.

    What could not be approved is refused at once.
    """
    actor.require(Role.OFFICE)
    with context.journal.write() as unit:  # never committed: a rehearsal
        steps = [step for step in steps if not is_so(unit, step)]
        for step in steps:
            require_changeable(unit, step)
        if not unit.orders.is_sealed():
            return steps
        return [step for step in steps if step["step"] not in _WITH_NOTICE or _apply(context, unit, step)]


def propose_opening(context: Context, actor: Actor, once: Once | None) -> dict[str, Any]:
    """Propose to end setup: open the ledger, for a month at a time (services/opening.py), and seal it. After it, every change needs its notice."""
    return propose(context, actor, once, "open and seal", [{"step": "open"}, {"step": "seal"}])


def propose_fund_end(context: Context, actor: Actor, once: Once | None, code: str) -> dict[str, Any]:
    """Propose to cancel a donation project. Its givers may then name another project of the same body for 30 days."""
    return propose(context, actor, once, f"end fund {code}", [{"step": "end_fund", "code": code}])


def propose_adoption(context: Context, actor: Actor, once: Once | None, desk: int) -> dict[str, Any]:
    """Propose to take what the chain has of a stopped desk, and to seal anew what of ours it does not have. It moves coins: two people decide.

    Raises NotFound, DeskNotStopped.
    """
    with context.journal.read() as unit:
        require_stopped(unit, desk)
    return propose(context, actor, once, f"adopt desk {desk}", [{"step": "adopt", "desk": desk}])


def propose(context: Context, actor: Actor, once: Once | None, title: str, steps: Sequence[Step]) -> dict[str, Any]:
    """Put steps before another person of the coin office."""
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        proposal_id = context.new_id()
        unit.approvals.add(proposal_id, "orders", "waiting", actor.id, context.clock.now())
        unit.orders.propose(proposal_id, title, {"steps": list(steps)})
        unit.audit_log.write(context.clock.now(), actor.id, "propose", proposal_id, title=title)
        return {"id": proposal_id, "status": "waiting", "title": title, "steps": len(steps)}

    return run_once(context, actor.id, once, command)


def approve_orders(context: Context, actor: Actor, once: Once | None, proposal_id: str) -> dict[str, Any]:
    """Put a proposal in force: the books change and its orders wait for desk 0's next batch.

    Raises SamePerson, NotWaiting, NotFound, AlreadyThere, OrderUnencodable; then nothing changes.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        waiting(unit, actor, proposal_id, ("orders",))
        found = unit.orders.proposal(proposal_id)
        if found is None:
            raise NotFound(f"there is no proposal {proposal_id}", "해당 제안이 없습니다")
        title, content = found
        steps = [{**step, "proposal": proposal_id, "by": actor.id} for step in content["steps"]]
        orders = [order for step in steps for order in _apply(context, unit, step)]
        encode_orders(orders)  # an order that does not encode would keep desk 0's batch from ever being sealed
        unit.orders.add_many(proposal_id, orders, civil_day(context.clock.today()))
        unit.approvals.move(proposal_id, "waiting", "approved", actor.id, context.clock.now(), None)
        unit.audit_log.write(context.clock.now(), actor.id, "approve", proposal_id, title=title, orders=len(orders))
        changes_value = any(order.code == OrderCode.COIN_VALUE for order in orders) and unit.orders.is_sealed()
        open_venues = _not_closed(unit) if changes_value else []
        return {
            "id": proposal_id, "status": "approved", "title": title, "orders": len(orders), "not_closed": open_venues,
        }  # fmt: skip

    return approve_once(context, actor, once, command)


def _not_closed(unit: WriteUnit) -> list[str]:
    """Venues with charges that no month close has settled: their coins keep the value of their own day."""
    venues = [desk for desk in unit.master.desks() if desk.kind is DeskKind.VENUE]
    return [desk.code for desk in venues if unit.closes.venue_account(desk.number).balance]


def decline_orders(context: Context, actor: Actor, once: Once | None, proposal_id: str, reason: str) -> dict[str, Any]:
    """Reject another's proposal or withdraw one's own."""
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, proposal_id, ("orders",), deciding=False)
        status = turn_down(context, unit, actor, approval, reason)
        unit.audit_log.write(context.clock.now(), actor.id, status, proposal_id)
        return {"id": proposal_id, "status": status}

    return run_once(context, actor.id, once, command)


def _apply(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    return _STEPS[step["step"]](context, unit, step)


_STEPS: dict[str, Callable[[Context, WriteUnit, Step], list[Order]]] = {
    "desk": add_desk,
    "rate": add_rate,
    "value": add_value,
    "limit": set_limit,
    "fund": add_fund,
    "end_fund": end_fund,
    "open": open_ledger,
    "seal": seal,
    "adopt": adopt,
    "freeze": freeze_step,
    "unfreeze": unfreeze_step,
    "rotate": rotate_step,
}
