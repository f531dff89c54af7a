"""What an approver looks at before deciding: who earns how much in a submission, what stands out, and what a proposal would change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from statistics import median_low
from typing import Any

from sqlalchemy import Row, case, func, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.errors import NotFound
from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import desks, persons, rates, records
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.submissions import approval

MANY_TIMES = 3  # a person who earns so many times the middle one of the submission stands out
SAME_SESSIONS_MIN = 5  # as many acts with the same start and end on different days


@dataclass(frozen=True, slots=True)
class Earner:
    """A person's acts in a submission. `marks` say why they stand out: many_coins, daily_cap, same_times, own_account."""

    name: str
    member_number: str
    acts: int
    coins: int
    marks: list[str]


@dataclass(frozen=True, slots=True)
class ProgrammeSum:
    """A programme's part of a submission."""

    name: str
    place: str
    acts: int
    units: int
    unit: str
    coins: int


@dataclass(frozen=True, slots=True)
class Review:
    """`earners`: those who stand out first, then by coins. `more` counts the ones beyond the list."""

    earners: list[Earner]
    more: int
    marked: int
    programmes: list[ProgrammeSum]
    first_day: date | None
    last_day: date | None


def review(journal: Journal, vault: Vault, actor: Actor, approval_id: str, rows_max: int) -> Review:
    """An import or a record. NotFound where it is not this actor's to see; names are for those who may decide."""
    approval(journal, actor, approval_id)
    actor.require(Role.CLERK, Role.APPROVER, Role.OFFICE)
    with journal.read() as unit:
        rows = unit.connection.execute(_RECORDS.where(records.c.import_id == approval_id)).all()
        by_person: dict[str, list[Row[tuple[object, ...]]]] = defaultdict(list)
        for row in rows:
            by_person[row.person_id].append(row)
        coins_of = {person_id: sum(row.coins for row in acts) for person_id, acts in by_person.items()}
        usual = median_low(coins_of.values()) if coins_of else 0
        marks = {person_id: _marks(acts, usual, actor) for person_id, acts in by_person.items()}
        order = sorted(by_person, key=lambda one: (not marks[one], -coins_of[one], one))
        shown = order[:rows_max]
        people = {
            row.id: row
            for row in unit.connection.execute(
                select(persons.c.id, persons.c.name_sealed, persons.c.member_number_sealed).where(
                    persons.c.id.in_(shown)
                )
            )
        }
    seals = vault.of_many(shown)
    for one in shown:
        note_person(one)
    earners = [
        Earner(
            seals[one].open("name", people[one].name_sealed),
            seals[one].open("member_number", people[one].member_number_sealed),
            len(by_person[one]),
            coins_of[one],
            marks[one],
        )
        for one in shown
        if one in seals
    ]
    days = [date_of(row.activity_day) for row in rows]
    return Review(
        earners=earners,
        more=len(order) - len(earners),
        marked=sum(bool(found) for found in marks.values()),
        programmes=_programmes(rows),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
    )


def marked_people(journal: Journal, actor: Actor, approval_ids: Collection[str]) -> dict[str, int]:
    """How many people stand out in each of these submissions, where any does; the caller has found them among what this actor may see.

    Two sums by the database over their rows, which are about a month's in all: no name is opened for it.
    """
    if not actor.has(Role.CLERK, Role.APPROVER, Role.OFFICE) or not approval_ids:
        return {}
    wanted = (records.c.import_id.in_(sorted(approval_ids)), ~records.c.withdrawn)
    by_person = (
        select(
            records.c.import_id,
            records.c.person_id,
            func.sum(records.c.coins).label("coins"),
            func.max(case((records.c.counted_units >= rates.c.daily_cap_units, 1), else_=0)).label("is_at_cap"),
        )
        .join(rates, rates.c.id == records.c.rate_id)
        .where(*wanted)
        .group_by(records.c.import_id, records.c.person_id)
    )
    repeated = (
        select(records.c.import_id, records.c.person_id)
        .where(*wanted, records.c.start_minute.is_not(None))
        .group_by(records.c.import_id, records.c.person_id, records.c.start_minute, records.c.end_minute)
        .having(func.count() >= SAME_SESSIONS_MIN)
    )
    with journal.read() as unit:
        people = unit.connection.execute(by_person).all()
        same_times = {(row.import_id, row.person_id) for row in unit.connection.execute(repeated)}
    coins_in: dict[str, list[int]] = defaultdict(list)
    for row in people:
        coins_in[row.import_id].append(int(row.coins))
    usual = {import_id: median_low(coins) for import_id, coins in coins_in.items()}
    found: Counter[str] = Counter()
    for row in people:
        has_same = (row.import_id, row.person_id) in same_times
        marks = _stands_out(
            int(row.coins),
            usual[row.import_id],
            is_at_cap=bool(row.is_at_cap),
            has_same_times=has_same,
            is_own=row.person_id == actor.person_id,
        )
        found[row.import_id] += bool(marks)
    return {import_id: count for import_id, count in found.items() if count}


def proposal_steps(journal: Journal, actor: Actor, proposal_id: str) -> list[dict[str, Any]]:
    """The steps that a proposal of the coin office would put in force (services/setup.py names them)."""
    approval(journal, actor, proposal_id)
    with journal.read() as unit:
        found = unit.orders.proposal(proposal_id)
    if found is None:
        raise NotFound(f"there is no proposal {proposal_id}", "해당 제안이 없습니다")
    return list(found[1].get("steps", []))


_RECORDS = (
    select(records, rates.c.name.label("programme"), rates.c.unit, rates.c.daily_cap_units, desks.c.name.label("place"))
    .join(rates, rates.c.id == records.c.rate_id)
    .join(desks, desks.c.number == records.c.desk)
    .where(~records.c.withdrawn)
)


def _marks(acts: list[Row[tuple[object, ...]]], usual: int, actor: Actor) -> list[str]:
    sessions = Counter((row.start_minute, row.end_minute) for row in acts if row.start_minute is not None)
    return _stands_out(
        sum(row.coins for row in acts),
        usual,
        is_at_cap=any(row.counted_units >= row.daily_cap_units for row in acts),
        has_same_times=max(sessions.values(), default=0) >= SAME_SESSIONS_MIN,
        is_own=acts[0].person_id == actor.person_id,
    )


def _stands_out(coins: int, usual: int, *, is_at_cap: bool, has_same_times: bool, is_own: bool) -> list[str]:
    """The marks of a person; `usual` are the coins of the middle one of the submission."""
    marks = {
        "many_coins": bool(usual) and coins >= MANY_TIMES * usual,
        "daily_cap": is_at_cap,
        "same_times": has_same_times,
        "own_account": is_own,
    }
    return [name for name, holds in marks.items() if holds]


def _programmes(rows: object) -> list[ProgrammeSum]:
    sums: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:  # type: ignore[attr-defined]  # rows of the join above
        sums.setdefault((row.programme, row.place, row.unit), [0, 0, 0])
        one = sums[row.programme, row.place, row.unit]
        one[0], one[1], one[2] = one[0] + 1, one[1] + row.units, one[2] + row.coins
    return [
        ProgrammeSum(name, place, acts, units, unit, coins)
        for (name, place, unit), (acts, units, coins) in sorted(sums.items())
    ]
