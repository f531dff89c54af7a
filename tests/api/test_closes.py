"""Month closes over HTTP: who may do what, and the files."""

from __future__ import annotations

from tests.api.conftest import District


def test_a_month_that_is_not_over_cannot_be_closed(district: District) -> None:
    answer = district.caller("office").post("/closes", {"month": "2024-05", "venue": "POOL"})
    assert (answer.status_code, answer.json()["code"]) == (409, "month_not_over")


def test_a_month_is_written_as_year_and_month(district: District) -> None:
    for month in ("2024-13", "2024-5", "1999-01", "May", "2024-00"):
        assert district.caller("office").post("/closes", {"month": month}).status_code == 422
        assert district.caller("office").get("/closes", month=month).status_code == 422


def test_a_past_month_without_charges_has_nothing_to_close(district: District) -> None:
    # A venue's: a fund is closed whole, and other tests give to the funds of this district.
    district.post_all()
    answer = district.caller("office").post("/closes", {"month": "2024-04", "venue": "POOL"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_close")
    assert district.caller("counter").get("/closes", month="2024-04").json() == []
    paid = district.caller("auditor").get("/closes/payments/2024-04").json()
    assert paid == {"month": "2024-04", "payments": [], "not_final": 0}


def test_only_the_office_prepares_and_sees_payments(district: District) -> None:
    assert district.caller("counter").post("/closes", {"month": "2024-04"}).status_code == 403
    assert district.caller("counter").get("/closes/payments/2024-04").status_code == 403
