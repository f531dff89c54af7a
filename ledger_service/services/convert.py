"""Conversion: after a change of the coin's value that says `convert`, the office makes up for what coins that were out have lost.

By credits of a programme of its own, one coin a unit, whose activity day is the new value's first. They are submitted like a centre's file: within
the budget, the centre's month and each person's cap, decided on by another person, and visible on the chain. A run gives what is still missing, so
it may be repeated: after refunds of old charges, and in the next month where a person's cap left something.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.amounts import in_coins, in_coins_ko
from ledger_service.domain.conversion import CONVERSION_SOURCE, coins_to_add
from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.domain.entries import UNITS_MAX
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.domain.records import RawRow
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit
from ledger_service.services.context import Context, Once, stored_answer
from ledger_service.services.expire import require_final
from ledger_service.services.intake import submit_rows


class NotConverting(Refused):
    """No change of the coin's value on that day says convert, or it is not in force yet."""

    code = "not_converting"


class ProgrammeUnfit(Refused):
    """A conversion's programme counts units and gives one coin for each, on the day of the change. Fields: programme."""

    code = "programme_unfit"


class NothingToConvert(Refused):
    """Everybody has what the change has taken, or their cap of the month is used up. Fields: left."""

    code = "nothing_to_convert"


@dataclass(frozen=True, slots=True)
class _Share:
    """What one person gets now, how much was submitted for them before, and what their cap leaves for later months."""

    person_id: str
    coins: int
    before: int
    left: int


@dataclass(frozen=True, slots=True)
class _Run:
    old_krw: int
    new_krw: int
    shares: tuple[_Share, ...]
    over: int
    """People who got more than they should have: what they held was corrected afterwards."""

    def told(self, day: date) -> dict[str, Any]:
        given = [one for one in self.shares if one.coins]
        return {
            "value_from": day.isoformat(), "old_krw": self.old_krw, "new_krw": self.new_krw, "accounts": len(given),
            "coins": sum(one.coins for one in given), "left": sum(one.left for one in self.shares), "over": self.over,
        }  # fmt: skip


def preview_conversion(context: Context, actor: Actor, value_from: date, programme: str) -> dict[str, Any]:
    """Whom a run would give coins now, and how many; nothing is stored.

    Raises NotConverting, ProgrammeUnfit, NotFinalYet.
    """
    actor.require(Role.OFFICE, Role.AUDITOR)
    return _worked_out(context, value_from, programme).told(value_from)


def propose_conversion(
    context: Context, actor: Actor, once: Once | None, value_from: date, programme: str, centre: str
) -> dict[str, Any]:
    """Submit what everybody is to get, for another person to approve.

    Raises NotConverting, ProgrammeUnfit, NotFinalYet, NothingToConvert, NotFound (the centre), and the limits' errors, which name lines.
    """
    actor.require(Role.OFFICE)
    stored = stored_answer(context, actor.id, once)
    if stored is not None:
        return stored
    run = _worked_out(context, value_from, programme)
    shares = [one for one in run.shares if one.coins]
    if not shares:
        left = sum(one.left for one in run.shares)
        raise NothingToConvert(
            f"nothing can be given now; {in_coins(left)} wait for the caps of later months",
            f"지금 전환할 코인이 없습니다. 월 한도 때문에 남은 코인은 {in_coins_ko(left)}입니다",
            left=left,
        )
    with context.journal.read() as unit:
        people = {row.id: row for row in unit.people.by_ids(one.person_id for one in shares)}
    seals = context.vault.of_many(people)
    rows = []
    for line, one in enumerate(shares, 1):
        person, seal = people[one.person_id], seals[one.person_id]
        # What was submitted before is part of the number: the same state gives the same record, which is taken once.
        number = f"{value_from.isoformat()}-{person.id}-{one.before}"
        rows.append(
            RawRow(
                line, number, seal.open("member_number", person.member_number_sealed), seal.open("name", person.name_sealed),
                seal.open("birth_date", person.birth_date_sealed), centre, programme, value_from.isoformat(), "", "",
                str(one.coins),
            )
        )  # fmt: skip
    digest = hashlib.sha256(repr(rows).encode()).digest()
    answer = submit_rows(context, actor, once, rows, CONVERSION_SOURCE, digest)
    return {**answer, **{name: value for name, value in run.told(value_from).items() if name != "coins"}}


def _worked_out(context: Context, value_from: date, programme: str) -> _Run:
    day, today = civil_day(value_from), context.clock.today()
    with context.journal.read() as unit:
        old, new = _change_on(unit, day, today)
        rates = _rates_of(unit, programme, value_from)
        require_final(unit, day - 1)
        heirs = unit.people.heirs()
        held = _by_heir(unit.conversions.held_before(day), heirs)
        given = _by_heir(unit.conversions.submitted(rates, day), heirs)
        wanted = {one: coins_to_add(coins, old, new) for one, coins in held.items()}
        missing = {one: min(coins - given[one], UNITS_MAX) for one, coins in wanted.items() if coins > given[one]}
        people = {row.id: row for row in unit.people.by_ids(missing)}
        room = _room(unit, people, today)
    shares = [
        _Share(one, min(coins, room[one]), given[one], coins - min(coins, room[one]))
        for one, coins in sorted(missing.items())
        if people[one].name_sealed
    ]
    over = sum(given[one] > wanted.get(one, 0) for one in given)
    return _Run(old, new, tuple(shares), over)


def _change_on(unit: Unit, day: int, today: date) -> tuple[int, int]:
    """The value before and after a change that converts and is in force."""
    before: int | None = None
    for first_day, krw, choice, _ in unit.master.value_changes():
        if first_day == day and choice == "convert" and before is not None and day <= civil_day(today):
            return before, krw
        before = krw
    raise NotConverting(
        f"no change of the coin's value on {date_of(day)} is in force that converts what is out (boram rates)",
        f"{date_of(day)}에 시작해 시행 중인 '전환' 방식의 코인 가치 변경이 없습니다",
    )


def _rates_of(unit: Unit, programme: str, day: date) -> list[int]:
    rate: RateVersion | None = unit.master.rate_table().version_on(programme, day)
    if rate is None:
        raise NotFound(f"there is no programme {programme} on {day}", f"{day}에 적용되는 {programme} 활동이 없습니다")
    if rate.measure is not Measure.COUNT or rate.coins != rate.per_units:
        raise ProgrammeUnfit(
            f"programme {programme} does not give one coin a counted unit on {day}",
            f"{programme} 활동은 {day}에 수량 1에 1코인을 주는 활동이 아닙니다",
            programme=programme,
        )
    return [rate.rate_id]


def _by_heir(coins: Mapping[str, int], heirs: Mapping[str, str]) -> Counter[str]:
    """The same, with what merged numbers held and got counted for whom they stand for."""
    found: Counter[str] = Counter()
    for person_id, amount in coins.items():
        found[heirs.get(person_id, person_id)] += amount
    return found


def _room(unit: Unit, people: Mapping[str, PersonRow], today: date) -> dict[str, int]:
    """What each person may still earn this month; nothing while frozen or once closed."""
    cap = unit.limits.person_cap(today.year, day=civil_day(today))
    earned = unit.limits.person_months(month_number(today), (row.account for row in people.values()))
    unusable = unit.accounts.frozen() | unit.accounts.closed()
    return {
        one: 0 if row.account in unusable else max(cap - earned.get(row.account, 0), 0) for one, row in people.items()
    }
