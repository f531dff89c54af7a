"""A gift as its giver sees it, for the certificate of thanks (DOMAIN rule 29)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault


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
