"""Who offers a payment code, so that a counter sees the name before it charges."""

from __future__ import annotations

from sqlalchemy import select

from ledger_service.domain.cells import plain_code
from ledger_service.domain.credentials import read_card_number
from ledger_service.errors import NotFound
from ledger_service.journal.schema import consents
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.residents import Resident, shown


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
