"""Judging rows against the books: what preview, submission and single records share. Nothing here writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger_service.domain.cells import plain_code, read_date
from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.domain.records import Judgement, Outcome, Person, RawRow, Standing, earliest_day, judge
from ledger_service.journal.people import PersonRow
from ledger_service.journal.records import ReservedRow
from ledger_service.journal.unit import Unit
from ledger_service.journal.vault import PersonSeal
from ledger_service.services.context import Context


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged file: a judgement for each row, and what its accepted rows need of the books."""

    judgements: Sequence[Judgement]
    people: Mapping[str, PersonRow]  # by person id
    desks: Mapping[str, int]  # by centre code
    record_keys: Mapping[str, bytes]  # by record number
    seals: Mapping[str, PersonSeal]  # by person id

    @property
    def accepted(self) -> list[Judgement]:
        """Rows that are recorded, in file order."""
        return [one for one in self.judgements if one.outcome.accepted]

    def reserved(self) -> list[ReservedRow]:
        """The accepted rows that earn coins, as they are stored."""
        return [
            ReservedRow(one.line, self.desks[one.center], self.people[one.person_id].account, one.coins)
            for one in self.accepted
            if one.coins and one.person_id is not None
        ]

    def outcomes(self) -> list[tuple[int, str, int]]:
        """(line, outcome, coins) of every row."""
        return [(one.line, one.outcome.value, one.coins) for one in self.judgements]

    def stored_outcomes(self) -> list[tuple[int, str, int] | tuple[int, str, int, str]]:
        """The same with the fault of a row that has one, as a submission keeps it. Record numbers of refused rows are not kept."""
        return [
            (one.line, one.outcome.value, one.coins, *((one.fault.value,) if one.fault is not None else ()))
            for one in self.judgements
        ]

    def counts(self) -> dict[str, int]:
        """Rows by outcome, those that occur, in the order of judging."""
        found = Counter(one.outcome for one in self.judgements)
        return {outcome.value: found[outcome] for outcome in Outcome if found[outcome]}


def judge_rows(context: Context, rows: Sequence[RawRow], source: str, as_of: date) -> Judged:
    """Judge rows against what the books hold now; nothing is stored."""
    keys = {
        number: context.vault.record_key(source, number) for number in {plain_code(row.record_number) for row in rows}
    }
    numbers = {number: context.vault.member_index(number) for number in {plain_code(row.member_number) for row in rows}}
    with context.journal.read() as unit:
        rates = unit.master.rate_table()
        desks = {desk.code: desk.number for desk in unit.master.desks() if desk.kind is DeskKind.CENTRE}
        people_rows = unit.people.by_member_index(numbers.values())
        heirs = unit.people.heirs()
        acting = {row.id: row for row in unit.people.by_ids(heirs[row.id] for row in people_rows if row.id in heirs)}
        known = unit.records.known_keys(keys.values())
        people = {heirs.get(row.id, row.id) for row in people_rows}
        standing = _standing(unit, rows, people, heirs, {rate.rate_id: rate for rate in rates}, as_of)
    standing.record_numbers = {number for number, key in keys.items() if key in known}
    acting |= {row.id: row for row in people_rows if row.id not in heirs}
    seals = context.vault.of_many({row.id for row in people_rows} | set(acting))
    judgements = judge(rows, as_of, _people(numbers, people_rows, seals, heirs), rates, desks, standing)
    return Judged(judgements, acting, desks, keys, seals)


def _standing(
    unit: Unit,
    rows: Iterable[RawRow],
    people: Collection[str],
    heirs: Mapping[str, str],
    rates: Mapping[int, RateVersion],
    as_of: date,
) -> Standing:
    """What these people have on the days of these rows. The acts of a merged member number are the acts of whom it stands for.

    A day that is refused anyway is left out: one such row would ask for years.
    """
    days = {day for day in (read_date(text) for text in {row.activity_day for row in rows}) if day is not None}
    days = {day for day in days if earliest_day(as_of) <= day <= as_of}
    standing = Standing()
    if not days:
        return standing
    merged = {old for old, heir in heirs.items() if heir in people}
    for row in unit.records.standing(merged.union(people), civil_day(min(days)), civil_day(max(days))):
        day, rate = date_of(row.activity_day), rates[row.programme_rate]
        person_id = heirs.get(row.person_id, row.person_id)
        if rate.measure is Measure.TIME and row.start_minute is not None and row.end_minute is not None:
            standing.sessions.setdefault((person_id, day), []).append((row.start_minute, row.end_minute))
            minutes = standing.timed_minutes
            minutes[person_id, day] = minutes.get((person_id, day), 0) + row.counted_units
        else:
            key = (person_id, day, rate.programme)
            standing.counted_units[key] = standing.counted_units.get(key, 0) + row.counted_units
    return standing


def _people(
    numbers: Mapping[str, bytes], rows: Sequence[PersonRow], seals: Mapping[str, PersonSeal], heirs: Mapping[str, str]
) -> dict[str, Person]:
    number_of = {index: number for number, index in numbers.items()}
    people = {}
    for row in rows:
        seal = seals.get(row.id)
        if seal is None:
            continue  # forgotten: the number is nobody's any more
        number = number_of[row.member_number_index]
        birth_date = date.fromisoformat(seal.open("birth_date", row.birth_date_sealed))
        people[number] = Person(heirs.get(row.id, row.id), number, seal.open("name", row.name_sealed), birth_date)
    return people
