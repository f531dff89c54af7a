"""Master data, orders and actors over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.conftest import Caller, District

As = Callable[[str | None], Caller]


def test_members_that_are_known_are_left_as_they_are(as_: As) -> None:
    rows = "회원번호,이름,생년월일\nS900001,김새봄,1990-01-02\nS100000,다른이름,1963-02-09".encode()
    refused = as_("office").upload("/master/members", rows)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), "setup is sealed: a registrar's now"
    answer = as_("registrar").upload("/master/members", rows)
    assert (answer.json()["added"], answer.json()["known"], answer.json()["id"]) == (1, 1, None)
    found = as_("clerk").post("/residents/lookup", {"member_number": " S900001 "}, key=None)
    assert found.json()["name"] == "김새봄"


def test_what_binds_all_waits_for_another_person(as_: As) -> None:
    proposed = as_("office").upload("/master/funds", "code,name,body\nNEW,새 모금,새 단체".encode()).json()
    assert proposed["status"] == "waiting"
    own = as_("office").post(f"/approvals/{proposed['id']}/approve")
    assert (own.status_code, own.json()["code"]) == (403, "same_person")
    assert as_("approver").post(f"/approvals/{proposed['id']}/approve").status_code == 404
    line = as_("office-2").get(f"/approvals/{proposed['id']}").json()
    assert (line["kind"], line["is_mine"]) == ("orders", False)
    rejected = as_("office-2").post(f"/approvals/{proposed['id']}/reject", {"reason": "not listed"})
    assert rejected.json()["status"] == "rejected"
    assert "NEW" not in [one["code"] for one in as_(None).get("/programmes").json()["funds"]]


@pytest.mark.parametrize(
    ("kind", "data", "status", "code"),
    [
        ("members", b"", 415, "file_not_understood"),
        ("members", "회원번호,이름,생년월일\nS1,가,soon".encode(), 422, "master_file_invalid"),
        ("values", b"effective_from,krw\n2024-06-01,0", 422, "master_file_invalid"),
        (
            "courses",
            b"code,venue,name,first_day,last_day,seats,price_krw\nC9,NONE,x,2024-06-01,2024-06-02,1,1",
            422,
            "master_file_invalid",
        ),
        ("nothing", b"x", 422, "invalid"),
    ],
)
def test_a_bad_master_file_is_a_clear_refusal(as_: As, kind: str, data: bytes, status: int, code: str) -> None:
    answer = as_("office").upload(f"/master/{kind}", data)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_late_change_after_the_seal_is_refused(as_: As) -> None:
    answer = as_("office").upload("/master/values", b"effective_from,krw,choice\n2024-05-10,300,devalue")
    assert (answer.status_code, answer.json()["code"]) == (409, "notice_too_short")
    assert answer.json()["fields"]["earliest"] == "2024-06-01"


def test_desks_show_what_is_left_of_their_month(as_: As, district: District, resident: str) -> None:
    def left() -> int:
        desks = as_("auditor").get("/desks").json()["desks"]
        return int(next(one["left"] for one in desks if one["code"] == "SENIOR"))

    before = left()
    body = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 9}
    assert as_("counter").post("/redemptions", body).status_code == 201
    assert left() == before - 9


def test_an_actor_is_added_once_and_its_token_works(as_: As, district: District) -> None:
    added = district.add("new-clerk", ["clerk"], ["venue:SENIOR", "SVC"])
    me = added.get("/actors/me").json()
    assert (me["name"], me["roles"], len(me["desks"])) == ("new-clerk", ["clerk"], 2)
    again = as_("admin").post("/actors", {"name": "new-clerk", "roles": ["admin"]}, key=None)
    assert (again.status_code, again.json()["code"]) == (409, "actor_exists")
    assert "new-clerk" in [one["name"] for one in as_("admin").get("/actors").json()]
    assert "token" not in as_("admin").get("/actors").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ".hidden"}, {"name": "a/b"}, {"name": ""}, {"roles": []}, {"roles": ["king"]}, {"roles": ["resident"]},
        {"person_id": "018f3a5e-7c1b-7c6e-9a44-3f2b8d0c1e55"},
    ],
)  # fmt: skip
def test_a_wrong_actor_is_422(as_: As, wrong: dict[str, object]) -> None:
    answer = as_("admin").post("/actors", {"name": "somebody", "roles": ["clerk"]} | wrong, key=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_an_actor_of_an_unknown_desk_or_person_is_404(as_: As) -> None:
    for wrong in ({"desks": ["NONE"]}, {"desks": ["venue:SVC"]}):
        answer = as_("admin").post("/actors", {"name": "somebody", "roles": ["clerk"]} | wrong, key=None)
        assert answer.status_code == 404
    nobody = {"name": "somebody", "roles": ["resident"], "person_id": "018f3a5e-7c1b-7c6e-9a44-3f2b8d0c1e55"}
    assert as_("admin").post("/actors", nobody, key=None).status_code == 404
