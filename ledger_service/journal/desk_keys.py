"""Whose signatures a desk's batch wants, by the orders that registered, rotated and revoked its keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.orders import OrderCode
from ledger_service.journal.schema import batches, orders

_ON_CHAIN = ("posted", "final")


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs, and how many of them are enough."""

    threshold: int
    signers: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One order about a desk's keys. `keys` None: revoked. `is_placed`: a batch carries it; `is_on_chain`: that batch has landed."""

    code: int
    first_seq: int
    keys: Keys | None
    is_placed: bool
    is_on_chain: bool


class KeyHistory:
    """The key orders of every desk, read at one moment."""

    def __init__(self, changes: Mapping[int, Sequence[KeyChange]]) -> None:
        self._changes = changes

    def knows(self, desk: int) -> bool:
        """Whether the books have an order that gave this desk a key. The office's first keys are in the contract itself."""
        return desk in self._changes

    def changed(self) -> list[int]:
        """Desks whose keys were ordered to change since they were registered."""
        return [desk for desk, changes in self._changes.items() if len(changes) > 1]

    def count(self, desk: int) -> int:
        """How many key orders a desk has had."""
        return len(self._changes.get(desk, ()))

    def at(self, desk: int, seq: int) -> Keys | None:
        """Who signs a desk's batch at a place. None: nobody now, because the keys are revoked, or because those of a rotation that begins at
        or before this place are not on the chain yet.
        """
        keys: Keys | None = None
        for change in self._changes.get(desk, ()):
            if change.code == OrderCode.REGISTER_DESK:
                keys = change.keys if change.is_placed else None
            elif change.code == OrderCode.REVOKE_KEYS:
                keys = None
            elif change.first_seq <= seq:
                keys = change.keys if change.is_on_chain else None
        return keys

    def last(self, desk: int) -> KeyChange | None:
        """The latest order about a desk's keys."""
        changes = self._changes.get(desk)
        return changes[-1] if changes else None


class DeskKeyOrders:
    """Repository of key orders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def history(self) -> KeyHistory:
        """Every key order that the chain has not skipped, in order."""
        rows = self._connection.execute(
            select(orders.c.code, orders.c.args, orders.c.seq, batches.c.state)
            .outerjoin(batches, and_(batches.c.desk == OFFICE_DESK, batches.c.seq == orders.c.seq))
            .where(
                orders.c.code.in_(
                    (int(OrderCode.REGISTER_DESK), int(OrderCode.ROTATE_KEYS), int(OrderCode.REVOKE_KEYS))
                ),
                orders.c.skip_reason.is_(None),
            )
            .order_by(orders.c.id)
        )
        found: dict[int, list[KeyChange]] = {}
        for code, stored, seq, state in rows:
            desk, *rest = (int(value) for value in json.loads(stored))
            is_placed, is_on_chain = seq is not None, state in _ON_CHAIN
            found.setdefault(desk, []).append(_change(code, rest, is_placed=is_placed, is_on_chain=is_on_chain))
        return KeyHistory(found)

    def skipped(self, desk: int) -> int:
        """How many key orders of a desk the chain did not take."""
        rows = self._connection.execute(
            select(orders.c.args).where(
                orders.c.code.in_((int(OrderCode.REGISTER_DESK), int(OrderCode.ROTATE_KEYS))),
                orders.c.skip_reason.is_not(None),
            )
        ).scalars()
        return sum(int(json.loads(stored)[0]) == desk for stored in rows)


def _change(code: int, rest: Sequence[int], *, is_placed: bool, is_on_chain: bool) -> KeyChange:
    if code == OrderCode.REVOKE_KEYS:
        return KeyChange(code, 0, None, is_placed, is_on_chain)
    first_seq = rest[0] if code == OrderCode.ROTATE_KEYS else 0
    return KeyChange(code, first_seq, Keys(rest[2], _addresses(rest[3:])), is_placed, is_on_chain)


def _addresses(args: Iterable[int]) -> frozenset[bytes]:
    return frozenset(one.to_bytes(20, "big") for one in args)
