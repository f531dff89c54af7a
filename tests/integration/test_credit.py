"""Crediting on real databases: a file is judged, reserves, is approved by another person, and never counts twice."""

from __future__ import annotations

import csv
import json
import threading
import zlib
from datetime import date

import pytest
from sqlalchemy import func, select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import Forbidden
from ledger_service.journal.idempotency import KeyReused
from ledger_service.journal.schema import desk_limits, entries, records
from ledger_service.services import approvals, credit, intake, staging
from ledger_service.services.context import Once
from ledger_service.services.ledger_state import BooksDiffer
from ledger_service.services.reserve import AllotmentExceeded, BudgetExceeded, PersonCapExceeded
from tests.books import SAMPLES, Books

APRIL = (SAMPLES / "activities-2024-04.csv").read_bytes()
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"


def expected_outcomes() -> list[tuple[int, str, int]]:
    with (SAMPLES / "expected-2024-04.csv").open() as file:
        return [(int(row["line"]), row["outcome"], int(row["coins"])) for row in csv.DictReader(file)]


def month(*rows: str) -> bytes:
    return "\r\n".join([HEADER, *rows]).encode("cp949")


def yoga_row(number: str, day: str = "2024-04-10", center: str = "SVC") -> str:
    return f"{number},S100000,하하린,1963-02-09,{center},CLASS,{day},,,1,"


def accepted_entries(books: Books) -> tuple[int, int]:
    with books.journal.read() as unit:
        row = unit.connection.execute(
            select(func.count(), func.coalesce(func.sum(entries.c.coins), 0)).select_from(entries)
        ).one()
    return int(row[0]), int(row[1])


def test_the_sample_month_is_judged_line_by_line_as_expected(district: Books) -> None:
    judged = intake.preview_import(district.context, district.office, APRIL, "1365", None)
    assert judged.outcomes() == expected_outcomes()


def test_a_preview_stores_nothing(district: Books) -> None:
    intake.preview_import(district.context, district.office, APRIL, "1365", date(2030, 1, 1))
    with district.journal.read() as unit:
        assert unit.connection.execute(select(func.count()).select_from(records)).scalar_one() == 0


def test_the_sample_month_is_credited_once_and_only_once(district: Books) -> None:
    first = intake.submit_import(district.context, district.office, None, APRIL, "1365")
    totals = json.loads((SAMPLES / "expected-2024-04.json").read_text())
    assert (first["coins"], first["outcomes"]) == (totals["coins"], totals["outcomes"])
    assert accepted_entries(district) == (0, 0)

    again = intake.preview_import(district.context, district.office, APRIL, "1365", None)
    assert not again.accepted, "a waiting submission reserves its rows"

    approved = credit.approve(district.context, district.second, None, first["id"])
    assert (approved["entries"], approved["coins"]) == (1673, 12941)
    assert accepted_entries(district) == (1673, 12941)
    with pytest.raises(intake.NothingToSubmit) as refused:
        intake.submit_import(district.context, district.office, None, APRIL, "1365")
    assert refused.value.fields["outcomes"]["duplicate_record"] == 1680 + 33
    assert accepted_entries(district) == (1673, 12941)


def test_entries_stand_in_file_order_and_their_business_keys_open(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, APRIL, "1365")
    approved = credit.approve(district.context, district.second, None, submitted["id"])
    with district.journal.read() as unit:
        rows = unit.connection.execute(
            select(entries, records.c.line)
            .join(records, records.c.record_key == entries.c.record_key)
            .order_by(entries.c.journal_no)
        ).all()
    first = approved["first_journal_no"]
    assert [row.journal_no for row in rows] == list(range(first, first + approved["entries"]))
    earning = [line for line, _, coins in expected_outcomes() if coins]
    assert [row.line for row in rows] == earning
    seals = district.context.vault.of_many(row.person_id for row in rows)
    for row in rows:
        source, number = seals[row.person_id].open("business_key", row.business_key_sealed).split("\x1f")
        assert district.context.vault.record_key(source, number) == row.record_key


def test_the_outcomes_of_a_submission_are_kept_for_its_reader(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, APRIL, "1365")
    with district.journal.read() as unit:
        stored = unit.records.read_import(submitted["id"])
    assert stored is not None
    assert [tuple(row[:3]) for row in json.loads(zlib.decompress(stored.outcomes))] == expected_outcomes()


def test_who_submitted_may_not_approve(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    with pytest.raises(approvals.SamePerson):
        credit.approve(district.context, district.office, None, submitted["id"])
    assert accepted_entries(district) == (0, 0)


def test_a_submission_is_decided_once(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    credit.approve(district.context, district.second, None, submitted["id"])
    with pytest.raises(approvals.NotWaiting):
        credit.approve(district.context, district.second, None, submitted["id"])
    with pytest.raises(approvals.NotWaiting):
        credit.decline(district.context, district.office, None, submitted["id"], "late")
    assert accepted_entries(district) == (1, 1)


def test_two_who_approve_at_once_credit_once(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    approvers = [district.actor(f"approver {number}", Role.OFFICE) for number in range(6)]
    results: list[str] = []

    def approve(actor: Actor) -> None:
        try:
            results.append(credit.approve(district.context, actor, None, submitted["id"])["status"])
        except approvals.NotWaiting as error:
            results.append(error.code)

    threads = [threading.Thread(target=approve, args=[actor]) for actor in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["approved"] + ["not_waiting"] * 5
    assert accepted_entries(district) == (1, 1)


@pytest.mark.parametrize("state", ["findings", "books_differ", "chain_lies", "wrong_chain"])
def test_nothing_is_credited_while_books_and_chain_differ(district: Books, state: str) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    for said in (state, "chain_down"):
        with district.journal.write() as unit:
            unit.chain_marks.set_status(said, None, district.clock.now())
            unit.commit()
        if said == state:
            with pytest.raises(BooksDiffer):
                credit.approve(district.context, district.second, None, submitted["id"])
            assert accepted_entries(district) == (0, 0)
    assert credit.approve(district.context, district.second, None, submitted["id"])["entries"] == 1


def test_an_approval_tells_posting_that_there_is_work_and_a_refused_one_does_not(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    district.woken.clear()
    with pytest.raises(approvals.SamePerson):
        credit.approve(district.context, district.office, None, submitted["id"])
    assert district.woken == []
    credit.approve(district.context, district.second, None, submitted["id"])
    assert district.woken == [None]


def test_rejected_rows_are_free_again(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    assert (
        credit.decline(district.context, district.second, None, submitted["id"], "wrong list")["status"] == "rejected"
    )
    with district.journal.read() as unit:
        assert unit.limits.budget(2024).reserved == 0
        assert unit.limits.desk_limit(district.desk(DeskKind.CENTRE, "SVC"), 52).reserved == 0
    resubmitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    assert resubmitted["coins"] == 1


def test_two_waiting_files_with_the_same_rows_credit_them_once(district: Books) -> None:
    first = intake.submit_import(
        district.context, district.office, None, month(yoga_row("A1"), yoga_row("A2", "2024-04-11")), "1365"
    )
    second = intake.submit_import(
        district.context, district.office, None, month(yoga_row("A1"), yoga_row("A3", "2024-04-12")), "1365"
    )
    assert second["outcomes"] == {"duplicate_record": 1, "ok": 1}
    for submitted in (first, second):
        credit.approve(district.context, district.second, None, submitted["id"])
    assert accepted_entries(district) == (3, 3)


def test_the_same_number_of_another_source_is_another_record(district: Books) -> None:
    intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    other = intake.submit_import(district.context, district.office, None, month(yoga_row("A1", "2024-04-12")), "VMS")
    assert other["accepted_rows"] == 1


def test_parallel_submissions_of_one_file_reserve_it_once(district: Books) -> None:
    results: list[str] = []

    def submit() -> None:
        try:
            results.append(
                intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")["status"]
            )
        except intake.NothingToSubmit as error:
            results.append(error.code)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["nothing_to_submit"] * 3 + ["waiting"]


def test_the_same_key_and_body_get_the_same_answer(district: Books) -> None:
    once = Once.of("key-1", b"body")
    first = intake.submit_import(district.context, district.office, once, month(yoga_row("A1")), "1365")
    assert intake.submit_import(district.context, district.office, once, month(yoga_row("A1")), "1365") == first
    with pytest.raises(KeyReused):
        intake.submit_import(
            district.context, district.office, Once.of("key-1", b"other"), month(yoga_row("A2")), "1365"
        )


def test_a_clerk_cannot_submit_for_another_centre(district: Books) -> None:
    clerk = district.actor("clerk", Role.CLERK, desks=frozenset({district.desk(DeskKind.CENTRE, "SVC")}))
    with pytest.raises(Forbidden):
        intake.submit_import(district.context, clerk, None, month(yoga_row("A1", center="YJSW")), "1365")
    with district.journal.read() as unit:
        assert unit.connection.execute(select(func.count()).select_from(records)).scalar_one() == 0


def test_an_approver_needs_every_centre_of_the_file(district: Books) -> None:
    svc, other = district.desk(DeskKind.CENTRE, "SVC"), district.desk(DeskKind.CENTRE, "YJSW")
    one = district.actor("one", Role.APPROVER, desks=frozenset({svc}))
    both = district.actor("both", Role.APPROVER, desks=frozenset({svc, other}))
    rows = month(yoga_row("A1"), yoga_row("A2", "2024-04-11", "YJSW"))
    submitted = intake.submit_import(district.context, district.office, None, rows, "1365")
    with pytest.raises(Forbidden):
        credit.approve(district.context, one, None, submitted["id"])
    assert credit.approve(district.context, both, None, submitted["id"])["entries"] == 2


def lower_limit(books: Books, desk: int, coins: int) -> None:
    with books.journal.write() as unit:
        unit.limits.set_desk_limit(desk, 52, coins)
        unit.commit()


def test_rows_beyond_the_allotment_refuse_the_file_and_are_named(district: Books) -> None:
    lower_limit(district, district.desk(DeskKind.CENTRE, "SVC"), 1)
    rows = month(yoga_row("A1"), yoga_row("A2", "2024-04-11"), yoga_row("A3", "2024-04-12"))
    with pytest.raises(AllotmentExceeded) as refused:
        intake.submit_import(district.context, district.office, None, rows, "1365")
    assert refused.value.fields["lines"] == [3, 4]
    with district.journal.read() as unit:
        assert unit.connection.execute(select(func.count()).select_from(records)).scalar_one() == 0
        assert unit.limits.budget(2024).reserved == 0


def test_rows_beyond_the_budget_refuse_the_file(district: Books) -> None:
    with district.journal.write() as unit:
        unit.limits.set_budget(2024, 1)
        unit.commit()
    with pytest.raises(BudgetExceeded):
        intake.submit_import(
            district.context, district.office, None, month(yoga_row("A1"), yoga_row("A2", "2024-04-11")), "1365"
        )


def test_rows_beyond_a_persons_cap_refuse_the_file_and_are_named(district: Books) -> None:
    with district.journal.write() as unit:
        unit.limits.set_person_cap(2024, 2)
        unit.commit()
    rows = month(yoga_row("A1"), yoga_row("A2", "2024-04-11"), yoga_row("A3", "2024-04-12"))
    with pytest.raises(PersonCapExceeded) as refused:
        intake.submit_import(district.context, district.office, None, rows, "1365")
    assert refused.value.fields["lines"] == [4]


def earned_by_the_yoga_teacher(books: Books, month_number: int) -> int:
    index = books.context.vault.member_index("S100000")
    with books.journal.read() as unit:
        (person,) = unit.people.by_member_index([index])
        return unit.limits.person_months(month_number, [person.account]).get(person.account, 0)


def test_a_persons_cap_counts_what_was_earned_before(district: Books) -> None:
    intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    with district.journal.write() as unit:
        unit.limits.set_person_cap(2024, 2)
        unit.commit()
    rows = month(yoga_row("A2", "2024-04-11"), yoga_row("A3", "2024-04-12"))
    with pytest.raises(PersonCapExceeded) as refused:
        intake.submit_import(district.context, district.office, None, rows, "1365")
    assert refused.value.fields["lines"] == [3]
    assert earned_by_the_yoga_teacher(district, 52) == 1


def test_an_approval_in_the_next_month_moves_what_the_person_earned(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    assert earned_by_the_yoga_teacher(district, 52) == 1
    district.clock.business_date = date(2024, 6, 3)
    credit.approve(district.context, district.second, None, submitted["id"])
    assert [earned_by_the_yoga_teacher(district, number) for number in (52, 53)] == [0, 1]


def test_an_approval_in_the_next_month_uses_that_months_allotment(district: Books) -> None:
    svc = district.desk(DeskKind.CENTRE, "SVC")
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    district.clock.business_date = date(2024, 6, 3)
    credit.approve(district.context, district.second, None, submitted["id"])
    with district.journal.read() as unit:
        assert unit.limits.desk_limit(svc, 52).reserved == 0
        assert unit.limits.desk_limit(svc, 53).reserved == 1


def test_an_approval_that_no_longer_fits_is_refused_whole(district: Books) -> None:
    submitted = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    with district.journal.write() as unit:
        unit.connection.execute(desk_limits.delete().where(desk_limits.c.month == 53))
        unit.commit()
    district.clock.business_date = date(2024, 6, 3)
    with pytest.raises(AllotmentExceeded):
        credit.approve(district.context, district.second, None, submitted["id"])
    assert accepted_entries(district) == (0, 0)
    with district.journal.read() as unit:
        approval = unit.approvals.read(submitted["id"])
    assert approval is not None
    assert approval.status == "waiting"


@pytest.mark.parametrize("as_of", [date(2024, 5, 3), date(2024, 5, 1)])
def test_a_clerk_cannot_choose_another_day(district: Books, as_of: date) -> None:
    clerk = district.actor("clerk", Role.CLERK, desks=frozenset({district.desk(DeskKind.CENTRE, "SVC")}))
    with pytest.raises(intake.AsOfInvalid):
        intake.submit_import(district.context, clerk, None, month(yoga_row("A1")), "1365", as_of, "because")


def test_an_approver_may_choose_an_earlier_day_with_a_reason(district: Books) -> None:
    with pytest.raises(intake.AsOfInvalid):
        intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365", date(2024, 5, 1))
    done = intake.submit_import(
        district.context, district.office, None, month(yoga_row("A1")), "1365", date(2024, 5, 1), "office closed"
    )
    assert done["accepted_rows"] == 1


def a_class(**cells: str) -> dict[str, str]:
    return {
        "member_number": "S100000", "name": "하하린", "birth_date": "1963-02-09", "programme": "CLASS",
        "activity_day": "2024-05-01", "quantity": "1", **cells,
    }  # fmt: skip


def test_a_single_act_waits_for_another_person_and_is_numbered_by_its_desk(district: Books) -> None:
    svc = district.desk(DeskKind.CENTRE, "SVC")
    clerk: Actor = district.actor("clerk", Role.CLERK, desks=frozenset({svc}))
    approver = district.actor("approver", Role.APPROVER, desks=frozenset({svc}))
    submitted = intake.submit_record(district.context, clerk, None, svc, a_class())
    assert submitted["coins"] == 1
    with pytest.raises(Forbidden):
        credit.approve(district.context, clerk, None, submitted["id"])
    assert credit.approve(district.context, approver, None, submitted["id"])["entries"] == 1


def test_a_single_act_that_is_not_accepted_says_why(district: Books) -> None:
    svc = district.desk(DeskKind.CENTRE, "SVC")
    with pytest.raises(intake.NothingToSubmit) as refused:
        intake.submit_record(district.context, district.office, None, svc, a_class(name="다른이"))
    assert refused.value.fields["outcomes"] == {"identity_mismatch": 1}


def test_a_file_that_a_process_left_half_staged_does_not_stand_in_the_way_of_the_next(district: Books) -> None:
    judged = intake.preview_import(district.context, district.office, month(yoga_row("A1")), "1365", None)
    staging.stage(district.context, district.office, "import", district.context.new_id(), "1365", judged)
    assert (
        intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")["accepted_rows"]
        == 1
    )


def test_what_a_failed_submission_left_staged_is_in_nobodys_way(district: Books) -> None:
    """The database went away while it was staged, and was still away when it should have been removed."""
    judged = intake.preview_import(district.context, district.office, month(yoga_row("A1")), "1365", None)
    staging.stage(district.context, district.office, "import", district.context.new_id(), "1365", judged)
    answer = intake.submit_import(district.context, district.office, None, month(yoga_row("A1")), "1365")
    assert answer["accepted_rows"] == 1
    with district.journal.read() as unit:
        assert unit.records.staged() == []
