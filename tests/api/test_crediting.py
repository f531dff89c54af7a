"""A month's file over HTTP: judged, reserved, decided by another person, final."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest

from ledger_service.api.guard import UPLOADS_AT_ONCE
from tests.api.conftest import UPLOAD_BYTES_MAX, Caller, District, act, month

As = Callable[[str | None], Caller]


def balance(as_: As, person_id: str) -> Any:
    return as_("office").get(f"/residents/{person_id}/balance").json()


def test_a_row_goes_from_waiting_to_final(as_: As, district: District, newcomer: dict[str, str]) -> None:
    person_id = district.person(newcomer["회원번호"])
    submitted = as_("clerk").upload("/imports", month(act("WAY-1", newcomer))).json()
    assert (submitted["status"], submitted["coins"], submitted["outcomes"]) == ("waiting", 40, {"ok": 1})
    lines = as_("office").get(f"/residents/{person_id}/entries").json()
    assert [(one["state"], one["coins"], one["programme"]) for one in lines["waiting"]] == [("waiting", 40, "VOL")]
    assert balance(as_, person_id)["waiting_credits"] == 40

    approved = as_("approver").post(f"/approvals/{submitted['id']}/approve").json()
    assert (approved["status"], approved["entries"], approved["coins"]) == ("approved", 1, 40)
    lines = as_("office").get(f"/residents/{person_id}/entries").json()
    assert [(one["state"], one["kind"]) for one in lines["entries"]] == [("accepted", "credit")]
    assert (balance(as_, person_id)["available"], balance(as_, person_id)["pending_credits"]) == (0, 40)

    district.post_all()
    assert balance(as_, person_id)["available"] == 40
    assert as_("clerk").get(f"/imports/{submitted['id']}").json()["entries"] == {"final": 1}


def test_the_lines_of_an_import_come_in_pages(as_: As, newcomer: dict[str, str]) -> None:
    rows = [act(f"PAGE-{day}", newcomer, f"2024-04-{day:02}", hours="09:00,10:00") for day in range(1, 6)]
    submitted = as_("clerk").upload("/imports", month(*rows, "broken,row,,,,,,,,,")).json()
    path, found, after = f"/imports/{submitted['id']}/lines", [], 0
    while after is not None:
        page = as_("clerk").get(path, after=after, limit=2).json()
        found += page["lines"]
        after = page["next_after"]
    assert [(one["line"], one["outcome"], one["coins"]) for one in found] == [
        *((line, "ok", 5) for line in range(2, 7)), (7, "malformed", 0),
    ]  # fmt: skip


def test_who_submitted_may_not_approve(as_: As, district: District, newcomer: dict[str, str]) -> None:
    district.add("both", ["clerk", "approver"], ["SVC"])
    submitted = as_("both").upload("/imports", month(act("SELF-1", newcomer))).json()
    refused = as_("both").post(f"/approvals/{submitted['id']}/approve")
    assert (refused.status_code, refused.json()["code"]) == (403, "same_person")
    assert as_("both").get(f"/approvals/{submitted['id']}").json()["is_mine"] is True


def test_a_decision_is_made_once(as_: As, newcomer: dict[str, str]) -> None:
    submitted = as_("clerk").upload("/imports", month(act("TWICE-1", newcomer))).json()
    assert as_("approver").post(f"/approvals/{submitted['id']}/approve").status_code == 200
    again = as_("approver").post(f"/approvals/{submitted['id']}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")
    reject = as_("approver").post(f"/approvals/{submitted['id']}/reject", {"reason": "late"})
    assert (reject.status_code, reject.json()["code"]) == (409, "not_waiting")


def test_a_rejected_file_may_come_again_and_an_own_one_is_withdrawn(as_: As, newcomer: dict[str, str]) -> None:
    file = month(act("BACK-1", newcomer))
    first = as_("clerk").upload("/imports", file).json()
    again = as_("clerk").upload("/imports", file)
    assert (again.status_code, again.json()["code"]) == (422, "nothing_to_submit")
    rejected = as_("approver").post(f"/approvals/{first['id']}/reject", {"reason": "wrong month"})
    assert rejected.json()["status"] == "rejected"
    second = as_("clerk").upload("/imports", file)
    assert second.status_code == 201
    withdrawn = as_("clerk").post(f"/approvals/{second.json()['id']}/reject", {"reason": "my mistake"})
    assert withdrawn.json()["status"] == "withdrawn"


def test_another_centres_submission_is_not_there(as_: As, district: District, newcomer: dict[str, str]) -> None:
    far = district.add("far-clerk", ["clerk", "approver"], ["ZERO"])
    submitted = as_("clerk").upload("/imports", month(act("FAR-1", newcomer))).json()
    for path in (f"/approvals/{submitted['id']}", f"/imports/{submitted['id']}", f"/imports/{submitted['id']}/lines"):
        assert far.get(path).status_code == 404
    assert far.post(f"/approvals/{submitted['id']}/approve").status_code == 404
    assert submitted["id"] not in [one["id"] for one in far.get("/approvals", limit=500).json()["approvals"]]
    assert submitted["id"] in [one["id"] for one in as_("approver").get("/approvals", limit=500).json()["approvals"]]


def test_a_file_of_a_centre_that_is_not_yours_is_refused(as_: As, newcomer: dict[str, str]) -> None:
    answer = as_("clerk").upload("/imports", month(act("MINE-1", newcomer, centre="ZERO")))
    assert answer.status_code == 403


def test_a_preview_stores_nothing(as_: As, district: District, newcomer: dict[str, str]) -> None:
    file = month(act("LOOK-1", newcomer))
    for _ in range(2):
        seen = as_("clerk").upload("/imports/preview", file, key=None, as_of="2024-05-02").json()
        assert seen["lines"] == [{"line": 2, "outcome": "ok", "coins": 40}]
    assert balance(as_, district.person(newcomer["회원번호"]))["waiting_credits"] == 0


def test_one_act_is_judged_like_a_row(as_: As, district: District, newcomer: dict[str, str]) -> None:
    record = {
        "desk": district.desk("SVC", "centre"), "member_number": newcomer["회원번호"], "name": newcomer["이름"],
        "birth_date": newcomer["생년월일"], "programme": "VOL", "activity_day": "2024-04-20", "start": "09:00",
        "end": "11:00",
    }  # fmt: skip
    submitted = as_("clerk").post("/records", record)
    assert (submitted.status_code, submitted.json()["coins"]) == (201, 10), submitted.text
    overlapping = as_("clerk").post("/records", record)
    assert (overlapping.status_code, overlapping.json()["fields"]["outcomes"]) == (422, {"overlap": 1})
    nobody = as_("clerk").post("/records", record | {"member_number": "S999999"})
    assert nobody.json()["fields"]["outcomes"] == {"unknown_member": 1}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 415, "file_not_understood"),
        ("실적번호".encode() + b"\xff,\n", 422, "file_undecodable"),
        ("회원번호,이름\nS1,가".encode(), 422, "column_missing"),
        (month(), 422, "nothing_to_submit"),
        (month("N1,S100000,하하린,1963-02-09,SVC,CLASS,2024-04-10,,,-1,"), 422, "nothing_to_submit"),
        (month("N2,S100000,하하린,1963-02-09,NONE,CLASS,2024-04-10,,,1,"), 422, "nothing_to_submit"),
        (b"x" * (UPLOAD_BYTES_MAX + 1), 413, "file_too_large"),
        (b"x" * (UPLOAD_BYTES_MAX + 200_000), 413, "body_too_large"),
    ],
)
def test_a_bad_file_is_a_clear_refusal(as_: As, data: bytes, status: int, code: str) -> None:
    answer = as_("clerk").upload("/imports", data)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_an_import_day_ahead_is_refused(as_: As, newcomer: dict[str, str]) -> None:
    file = month(act("AHEAD-1", newcomer))
    assert as_("clerk").upload("/imports", file, as_of="2024-05-03").json()["code"] == "as_of_invalid"
    assert as_("clerk").upload("/imports", file, as_of="2024-05-01").json()["code"] == "as_of_invalid"
    assert as_("clerk").upload("/imports", file, as_of="soon").json()["code"] == "invalid"
    earlier = as_("approver").upload("/imports", file, as_of="2024-05-01", as_of_reason="holiday")
    assert earlier.status_code == 201


def test_files_beyond_the_few_at_once_are_busy_and_pass_when_sent_again(
    as_: As, district: District, resident: str
) -> None:
    def load(number: int) -> Any:
        rows = f"회원번호,이름,생년월일\nBUSY{number},김새봄,1990-01-02".encode()
        return as_("registrar").upload("/master/members", rows, key=f"busy-{number}")

    more = 3
    with ThreadPoolExecutor(UPLOADS_AT_ONCE + more) as pool:
        with district.installation.journal.intake_lock:  # every file that has a place waits here
            sent = {pool.submit(load, number): number for number in range(UPLOADS_AT_ONCE + more)}
            refused = list(itertools.islice(as_completed(sent, timeout=30), more))
            for one in refused:
                answer = one.result()
                assert (answer.status_code, answer.json()["code"]) == (503, "busy"), answer.text
                assert answer.headers["retry-after"]
                assert "same Idempotency-Key" in answer.json()["detail"]
            body = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 1}
            assert as_("counter").post("/redemptions", body).status_code == 201
        assert [one.result(30).status_code for one in sent if one not in refused] == [201] * UPLOADS_AT_ONCE
    for one in refused:
        assert load(sent[one]).json()["added"] == 1


def test_a_file_that_is_refused_gives_its_place_back(as_: As) -> None:
    for _ in range(UPLOADS_AT_ONCE + 1):
        assert as_("clerk").upload("/imports", b"").status_code == 415
