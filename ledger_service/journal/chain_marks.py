"""What the books remember of the chain: its identity, the blocks read so far, what posting is doing, and who posts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select, text

from ledger_service.journal.schema import chain_blocks, chain_identity, posting_status

BLOCKS_KEPT = 256
_POSTER_LOCK = 0x426F72616D  # "Boram"


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """What the chain and its contract are known by."""

    chain_id: int
    genesis_hash: bytes
    contract: bytes
    code_hash: bytes
    deploy_block: int
    deploy_block_hash: bytes


@dataclass(frozen=True, slots=True)
class StatusRow:
    """What posting is doing; `detail` is JSON with counts and findings."""

    state: str
    detail: str | None
    updated_at: int


class ChainMarks:
    """Repository of the chain's marks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def identity(self) -> IdentityRow | None:
        """The chain that the books belong to; None before the first connect."""
        row = self._connection.execute(
            select(*(column for column in chain_identity.c if column.name != "id"))
        ).one_or_none()
        return IdentityRow(*row) if row else None

    def set_identity(self, identity: IdentityRow) -> None:
        """Write: the chain that the books belong to from now on. No block of it is read yet."""
        self._connection.execute(delete(chain_identity))
        self._connection.execute(insert(chain_identity).values(id=1, **asdict(identity)))
        self._connection.execute(delete(chain_blocks))

    def last_block(self) -> tuple[int, bytes] | None:
        """Number and hash of the last block that was read."""
        row = self._connection.execute(
            select(chain_blocks.c.number, chain_blocks.c.hash).order_by(chain_blocks.c.number.desc()).limit(1)
        ).one_or_none()
        return (row.number, row.hash) if row else None

    def blocks(self) -> list[tuple[int, bytes]]:
        """The blocks that are remembered, latest first."""
        rows = self._connection.execute(
            select(chain_blocks.c.number, chain_blocks.c.hash).order_by(chain_blocks.c.number.desc())
        )
        return [(row.number, row.hash) for row in rows]

    def add_blocks(self, blocks: Sequence[tuple[int, bytes]]) -> None:
        """Write: blocks that were read, ascending; the oldest ones are let go."""
        kept = blocks[-BLOCKS_KEPT:]
        if not kept:
            return
        self._connection.execute(
            insert(chain_blocks), [{"number": number, "hash": block_hash} for number, block_hash in kept]
        )
        self._connection.execute(delete(chain_blocks).where(chain_blocks.c.number <= kept[-1][0] - BLOCKS_KEPT))

    def drop_blocks_above(self, number: int) -> None:
        """Write: later blocks are not on the chain any more."""
        self._connection.execute(delete(chain_blocks).where(chain_blocks.c.number > number))

    def status(self) -> StatusRow | None:
        """What posting said last; None where it never ran."""
        row = self._connection.execute(
            select(posting_status.c.state, posting_status.c.detail, posting_status.c.updated_at)
        ).one_or_none()
        return StatusRow(*row) if row else None

    def set_status(self, state: str, detail: str | None, now: int) -> None:
        """Write: what posting is doing."""
        self._connection.execute(delete(posting_status))
        self._connection.execute(insert(posting_status).values(id=1, state=state, detail=detail, updated_at=now))


class PosterLock:
    """Who posts. On PostgreSQL a session's advisory lock, which a dead process loses; on SQLite there is one process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._mutex = threading.Lock()  # several threads of the poster ask

    def acquire(self) -> bool:
        """Become the poster, or see that one still is; False while another process is."""
        if self._engine.dialect.name == "sqlite":
            return True
        with self._mutex:
            return self._acquire()

    def _acquire(self) -> bool:
        if self._connection is not None:
            if self._still_held(self._connection):
                return True
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(select(func.pg_try_advisory_lock(_POSTER_LOCK))).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False

    def release(self) -> None:
        """Let another process post."""
        with self._mutex:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # ends the session, and the lock with it
            connection.close()

    def _still_held(self, connection: Connection) -> bool:
        """A connection that was lost lost the lock as well."""
        try:
            connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001  whatever the driver says: the lock is not certain any more
            return False
        return True
