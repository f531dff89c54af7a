"""Batches: sealed, signed, posted, final. What a batch holds never changes after it is sealed; only its state moves.

`post_number` is negative for a batch whose post a reorg took away: the place that it had decides in which order it is posted again.
A row is long (its entries lie in it), so queries that run often find rows by key or by a partial index and never scan.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)

from ledger_service.domain.batches import OFFICE_DESK, Batch, Need, SignedBatch
from ledger_service.domain.effects import BRINGING
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.journal.chunks import chunks
from ledger_service.journal.engine import driver_mark
from ledger_service.journal.schema import accounts, batches, desks, entries, orders

SIGNATURE_BYTES = 65
QUERY_KEYS_MAX = 200
QUERY_ACCOUNTS_MAX = 500
FUNDING = (*BRINGING, Kind.EXPIRE, Kind.MERGE)

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


@dataclass(frozen=True, slots=True)
class Post:
    """Where on the chain a batch landed, and how many of its entries or orders were skipped."""

    desk: int
    seq: int
    post_number: int
    block_number: int
    transaction_hash: bytes
    skipped: int


_MARK = (
    batches.c.desk,
    batches.c.seq,
    batches.c.head,
    batches.c.coins,
    batches.c.state,
    batches.c.post_number,
    batches.c.block_number,
    batches.c.skipped,
)
# Spelled as the partial index of the schema: SQLite does not see that a bound value means the same.
_NOT_FINAL = text("batches.state <> 'final'")


_OLDEST_UNPOSTED_AT = select(func.min(batches.c.sealed_at)).where(
    or_(batches.c.state == "sealed", batches.c.state == "signed"), _NOT_FINAL
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
            rows = self._connection.execute(select(*_MARK).where(tuple_(batches.c.desk, batches.c.seq).in_(chunk)))
            found.update(((row.desk, row.seq), BatchMark(*row)) for row in rows)
        return found

    def sealed(self, rows_max: int) -> list[BatchRow]:
        """Batches that wait for their desk's signature, oldest first."""
        return self._batches(select(batches).where(batches.c.state == "sealed", _NOT_FINAL).order_by(*_ORDER), rows_max)

    def unsigned_desks(self) -> set[int]:
        """Desks whose last batch is not signed yet: their next one has to wait."""
        return set(
            self._connection.execute(
                select(batches.c.desk).where(batches.c.state == "sealed", _NOT_FINAL).distinct()
            ).scalars()
        )

    def to_post(self, rows_max: int) -> list[BatchRow]:
        """Signed batches that are not on the chain, in the order to post them: orders, then those that a reorg threw out, then by age."""
        return self._batches(select(batches).where(batches.c.state == "signed", _NOT_FINAL).order_by(*_ORDER), rows_max)

    def oldest_unposted_at(self, but_desks: Collection[int] = ()) -> int | None:
        """When the oldest batch that is not on the chain was sealed, of all desks but these; None where all are."""
        of_all = _OLDEST_UNPOSTED_AT
        wanted = of_all.where(batches.c.desk.not_in(but_desks)) if but_desks else of_all
        oldest: int | None = self._connection.execute(wanted).scalar_one()
        return oldest

    def unposted_debits(self, but_desks: Collection[int] = ()) -> int:
        """Coins of the venues' and the treasury's batches that are not on the chain, of all desks but these.

        A venue's refunds count as well: their coins are in the same sum, and to ask entry by entry would make a charge wait.
        """
        found = self._connection.execute(
            select(func.coalesce(func.sum(batches.c.coins), 0))
            .join(desks, desks.c.number == batches.c.desk)
            .where(batches.c.state.in_(("sealed", "signed")), _NOT_FINAL, batches.c.desk.not_in(but_desks))
            .where(desks.c.kind.in_((DeskKind.VENUE, DeskKind.TREASURY)))
        ).scalar_one()
        return int(found)

    def counts(self) -> dict[str, int]:
        """How many batches are in each state but final."""
        rows = self._connection.execute(
            select(batches.c.state, func.count()).where(_NOT_FINAL).group_by(batches.c.state)
        )
        return {row[0]: row[1] for row in rows}

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
        return self._batches(
            select(batches)
            .where(batches.c.state == "signed", _NOT_FINAL)
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

    def mark_final(self, desk: int, seq: int) -> bool:
        """Write: posted → final; False where that has happened before, so that balances move once."""
        done = self._connection.execute(
            update(batches)
            .where(batches.c.desk == desk, batches.c.seq == seq, batches.c.state == "posted")
            .values(state="final")
        )
        return done.rowcount == 1

    def posted_up_to(self, block: int, rows_max: int) -> list[BatchMark]:
        """Batches in a block that is final now, in the order of the chain."""
        rows = self._connection.execute(
            select(*_MARK)
            .where(batches.c.state == "posted", _NOT_FINAL, batches.c.block_number <= block)
            .order_by(batches.c.post_number)
            .limit(rows_max)
        )
        return [BatchMark(*row) for row in rows]

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
        return self._batches(
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
        return self._batches(
            select(batches).where(batches.c.post_number > after).order_by(batches.c.post_number), rows_max
        )

    def of_desk(self, desk: int, after: int, rows_max: int) -> list[BatchRow]:
        """The batches of a desk, from a sequence number on."""
        return self._batches(
            select(batches).where(batches.c.desk == desk, batches.c.seq > after).order_by(batches.c.seq), rows_max
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

    def posts(self) -> int:
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

    def skips_of(self, keys: Iterable[BatchKey]) -> dict[BatchKey, list[tuple[int, int, int]]]:
        """(position, reason, coins) of every skipped entry of these batches, in order."""
        wanted = list(keys)
        found: dict[BatchKey, list[tuple[int, int, int]]] = {}
        for chunk in chunks(wanted, QUERY_KEYS_MAX):
            rows = self._connection.execute(
                select(entries.c.desk, entries.c.seq, entries.c.position, entries.c.skip_reason, entries.c.coins)
                .where(tuple_(entries.c.desk, entries.c.seq).in_(chunk))
                .where(entries.c.skip_reason.is_not(None))
                .order_by(entries.c.desk, entries.c.seq, entries.c.position)
            )
            for row in rows:
                found.setdefault((row.desk, row.seq), []).append((row.position, row.skip_reason, row.coins))
        return found

    def movements(self, desk: int, seq: int) -> list[tuple[bytes, int, int, int]]:
        """(account, kind, coins, position) of every entry of a batch, in order."""
        rows = self._connection.execute(
            select(entries.c.account, entries.c.kind, entries.c.coins, entries.c.position)
            .where(entries.c.desk == desk, entries.c.seq == seq)
            .order_by(entries.c.position)
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows.all()]

    def new_accounts(self, desk: int, up_to_no: int) -> set[bytes]:
        """Accounts of a desk's entries that no batch has taken, up to a journal number, which no final batch has touched."""
        rows = self._connection.execute(
            select(entries.c.account)
            .join(accounts, accounts.c.address == entries.c.account)
            .where(entries.c.desk == desk, entries.c.seq.is_(None), entries.c.journal_no <= up_to_no)
            .where(accounts.c.on_chain.is_(false()))
        )
        return set(rows.scalars().all())

    def place(self, seq: int, journal_numbers: Sequence[int]) -> bool:
        """Write: put entries into a batch, in this order; False where one of them was not free."""
        mark = driver_mark(self._connection)
        done = self._connection.exec_driver_sql(
            f"UPDATE entries SET seq = {mark}, position = {mark} WHERE journal_no = {mark} AND seq IS NULL",  # noqa: S608
            [(seq, position, number) for position, number in enumerate(journal_numbers)],
        )
        return done.rowcount == len(journal_numbers)

    def funding(self, spenders: Sequence[bytes], but_desk: int, kinds: Collection[int] = FUNDING) -> set[BatchKey]:
        """Batches of other desks that brought these accounts coins, or that have to stand before what spends them."""
        found: set[BatchKey] = set()
        for chunk in chunks(spenders, QUERY_ACCOUNTS_MAX):
            rows = self._connection.execute(
                select(entries.c.desk, entries.c.seq)
                .where(entries.c.account.in_(chunk))
                .where(entries.c.kind.in_(kinds))
                .where(entries.c.desk != but_desk, entries.c.seq.is_not(None))
                .distinct()
            )
            found.update((row.desk, row.seq) for row in rows)
        return found

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

    def _batches(self, statement: Select[Any], rows_max: int) -> list[BatchRow]:
        return [_batch(row) for row in self._connection.execute(statement.limit(rows_max))]


# Orders first: what they set up or forbid holds for what comes after. A batch that had a place on the chain takes it again.
_ORDER = (
    case((batches.c.desk == 0, 0), else_=1),
    case((batches.c.post_number < 0, 0), else_=1),
    -func.coalesce(batches.c.post_number, 0),
    batches.c.sealed_at,
    batches.c.desk,
    batches.c.seq,
)


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
