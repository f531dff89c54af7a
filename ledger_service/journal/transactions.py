"""Transactions: stored and committed before they are sent, so that after a crash the same bytes are sent again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.schema import transactions

QUERY_HASHES_MAX = 500


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A signed transaction. `batches` are those it carries, in order, as (desk, seq)."""

    id: int
    nonce: int
    hash: bytes
    raw: bytes
    batches: tuple[tuple[int, int], ...]
    created_at: int


class Transactions:
    """Repository of one sender's transactions: stored (may be on its way), settled (its nonce is used), dropped (another used it)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        sender: bytes,
        nonce: int,
        hash_: bytes,
        raw: bytes,
        carried: Sequence[tuple[int, int]],
        now: int,
        *,
        replaces: bool = False,
    ) -> None:
        """Write: a transaction that will be sent; `replaces`: the same call as another one, with a higher fee.

        Signing is deterministic: on a rebuilt chain the very bytes that were dropped may come again, and then it is the same transaction.
        """
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(transactions).values(
            sender=sender,
            nonce=nonce,
            hash=hash_,
            raw=raw,
            state="stored",
            batches=json.dumps([list(key) for key in carried], separators=(",", ":")),
            created_at=now,
            replaces=replaces,
        )
        again = {"state": "stored", "created_at": now}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["hash"], set_=again))

    def stored(self, sender: bytes) -> list[TransactionRow]:
        """Those that may be on their way, by nonce; of a replaced fee all, the last one last."""
        rows = self._connection.execute(
            select(transactions)
            .where(transactions.c.state == "stored", transactions.c.sender == sender)
            .order_by(transactions.c.nonce, transactions.c.id)
        )
        return [
            TransactionRow(
                row.id, row.nonce, row.hash, row.raw,
                tuple((desk, seq) for desk, seq in json.loads(row.batches)), row.created_at,
            )
            for row in rows
        ]  # fmt: skip

    def known(self, hashes: Iterable[bytes]) -> set[bytes]:
        """Those of the hashes that are of transactions of ours."""
        wanted = list(hashes)
        found: set[bytes] = set()
        for start in range(0, len(wanted), QUERY_HASHES_MAX):
            chunk = wanted[start : start + QUERY_HASHES_MAX]
            found.update(
                self._connection.execute(select(transactions.c.hash).where(transactions.c.hash.in_(chunk))).scalars()
            )
        return found

    def last_nonce(self, sender: bytes) -> int | None:
        """The highest nonce that is used or may be."""
        highest: int | None = self._connection.execute(
            select(func.max(transactions.c.nonce)).where(
                transactions.c.sender == sender, transactions.c.state.in_(("stored", "settled"))
            )
        ).scalar_one()
        return highest

    def move(self, hashes: Sequence[bytes], after: str) -> None:
        """Write: stored → settled or dropped."""
        for start in range(0, len(hashes), QUERY_HASHES_MAX):
            chunk = hashes[start : start + QUERY_HASHES_MAX]
            self._connection.execute(
                update(transactions)
                .where(transactions.c.hash.in_(chunk), transactions.c.state == "stored")
                .values(state=after)
            )

    def revive(self, sender: bytes, nonce: int) -> int:
        """Write: a reorg gave these nonces back: settled → stored, so that the same bytes are sent again; how many."""
        return self._connection.execute(
            update(transactions)
            .where(transactions.c.sender == sender, transactions.c.nonce >= nonce, transactions.c.state == "settled")
            .values(state="stored")
        ).rowcount

    def settled_from(self, sender: bytes, nonce: int) -> int:
        """How many transactions the books hold for settled from a nonce on."""
        return self._connection.execute(
            select(func.count())
            .select_from(transactions)
            .where(transactions.c.sender == sender, transactions.c.nonce >= nonce, transactions.c.state == "settled")
        ).scalar_one()

    def forget_chain(self) -> None:
        """Write: the chain that these were for is gone; their nonces mean nothing on the next one."""
        self._connection.execute(update(transactions).where(transactions.c.state != "dropped").values(state="dropped"))
