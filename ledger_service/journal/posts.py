"""Batches on their way to the chain and on it: to post, posted, final, and lost again with a reorg.

`post_number` is negative for a batch whose post a reorg took away: the place that it had decides in which order it is posted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.journal.batches import MARK, POST_ORDER, BatchKey, BatchMark, BatchRow, read_batches
from ledger_service.journal.places import BATCH_NOT_FINAL
from ledger_service.journal.schema import batches, desks, entries, orders


@dataclass(frozen=True, slots=True)
class Post:
    """Where on the chain a batch landed, and how many of its entries or orders were skipped."""

    desk: int
    seq: int
    post_number: int
    block_number: int
    transaction_hash: bytes
    skipped: int


class Posts:
    """Repository of where batches stand on the chain."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def to_post(self, rows_max: int) -> list[BatchRow]:
        """Signed batches that are not on the chain, in the order to post them: orders, then those that a reorg threw out, then by age."""
        return read_batches(
            self._connection,
            select(batches).where(batches.c.state == "signed", BATCH_NOT_FINAL).order_by(*POST_ORDER),
            rows_max,
        )

    def mark_posted(self, posts: Sequence[Post]) -> None:
        """Write: where batches landed. One that is final already keeps its state, and gets its new place."""
        if posts:
            self._connection.execute(
                update(batches)
                .where(batches.c.desk == bindparam("of"), batches.c.seq == bindparam("at"))
                .values(
                    state=case((batches.c.state == "final", "final"), else_="posted"),
                    post_number=bindparam("number"),
                    block_number=bindparam("block"),
                    transaction_hash=bindparam("hash_"),
                    skipped=bindparam("skips"),
                ),
                [
                    {
                        "of": post.desk,
                        "at": post.seq,
                        "number": post.post_number,
                        "block": post.block_number,
                        "hash_": post.transaction_hash,
                        "skips": post.skipped,
                    }
                    for post in posts
                ],
            )

    def posted_up_to(self, block: int, rows_max: int) -> list[BatchMark]:
        """Batches in a block that is final now, in the order of the chain."""
        rows = self._connection.execute(
            select(*MARK)
            .where(batches.c.state == "posted", BATCH_NOT_FINAL, batches.c.block_number <= block)
            .order_by(batches.c.post_number)
            .limit(rows_max)
        )
        return [BatchMark(*row) for row in rows]

    def mark_final(self, desk: int, seq: int) -> bool:
        """Write: posted → final; False where that has happened before, so that balances move once."""
        done = self._connection.execute(
            update(batches)
            .where(batches.c.desk == desk, batches.c.seq == seq, batches.c.state == "posted")
            .values(state="final")
        )
        return done.rowcount == 1

    def rewind(self, block: int) -> list[BatchKey]:
        """Write: what stood in later blocks is not on the chain any more: posted → signed. Those among them that were final."""
        gone = (batches.c.block_number > block, batches.c.post_number > 0)
        rows = self._connection.execute(
            select(batches.c.desk, batches.c.seq, batches.c.state, batches.c.skipped)
            .where(*gone)
            .order_by(batches.c.post_number)
        ).all()
        self._unskip([(row.desk, row.seq) for row in rows if row.skipped and row.state != "final"])
        self._connection.execute(
            update(batches)
            .where(*gone)
            .values(
                state=case((batches.c.state == "posted", "signed"), else_=batches.c.state),
                post_number=-batches.c.post_number,
                block_number=None,
                transaction_hash=None,
            )
        )
        return [(row.desk, row.seq) for row in rows if row.state == "final"]

    def lost(self, rows_max: int) -> list[BatchRow]:
        """Batches whose post a reorg, or the loss of the chain, took away, in the order to post them again; of stopped desks last."""
        return read_batches(
            self._connection,
            select(batches)
            .join(desks, desks.c.number == batches.c.desk)
            .where(batches.c.post_number < 0, batches.c.state.in_(("signed", "final")))
            .order_by(desks.c.stopped.is_not(None), batches.c.post_number.desc()),
            rows_max,
        )

    def lost_count(self) -> int:
        """How many batches have to be posted again."""
        return self._connection.execute(
            select(func.count()).select_from(batches).where(batches.c.post_number < 0)
        ).scalar_one()

    def places(self) -> dict[BatchKey, tuple[int, int | None]]:
        """Post number and number of skips of every batch that is, or was, on the chain."""
        rows = self._connection.execute(
            select(batches.c.desk, batches.c.seq, func.abs(batches.c.post_number), batches.c.skipped).where(
                batches.c.post_number.is_not(None)
            )
        )
        return {(desk, seq): (number, skipped) for desk, seq, number, skipped in rows}

    def in_post_order(self, after: int, rows_max: int) -> list[BatchRow]:
        """Batches that are on the chain, from a post number on."""
        return read_batches(
            self._connection,
            select(batches).where(batches.c.post_number > after).order_by(batches.c.post_number),
            rows_max,
        )

    def last_number(self) -> int:
        """The highest post number; 0 before the first post."""
        return int(
            self._connection.execute(
                select(func.coalesce(func.max(batches.c.post_number), 0)).where(batches.c.post_number > 0)
            ).scalar_one()
        )

    def skipped_total(self) -> int:
        """Entries and orders that the chain did not apply."""
        return int(self._connection.execute(select(func.coalesce(func.sum(batches.c.skipped), 0))).scalar_one())

    def tip(self, desk: int) -> tuple[int, bytes]:
        """Seq and head of a desk's last batch that is on the chain, as far as the books know; (0, zero) before the first."""
        return self._tip(desk, batches.c.post_number > 0)

    def final_seq(self, desk: int) -> int:
        """Seq of a desk's last final batch."""
        return self._tip(desk, batches.c.state == "final")[0]

    def _unskip(self, keys: Sequence[BatchKey]) -> None:
        """The chain has not decided on these any more."""
        for desk, seq in keys:
            if desk == OFFICE_DESK:
                self._connection.execute(update(orders).where(orders.c.seq == seq).values(skip_reason=None))
            else:
                self._connection.execute(
                    update(entries).where(entries.c.desk == desk, entries.c.seq == seq).values(skip_reason=None)
                )

    def _tip(self, desk: int, condition: Any) -> tuple[int, bytes]:
        row = self._connection.execute(
            select(batches.c.seq, batches.c.head)
            .where(batches.c.desk == desk, condition)
            .order_by(batches.c.seq.desc())
            .limit(1)
        ).one_or_none()
        return (row.seq, row.head) if row else (0, bytes(32))
