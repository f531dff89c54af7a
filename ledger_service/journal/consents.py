"""A resident's word for a debit: used once, by one conditional update, for one desk and amount."""

from __future__ import annotations

from sqlalchemy import Connection, insert, or_, select, update

from ledger_service.journal.schema import consents


class Consents:
    """Repository of consents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def offer(
        self, consent_id: str, person_id: str, secret_hash: bytes, now: int, expires_at: int, desk: int | None,
        coins: int | None,
    ) -> None:  # fmt: skip
        """Write: a payment code, for one desk and amount where they are named; the person's earlier ones that were not used are over."""
        self._connection.execute(
            update(consents)
            .where(
                consents.c.person_id == person_id,
                consents.c.kind == "payment_code",
                consents.c.used_at.is_(None),
                consents.c.expires_at > now,
            )
            .values(expires_at=now)
        )
        self._connection.execute(
            insert(consents).values(
                id=consent_id, kind="payment_code", person_id=person_id, secret_hash=secret_hash, created_at=now,
                expires_at=expires_at, desk=desk, coins=coins,
            )
        )  # fmt: skip

    def use(self, secret_hash: bytes, desk: int, coins: int, now: int) -> tuple[str, str] | None:
        """Write: (id, person) of a payment code, bound to desk and coins from now on; None where it was used, its time is over, or it was made
        for another desk or amount."""
        done = self._connection.execute(
            update(consents)
            .where(
                consents.c.secret_hash == secret_hash,
                consents.c.used_at.is_(None),
                consents.c.expires_at > now,
                or_(consents.c.desk.is_(None), consents.c.desk == desk),
                or_(consents.c.coins.is_(None), consents.c.coins == coins),
            )
            .values(used_at=now, desk=desk, coins=coins)
        )
        if done.rowcount != 1:
            return None
        row = self._connection.execute(
            select(consents.c.id, consents.c.person_id).where(consents.c.secret_hash == secret_hash)
        ).one()
        return row[0], row[1]

    def give(self, consent_id: str, kind: str, person_id: str, desk: int, coins: int, now: int) -> None:
        """Write: a word that was given at the counter, for this charge."""
        self._connection.execute(
            insert(consents).values(
                id=consent_id, kind=kind, person_id=person_id, created_at=now, expires_at=now, used_at=now, desk=desk,
                coins=coins,
            )
        )  # fmt: skip
