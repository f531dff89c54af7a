from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ledger_service.domain.cells import plain_code, plain_name, read_date, read_quantity, read_time
from ledger_service.domain.rates import Measure, RateTable, RateVersion
from ledger_service.domain.records import Fault, Judgement, Outcome, Person, RawRow, Standing, judge
from ledger_service.services.activity_file import read_activities
from ledger_service.services.coin_files import read_programmes
from ledger_service.services.organisation_files import read_centers
from ledger_service.services.people_files import read_members

SAMPLES = Path(__file__).parents[1] / "samples"
AS_OF = date(2024, 5, 2)


def rate(
    rate_id: int, programme: str, coins: int, per_units: int, measure: Measure, first: date = date(2024, 4, 1),
    last: date | None = None, cap: int = 480, min_age: int = 0, units_max: int = 480,
) -> RateVersion:  # fmt: skip
    return RateVersion(
        rate_id, programme, programme, "unit", coins, per_units, first, last, cap, min_age, measure, units_max, 60
    )


RATES = RateTable(
    [
        rate(1, "VOL", 3, 60, Measure.TIME, date(2022, 1, 1), date(2024, 3, 31)),
        rate(2, "VOL", 5, 60, Measure.TIME),
        rate(3, "TALENT", 5, 60, Measure.TIME, cap=120),
        rate(4, "CLASS", 1, 1, Measure.COUNT, date(2022, 1, 1), cap=2, min_age=60),
        rate(5, "PET", 2, 10, Measure.COUNT, cap=50),
        rate(6, "CARTON", 5, 1000, Measure.COUNT, cap=10_000, units_max=4_000),
        rate(7, "SHIFT", 1, 60, Measure.TIME, date(2024, 2, 1), date(2024, 3, 31)),
        rate(8, "SHIFT", 1, 1, Measure.COUNT, date(2024, 5, 1)),
    ]
)
PEOPLE = {
    "S1": Person("p1", "S1", "김가나", date(1960, 4, 11)),
    "S2": Person("p2", "S2", "이 다라", date(1964, 4, 11)),
    "S3": Person("p3", "S3", "박마바", date(1964, 2, 29)),
    "S9": Person("p1", "S9", "김가나", date(1960, 4, 11)),  # the same person under another number
}
BIRTH_DATES = {number: person.birth_date.isoformat() for number, person in PEOPLE.items()}


class Sheet:
    """Rows written as a clerk would, judged in one go."""

    def __init__(self) -> None:
        self.rows: list[RawRow] = []
        self.standing = Standing()

    def add(self, programme: str = "VOL", **cells: str) -> Sheet:
        member = cells.get("member_number", "S1")
        person = PEOPLE.get(member.strip())
        line = len(self.rows) + 2
        row = RawRow(
            line=line,
            record_number=f"V{line}",
            member_number=member,
            name=person.name if person else "김가나",
            birth_date=BIRTH_DATES.get(member.strip(), "1960-04-11"),
            center="SVC",
            programme=programme,
            activity_day="2024-04-11",
            start="" if programme in ("PET", "CLASS", "CARTON") else "09:00",
            end="" if programme in ("PET", "CLASS", "CARTON") else "10:00",
            quantity="10" if programme in ("PET", "CLASS", "CARTON") else "",
        )
        self.rows.append(row._replace(**cells))  # type: ignore[arg-type]
        return self

    def judged(self, as_of: date = AS_OF) -> list[Judgement]:
        return judge(self.rows, as_of, PEOPLE, RATES, {"SVC", "ZERO"}, self.standing)

    def outcomes(self, as_of: date = AS_OF) -> list[str]:
        return [str(one.outcome) for one in self.judged(as_of)]


def outcome_of(programme: str = "VOL", **cells: str) -> str:
    return Sheet().add(programme, **cells).outcomes()[0]


def one(programme: str = "VOL", **cells: str) -> Judgement:
    return Sheet().add(programme, **cells).judged()[0]


# --- the sample month


def sample_judgements(standing: Standing) -> list[Judgement]:
    members = read_members((SAMPLES / "members.csv").read_bytes())
    people = {
        member.member_number: Person(f"person-{member.line}", member.member_number, member.name, member.birth_date)
        for member in members
    }
    rates = RateTable(read_programmes((SAMPLES / "programmes.csv").read_bytes()))
    centers = {center.code for center in read_centers((SAMPLES / "centers.csv").read_bytes())}
    rows = read_activities((SAMPLES / "activities-2024-04.csv").read_bytes())
    return judge(rows, AS_OF, people, rates, centers, standing)


def test_the_sample_month_comes_out_line_by_line() -> None:
    with (SAMPLES / "expected-2024-04.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = [(int(row["line"]), row["outcome"], int(row["coins"])) for row in csv.DictReader(file)]
    assert [(one.line, str(one.outcome), one.coins) for one in sample_judgements(Standing())] == expected


def test_the_sample_month_has_its_totals() -> None:
    judgements = sample_judgements(Standing())
    expected = json.loads((SAMPLES / "expected-2024-04.json").read_text("utf-8"))
    credited = [one for one in judgements if one.coins > 0]
    assert {
        "as_of": AS_OF.isoformat(),
        "rows": len(judgements),
        "outcomes": dict(sorted(Counter(str(one.outcome) for one in judgements).items())),
        "coins": sum(one.coins for one in judgements),
        "credited_rows": len(credited),
        "residents_credited": len({one.person_id for one in credited}),
    } == expected


def test_the_sample_month_again_credits_nothing() -> None:
    standing = Standing()
    first = sample_judgements(standing)
    again = sample_judgements(standing)
    assert sum(one.coins for one in again) == 0
    for before, after in zip(first, again, strict=True):
        expected = Outcome.DUPLICATE_RECORD if before.outcome.accepted else before.outcome
        assert after.outcome is expected


# --- malformed


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"record_number": ""}, Fault.RECORD_NUMBER_EMPTY),
        ({"record_number": " \u3000\u200b"}, Fault.RECORD_NUMBER_EMPTY),
        ({"record_number": "2.40401E+11"}, Fault.RECORD_NUMBER_ROUNDED),
        ({"member_number": " "}, Fault.MEMBER_NUMBER_EMPTY),
        ({"activity_day": "2024-13-45"}, Fault.DATE_UNREADABLE),
        ({"activity_day": ""}, Fault.DATE_UNREADABLE),
        ({"start": "25:70"}, Fault.TIME_UNREADABLE),
        ({"end": ""}, Fault.TIME_UNREADABLE),
        ({"end": "24:00"}, Fault.TIME_UNREADABLE),
        ({"end": "09:00"}, Fault.END_NOT_AFTER_START),
        ({"start": "22:00", "end": "01:00"}, Fault.END_NOT_AFTER_START),
    ],
)
def test_a_row_that_cannot_be_read_is_malformed_and_the_cell_is_named(cells: dict[str, str], fault: Fault) -> None:
    judgement = one(**cells)
    assert (judgement.outcome, judgement.fault, judgement.coins) == (Outcome.MALFORMED, fault, 0)


@pytest.mark.parametrize(
    "quantity",
    ["", "0", "000", "-3", "+5", "1.0", "1e3", "1,000", "많음", "٣", "①", "5²", "½", "9" * 19, "0x10", "1_0"],
)
def test_a_quantity_that_is_not_a_positive_whole_number_is_malformed(quantity: str) -> None:
    judgement = one("PET", quantity=quantity)
    assert (judgement.outcome, judgement.fault) == (Outcome.MALFORMED, Fault.QUANTITY_UNREADABLE)


def test_a_row_with_cells_beyond_the_header_is_malformed() -> None:
    sheet = Sheet().add()
    sheet.rows[0] = sheet.rows[0]._replace(surplus_cells=1)
    assert sheet.judged()[0].fault is Fault.ROW_SHIFTED


def test_a_programme_looks_only_at_its_own_cells() -> None:
    assert outcome_of("VOL", quantity="많음") == "ok"
    assert outcome_of("PET", start="25:70", end="09:00") == "ok"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"start": "09:00", "end": "10:00", "quantity": ""}, "unknown_programme"),
        ({"start": "", "end": "", "quantity": "3"}, "unknown_programme"),
        ({"start": "09:00", "end": "25:70", "quantity": "3"}, "unknown_programme"),
        ({"start": "09:00", "end": "25:70", "quantity": ""}, "malformed"),
        ({"start": "", "end": "", "quantity": "-3"}, "malformed"),
        ({"start": "", "end": "", "quantity": ""}, "malformed"),
        ({"start": "09:00", "end": "10:00", "activity_day": "2024-13-45"}, "malformed"),
    ],
)
def test_a_row_of_an_unknown_programme_must_be_readable_in_one_of_the_ways(
    cells: dict[str, str], expected: str
) -> None:
    assert outcome_of("TUMBLER", **cells) == expected


def test_the_cell_to_blame_where_the_measure_is_unknown_is_the_one_that_is_filled() -> None:
    assert one("TUMBLER", start="09:00", end="08:00").fault is Fault.END_NOT_AFTER_START
    assert one("TUMBLER", start="", end="", quantity="0").fault is Fault.QUANTITY_UNREADABLE


def test_between_the_versions_of_a_programme_whose_measure_changed_either_reading_will_do() -> None:
    assert outcome_of("SHIFT", start="", end="", quantity="1") == "not_in_force"
    assert outcome_of("SHIFT", start="09:00", end="10:00") == "not_in_force"
    assert outcome_of("VOL", activity_day="2021-12-31") == "not_in_force"
    assert outcome_of("VOL", activity_day="2021-12-31", start="", end="", quantity="1") == "malformed"
    assert outcome_of("SHIFT", activity_day="2024-05-01") == "malformed"
    assert outcome_of("SHIFT", activity_day="2024-03-31", start="", end="", quantity="1") == "malformed"


# --- the order of the outcomes


def test_the_first_reason_that_applies_decides() -> None:
    everything_wrong = {
        "record_number": "",
        "programme": "TUMBLER",
        "center": "MOON",
        "activity_day": "2020-01-01",
        "member_number": "S8",
        "name": "홍길동",
    }
    seen = []
    for column, mended in (
        ("record_number", "V1"),
        ("programme", "VOL"),
        ("center", "SVC"),
        ("activity_day", "2022-01-01"),
        ("member_number", "S1"),
        ("name", "김가나"),
        ("activity_day", "2024-04-11"),
    ):
        seen.append(str(Sheet().add(**everything_wrong).judged()[0].outcome))
        everything_wrong[column] = mended
    seen.append(str(Sheet().add(**everything_wrong).judged()[0].outcome))
    assert seen == [
        "malformed",
        "unknown_programme",
        "unknown_center",
        "not_in_force",
        "unknown_member",
        "identity_mismatch",
        "too_late",
        "ok",
    ]


def test_the_outcomes_stand_in_the_order_of_judging() -> None:
    assert " ".join(Outcome) == (
        "malformed unknown_programme unknown_center not_in_force unknown_member identity_mismatch future_date too_late "
        "duplicate_record not_eligible overlap capped ok"
    )
    assert [one for one in Outcome if one.accepted] == [Outcome.CAPPED, Outcome.OK]


def test_codes_are_exact_but_may_be_typed_full_width() -> None:
    assert outcome_of(programme="vol") == "unknown_programme"
    assert outcome_of(center="svc") == "unknown_center"
    assert outcome_of(programme="ＶＯＬ", center=" SVC ") == "ok"


def test_a_future_day_without_a_version_is_a_future_date() -> None:
    assert outcome_of("SHIFT", activity_day="2024-04-11") == "not_in_force"
    gone = RateTable([rate(1, "VOL", 5, 60, Measure.TIME, date(2022, 1, 1), date(2024, 4, 30))])
    rows = Sheet().add(activity_day="2024-05-03").rows
    (judgement,) = judge(rows, AS_OF, PEOPLE, gone, {"SVC"}, Standing())
    assert (judgement.outcome, judgement.rate_id) == (Outcome.FUTURE_DATE, None)
    rows = Sheet().add(activity_day="2024-05-02").rows
    assert judge(rows, AS_OF, PEOPLE, gone, {"SVC"}, Standing())[0].outcome is Outcome.NOT_IN_FORCE


def test_a_future_row_of_a_stranger_is_an_unknown_member() -> None:
    assert outcome_of(activity_day="2024-05-03", member_number="S8") == "unknown_member"
    assert outcome_of(activity_day="2024-05-03", name="홍길동") == "identity_mismatch"
    assert outcome_of(activity_day="2024-05-03") == "future_date"
    assert outcome_of(activity_day="2024-05-02") == "ok"


@pytest.mark.parametrize(
    ("as_of", "activity_day", "expected"),
    [
        (date(2024, 5, 2), "2024-02-02", "ok"),
        (date(2024, 5, 2), "2024-02-01", "too_late"),
        (date(2024, 5, 31), "2024-02-29", "ok"),
        (date(2024, 5, 31), "2024-02-28", "too_late"),
        (date(2023, 5, 31), "2023-02-28", "ok"),
        (date(2023, 5, 31), "2023-02-27", "too_late"),
        (date(2024, 1, 15), "2023-10-15", "ok"),
        (date(2024, 1, 15), "2023-10-14", "too_late"),
    ],
)
def test_an_act_is_too_late_after_three_calendar_months(as_of: date, activity_day: str, expected: str) -> None:
    assert Sheet().add(activity_day=activity_day).outcomes(as_of) == [expected]


# --- identity


@pytest.mark.parametrize("name", ["김가나", " 김가나　", "\u1100\u1175\u11b7\u1100\u1161\u1102\u1161"])
def test_names_are_compared_composed_and_trimmed(name: str) -> None:
    assert outcome_of(name=name) == "ok"


@pytest.mark.parametrize("name", ["", "김가다", "김 가나", "김가나\u200b"])
def test_another_name_is_an_identity_mismatch(name: str) -> None:
    judgement = one(name=name)
    assert (judgement.outcome, judgement.fault) == (Outcome.IDENTITY_MISMATCH, Fault.NAME_DIFFERS)
    assert judgement.person_id == "p1"


def test_a_name_keeps_the_space_inside() -> None:
    assert outcome_of(member_number="S2", name=" 이 다라") == "ok"
    assert outcome_of(member_number="S2", name="이다라") == "identity_mismatch"


@pytest.mark.parametrize("birth_date", ["1960-04-12", "", "1960-13-01", "60-04-11"])
def test_another_or_unreadable_birth_date_is_an_identity_mismatch(birth_date: str) -> None:
    assert one(birth_date=birth_date).fault is Fault.BIRTH_DATE_DIFFERS


def test_a_birth_date_may_be_written_in_any_accepted_form() -> None:
    for form in ("1960.04.11", "19600411", "1960. 4. 11.", "１９６０－０４－１１"):
        assert outcome_of(birth_date=form) == "ok"


# --- duplicates


def test_a_record_number_accepted_above_is_a_duplicate() -> None:
    sheet = Sheet().add(record_number="V1").add("PET", record_number="V1", member_number="S2")
    assert sheet.outcomes() == ["ok", "duplicate_record"]


def test_a_record_number_whose_first_row_was_refused_is_free() -> None:
    sheet = Sheet().add(record_number="V1", end="25:70").add(record_number="V1").add("PET", record_number="V1")
    assert sheet.outcomes() == ["malformed", "ok", "duplicate_record"]


def test_a_record_number_in_the_ledger_is_a_duplicate() -> None:
    sheet = Sheet().add(record_number="V1").add(record_number="V2", start="10:00", end="11:00")
    sheet.standing.record_numbers.add("V1")
    assert sheet.outcomes() == ["duplicate_record", "ok"]


@pytest.mark.parametrize("spelling", [" V240 1", "Ｖ２４０１", "V2401\u200b", "\ufeffV2401", "V24\n01"])
def test_a_record_number_spelled_otherwise_is_the_same(spelling: str) -> None:
    sheet = Sheet().add(record_number="V2401").add("PET", record_number=spelling)
    assert sheet.outcomes() == ["ok", "duplicate_record"]


def test_a_capped_row_takes_its_record_number() -> None:
    sheet = Sheet().add("PET", record_number="V1", quantity="60").add("VOL", record_number="V1")
    assert sheet.outcomes() == ["capped", "duplicate_record"]


# --- age


@pytest.mark.parametrize(
    ("member", "day", "expected"),
    [
        ("S2", "2024-04-10", "not_eligible"),
        ("S2", "2024-04-11", "ok"),
        ("S3", "2024-02-28", "not_eligible"),
        ("S3", "2024-02-29", "ok"),
    ],
)
def test_the_age_is_that_of_the_activity_day(member: str, day: str, expected: str) -> None:
    assert outcome_of("CLASS", member_number=member, activity_day=day, quantity="1") == expected


# --- overlaps


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("09:00", "10:00", "overlap"),
        ("09:59", "11:00", "overlap"),
        ("08:00", "09:01", "overlap"),
        ("09:20", "09:40", "overlap"),
        ("08:00", "11:00", "overlap"),
        ("10:00", "11:00", "ok"),
        ("08:00", "09:00", "ok"),
    ],
)
def test_sessions_that_share_a_minute_overlap(start: str, end: str, expected: str) -> None:
    sheet = Sheet().add().add("TALENT", start=start, end=end, center="ZERO")
    assert sheet.outcomes() == ["ok", expected]


def test_sessions_of_other_days_and_people_do_not_overlap() -> None:
    sheet = Sheet().add().add(activity_day="2024-04-12").add(member_number="S2")
    assert sheet.outcomes() == ["ok", "ok", "ok"]


def test_two_member_numbers_of_one_person_overlap() -> None:
    assert Sheet().add().add(member_number="S9").outcomes() == ["ok", "overlap"]


def test_a_refused_session_blocks_nothing() -> None:
    sheet = (
        Sheet()
        .add(start="09:00", end="10:00")
        .add(start="09:30", end="12:00")  # overlaps, so it does not block the next
        .add(start="11:00", end="12:00")
    )
    assert sheet.outcomes() == ["ok", "overlap", "ok"]


def test_a_session_in_the_ledger_overlaps() -> None:
    sheet = Sheet().add()
    sheet.standing.sessions["p1", date(2024, 4, 11)] = [(570, 580)]
    assert sheet.outcomes() == ["overlap"]


def test_a_capped_session_without_coins_still_blocks() -> None:
    sheet = Sheet().add(start="00:00", end="08:00").add(start="09:00", end="10:00").add(start="09:30", end="10:30")
    assert sheet.outcomes() == ["ok", "capped", "overlap"]


def test_counted_rows_with_times_do_not_overlap() -> None:
    sheet = Sheet().add().add("PET", start="09:00", end="10:00")
    assert sheet.outcomes() == ["ok", "ok"]


# --- caps and coins


def test_all_timed_programmes_share_eight_hours_over_all_centers() -> None:
    sheet = (
        Sheet()
        .add("VOL", start="08:00", end="15:00")
        .add("TALENT", start="15:00", end="17:00", center="ZERO")
        .add("VOL", start="17:00", end="18:00")
        .add("VOL", start="18:00", end="19:00", activity_day="2024-04-12")
    )
    judged = sheet.judged()
    assert [str(row.outcome) for row in judged] == ["ok", "capped", "capped", "ok"]
    assert [(row.units, row.counted_units, row.coins) for row in judged] == [
        (420, 420, 35),
        (120, 60, 5),
        (60, 0, 0),
        (60, 60, 5),
    ]


def test_exactly_the_cap_is_ok() -> None:
    sheet = Sheet().add(start="08:00", end="16:00").add(start="16:00", end="16:01")
    judged = sheet.judged()
    assert sheet.standing.timed_minutes == {("p1", date(2024, 4, 11)): 480}
    assert [(str(row.outcome), row.coins) for row in judged] == [("ok", 40), ("capped", 0)]


def test_the_own_daily_cap_of_a_timed_programme_is_not_asked() -> None:
    (judgement,) = Sheet().add("TALENT", start="09:00", end="13:00").judged()
    assert (judgement.outcome, judgement.coins) == (Outcome.OK, 20)


def test_a_counted_cap_is_for_a_person_day_and_programme() -> None:
    sheet = (
        Sheet()
        .add("PET", quantity="45")
        .add("PET", quantity="15", center="ZERO")
        .add("PET", quantity="1")
        .add("PET", quantity="50", activity_day="2024-04-12")
        .add("PET", quantity="50", member_number="S2")
        .add("CLASS", quantity="2")
    )
    assert [(str(row.outcome), row.coins) for row in sheet.judged()] == [
        ("ok", 9),
        ("capped", 1),
        ("capped", 0),
        ("ok", 10),
        ("ok", 10),
        ("ok", 2),
    ]


def test_units_counted_in_the_ledger_leave_less_of_the_cap() -> None:
    sheet = Sheet().add("PET", quantity="30").add("VOL")
    sheet.standing.counted_units["p1", date(2024, 4, 11), "PET"] = 30
    sheet.standing.timed_minutes["p1", date(2024, 4, 11)] = 450
    assert [(str(row.outcome), row.counted_units) for row in sheet.judged()] == [("capped", 20), ("capped", 30)]


def test_a_standing_above_the_cap_counts_nothing() -> None:
    sheet = Sheet().add("PET", quantity="30")
    sheet.standing.counted_units["p1", date(2024, 4, 11), "PET"] = 90
    assert [(row.counted_units, row.coins) for row in sheet.judged()] == [(0, 0)]


def test_units_above_what_one_entry_may_carry_are_capped() -> None:
    (judgement,) = Sheet().add("CARTON", quantity="9000").judged()
    assert (judgement.outcome, judgement.units, judgement.counted_units) == (Outcome.CAPPED, 9000, 4000)


def test_a_quantity_too_small_for_a_coin_is_ok_without_coins() -> None:
    judgement = one("PET", quantity="4")
    assert (judgement.outcome, judgement.coins, judgement.counted_units) == (Outcome.OK, 0, 4)


def test_coins_are_rounded_down_for_each_row() -> None:
    sheet = Sheet().add("PET", quantity="4").add("PET", quantity="4").add("PET", quantity="4")
    assert [row.coins for row in sheet.judged()] == [0, 0, 0]


def test_the_rate_is_that_of_the_activity_day() -> None:
    judged = Sheet().add(activity_day="2024-03-31").add(activity_day="2024-04-01").judged()
    assert [(row.rate_id, row.coins) for row in judged] == [(1, 3), (2, 5)]


# --- what a judgement says, and what it folds


def test_an_accepted_judgement_says_all_that_an_entry_needs() -> None:
    judgement = one(record_number="Ｖ７", start="9:00", end=" 10:00", center="SVC ")
    assert judgement == Judgement(
        line=2,
        outcome=Outcome.OK,
        fault=None,
        coins=5,
        units=60,
        counted_units=60,
        rate_id=2,
        person_id="p1",
        center="SVC",
        programme="VOL",
        activity_day=date(2024, 4, 11),
        start_minute=540,
        end_minute=600,
        record_number="V7",
    )


def test_folding_a_judgement_is_what_the_judge_does() -> None:
    sheet = Sheet().add().add("PET", quantity="60").add(start="09:30", end="10:30").add(end="")
    by_hand = Standing()
    for judgement in sheet.judged():
        by_hand.fold(judgement)
    assert by_hand == sheet.standing
    assert by_hand.record_numbers == {"V2", "V3"}
    assert by_hand.sessions == {("p1", date(2024, 4, 11)): [(540, 600)]}
    assert by_hand.counted_units == {("p1", date(2024, 4, 11), "PET"): 50}


def test_no_rows_are_no_judgements() -> None:
    assert Sheet().judged() == []


def test_a_repr_shows_no_personal_data() -> None:
    told = repr(Sheet().add().rows) + repr(PEOPLE["S1"])
    assert not any(cell in told for cell in ("김가나", "1960", "S1"))


# --- reading cells


@pytest.mark.parametrize(
    "text",
    [
        "2024-04-11",
        "2024.04.11",
        "20240411",
        "2024. 4. 11.",
        "2024. 4. 11",
        "2024.4.11.",
        "2024-4-11",
        " ２０２４－０４－１１　",
    ],
)
def test_dates_are_read(text: str) -> None:
    assert read_date(text) == date(2024, 4, 11)


@pytest.mark.parametrize(
    "text",
    [
        "", "2024-13-45", "2023-02-29", "2024/04/11", "24-04-11", "2024-04.11", "2024-04-11.", "202404011", "2024-04",
        "2024-04-11T00:00", "2024-04-11 09:00", "0000-01-01", "٢٠٢٤-٠٤-١١", "2024-04-①①", "어제", "-2024-04-11",
    ],
)  # fmt: skip
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "minute"),
    [("00:00", 0), ("07:05", 425), ("7:05", 425), ("23:59", 1439), ("０９：３０", 570), (" 09 : 30 ", 570)],
)
def test_times_are_read(text: str, minute: int) -> None:
    assert read_time(text) == minute


@pytest.mark.parametrize("text", ["", "24:00", "25:70", "09:60", "9:5", "0930", "09:30:00", "9시", "-1:30", "٠٩:٣٠"])
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("text", "units"), [("1", 1), ("007", 7), ("１２", 12), (" 1 000 ", 1000), ("9" * 18, 10**18 - 1)]
)
def test_quantities_are_read(text: str, units: int) -> None:
    assert read_quantity(text) == units


def test_codes_and_names_have_a_plain_form() -> None:
    assert plain_code(" Ｓ１００\u00ad 215\u3000") == "S100215"
    assert plain_code("\u1112\u1161\u11ab1") == "한1"
    assert plain_name("\u3000\u1112\u1161\u11ab 글 ") == "한 글"
