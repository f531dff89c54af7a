"""Who offers a payment code, so that a counter sees the name before it charges; and what became of one, for whoever offered it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ledger_service.domain.actors import Actor
from ledger_service.domain.cells import plain_code
from ledger_service.domain.credentials import read_card_number
from ledger_service.errors import NotFound
from ledger_service.journal.schema import consents, desks, entries, persons
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.residents import Resident, shown


@dataclass(frozen=True, slots=True)
class OfferedPayment:
    """A payment code without its signs. `state` is open, used or over; of a used one what was paid, where, and its receipt's number."""

    id: str
    state: str
    expires_at: int
    place: str | None
    coins: int | None
    journal_no: int | None


def offered_payment(journal: Journal, actor: Actor, consent_id: str, now: int) -> OfferedPayment:
    """What became of a payment code, for the resident who offered it; NotFound for anybody else. `now` in UTC seconds."""
    with journal.read() as unit:
        row = unit.connection.execute(
            select(consents, desks.c.name, persons.c.account)
            .join(persons, persons.c.id == consents.c.person_id)
            .outerjoin(desks, desks.c.number == consents.c.desk)
            .where(consents.c.id == consent_id, consents.c.kind == "payment_code")
        ).one_or_none()
        if row is None or row.person_id != actor.person_id:
            raise NotFound("there is no such payment code", "해당 결제 번호가 없습니다")
        if row.used_at is None:
            state = "open" if row.expires_at > now else "over"
            return OfferedPayment(row.id, state, row.expires_at, None, None, None)
        journal_no = unit.connection.execute(
            select(entries.c.journal_no).where(entries.c.account == row.account, entries.c.consent == row.id)
        ).scalar_one_or_none()
    return OfferedPayment(row.id, "used", row.expires_at, row.name, row.coins, journal_no)


def payer_of_code(journal: Journal, vault: Vault, code: str, now: int) -> Resident:
    """The resident whose code it is, while it can be used. NotFound otherwise; the charge itself uses it up."""
    secret = vault.token_hash(plain_code(code).upper().replace("-", ""))
    with journal.read() as unit:
        person_id = unit.connection.execute(
            select(consents.c.person_id).where(
                consents.c.secret_hash == secret, consents.c.used_at.is_(None), consents.c.expires_at > now
            )
        ).scalar_one_or_none()
        person = unit.people.by_id(person_id) if person_id is not None else None
    if person is None:
        raise NotFound(
            "this payment code was used or is too old: ask for a new one",
            "이미 사용했거나 시간이 지난 결제 번호입니다. 새 번호를 받아 주세요",
        )
    return shown(vault, person)


def payer_of_card(journal: Journal, vault: Vault, card_number: str) -> Resident:
    """Whose card it is, so that a counter sees the name before it asks for the PIN. NotFound where it is none, or blocked."""
    number = read_card_number(card_number)
    with journal.read() as unit:
        card = unit.credentials.card(vault.card_index(number)) if number is not None else None
        person = unit.people.by_id(card.person_id) if card is not None else None
    if person is None:
        raise NotFound(
            "there is no such card, or it is blocked",
            "없는 카드이거나 정지된 카드입니다. 카드 번호를 확인하거나 직원에게 말씀해 주세요",
        )
    return shown(vault, person)
