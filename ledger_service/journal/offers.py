"""Signatures that an organisation made on its own machine and handed in, until they are checked."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from ledger_service.journal.schema import offered_signatures

OFFERS_A_BATCH_MAX = 20


class Offers:
    """Repository of offered signatures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def offer(self, desk: int, seq: int, head: bytes, signature: bytes, actor_id: str, now: int) -> bool:
        """Write: a signature to be checked; False where it is there already, or too many are."""
        known = self._connection.execute(
            select(offered_signatures.c.signature).where(
                offered_signatures.c.desk == desk, offered_signatures.c.seq == seq
            )
        ).scalars()
        there = set(known)
        if signature in there or len(there) >= OFFERS_A_BATCH_MAX:
            return False
        self._connection.execute(
            insert(offered_signatures).values(
                desk=desk, seq=seq, head=head, signature=signature, actor_id=actor_id, offered_at=now
            )
        )
        return True

    def of(self, desk: int, seq: int, head: bytes) -> list[bytes]:
        """What was handed in for a batch."""
        return list(
            self._connection.execute(
                select(offered_signatures.c.signature)
                .where(
                    offered_signatures.c.desk == desk,
                    offered_signatures.c.seq == seq,
                    offered_signatures.c.head == head,
                )
                .order_by(offered_signatures.c.signature)
            ).scalars()
        )

    def keep(self, desk: int, seq: int, signatures: Iterable[bytes]) -> None:
        """Write: drop all of a batch but these."""
        self._connection.execute(
            delete(offered_signatures).where(
                offered_signatures.c.desk == desk,
                offered_signatures.c.seq == seq,
                offered_signatures.c.signature.not_in(list(signatures)),
            )
        )
