"""Guard 1 of exactly once: a key and its request give one effect and one answer, for ever."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.conftest import COINS_EACH, Caller, District, act, month

As = Callable[[str | None], Caller]


@pytest.fixture
def charge(district: District, resident: str) -> dict[str, Any]:
    return {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 3}


def available(as_: As, resident: str) -> int:
    return int(as_("counter").get(f"/residents/{resident}/balance").json()["available"])


def test_the_same_key_and_body_give_the_stored_answer(as_: As, resident: str, charge: dict[str, Any]) -> None:
    first = as_("counter").post("/redemptions", charge, key="once-1")
    again = as_("counter").post("/redemptions", charge, key="once-1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert available(as_, resident) == COINS_EACH - 3


def test_the_same_key_and_another_body_are_refused(as_: As, resident: str, charge: dict[str, Any]) -> None:
    assert as_("counter").post("/redemptions", charge, key="once-2").status_code == 201
    other = as_("counter").post("/redemptions", charge | {"coins": 4}, key="once-2")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert available(as_, resident) == COINS_EACH - 3


def test_the_same_key_and_body_at_another_path_are_refused(as_: As, charge: dict[str, Any]) -> None:
    assert as_("counter").post("/redemptions", charge, key="once-3").status_code == 201
    other = as_("counter").post("/holds", charge, key="once-3")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_is_its_actors_own(as_: As, charge: dict[str, Any]) -> None:
    first = as_("counter").post("/redemptions", charge, key="once-4")
    other = as_("office").post("/redemptions", charge, key="once-4")
    assert other.status_code == 201
    assert first.json()["id"] != other.json()["id"]


@pytest.mark.parametrize("key", [None, "x" * 129, "with space"])
def test_a_change_without_a_usable_key_is_refused(
    as_: As, resident: str, charge: dict[str, Any], key: str | None
) -> None:
    answer = as_("counter").post("/redemptions", charge, key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert available(as_, resident) == COINS_EACH


def test_a_refusal_is_not_stored(as_: As, district: District, resident: str, charge: dict[str, Any]) -> None:
    above = as_("counter").post("/redemptions", charge | {"coins": COINS_EACH + 1}, key="once-5")
    assert above.status_code == 409
    assert as_("counter").post("/redemptions", charge | {"coins": 1}, key="once-5").status_code == 201


def test_twenty_at_once_with_one_key_have_one_effect(as_: As, resident: str, charge: dict[str, Any]) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: as_("counter").post("/redemptions", charge, key="once-6"), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert available(as_, resident) == COINS_EACH - 3


def test_a_file_is_known_by_its_content_whatever_the_boundary(as_: As, newcomer: dict[str, str]) -> None:
    file = month(act("ONCE-7", newcomer))
    first = as_("clerk").upload("/imports", file, key="once-7")
    again = as_("clerk").upload("/imports", file, key="once-7")
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    other = as_("clerk").upload("/imports", file, key="once-7", source="other")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_affordable_charges_in_parallel_win_and_the_others_do_not(
    as_: As, resident: str, charge: dict[str, Any]
) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: as_("counter").post("/redemptions", charge | {"coins": 7}), range(10)))
    won = [answer for answer in answers if answer.status_code == 201]
    assert len(won) == COINS_EACH // 7
    assert {answer.json()["code"] for answer in answers if answer not in won} == {"insufficient_coins"}
    assert available(as_, resident) == COINS_EACH % 7
