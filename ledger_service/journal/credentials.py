"""What people prove themselves with: passwords with a second factor, invitations, cards, codes by phone. Secrets are hashes here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from ledger_service.journal.schema import cards, credentials, invitations, phone_codes


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """Password and second factor of a member of staff. Not `confirmed_at`: the second factor was never shown."""

    actor_id: str
    password_hash: str
    totp_sealed: bytes
    totp_step: int
    changed_at: int
    confirmed_at: int | None


@dataclass(frozen=True, slots=True)
class CardRow:
    """A resident's card."""

    id: str
    person_id: str
    number_index: bytes
    pin_hash: str
    created_at: int
    blocked_at: int | None


class Credentials:
    """Repository of credentials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, actor_id: str) -> CredentialRow | None:
        """Password and second factor of an actor."""
        row = self._connection.execute(select(credentials).where(credentials.c.actor_id == actor_id)).one_or_none()
        return CredentialRow(**row._mapping) if row else None

    def put(self, actor_id: str, password_hash: str, totp_sealed: bytes, now: int) -> None:
        """Write: a new password and second factor, which replace the old ones and wait to be confirmed."""
        self._connection.execute(delete(credentials).where(credentials.c.actor_id == actor_id))
        self._connection.execute(
            insert(credentials).values(
                actor_id=actor_id, password_hash=password_hash, totp_sealed=totp_sealed, totp_step=0, changed_at=now
            )
        )

    def sealed_secrets(self) -> list[tuple[str, bytes]]:
        """(actor, sealed second factor) of everybody."""
        rows = self._connection.execute(
            select(credentials.c.actor_id, credentials.c.totp_sealed).order_by(credentials.c.actor_id)
        )
        return [(row[0], row[1]) for row in rows]

    def reseal(self, actor_id: str, totp_sealed: bytes) -> None:
        """Write: the same second factor, sealed anew."""
        self._connection.execute(
            update(credentials).where(credentials.c.actor_id == actor_id).values(totp_sealed=totp_sealed)
        )

    def confirm(self, actor_id: str, now: int) -> None:
        """Write: the second factor was shown once."""
        self._connection.execute(update(credentials).where(credentials.c.actor_id == actor_id).values(confirmed_at=now))

    def confirmed(self) -> frozenset[str]:
        """The accounts whose second factor was shown."""
        return frozenset(
            self._connection.execute(
                select(credentials.c.actor_id).where(credentials.c.confirmed_at.is_not(None))
            ).scalars()
        )

    def change_password(self, actor_id: str, password_hash: str, now: int) -> None:
        """Write: a new password beside the same second factor."""
        self._connection.execute(
            update(credentials)
            .where(credentials.c.actor_id == actor_id)
            .values(password_hash=password_hash, changed_at=now)
        )

    def use_step(self, actor_id: str, step: int) -> bool:
        """Write: a one-time password of this half minute was shown; False where it, or a later one, was shown before."""
        done = self._connection.execute(
            update(credentials)
            .where(credentials.c.actor_id == actor_id, credentials.c.totp_step < step)
            .values(totp_step=step)
        )
        return done.rowcount == 1

    def invite(self, actor_id: str, secret_hash: bytes, now: int, expires_at: int) -> None:
        """Write: an invitation; earlier ones of the actor are over."""
        self._connection.execute(
            update(invitations)
            .where(invitations.c.actor_id == actor_id, invitations.c.used_at.is_(None))
            .values(used_at=now)
        )
        self._connection.execute(
            insert(invitations).values(
                secret_hash=secret_hash, actor_id=actor_id, created_at=now, expires_at=expires_at
            )
        )

    def invited(self, secret_hash: bytes, now: int) -> str | None:
        """The actor whom an invitation is for; None where it was used or its time is over."""
        return self._connection.execute(
            select(invitations.c.actor_id).where(
                invitations.c.secret_hash == secret_hash,
                invitations.c.used_at.is_(None),
                invitations.c.expires_at > now,
            )
        ).scalar_one_or_none()

    def use_invitation(self, secret_hash: bytes, now: int) -> bool:
        """Write: use an invitation, once."""
        done = self._connection.execute(
            update(invitations)
            .where(
                invitations.c.secret_hash == secret_hash,
                invitations.c.used_at.is_(None),
                invitations.c.expires_at > now,
            )
            .values(used_at=now)
        )
        return done.rowcount == 1

    def add_card(self, row: CardRow) -> None:
        """Write: a card."""
        self._connection.execute(insert(cards).values(**{name: getattr(row, name) for name in CardRow.__slots__}))

    def card(self, number_index: bytes) -> CardRow | None:
        """The card of a number's blind index, unless blocked."""
        row = self._connection.execute(
            select(cards).where(cards.c.number_index == number_index, cards.c.blocked_at.is_(None))
        ).one_or_none()
        return CardRow(**row._mapping) if row else None

    def block_cards(self, person_id: str, now: int) -> int:
        """Write: no card of a person is good any more; how many were."""
        return self._connection.execute(
            update(cards).where(cards.c.person_id == person_id, cards.c.blocked_at.is_(None)).values(blocked_at=now)
        ).rowcount

    def change_pin(self, card_id: str, pin_hash: str) -> None:
        """Write: a new PIN."""
        self._connection.execute(update(cards).where(cards.c.id == card_id).values(pin_hash=pin_hash))

    def cards_of(self, person_id: str) -> list[CardRow]:
        """The cards of a person that are good."""
        rows = self._connection.execute(
            select(cards).where(cards.c.person_id == person_id, cards.c.blocked_at.is_(None)).order_by(cards.c.id)
        )
        return [CardRow(**row._mapping) for row in rows]

    def add_phone_code(self, code_id: str, person_id: str, code_hash: bytes, now: int, expires_at: int) -> None:
        """Write: a code that goes to a phone; earlier ones of the person are over."""
        self._connection.execute(
            update(phone_codes)
            .where(phone_codes.c.person_id == person_id, phone_codes.c.used_at.is_(None))
            .values(used_at=now)
        )
        self._connection.execute(
            insert(phone_codes).values(
                id=code_id, person_id=person_id, code_hash=code_hash, created_at=now, expires_at=expires_at
            )
        )

    def open_phone_code(self, person_id: str, now: int) -> tuple[str, bytes] | None:
        """(id, hash) of the code that a person has on the phone."""
        row = self._connection.execute(
            select(phone_codes.c.id, phone_codes.c.code_hash).where(
                phone_codes.c.person_id == person_id,
                phone_codes.c.used_at.is_(None),
                phone_codes.c.expires_at > now,
            )
        ).one_or_none()
        return (row[0], row[1]) if row else None

    def use_phone_code(self, code_id: str, now: int) -> bool:
        """Write: use a code, once."""
        done = self._connection.execute(
            update(phone_codes).where(phone_codes.c.id == code_id, phone_codes.c.used_at.is_(None)).values(used_at=now)
        )
        return done.rowcount == 1
