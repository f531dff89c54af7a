"""Batches on the chain that the books know by their words alone: their bundle is missing, or somebody else sealed them (foreign)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from ledger_service.journal.chunks import chunks
from ledger_service.journal.schema import outside_batches

QUERY_KEYS_MAX = 200

Moves = list[tuple[bytes, int, int, int]]
"""(account, credited, refunding, debited): what a batch does to the balances once it is final."""


@dataclass(frozen=True, slots=True)
class OutsideRow:
    """Such a batch. The days are those of the activities that it credits, none where it credits nothing."""

    desk: int
    seq: int
    state: str
    head: bytes
    first_day: int | None
    last_day: int | None
    moves: Moves
    skips: list[tuple[int, int]]
    noted_at: int


class Outside:
    """Repository of batches from outside."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: OutsideRow) -> None:
        """Write: a batch that the chain has and the books cannot read."""
        self._connection.execute(
            insert(outside_batches).values(
                desk=row.desk,
                seq=row.seq,
                state=row.state,
                head=row.head,
                first_day=row.first_day,
                last_day=row.last_day,
                moves=json.dumps([[account.hex(), *numbers] for account, *numbers in row.moves]),
                skips=json.dumps(row.skips),
                noted_at=row.noted_at,
            )
        )

    def all(self, state: str) -> list[OutsideRow]:
        """Those that are `missing`, or `foreign`, by desk and sequence."""
        rows = self._connection.execute(
            select(outside_batches)
            .where(outside_batches.c.state == state)
            .order_by(outside_batches.c.desk, outside_batches.c.seq)
        )
        return [_outside(row) for row in rows]

    def of(self, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], OutsideRow]:
        """Those among these batches."""
        wanted = list(keys)
        found: dict[tuple[int, int], OutsideRow] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(outside_batches).where(tuple_(outside_batches.c.desk, outside_batches.c.seq).in_(chunk))
            )
            found.update(((row.desk, row.seq), _outside(row)) for row in rows)
        return found

    def call_foreign(self, desk: int) -> int:
        """Write: nobody here sealed what is missing of this desk; how many batches."""
        return self._connection.execute(
            update(outside_batches)
            .where(outside_batches.c.desk == desk, outside_batches.c.state == "missing")
            .values(state="foreign")
        ).rowcount

    def remove(self, desk: int, seq: int) -> None:
        """Write: the bundle is back, and the books have what it holds."""
        self._connection.execute(
            delete(outside_batches).where(outside_batches.c.desk == desk, outside_batches.c.seq == seq)
        )


def _outside(row) -> OutsideRow:  # type: ignore[no-untyped-def]  # a row of the table
    return OutsideRow(
        row.desk, row.seq, row.state, row.head, row.first_day, row.last_day,
        [(bytes.fromhex(account), *numbers) for account, *numbers in json.loads(row.moves)],
        [(position, reason) for position, reason in json.loads(row.skips)],
        row.noted_at,
    )  # fmt: skip
