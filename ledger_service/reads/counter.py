"""A venue's day at the counter: its charges with as much of the name as tells two people apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Row, func, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of
from ledger_service.errors import NotFound
from ledger_service.journal.access_log import note_person
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import batches, entries, persons, redemptions
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.entries import state_of
from ledger_service.reads.paging import cut


@dataclass(frozen=True, slots=True)
class CounterCharge:
    """A charge; `resident` is a masked name, `accepted_at` UTC seconds."""

    id: str
    journal_no: int
    person_id: str
    desk: int
    resident: str
    coins: int
    krw: int
    refunded_coins: int
    day: date
    accepted_at: int
    state: str

    def krw_of(self, coins: int) -> int:
        """What so many of its coins are in won, at the value it was taken at."""
        return coins * (self.krw // self.coins)


@dataclass(frozen=True, slots=True)
class DayCharges:
    """A part of a day's charges, newest first; `next_before` is the receipt number to go on from."""

    charges: list[CounterCharge]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class DaySum:
    """All charges of one day: how many, and what they are less what was given back. A charge that the chain skipped took nothing."""

    charges: int
    coins: int
    krw: int


def charges_of_day(
    journal: Journal, vault: Vault, actor: Actor, desk: int, day: date, rows_max: int, before: int | None = None
) -> DayCharges:
    """The charges of one day, newest first, paged by receipt number."""
    _require(actor, desk)
    wanted = _CHARGES.where(redemptions.c.desk == desk, redemptions.c.day == civil_day(day))
    if before is not None:
        wanted = wanted.where(redemptions.c.journal_no < before)
    with journal.read() as unit:
        rows = unit.connection.execute(wanted.order_by(redemptions.c.journal_no.desc()).limit(rows_max + 1)).all()
    page, last = cut(rows, rows_max)
    return DayCharges(_shown(vault, page), last.journal_no if last else None)


def sum_of_day(journal: Journal, actor: Actor, desk: int, day: date) -> DaySum:
    """The sums over the whole of one day."""
    _require(actor, desk)
    stay = redemptions.c.coins - redemptions.c.refunded_coins
    wanted = (
        select(func.count(), func.sum(stay), func.sum(stay * redemptions.c.krw_per_coin))
        .select_from(redemptions.join(entries, entries.c.journal_no == redemptions.c.journal_no))
        .where(redemptions.c.desk == desk, redemptions.c.day == civil_day(day), entries.c.skip_reason.is_(None))
    )
    with journal.read() as unit:
        count, coins, krw = unit.connection.execute(wanted).one()
    return DaySum(count, int(coins or 0), int(krw or 0))


def charge_of_receipt(journal: Journal, actor: Actor, desk: int, journal_no: int) -> str:
    """The charge of a receipt that this desk gave. NotFound for another desk's as for one that is not there."""
    _require(actor, desk)
    with journal.read() as unit:
        found = unit.connection.execute(
            select(redemptions.c.id).where(redemptions.c.journal_no == journal_no, redemptions.c.desk == desk)
        ).scalar_one_or_none()
    if found is None:
        raise NotFound(
            f"this counter took nothing with receipt {journal_no}: check the number on the receipt",
            f"이 창구에서 받은 영수증 {journal_no}번이 없습니다. 영수증의 번호를 확인해 주세요",
            field="receipt",
        )
    return str(found)


def charge_of(journal: Journal, vault: Vault, actor: Actor, redemption_id: str) -> CounterCharge:
    """One charge of a desk that is the actor's."""
    with journal.read() as unit:
        row = unit.connection.execute(_CHARGES.where(redemptions.c.id == redemption_id)).one_or_none()
    if row is None:
        raise _absent(redemption_id)
    try:
        _require(actor, row.desk)
    except NotFound:
        raise _absent(redemption_id) from None
    return _shown(vault, [row])[0]


def masked(name: str) -> str:
    """하하린 → 하*린, 이솔 → 이*; a longer name keeps its first and last letter."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


_CHARGES = select(
    redemptions, entries.c.accepted_at, entries.c.skip_reason, batches.c.state, persons.c.name_sealed
).select_from(
    redemptions.join(entries, entries.c.journal_no == redemptions.c.journal_no)
    .join(persons, persons.c.id == redemptions.c.person_id)
    .outerjoin(batches, ITS_BATCH)
)


def _require(actor: Actor, desk: int) -> None:
    if not (actor.has(Role.OFFICE) or (desk in actor.desks and actor.has(Role.VENUE))):
        raise NotFound(f"there is no venue desk {desk}", f"사용처 {desk}번이 없습니다")


def _absent(redemption_id: str) -> NotFound:
    return NotFound(f"there is no charge {redemption_id}", "해당 사용 내역이 없습니다")


def _shown(vault: Vault, rows: Sequence[Row[tuple[object, ...]]]) -> list[CounterCharge]:
    seals = vault.of_many(row.person_id for row in rows)
    for row in rows:
        note_person(row.person_id)
    return [
        CounterCharge(
            id=row.id,
            journal_no=row.journal_no,
            person_id=row.person_id,
            desk=row.desk,
            resident=masked(seals[row.person_id].open("name", row.name_sealed)) if row.person_id in seals else "*",
            coins=row.coins,
            krw=row.coins * row.krw_per_coin,
            refunded_coins=row.refunded_coins,
            day=date_of(row.day),
            accepted_at=row.accepted_at,
            state=state_of(row.state, row.skip_reason),
        )
        for row in rows
    ]
