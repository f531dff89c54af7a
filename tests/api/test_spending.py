"""Holds, charges, refunds, donations and sign-ups over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import COINS_EACH, Caller, District

As = Callable[[str | None], Caller]


@pytest.fixture
def desk(district: District) -> int:
    return district.desk("SENIOR")


def available(as_: As, resident: str) -> int:
    return int(as_("office").get(f"/residents/{resident}/balance").json()["available"])


def test_a_hold_reserves_and_a_capture_takes(as_: As, resident: str, desk: int) -> None:
    hold = as_("counter").post("/holds", {"person_id": resident, "desk": desk, "coins": 15}).json()
    assert hold["state"] == "held"
    balance = as_("counter").get(f"/residents/{resident}/balance").json()
    assert (balance["available"], balance["held"]) == (COINS_EACH - 15, 15)
    charged = as_("counter").post(f"/holds/{hold['id']}/capture").json()
    assert (charged["coins"], charged["krw"], charged["state"]) == (15, 15 * 100, "accepted")
    late = as_("counter").post(f"/holds/{hold['id']}/release")
    assert (late.status_code, late.json()["code"]) == (409, "hold_ended")
    assert as_("counter").get(f"/holds/{hold['id']}").json()["state"] == "captured"


def test_a_released_hold_gives_its_coins_back(as_: As, resident: str, desk: int) -> None:
    hold = as_("counter").post("/holds", {"person_id": resident, "desk": desk, "coins": 15}).json()
    assert as_("counter").post(f"/holds/{hold['id']}/release").json()["state"] == "released"
    assert available(as_, resident) == COINS_EACH
    captured = as_("counter").post(f"/holds/{hold['id']}/capture")
    assert (captured.status_code, captured.json()["code"]) == (409, "hold_ended")


def test_a_refund_is_at_most_what_was_taken(as_: As, district: District, resident: str, desk: int) -> None:
    charged = as_("counter").post("/redemptions", {"person_id": resident, "desk": desk, "coins": 20}).json()
    path = f"/redemptions/{charged['id']}"
    assert as_("counter").post(f"{path}/refund", {"coins": 12}).json()["krw"] == 1_200
    above = as_("counter").post(f"{path}/refund", {"coins": 9})
    assert (above.status_code, above.json()["code"], above.json()["fields"]) == (409, "refund_too_large", {"left": 8})
    district.post_all()
    assert available(as_, resident) == COINS_EACH - 8
    seen = as_("counter").get(path).json()
    assert (seen["refunded_coins"], seen["state"]) == (12, "final")
    listed = as_("counter").get("/redemptions", desk=desk, limit=1).json()
    assert listed["redemptions"][0]["id"] == charged["id"]


def test_another_venues_things_are_not_there(as_: As, resident: str, desk: int) -> None:
    hold = as_("counter").post("/holds", {"person_id": resident, "desk": desk, "coins": 5}).json()["id"]
    charged = as_("counter").post("/redemptions", {"person_id": resident, "desk": desk, "coins": 5}).json()["id"]
    other = as_("other-counter")
    for path in (f"/holds/{hold}", f"/redemptions/{charged}"):
        assert other.get(path).status_code == 404
    assert other.get("/redemptions", desk=desk).status_code == 404
    assert other.post(f"/holds/{hold}/capture").status_code == 404
    assert other.post(f"/holds/{hold}/release").status_code == 404
    assert other.post(f"/redemptions/{charged}/refund", {"coins": 1}).status_code == 404
    assert other.post("/redemptions", {"person_id": resident, "desk": desk, "coins": 1}).status_code == 403


def test_what_is_not_there_is_404(as_: As, resident: str, desk: int) -> None:
    nobody = str(uuid4())
    for path in (f"/holds/{nobody}", f"/redemptions/{nobody}", f"/enrolments/{nobody}", f"/residents/{nobody}/balance"):
        assert as_("office").get(path).status_code == 404
    assert as_("counter").post("/redemptions", {"person_id": nobody, "desk": desk, "coins": 1}).status_code == 404
    assert as_("office").post("/redemptions", {"person_id": resident, "desk": 60_000, "coins": 1}).status_code == 404
    assert as_("counter").post("/donations", {"person_id": resident, "fund": "NONE", "coins": 1}).status_code == 404
    unknown = {"course_id": nobody, "person_id": resident, "coins": 0}
    assert as_("counter").post("/enrolments", unknown).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"coins": True}, {"coins": 1.0}, {"coins": "1"}, {"coins": 0}, {"coins": -1}, {"coins": 2**24}, {"coins": 10**30},
        {"coins": None}, {"person_id": 7}, {"person_id": "me"}, {"person_id": "me\u0000"}, {"desk": 0}, {"desk": 70_000},
        {"more": 1}, {"purpose": "gift"},
    ],
)  # fmt: skip
def test_a_wrong_type_or_bound_is_422(as_: As, resident: str, desk: int, wrong: dict[str, Any]) -> None:
    body = {"person_id": resident, "desk": desk, "coins": 1, "purpose": "counter"} | wrong
    answer = as_("counter").post("/holds", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert available(as_, resident) == COINS_EACH


def test_a_donation_goes_to_a_fund(as_: As, district: District) -> None:
    me = as_("resident").get("/actors/me").json()["person_id"]
    fund = as_(None).get("/programmes").json()["funds"][0]["code"]
    given = as_("resident").post("/donations", {"person_id": me, "fund": fund, "coins": 5})
    assert (given.status_code, given.json()["krw"]) == (201, 500)
    district.post_all()
    line = as_("resident").get(f"/residents/{me}/entries").json()["entries"][0]
    assert (line["kind"], line["coins"], line["state"]) == ("donate", 5, "final")


def test_a_sign_up_holds_takes_and_gives_back(as_: As, district: District, resident: str) -> None:
    courses = as_(None).get("/courses").json()["courses"]
    course = next(one for one in courses if one["desk"] == district.desk("BANPO1") and one["price_krw"] % 1000 == 0)
    body = {"course_id": course["id"], "person_id": resident, "coins": 20}
    signed = as_("counter").post("/enrolments", body).json()
    assert (signed["state"], signed["rest_krw"]) == ("held", course["price_krw"] - 2_000)
    again = as_("counter").post("/enrolments", body)
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")
    assert available(as_, resident) == COINS_EACH - 20
    assert as_("counter").post(f"/enrolments/{signed['id']}/confirm").json()["state"] == "enrolled"
    cancelled = as_("counter").post(f"/enrolments/{signed['id']}/cancel", {"by_centre": True}).json()
    assert (cancelled["refunded_coins"], cancelled["refunded_krw"]) == (20, signed["rest_krw"])
    district.post_all()
    assert available(as_, resident) == COINS_EACH
    assert as_("counter").get(f"/enrolments/{signed['id']}").json()["state"] == "cancelled"


def test_a_venue_takes_coins_in_its_steps(as_: As, district: District, resident: str) -> None:
    answer = as_("counter").post("/redemptions", {"person_id": resident, "desk": district.desk("POOL"), "coins": 15})
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (
        422,
        "wrong_step",
        {"step": 10, "field": "coins"},
    )
