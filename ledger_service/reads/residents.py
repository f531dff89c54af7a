"""What a resident is told of their account, and what staff may see of it. Not for somebody is the same as not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import plain_code, searched_name
from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.entries import Kind
from ledger_service.errors import NotFound
from ledger_service.journal.people import PersonRow
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import approvals, batches, entries, records
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import PersonSeal, Vault

BALANCE_ROLES = (Role.OFFICE, Role.CLERK, Role.APPROVER, Role.VENUE)
IDENTITY_ROLES = (*BALANCE_ROLES, Role.REGISTRAR)
ENTRIES_ROLES = (Role.OFFICE, Role.AUDITOR)
NAMESAKES_MAX = 20  # of one name and one birth date
DIGITS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Resident:
    """Whom staff have before them."""

    person_id: str
    name: str
    member_number: str


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody of a name and a birth date, with as much as tells them from another of both: how their member number ends, and where they
    live.
    """

    person_id: str
    member_number_end: str
    residence: str


@dataclass(frozen=True, slots=True)
class NextExpiry:
    """Coins that count up to and with a day, the nearest. `state` is forecast while something accepted is not final."""

    on: date
    coins: int
    state: str


@dataclass(frozen=True, slots=True)
class Balance:
    """Coins of a resident: what can be spent now, what is held for charges, and what is still on its way.

    `pending_credits` are approved and not final yet, `waiting_credits` wait for approval; won by the coin's value of the day. `debt` are coins that
    corrections want: what is earned pays it, and is not available before. `frozen_until` is the last day of a freeze,
    `appeal_until` the last to object to it; of a `closed` account nothing is left, and nothing comes to it.
    """

    person_id: str
    day: date
    available: int
    held: int
    pending_credits: int
    pending_refunds: int
    waiting_credits: int
    krw_per_coin: int | None
    available_krw: int | None
    debt: int
    next_expiry: NextExpiry | None
    frozen_until: date | None
    appeal_until: date | None
    closed: bool


def require_person(unit: Unit, actor: Actor, person_id: str, *roles: Role) -> PersonRow:
    """The person, if it is the actor or the actor has one of the roles; NotFound otherwise."""
    allowed = actor.person_id == person_id or actor.has(*roles)
    person = unit.people.by_id(person_id) if allowed else None
    if person is None:
        raise NotFound(f"there is no resident {person_id}", "해당 주민이 없습니다")
    return person


def require_visible(journal: Journal, actor: Actor, person_id: str) -> None:
    """NotFound where the actor may not know of this person."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, *IDENTITY_ROLES)


def resident(journal: Journal, vault: Vault, actor: Actor, person_id: str) -> Resident:
    """The person of an id."""
    with journal.read() as unit:
        person = require_person(unit, actor, person_id, *IDENTITY_ROLES)
    return shown(vault, person)


def find_resident(journal: Journal, vault: Vault, member_number: str) -> Resident:
    """The person of a member number, or NotFound (which does not repeat the number)."""
    with journal.read() as unit:
        found = unit.people.by_member_index([vault.member_index(plain_code(member_number))])
        person = unit.people.acting(found[0].id) if found else None
    if person is None:
        raise NotFound(
            "there is no resident with this member number",
            "해당 회원번호의 주민이 없습니다. 번호를 다시 확인해 주세요",
            field="member_number",
        )
    return shown(vault, person)


def find_by_identity(journal: Journal, vault: Vault, actor: Actor, name: str, birth_date: date) -> list[Namesake]:
    """Everybody of exactly this name and birth date, as an identity card has them: for a registrar, before whom somebody without card and
    number stands. Raises Forbidden, and NotFound (which repeats neither) where there is nobody.
    """
    actor.require(Role.REGISTRAR)
    index = vault.identity_index(searched_name(name), birth_date)
    with journal.read() as unit:
        rows = unit.people.by_identity_index(index, NAMESAKES_MAX)
        people = {one.id: one for one in (unit.people.acting(row.id) for row in rows) if one is not None}
    seals = vault.of_many(people)
    found = [_namesake(people[person_id], seal) for person_id, seal in seals.items()]
    if not found:
        raise NotFound(
            "there is no resident with this name and birth date",
            "이름과 생년월일이 모두 같은 주민이 없습니다. 신분증을 보고 다시 확인해 주세요",
        )
    return sorted(found, key=lambda one: one.member_number_end)


def balance(journal: Journal, actor: Actor, person_id: str, today: date) -> Balance:
    """The coins of a resident."""
    with journal.read_moment() as unit:
        person = require_person(unit, actor, person_id, *BALANCE_ROLES)
        account = unit.accounts.read(person.account)
        assert account is not None  # a foreign key says so
        krw = unit.master.coin_value(civil_day(today))
        freeze = unit.freezes.standing(person.account) if account.frozen else None
        return Balance(
            person_id=person_id,
            day=today,
            available=account.available,
            held=account.held,
            pending_credits=_pending_credits(unit, person.account),
            pending_refunds=account.refunding,
            waiting_credits=_waiting_credits(unit, person_id),
            krw_per_coin=krw,
            available_krw=None if krw is None else account.available * krw,
            debt=account.debt,
            next_expiry=_next_expiry(unit, person.account),
            frozen_until=None if freeze is None else date_of(freeze.end_day),
            appeal_until=None if freeze is None else date_of(freeze.appeal_day),
            closed=account.closed,
        )


def spendable_at(journal: Journal, actor: Actor, person_id: str, desk: int) -> int:
    """Coins that a resident can spend at one venue now: what is available anywhere, and what this venue is giving back."""
    with journal.read() as unit:
        person = require_person(unit, actor, person_id, *BALANCE_ROLES)
        account = unit.accounts.read(person.account)
        assert account is not None  # a foreign key says so
        here = unit.accounts.refunding_at(person.account, desk) if account.refunding else 0
    return max(account.free + here, 0)


def _next_expiry(unit: Unit, account: bytes) -> NextExpiry | None:
    """What of an account counts up to the nearest day, once everything accepted is final."""
    history = unit.lots.history(account)
    found = history.next_expiry(account)
    if found is None:
        return None
    day, coins = found
    return NextExpiry(date_of(day), coins, "forecast" if history.pending else "final")


def shown(vault: Vault, person: PersonRow) -> Resident:
    seal = vault.of(person.id)
    return Resident(
        person.id, seal.open("name", person.name_sealed), seal.open("member_number", person.member_number_sealed)
    )


def _namesake(person: PersonRow, seal: PersonSeal) -> Namesake:
    number = seal.open("member_number", person.member_number_sealed)
    kept = seal.open("residence", person.residence_sealed) if person.residence_sealed else ""
    return Namesake(person.id, number[-min(DIGITS_SHOWN, len(number) // 2) :], kept.partition("\x1f")[0])


def _pending_credits(unit: Unit, account: bytes) -> int:
    total = unit.connection.execute(
        select(func.coalesce(func.sum(entries.c.coins), 0))
        .select_from(entries.outerjoin(batches, ITS_BATCH))
        .where(entries.c.account == account, entries.c.kind == int(Kind.CREDIT), entries.c.skip_reason.is_(None))
        .where(ENTRY_NOT_FINAL)
    ).scalar_one()
    return int(total)


def _waiting_credits(unit: Unit, person_id: str) -> int:
    total = unit.connection.execute(
        select(func.coalesce(func.sum(records.c.coins), 0))
        .join(approvals, approvals.c.id == records.c.import_id)
        .where(approvals.c.status == "waiting", records.c.person_id == person_id, ~records.c.withdrawn)
    ).scalar_one()
    return int(total)
