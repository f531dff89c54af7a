"""Expiry, corrections, freezes and lots over HTTP: what is asked, what is answered, who may."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.conftest import COINS_EACH, Caller, District

As = Callable[[str | None], Caller]


def credit_of(as_: As, person: str) -> int:
    lines = as_("auditor").get(f"/residents/{person}/entries").json()["entries"]
    return int(next(line["journal_no"] for line in lines if line["kind"] == "credit"))


def test_a_correction_is_proposed_by_the_centre_and_approved_by_the_coin_office(
    as_: As, district: District, resident: str
) -> None:
    journal_no = credit_of(as_, resident)
    made = as_("clerk").post("/corrections", {"entry": str(journal_no), "coins": 15, "reason": "two hours too many"})
    assert made.status_code == 201, made.text
    assert (made.json()["coins"], made.json()["restores"]) == (15, False)
    listed = as_("clerk").get("/approvals").json()["approvals"]
    assert made.json()["id"] in {one["id"] for one in listed}
    approve = f"/approvals/{made.json()['id']}/approve"
    assert as_("clerk").post(approve).status_code == 403
    done = as_("office-2").post(approve)
    assert done.status_code == 200, done.text
    assert (done.json()["taken"], done.json()["debt"], done.json()["entries"]) == (15, 0, 1)
    assert as_("office").get(f"/residents/{resident}/balance").json()["available"] == COINS_EACH - 15
    district.post_all()
    lines = as_("auditor").get(f"/residents/{resident}/entries").json()["entries"]
    (line,) = [line for line in lines if line["kind"] == "correct"]
    assert (line["original_no"], line["coins"], line["state"]) == (journal_no, 15, "final")
    lots = as_("office").get(f"/residents/{resident}/lots").json()
    assert [(lot["journal_no"], lot["left"], lot["expires_on"]) for lot in lots["lots"]] == [
        (journal_no, COINS_EACH - 15, "2029-04-11")
    ]


def test_a_correction_that_is_too_large_or_of_nothing_is_refused(as_: As, resident: str) -> None:
    journal_no = credit_of(as_, resident)
    body = {"entry": str(journal_no), "coins": COINS_EACH + 1, "reason": "why"}
    refused = as_("office").post("/corrections", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "correction_too_large")
    assert as_("office").post("/corrections", body | {"entry": "4000000000", "coins": 1}).status_code == 404
    assert as_("office").post("/corrections", body | {"entry": "one"}).status_code == 422
    assert as_("other-counter").post("/corrections", body).status_code == 403


def test_a_proposed_correction_can_be_withdrawn(as_: As, resident: str) -> None:
    body = {"entry": str(credit_of(as_, resident)), "reason": "why"}
    made = as_("clerk").post("/corrections", body).json()
    declined = as_("clerk").post(f"/approvals/{made['id']}/reject", {"reason": "my mistake"})
    assert declined.json()["status"] == "withdrawn"


def test_a_frozen_resident_is_refused_with_the_day_and_the_appeal(as_: As, district: District, resident: str) -> None:
    body = {"person_id": resident, "until": "2024-05-20", "reason": "padded hours"}
    made = as_("office").post("/freezes", body)
    assert (made.status_code, made.json()["appeal_days"]) == (201, 14)
    assert as_("office-2").post(f"/approvals/{made.json()['id']}/approve").status_code == 200
    charge = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 10}
    refused = as_("counter").post("/redemptions", charge)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_frozen")
    assert refused.json()["fields"] == {"until": "2024-05-20", "appeal_until": "2024-05-16"}
    assert as_("office").get(f"/residents/{resident}/balance").json()["frozen_until"] == "2024-05-20"
    lift = as_("office").post("/freezes/lift", {"person_id": resident, "reason": "cleared"})
    assert as_("office-2").post(f"/approvals/{lift.json()['id']}/approve").status_code == 200
    assert as_("counter").post("/redemptions", charge).status_code == 201


def test_a_run_for_today_is_refused_and_one_without_expired_coins_too(as_: As, district: District) -> None:
    district.post_all()
    refused = as_("office").post("/expiries", {"to": "2024-05-02"})
    assert refused.json()["code"] == "cut_day_not_over"
    assert as_("auditor").post("/expiries/preview", {"to": "2024-05-01"}, key=None).json() == {
        "to": "2024-05-01", "accounts": 0, "coins": 0,
    }  # fmt: skip
    refused = as_("office").post("/expiries", {"to": "2024-05-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_expired")
