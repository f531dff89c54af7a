"""Order proposals and the orders that approval made of them, waiting for desk 0's next batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from ledger_service.domain.orders import Order, OrderCode
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import batches, desks, entries, order_proposals, orders

_OF_ACCOUNT = (OrderCode.FREEZE, OrderCode.UNFREEZE)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An approved order and its place in desk 0's batches. `day` is the civil day of its approval, and of its batch once it has one."""

    id: int
    proposal_id: str
    order: Order
    day: int
    seq: int | None
    position: int | None
    skip_reason: int | None


class Orders:
    """Repository of order proposals and orders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def propose(self, proposal_id: str, title: str, content: dict[str, Any]) -> None:
        """Write: what approval would put in force."""
        self._connection.execute(
            insert(order_proposals).values(
                id=proposal_id, title=title, content=json.dumps(content, ensure_ascii=False, sort_keys=True)
            )
        )

    def proposal(self, proposal_id: str) -> tuple[str, dict[str, Any]] | None:
        """Title and content of a proposal."""
        row = self._connection.execute(
            select(order_proposals.c.title, order_proposals.c.content).where(order_proposals.c.id == proposal_id)
        ).one_or_none()
        return (row.title, json.loads(row.content)) if row else None

    def add_many(self, proposal_id: str, new_orders: Sequence[Order], day: int) -> None:
        """Write: orders of a proposal, in order, that are approved on a civil day."""
        if new_orders:
            self._connection.execute(
                insert(orders),
                [
                    {
                        "proposal_id": proposal_id,
                        "code": order.code,
                        "args": json.dumps([str(value) for value in order.args]),
                        "account": order.args[0].to_bytes(20, "big") if order.code in _OF_ACCOUNT else None,
                        "day": day,
                    }
                    for order in new_orders
                ],
            )

    def is_sealed(self) -> bool:
        """Whether the order that ends setup was approved."""
        return (
            self._connection.execute(select(orders.c.id).where(orders.c.code == OrderCode.SEAL).limit(1)).first()
            is not None
        )

    def opening(self) -> tuple[str, int] | None:
        """The proposal that ended setup, and the day up to which desks may seal by the last order that says so; None in setup."""
        sealing = self._connection.execute(
            select(orders.c.proposal_id)
            .where(orders.c.code == OrderCode.SEAL, orders.c.skip_reason.is_(None))
            .order_by(orders.c.id)
            .limit(1)
        ).scalar_one_or_none()
        if sealing is None:
            return None
        last = self._connection.execute(
            select(orders.c.args)
            .where(orders.c.code == OrderCode.OPEN_UNTIL, orders.c.skip_reason.is_(None))
            .order_by(orders.c.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        return sealing, int(json.loads(last)[0]) if last is not None else 0

    def unsealed(self, rows_max: int) -> list[OrderRow]:
        """The oldest orders that no batch has taken and that may go, of one day: the notice that a change was given is counted from it.

        A freeze waits until what was accepted for its account before is final, and what is ordered for that account later waits with it.
        """
        wanted = select(orders).where(orders.c.seq.is_(None))
        for account, first in self._waiting_freezes().items():
            wanted = wanted.where(or_(orders.c.account.is_(None), orders.c.account != account, orders.c.id < first))
        rows = self._connection.execute(wanted.order_by(orders.c.id).limit(rows_max)).all()
        return [_order(row) for row in takewhile(lambda row: row.day == rows[0].day, rows)]

    def _waiting_freezes(self) -> dict[bytes, int]:
        """Accounts with a freeze to order and entries that are not final, and the first such order; a stopped desk's entries are not
        waited for. What was ordered for an account before its freeze does not wait: entries since then rely on it.
        """
        freezing = {
            row[0]: row[1]
            for row in self._connection.execute(
                select(orders.c.account, func.min(orders.c.id))
                .where(orders.c.seq.is_(None), orders.c.code == OrderCode.FREEZE)
                .group_by(orders.c.account)
            )
        }
        if not freezing:
            return {}
        busy = self._connection.execute(
            select(entries.c.account)
            .select_from(entries.join(desks, desks.c.number == entries.c.desk).outerjoin(batches, ITS_BATCH))
            .where(entries.c.account.in_(freezing), desks.c.stopped.is_(None))
            .where(ENTRY_NOT_FINAL)
            .distinct()
        ).scalars()
        return {account: freezing[account] for account in busy}

    def of_batch(self, seq: int) -> list[OrderRow]:
        """The orders of a batch of desk 0, in order."""
        rows = self._connection.execute(select(orders).where(orders.c.seq == seq).order_by(orders.c.position))
        return [_order(row) for row in rows]

    def place(self, seq: int, day: int, order_ids: Sequence[int]) -> None:
        """Write: put orders into a batch of a day, in this order."""
        for position, order_id in enumerate(order_ids):
            self._connection.execute(
                update(orders).where(orders.c.id == order_id).values(seq=seq, position=position, day=day)
            )

    def mark_skipped(self, seq: int, position: int, reason: int) -> None:
        """Write: the chain did not apply this order."""
        self._connection.execute(
            update(orders).where(orders.c.seq == seq, orders.c.position == position).values(skip_reason=reason)
        )


def _order(row: Any) -> OrderRow:
    args = tuple(int(value) for value in json.loads(row.args))
    return OrderRow(row.id, row.proposal_id, Order(row.code, args), row.day, row.seq, row.position, row.skip_reason)
