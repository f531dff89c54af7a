"""Passkeys of staff: public keys, which say nothing of anybody, and the challenges that were used up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ledger_service.journal.schema import passkeys, used_challenges


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey. `sign_count` is the device's counter, 0 for ever where it has none."""

    id: str
    actor_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: int
    used_at: int | None


_COLUMNS = tuple(passkeys.c[name] for name in PasskeyRow.__slots__)


class Passkeys:
    """Repository of passkeys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: PasskeyRow) -> None:
        """Write: a passkey. RowConflict at the unit's end where the device's key is somebody's already."""
        values = {name: getattr(row, name) for name in PasskeyRow.__slots__}
        self._connection.execute(insert(passkeys).values(credential_hash=_hash(row.credential_id), **values))

    def by_credential(self, credential_id: bytes) -> PasskeyRow | None:
        """The passkey that a device names, unless revoked."""
        row = self._connection.execute(
            select(*_COLUMNS).where(passkeys.c.credential_hash == _hash(credential_id), passkeys.c.revoked_at.is_(None))
        ).one_or_none()
        return PasskeyRow(*row) if row else None

    def of_actor(self, actor_id: str) -> list[PasskeyRow]:
        """The passkeys of an actor that are good, oldest first."""
        rows = self._connection.execute(
            select(*_COLUMNS)
            .where(passkeys.c.actor_id == actor_id, passkeys.c.revoked_at.is_(None))
            .order_by(passkeys.c.id)
        )
        return [PasskeyRow(*row) for row in rows]

    def use(self, passkey_id: str, count_before: int, count: int, now: int) -> bool:
        """Write: a passkey was shown; False where it was revoked or shown meanwhile."""
        done = self._connection.execute(
            update(passkeys)
            .where(passkeys.c.id == passkey_id, passkeys.c.revoked_at.is_(None), passkeys.c.sign_count == count_before)
            .values(sign_count=count, used_at=now)
        )
        return done.rowcount == 1

    def revoke(self, actor_id: str, passkey_id: str, now: int) -> bool:
        """Write: a passkey of this actor is worth nothing; False where there is none."""
        done = self._connection.execute(
            update(passkeys)
            .where(passkeys.c.actor_id == actor_id, passkeys.c.id == passkey_id, passkeys.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return done.rowcount == 1

    def revoke_all(self, actor_id: str, now: int) -> int:
        """Write: so is every passkey of this actor; how many were good."""
        return self._connection.execute(
            update(passkeys)
            .where(passkeys.c.actor_id == actor_id, passkeys.c.revoked_at.is_(None))
            .values(revoked_at=now)
        ).rowcount

    def use_challenge(self, challenge: bytes, now: int, kept_until: int) -> bool:
        """Write: use a challenge up; False where it was used before. Those that are over are forgotten here."""
        self._connection.execute(delete(used_challenges).where(used_challenges.c.kept_until < now))
        dialect = sqlite_insert if self._connection.dialect.name == "sqlite" else postgres_insert
        done = self._connection.execute(
            dialect(used_challenges)
            .values(hash=challenge, kept_until=kept_until)
            .on_conflict_do_nothing()
            .returning(used_challenges.c.hash)
        )
        return done.first() is not None


def _hash(credential_id: bytes) -> bytes:
    """A device's id may have a thousand bytes: its hash is looked for."""
    return hashlib.sha256(credential_id).digest()
