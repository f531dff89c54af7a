"""Properties of the import on generated months, and its agreement with a second implementation of the rules."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_service.domain.cells import plain_code, read_date, read_quantity, read_time
from ledger_service.domain.rates import RateTable
from ledger_service.domain.records import Judgement, Outcome, Person, RawRow, Standing, judge
from ledger_service.errors import BoramError
from ledger_service.services.activity_file import read_activities
from ledger_service.services.coin_files import read_programmes
from ledger_service.services.organisation_files import read_centers
from ledger_service.services.people_files import read_members
from scripts.generate_month import FORMATS, Month, Plan, generate
from tests.reference_import import Ledger

MONTHS_IN_EVERY_RUN = 40
MONTHS_IN_THE_LONG_RUN = 400
seeds = st.integers(min_value=0, max_value=10**9)


class Office:
    """A month's master data, ready to judge with."""

    def __init__(self, month: Month) -> None:
        members = read_members(month.files["members.csv"])
        self.people = {
            member.member_number: Person(f"p{member.line}", member.member_number, member.name, member.birth_date)
            for member in members
        }
        self.centers = {center.code for center in read_centers(month.files["centers.csv"])}
        self.rates = RateTable(read_programmes(month.files["programmes.csv"]))
        self.rows = read_activities(month.activities)
        self.as_of = month.as_of

    def judge(self, rows: list[RawRow], standing: Standing) -> list[Judgement]:
        return judge(rows, self.as_of, self.people, self.rates, self.centers, standing)


@cache
def small_office() -> Office:
    return Office(generate(Plan(seed=1, rows=1, members=1)))


def plan_of(seed: int) -> Plan:
    dice = random.Random(seed)
    month = date(dice.choice((2024, 2025)), dice.randint(1, 12), 1)
    return Plan(
        seed=seed,
        rows=dice.choice((40, 120, 250)),
        members=dice.choice((5, 20, 60)),
        month=month,
        as_of=None if dice.randrange(2) else month + timedelta(days=dice.randint(10, 130)),
        format=FORMATS[seed % len(FORMATS)],
        defects_percent=dice.choice((20, 50, 90)),
        odd_spellings_percent=dice.choice((0, 30, 80)),
    )


def told(judgements: list[Judgement]) -> list[tuple[int, str, int]]:
    return [(one.line, str(one.outcome), one.coins) for one in judgements]


def agrees_with_the_reference(seed: int) -> set[str]:
    month = generate(plan_of(seed))
    office, standing = Office(month), Standing()
    ledger = Ledger(month.files["members.csv"], month.files["centers.csv"], month.files["programmes.csv"])
    first = told(office.judge(office.rows, standing))
    assert first == ledger.run(month.activities, month.as_of), f"seed {seed}"
    again = told(office.judge(office.rows, standing))
    assert again == ledger.run(month.activities, month.as_of), f"seed {seed}, imported again"
    return {outcome for _, outcome, _ in first}


def test_generated_months_come_out_as_the_reference_says() -> None:
    seen = set()
    for seed in range(MONTHS_IN_EVERY_RUN):
        seen |= agrees_with_the_reference(seed)
    assert seen == {str(outcome) for outcome in Outcome}


@pytest.mark.slow
def test_many_generated_months_come_out_as_the_reference_says() -> None:
    for seed in range(MONTHS_IN_EVERY_RUN, MONTHS_IN_EVERY_RUN + MONTHS_IN_THE_LONG_RUN):
        agrees_with_the_reference(seed)


months = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@months
@given(seeds)
def test_importing_again_credits_nothing(seed: int) -> None:
    office, standing = Office(generate(plan_of(seed))), Standing()
    first = office.judge(office.rows, standing)
    again = office.judge(office.rows, standing)
    for before, after in zip(first, again, strict=True):
        assert after.coins == 0
        expected = Outcome.DUPLICATE_RECORD if before.outcome.accepted else before.outcome
        # a refused row may have lost its number to an accepted one below it
        assert after.outcome in (expected, Outcome.DUPLICATE_RECORD)


@months
@given(seeds, st.integers(min_value=0, max_value=250))
def test_a_month_in_two_files_comes_out_as_in_one(seed: int, cut: int) -> None:
    office = Office(generate(plan_of(seed)))
    whole = office.judge(office.rows, Standing())
    standing = Standing()
    parts = office.judge(office.rows[:cut], standing) + office.judge(office.rows[cut:], standing)
    assert parts == whole


@months
@given(seeds)
def test_no_cap_is_passed_and_no_accepted_session_overlaps(seed: int) -> None:
    office, standing = Office(generate(plan_of(seed))), Standing()
    judged = office.judge(office.rows, standing)
    assert all(minutes <= 480 for minutes in standing.timed_minutes.values())
    for (_, day, programme), units in standing.counted_units.items():
        version = office.rates.version_on(programme, day)
        assert version is not None
        assert units <= version.daily_cap_units
    for sessions in standing.sessions.values():
        ordered = sorted(sessions)
        assert all(before[1] <= after[0] for before, after in pairwise(ordered))
    for one in judged:
        assert 0 <= one.counted_units <= one.units
        assert one.outcome.accepted or (one.coins, one.counted_units) == (0, 0)
        assert (one.outcome is Outcome.CAPPED) == (one.outcome.accepted and one.counted_units < one.units)


@months
@given(seeds)
def test_the_form_of_the_file_does_not_matter(seed: int) -> None:
    plan = replace(plan_of(seed), odd_spellings_percent=0, defects_percent=0, format="utf-8")
    rows = read_activities(generate(plan).activities)
    for form in FORMATS:
        assert [row[:11] for row in read_activities(generate(replace(plan, format=form)).activities)] == [
            row[:11] for row in rows
        ]


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    header = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량\n"
    for head in (b"", header.encode(), header.encode("cp949"), b"PK\x03\x04", b"\xef\xbb\xbf"):
        try:
            rows = read_activities(head + data)
        except BoramError:
            continue
        office = small_office()
        assert len(office.judge(rows, Standing())) == len(rows)


@given(st.lists(st.text(max_size=12), min_size=10, max_size=10))
def test_any_text_is_judged(cells: list[str]) -> None:
    office = small_office()
    (judgement,) = office.judge([RawRow._make((2, *cells, "", 0))], Standing())
    assert not judgement.outcome.accepted


@given(st.text(max_size=20))
def test_a_plain_code_is_its_own_plain_code(text: str) -> None:
    assert plain_code(plain_code(text)) == plain_code(text)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_date_is_read_back_from_each_form(day: date) -> None:
    for text in (
        f"{day:%Y-%m-%d}",
        f"{day:%Y.%m.%d}",
        f"{day:%Y%m%d}",
        f"{day.year}. {day.month}. {day.day}.",
    ):
        assert read_date(text) == day
        assert read_date("".join(chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in text)) == day


@given(st.integers(min_value=0, max_value=1439), st.integers(min_value=1, max_value=10**18 - 1))
def test_times_and_quantities_are_read_back(minute: int, quantity: int) -> None:
    assert read_time(f"{minute // 60:02}:{minute % 60:02}") == minute
    assert read_quantity(str(quantity)) == quantity
    assert read_quantity(f"-{quantity}") is None
