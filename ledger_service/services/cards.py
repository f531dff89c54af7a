"""Residents: opened by a registrar who looked at a document, with a card and a PIN; codes to their phone; codes to pay with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import plain_code, plain_name, searched_name
from ledger_service.domain.credentials import (
    CARD_RANDOM_SIGNS,
    PAYMENT_CODE_SIGNS,
    PIN_DIGITS,
    card_number,
    in_fours,
    payment_code,
    read_card_number,
    require_good_pin,
)
from ledger_service.domain.entries import DeskKind, is_personal_account
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused
from ledger_service.journal.credentials import CardRow
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.journal.vault import PersonSeal
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.sign_in import Passwords, check_card, phone_code_hash, resident_of, throttled
from ledger_service.services.spend import require_coins

PHONE_CODE_SECONDS = 5 * 60
PAYMENT_CODE_SECONDS = 90


class ResidentKnown(Refused):
    """There is a resident of this member number."""

    code = "resident_known"


@dataclass(frozen=True, slots=True)
class NewResident:
    """Whom a registrar has before them, or a file describes."""

    member_number: str
    name: str
    birth_date: date
    phone: str
    residence: str


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """A one-time code to pay with: shown as a QR, good until `expires_at` (UTC seconds). `id` names it where it must not be told."""

    id: str
    code: str
    expires_at: int


def open_resident(context: Context, actor: Actor, once: Once | None, new: NewResident) -> dict[str, Any]:
    """Open a resident with a random account and a key of their own. A registrar's, who credits nobody."""
    actor.require(Role.REGISTRAR)
    number = plain_code(new.member_number)
    if not number or not plain_name(new.name):
        raise Invalid("a resident has a member number and a name", "회원번호와 이름이 필요합니다")
    index = context.vault.member_index(number)

    def command(unit: WriteUnit) -> dict[str, Any]:
        if unit.people.by_member_index([index]):
            raise ResidentKnown("there is a resident of this member number", "이미 등록된 회원번호입니다")
        person_id = context.new_id()
        seal = context.vault.create([person_id])[person_id]
        plain = replace(new, member_number=number, name=plain_name(new.name), phone=plain_code(new.phone))
        row = new_person(context, person_id, seal, plain)
        unit.accounts.open_many([row.account])
        unit.people.add_many([row], context.clock.now())
        unit.audit_log.write(context.clock.now(), actor.id, "open resident", person_id)
        return {"person_id": person_id}

    return run_once(context, actor.id, once, command)


def issue_card(context: Context, passwords: Passwords, actor: Actor, person_id: str, pin: str) -> str:
    """A new card for a resident; earlier ones are blocked. The number is told once, as it is printed."""
    actor.require(Role.REGISTRAR)
    good = require_good_pin(pin)
    number = card_number(context.random_bytes(CARD_RANDOM_SIGNS))
    card_id = context.new_id()
    pin_hash = passwords.hash(context.vault.peppered(card_id, good))
    now = context.clock.now()
    with context.journal.write() as unit:
        person = person_of(unit, person_id)
        account = resident_of(context, unit, person.id)
        unit.credentials.block_cards(person.id, now)
        unit.sessions.end_all(account.id, now)
        unit.credentials.add_card(CardRow(card_id, person.id, context.vault.card_index(number), pin_hash, now, None))
        unit.audit_log.write(now, actor.id, "issue card", card_id, person=person.id)
        unit.commit()
    return in_fours(number)


def block_cards(context: Context, actor: Actor, person_id: str) -> int:
    """A lost card: none of the resident's is good any more, and their sessions end. By the resident, a registrar or the office."""
    if actor.person_id != person_id:
        actor.require(Role.REGISTRAR, Role.OFFICE)
    now = context.clock.now()
    with context.journal.write() as unit:
        person = person_of(unit, person_id)
        blocked = unit.credentials.block_cards(person.id, now)
        account = unit.actors.of_person(person.id)
        if account is not None:
            unit.sessions.end_all(account.id, now)
        unit.audit_log.write(now, actor.id, "block cards", person.id, cards=blocked)
        unit.commit()
    return blocked


def change_pin(
    context: Context, passwords: Passwords, actor: Actor, address: str, number: str, old: str, new: str
) -> None:
    """A new PIN for one's own card. Raises SignInFailed where the card or its PIN is not right."""
    good = require_good_pin(new)
    card = check_card(context, passwords, address, number, old)
    if card.person_id != actor.person_id:
        raise Forbidden("this is not your card", "본인의 카드가 아닙니다")
    pin_hash = passwords.hash(context.vault.peppered(card.id, good))
    with context.journal.write() as unit:
        unit.credentials.change_pin(card.id, pin_hash)
        unit.audit_log.write(context.clock.now(), actor.id, "change pin", card.id)
        unit.commit()


def send_phone_code(context: Context, address: str, number: str) -> None:
    """Send a code to the phone of a card's owner, if both are known. Whether they are is not said."""
    throttled(context, address, context.vault.throttle_subject("phone code", read_card_number(number) or ""))
    plain = read_card_number(number)
    with context.journal.read() as unit:
        card = unit.credentials.card(context.vault.card_index(plain)) if plain is not None else None
        person = unit.people.by_id(card.person_id) if card is not None else None
    if person is None or person.phone_sealed is None:
        return
    seal = context.vault.of(person.id)
    if not seal.open("phone", person.phone_sealed):
        return
    digits = f"{int.from_bytes(context.random_bytes(8), 'big') % 10**PIN_DIGITS:0{PIN_DIGITS}d}"
    code_id, now = context.new_id(), context.clock.now()
    text = f"[보람] 인증번호 {digits} (5분 안에 입력하세요)"  # never a link: people must not learn to follow them
    with context.journal.write() as writing:
        writing.credentials.add_phone_code(
            code_id, person.id, phone_code_hash(context, code_id, digits), now, now + PHONE_CODE_SECONDS
        )
        writing.messages.add(
            context.new_id(), person.id, "code", seal.seal("message", text), now, now + PHONE_CODE_SECONDS
        )
        writing.audit_log.write(now, "system", "send phone code", code_id)
        writing.commit()


def offer_payment(context: Context, actor: Actor, desk: int | None = None, coins: int | None = None) -> PaymentCode:
    """A code by which the resident pays once, within 90 seconds, at one counter and for one amount: those that are named here, else
    those for which it is used first. Raises NotFound for a desk that takes no coins.
    """
    actor.require(Role.RESIDENT)
    if actor.person_id is None:
        raise NotFound("there is no resident", "해당 주민이 없습니다")
    if coins is not None:
        require_coins(coins)
    code = payment_code(context.random_bytes(PAYMENT_CODE_SIGNS))
    now = context.clock.now()
    with context.journal.write() as unit:
        person = person_of(unit, actor.person_id)
        venue = unit.master.desk(desk) if desk is not None else None
        if desk is not None and (venue is None or venue.kind is not DeskKind.VENUE):
            raise NotFound(f"there is no venue desk {desk}", f"사용처 {desk}번이 없습니다")
        consent_id, until = context.new_id(), now + PAYMENT_CODE_SECONDS
        unit.consents.offer(consent_id, person.id, context.vault.token_hash(code), now, until, desk, coins)
        unit.audit_log.write(now, actor.id, "offer payment", consent_id)
        unit.commit()
    return PaymentCode(consent_id, code, now + PAYMENT_CODE_SECONDS)


def new_person(context: Context, person_id: str, seal: PersonSeal, new: NewResident) -> PersonRow:
    """The row of somebody new, sealed, with a random account. Numbers and names are plain already (domain/cells.py)."""
    return PersonRow(
        id=person_id,
        account=_new_account(context),
        member_number_index=context.vault.member_index(new.member_number),
        member_number_sealed=seal.seal("member_number", new.member_number),
        name_sealed=seal.seal("name", new.name),
        birth_date_sealed=seal.seal("birth_date", new.birth_date.isoformat()),
        phone_sealed=seal.seal("phone", new.phone) if new.phone else None,
        residence_sealed=seal.seal("residence", new.residence),
        identity_index=context.vault.identity_index(searched_name(new.name), new.birth_date),
    )


def _new_account(context: Context) -> bytes:
    """A random account that can be a person's."""
    while not is_personal_account(account := context.random_bytes(20)):
        pass  # one chance in 2^143
    return account
