"""What the books remember of the chain: its identity, the blocks read so far, and what posting is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from ledger_service.journal.schema import chain_blocks, chain_identity, posting_status

BLOCKS_KEPT = 256


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

    def set_status(self, state: str, detail: str | None, now: int, measures: str | None = None) -> None:
        """Write: what posting is doing, and its numbers."""
        self._connection.execute(delete(posting_status))
        self._connection.execute(
            insert(posting_status).values(id=1, state=state, detail=detail, updated_at=now, measures=measures)
        )

    def measures(self) -> str | None:
        """The numbers that posting wrote last, as JSON."""
        found: str | None = self._connection.execute(select(posting_status.c.measures)).scalar_one_or_none()
        return found
