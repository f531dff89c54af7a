"""Batches: sealed, then signed. What a batch holds never changes after it is sealed; only its state moves (journal/posts.py has the rest of its way).

A row is long (its entries lie in it), so queries that run often find rows by key or by a partial index and never scan.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, case, delete, func, insert, select, tuple_, update

from ledger_service.domain.batches import Batch, Need, SignedBatch
from ledger_service.journal.chunks import chunks
from ledger_service.journal.places import BATCH_NOT_FINAL
from ledger_service.journal.schema import batches

SIGNATURE_BYTES = 65
QUERY_KEYS_MAX = 200

BatchKey = tuple[int, int]
"""(desk, seq)"""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the books hold it. `coins` is the forecast of what it moves, `gas_max` what posting it costs at most."""

    batch: Batch
    head: bytes
    audit_head: bytes
    coins: int
    gas_max: int
    signatures: tuple[bytes, ...]
    state: str
    sealed_at: int
    post_number: int | None
    block_number: int | None
    transaction_hash: bytes | None
    skipped: int | None

    @property
    def key(self) -> BatchKey:
        """Its name."""
        return self.batch.desk, self.batch.seq

    @property
    def signed(self) -> SignedBatch:
        """The batch as it is posted."""
        return SignedBatch(self.batch, self.signatures)


@dataclass(frozen=True, slots=True)
class BatchMark:
    """Where a batch stands, without its entries."""

    desk: int
    seq: int
    head: bytes
    coins: int
    state: str
    post_number: int | None
    block_number: int | None
    skipped: int | None

    @property
    def key(self) -> BatchKey:
        """Its name."""
        return self.desk, self.seq


MARK = (
    batches.c.desk,
    batches.c.seq,
    batches.c.head,
    batches.c.coins,
    batches.c.state,
    batches.c.post_number,
    batches.c.block_number,
    batches.c.skipped,
)
"""The columns of a BatchMark."""

# Orders first: what they set up or forbid holds for what comes after. A batch that had a place on the chain takes it again.
POST_ORDER = (
    case((batches.c.desk == 0, 0), else_=1),
    case((batches.c.post_number < 0, 0), else_=1),
    -func.coalesce(batches.c.post_number, 0),
    batches.c.sealed_at,
    batches.c.desk,
    batches.c.seq,
)


class Batches:
    """Repository of batches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, batch: Batch, *, head: bytes, audit_head: bytes, coins: int, gas_max: int, now: int) -> None:
        """Write: a sealed batch."""
        self._connection.execute(
            insert(batches).values(
                desk=batch.desk,
                seq=batch.seq,
                day=batch.day,
                previous_head=batch.previous_head,
                evidence_root=batch.evidence_root,
                needs=json.dumps([[need.desk, need.seq] for need in batch.needs], separators=(",", ":")),
                words=batch.words,
                annex=batch.annex,
                head=head,
                audit_head=audit_head,
                coins=coins,
                gas_max=gas_max,
                state="sealed",
                sealed_at=now,
            )
        )

    def read(self, desk: int, seq: int) -> BatchRow | None:
        """One batch."""
        row = self._connection.execute(
            select(batches).where(batches.c.desk == desk, batches.c.seq == seq)
        ).one_or_none()
        return _batch(row) if row else None

    def marks(self, keys: Iterable[BatchKey]) -> dict[BatchKey, BatchMark]:
        """Where these batches stand; one that the books do not have is missing."""
        wanted = list(keys)
        found: dict[BatchKey, BatchMark] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(select(*MARK).where(tuple_(batches.c.desk, batches.c.seq).in_(chunk)))
            found.update(((row.desk, row.seq), BatchMark(*row)) for row in rows)
        return found

    def of_desk(self, desk: int, after: int, rows_max: int) -> list[BatchRow]:
        """The batches of a desk, from a sequence number on."""
        return read_batches(
            self._connection,
            select(batches).where(batches.c.desk == desk, batches.c.seq > after).order_by(batches.c.seq),
            rows_max,
        )

    def sealed(self, rows_max: int) -> list[BatchRow]:
        """Batches that wait for their desk's signature, oldest first."""
        return read_batches(
            self._connection,
            select(batches).where(batches.c.state == "sealed", BATCH_NOT_FINAL).order_by(*POST_ORDER),
            rows_max,
        )

    def unsigned_desks(self) -> set[int]:
        """Desks whose last batch is not signed yet: their next one has to wait."""
        return set(
            self._connection.execute(
                select(batches.c.desk).where(batches.c.state == "sealed", BATCH_NOT_FINAL).distinct()
            ).scalars()
        )

    def sign(self, desk: int, seq: int, head: bytes, signatures: Sequence[bytes]) -> bool:
        """Write: sealed → signed; False where the batch is not that one, or not sealed any more."""
        done = self._connection.execute(
            update(batches)
            .where(batches.c.desk == desk, batches.c.seq == seq, batches.c.head == head, batches.c.state == "sealed")
            .values(state="signed", signatures=b"".join(signatures))
        )
        return done.rowcount == 1

    def signed_of(self, desk_numbers: Collection[int], rows_max: int) -> list[BatchRow]:
        """Signed batches of these desks that were never on the chain, oldest first."""
        return read_batches(
            self._connection,
            select(batches)
            .where(batches.c.state == "signed", BATCH_NOT_FINAL)
            .where(batches.c.desk.in_(desk_numbers), batches.c.post_number.is_(None))
            .order_by(batches.c.desk, batches.c.seq),
            rows_max,
        )

    def unsign(self, desk: int, seq: int) -> None:
        """Write: signed → sealed: what signed it is not the desk's key any more. One that was on the chain keeps its signatures."""
        self._connection.execute(
            update(batches)
            .where(batches.c.desk == desk, batches.c.seq == seq)
            .where(batches.c.state == "signed", batches.c.post_number.is_(None))
            .values(state="sealed", signatures=None)
        )

    def set_audit_head(self, desk: int, seq: int, audit_head: bytes) -> None:
        """Write: what leaf 0 of a batch's evidence says, which its words alone did not."""
        self._connection.execute(
            update(batches).where(batches.c.desk == desk, batches.c.seq == seq).values(audit_head=audit_head)
        )

    def drop_above(self, desk: int, seq: int) -> None:
        """Write: forget a desk's batches beyond a sequence number, of which none may be final; their entries are free before."""
        self._connection.execute(
            delete(batches).where(batches.c.desk == desk, batches.c.seq > seq, batches.c.state != "final")
        )


def read_batches(connection: Connection, wanted: Select[Any], rows_max: int) -> list[BatchRow]:
    """The batches that a query of whole rows finds, so many at most."""
    return [_batch(row) for row in connection.execute(wanted.limit(rows_max))]


def _batch(row: Row[Any]) -> BatchRow:
    joined = row.signatures or b""
    return BatchRow(
        batch=Batch(
            desk=row.desk,
            seq=row.seq,
            day=row.day,
            previous_head=row.previous_head,
            evidence_root=row.evidence_root,
            needs=tuple(Need(desk, seq) for desk, seq in json.loads(row.needs)),
            words=row.words,
            annex=row.annex,
        ),
        head=row.head,
        audit_head=row.audit_head,
        coins=row.coins,
        gas_max=row.gas_max,
        signatures=tuple(joined[at : at + SIGNATURE_BYTES] for at in range(0, len(joined), SIGNATURE_BYTES)),
        state=row.state,
        sealed_at=row.sealed_at,
        post_number=row.post_number,
        block_number=row.block_number,
        transaction_hash=row.transaction_hash,
        skipped=row.skipped,
    )
