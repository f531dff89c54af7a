"""A gift as its giver sees it, for the certificate of thanks (DOMAIN rule 29)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.schema import donations
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.residents import BALANCE_ROLES, require_person


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift. `project` is what it is for now: another of the body's projects where its own was cancelled."""

    id: str
    name: str = field(repr=False)
    project: str
    body: str
    coins: int
    krw: int
    day: date
    journal_no: int


class GiftUndone(Refused):
    """The chain did not apply the gift: its coins came back."""

    code = "gift_undone"


def gift_of_entry(journal: Journal, actor: Actor, journal_no: int) -> str | None:
    """The id of the gift that an entry is, for its giver and the coin office."""
    with journal.read() as unit:
        row = unit.connection.execute(
            select(donations.c.id, donations.c.person_id).where(donations.c.journal_no == journal_no)
        ).one_or_none()
    if row is None or not (row.person_id == actor.person_id or actor.has(Role.OFFICE)):
        return None
    return str(row.id)


def wish_of(journal: Journal, actor: Actor, person_id: str) -> tuple[str, str] | None:
    """(code, name) of the project that a resident's standing wish gives to."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, *BALANCE_ROLES)
        wish = unit.gifts.wish(person_id)
        fund = next((one for one in unit.master.funds() if wish is not None and one.number == wish.fund), None)
    return (fund.code, fund.name) if fund is not None else None


def gift(journal: Journal, vault: Vault, actor: Actor, donation_id: str) -> Gift:
    """One gift, for its giver and the coin office."""
    with journal.read() as unit:
        row = unit.gifts.donation(donation_id)
        if row is None or not (row.person_id == actor.person_id or actor.has(Role.OFFICE)):
            raise NotFound(f"there is no donation {donation_id}", "해당 기부가 없습니다")
        if unit.spending.skip_reason(row.journal_no) is not None:
            raise GiftUndone(
                "the chain did not apply this gift: its coins came back", "처리되지 않아 코인이 돌아온 기부입니다"
            )
        person = unit.people.by_id(row.person_id)
        assert person is not None, "a gift names its person"
        funds = {one.number: one for one in unit.master.funds()}
        fund = funds[row.designated_fund or row.fund]
        value = unit.master.coin_value(row.day) or 0
    name = vault.of(row.person_id).open("name", person.name_sealed)
    return Gift(row.id, name, fund.name, fund.body, row.coins, row.coins * value, date_of(row.day), row.journal_no)
