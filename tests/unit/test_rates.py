from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ledger_service.domain.rates import (
    Measure,
    RateInvalid,
    RatesOverlap,
    RateTable,
    RateVersion,
    coins_of,
)
from ledger_service.services.coin_files import read_programmes
from ledger_service.services.master_file import PROBLEMS_MAX, MasterFileInvalid
from ledger_service.services.organisation_files import read_centers
from ledger_service.services.people_files import read_members
from ledger_service.services.table_errors import ColumnMissing

SAMPLES = Path(__file__).parents[1] / "samples"
PROGRAMME_HEADER = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure\n"


def hours(first: date, last: date | None = None, coins: int = 5) -> RateVersion:
    return RateVersion(1, "VOL", "자원봉사", "minute", coins, 60, first, last, 480, 0, Measure.TIME, 480, 60)


@pytest.mark.parametrize(("units", "coins"), [(0, 0), (11, 0), (12, 1), (59, 4), (60, 5), (100, 8), (480, 40)])
def test_coins_are_rounded_down(units: int, coins: int) -> None:
    assert coins_of(units, hours(date(2024, 4, 1))) == coins


def test_a_version_counts_on_its_first_and_on_its_last_day() -> None:
    table = RateTable([hours(date(2024, 4, 1)), hours(date(2022, 1, 1), date(2024, 3, 31), coins=3)])
    found = {day: table.version_on("VOL", day) for day in (date(2022, 1, 1), date(2024, 3, 31), date(2024, 4, 1))}
    assert [version and version.coins for version in found.values()] == [3, 3, 5]


def test_before_between_and_after_the_versions_none_is_in_force() -> None:
    table = RateTable([hours(date(2022, 1, 1), date(2022, 6, 30)), hours(date(2023, 1, 1), date(2023, 12, 31))])
    for day in (date(2021, 12, 31), date(2022, 7, 1), date(2022, 12, 31), date(2024, 1, 1)):
        assert table.version_on("VOL", day) is None
    assert table.has("VOL")


def test_an_unknown_programme_has_no_version_and_may_be_measured_in_any_way() -> None:
    table = RateTable([hours(date(2024, 4, 1))])
    assert not table.has("vol")
    assert table.version_on("TUMBLER", date(2024, 4, 1)) is None
    assert table.versions_of("TUMBLER") == ()
    assert table.measures_of("TUMBLER") == set(Measure)
    assert table.measures_of("VOL") == {Measure.TIME}


@pytest.mark.parametrize("last", [None, date(2024, 4, 1), date(2025, 1, 1)])
def test_versions_that_share_a_day_are_refused(last: date | None) -> None:
    with pytest.raises(RatesOverlap) as refused:
        RateTable([hours(date(2024, 4, 1)), hours(date(2022, 1, 1), last)])
    assert refused.value.fields["later_first_day"] == "2024-04-01"
    assert "2024-04-01" in refused.value.message_ko


def test_two_versions_from_the_same_day_are_refused() -> None:
    with pytest.raises(RatesOverlap):
        RateTable([hours(date(2024, 4, 1)), hours(date(2024, 4, 1))])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate_id", 0),
        ("rate_id", 65_536),
        ("coins", 0),
        ("per_units", 0),
        ("daily_cap_units", 0),
        ("min_age", -1),
        ("units_max", 2**24),
        ("expiry_months", 0),
        ("programme", ""),
        ("last_day", date(2024, 3, 31)),
    ],
)
def test_a_version_out_of_bounds_is_refused(field: str, value: object) -> None:
    with pytest.raises(RateInvalid):
        replace(hours(date(2024, 4, 1)), **{field: value})  # type: ignore[arg-type]


def test_the_sample_rates_have_ids_in_file_order() -> None:
    versions = read_programmes((SAMPLES / "programmes.csv").read_bytes())
    assert [version.rate_id for version in versions] == list(range(1, 14))
    pet = versions[6]
    assert (pet.programme, pet.coins, pet.per_units, pet.units_max, pet.expiry_months) == ("PET", 2, 10, 50, 60)
    assert (pet.first_day, pet.last_day, pet.measure) == (date(2024, 4, 1), None, Measure.COUNT)
    assert list(RateTable(versions)) != []


def test_a_timed_programme_may_credit_what_all_of_them_share_whatever_its_own_cap() -> None:
    row = "TALENT,재능기부,minute,5,60,2024-04-01,,120,0,time\n"
    (version,) = read_programmes((PROGRAMME_HEADER + row).encode())
    assert (version.daily_cap_units, version.person_day_cap_units, version.units_max) == (120, 480, 480)


def test_every_problem_of_a_programme_file_is_named_with_its_line_and_column() -> None:
    rows = "VOL,자원봉사,minute,5.5,0,2024-04-01,2024-03-01,480,0,hours\n,이름,item,1,1,2024-13-01,,1,0,count\n"
    with pytest.raises(MasterFileInvalid) as refused:
        read_programmes((PROGRAMME_HEADER + rows).encode())
    found = {(one.line, one.column) for one in refused.value.problems}
    assert {(2, "measure"), (2, "coins"), (3, "code"), (3, "effective_from")} <= found
    assert refused.value.message.startswith("Line 2, measure:")
    assert refused.value.message_ko.startswith("2번째 줄")


def test_versions_of_a_file_that_share_a_day_are_refused() -> None:
    rows = "VOL,봉사,minute,3,60,2022-01-01,,480,0,time\nVOL,봉사,minute,5,60,2024-04-01,,480,0,time\n"
    with pytest.raises(RatesOverlap):
        read_programmes((PROGRAMME_HEADER + rows).encode())


def test_the_sample_members_and_centers_are_read() -> None:
    members = read_members((SAMPLES / "members.csv").read_bytes())
    assert len(members) == 670
    assert members[0].member_number == "S100000"
    assert members[0].birth_date == date(1963, 2, 9)
    centers = read_centers((SAMPLES / "centers.csv").read_bytes())
    assert [center.code for center in centers] == ["SVC", "YJSW", "JWSW", "BPCC", "BBCC", "ZERO", "YOUTH", "NUBI"]


def test_a_member_number_given_twice_is_refused_and_both_lines_are_named() -> None:
    rows = "회원번호,이름,생년월일\nS1,김가나,1960-01-01\nＳ１ ,이다라,1961-01-01\n"
    with pytest.raises(MasterFileInvalid) as refused:
        read_members(rows.encode())
    (problem,) = refused.value.problems
    assert (problem.line, problem.column, problem.reason) == (3, "회원번호", "is the same as in line 2")


def test_problems_of_a_member_file_do_not_repeat_what_stands_in_the_cells() -> None:
    with pytest.raises(MasterFileInvalid) as refused:
        read_members("회원번호,이름,생년월일\nS1,김가나,1960-99-01\n,이다라,1961-01-01\n".encode())
    told = f"{refused.value} {refused.value.message_ko} {refused.value.fields}"
    assert not any(cell in told for cell in ("김가나", "1960", "이다라", "1961"))
    assert "김가나" not in repr(read_members("회원번호,이름,생년월일\nS1,김가나,1960-09-01\n".encode()))


def test_a_file_full_of_problems_names_the_first_hundred() -> None:
    rows = "회원번호,이름,생년월일\n" + "S1,,어제\n" * 300
    with pytest.raises(MasterFileInvalid) as refused:
        read_members(rows.encode())
    assert len(refused.value.problems) == PROBLEMS_MAX


def test_a_center_code_given_twice_is_refused() -> None:
    with pytest.raises(MasterFileInvalid):
        read_centers("code,name\nSVC,센터\nSVC,다른 센터\n".encode())


def test_a_master_file_without_a_column_names_it() -> None:
    with pytest.raises(ColumnMissing) as refused:
        read_members("회원번호,이름\nS1,김가나\n".encode())
    assert refused.value.columns == ("생년월일",)


def test_names_are_kept_composed_and_trimmed() -> None:
    (member,) = read_members("회원번호,이름,생년월일\n S1 , \u1100\u1161\u1102\u1161 ,1960. 1. 2.\n".encode())
    assert (member.member_number, member.name, member.birth_date) == ("S1", "가나", date(1960, 1, 2))
