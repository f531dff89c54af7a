"""What a resident reads of their own lines: the sign of what came and went, the words of each state, and what was sent back."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.journal.schema import batches, entries
from ledger_service.reads.statement import RETURNED_SHOWN_SECONDS
from ledger_service.services import credit, intake
from ledger_service.services.accept import entry_row, treasury_of
from tests.integration.posting.hall import HEADER
from tests.web.month import Month
from tests.web.site import form, send
from tests.web.test_own_pages import ha as ha
from tests.web.test_own_pages import name_helper, resident


def add_entry(quiet: Month, place: int, kind: Kind, coins: int, **more: Any) -> int:
    """An entry of the treasury, as its commands write it; its journal number."""
    context = quiet.hall.books.context
    with context.journal.write() as unit:
        person = unit.people.by_id(quiet.hall.person(place))
        assert person is not None
        row = entry_row(
            context, person, context.vault.of(person.id), today=context.clock.today(), desk=treasury_of(unit).number, kind=kind,
            coins=coins, ref=0, key=f"{kind} {context.new_id()}", who=quiet.hall.books.office.id, consent=None, **more,
        )  # fmt: skip
        journal_no = unit.entries.next_numbers("journal", 1)
        unit.entries.add_many([{"journal_no": journal_no, **row}])
        unit.commit()
    return journal_no


def paper(visitor: httpx.Client, journal_no: int, folder: Path) -> str:
    """The text of a receipt's PDF; nothing where it cannot be read here."""
    (folder / "receipt.pdf").write_bytes(visitor.get(f"/receipts/{journal_no}/pdf").content)
    if shutil.which("pdftotext") is None:
        return ""
    done = subprocess.run(["pdftotext", folder / "receipt.pdf", "-"], check=True, capture_output=True, text=True)
    return done.stdout


def sums(page: httpx.Response) -> list[str]:
    """The amounts of the lines of a page."""
    return re.findall(r'class="sum[^"]*">(?:<span class="unbroken">)?([^<]*)<', page.text)


def test_an_expiry_that_is_given_back_comes_and_a_credit_that_is_taken_back_goes(
    quiet: Month, ha: str, tmp_path: Path
) -> None:
    mine = quiet.visitor(ha)
    name_helper(quiet, ha, 1)
    helper = quiet.visitor(resident(quiet, 1))
    with quiet.hall.books.journal.read() as unit:
        credit = unit.connection.execute(
            select(entries.c.journal_no).where(entries.c.kind == int(Kind.CREDIT))
        ).scalar_one()
    expiry = add_entry(quiet, 0, Kind.EXPIRE, 30)
    given_back = add_entry(quiet, 0, Kind.CORRECT, 30, original_no=expiry)
    taken_back = add_entry(quiet, 0, Kind.CORRECT, 12, original_no=credit)
    helping = form(helper.get("/me/helpers"), "/end").action.split("/")[3]
    for page in (mine.get("/me"), mine.get("/me/lines"), helper.get(f"/helping/{helping}")):
        assert sums(page)[-4:-1] == ["−12코인 (1,200원)", "+30코인 (3,000원)", "−30코인 (3,000원)"]
    for journal_no, amount in ((expiry, "−30코인"), (given_back, "+30코인"), (taken_back, "−12코인")):
        assert f"{amount} " in mine.get(f"/receipts/{journal_no}").text
        text = paper(mine, journal_no, tmp_path)
        assert not text or amount in text
    refund = add_entry(quiet, 0, Kind.REFUND, 5, original_no=expiry)
    for journal_no, label in ((taken_back, "정정한 기록"), (refund, "환불한 사용")):
        page = mine.get(f"/receipts/{journal_no}").text
        assert [one for one in ("정정한 기록", "환불한 사용") if one in page] == [label]


def test_a_merge_goes_from_one_receipt_and_comes_to_the_other(quiet: Month, tmp_path: Path) -> None:
    books, (first, other) = quiet.hall.books, [quiet.hall.members[place]["회원번호"] for place in (0, 1)]
    books.grant(first, 40)
    office, second = quiet.visitor("office"), quiet.visitor("second")
    asked = send(
        office, form(office.get("/office/accounts"), "/merge/confirm"), from_number=first, into_number=other, note="같은 분"
    )  # fmt: skip
    proposed = send(office, form(asked, "/accounts/merge"))
    assert "승인했습니다." in send(second, form(second.get(proposed.url.path), "/approve")).text
    with books.journal.read() as unit:
        halves = unit.connection.execute(
            select(entries.c.journal_no).where(entries.c.kind == int(Kind.MERGE)).order_by(entries.c.ref)
        ).scalars()
        giving, receiving = halves
    mine = quiet.visitor(resident(quiet, 1))
    assert sums(mine.get("/me/lines")) == ["+40코인 (4,000원)"]
    assert "+40코인 (4,000원)" in mine.get(f"/receipts/{receiving}").text
    assert "−40코인 (4,000원)" in quiet.visitor("office").get(f"/receipts/{giving}").text
    text = paper(mine, receiving, tmp_path)
    assert not text or "+40코인" in text


def act_of(quiet: Month, place: int, start: str) -> str:
    """One act that a clerk entered, waiting: its id."""
    one = quiet.hall.members[place]
    act = {
        "member_number": one["회원번호"], "name": one["이름"], "birth_date": one["생년월일"], "programme": "VOL",
        "activity_day": "2024-04-20", "start": start, "end": "12:00",
    }  # fmt: skip
    books = quiet.hall.books
    centre = books.desk(DeskKind.CENTRE, "SVC")
    made = intake.submit_record(books.context, books.actors["clerk"], None, centre, act)
    return str(made["id"])


def test_an_act_that_was_sent_back_is_told_with_its_reason_for_thirty_days(quiet: Month) -> None:
    books = quiet.hall.books
    mine = quiet.visitor(resident(quiet, 0))
    other = quiet.visitor(resident(quiet, 1))
    credit.decline(books.context, books.actors["approver"], None, act_of(quiet, 0, "09:00"), "시간이 겹칩니다")
    page = mine.get("/me").text
    assert "센터로 돌려보낸 활동" in page
    assert "돌려보냄: 시간이 겹칩니다" in page
    assert "승인 대기: " not in page
    assert "돌려보냄" not in other.get("/me").text
    books.clock.seconds += RETURNED_SHOWN_SECONDS
    assert "돌려보냄" in mine.get("/me").text
    books.clock.seconds += 1
    assert "돌려보냄" not in mine.get("/me").text


def test_an_act_entered_again_is_no_longer_told_as_sent_back_nor_one_its_clerk_took_back(quiet: Month) -> None:
    books = quiet.hall.books
    mine = quiet.visitor(resident(quiet, 0))
    credit.decline(books.context, books.actors["approver"], None, act_of(quiet, 0, "09:00"), "시간이 겹칩니다")
    again = act_of(quiet, 0, "10:00")
    page = mine.get("/me").text
    assert ("돌려보냄" in page, "승인 대기: " in page) == (False, True)
    credit.decline(books.context, books.actors["clerk"], None, again, "")
    page = mine.get("/me").text
    assert ("돌려보냄: 시간이 겹칩니다" in page, "승인 대기: " in page) == (True, False)


def test_why_a_file_was_sent_back_is_not_told_to_each_in_it(quiet: Month) -> None:
    """The reason is about rows of other people too."""
    books, rows = quiet.hall.books, [HEADER]
    for place in (0, 1):
        one = quiet.hall.members[place]
        rows.append(f"F-{place},{one['회원번호']},{one['이름']},{one['생년월일']},SVC,VOL,2024-04-20,09:00,12:00,,")
    made = intake.submit_import(books.context, books.office, None, "\n".join(rows).encode(), "1365")
    number = quiet.hall.members[1]["회원번호"]
    credit.decline(books.context, books.second, None, made["id"], f"{number}번의 시간이 다릅니다")
    page = quiet.visitor(resident(quiet, 0)).get("/me").text
    assert "돌려보냄: 함께 제출한 파일을 고쳐야 합니다" in page
    assert number not in page


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind.CREDIT, "센터가 다시 제출해야 합니다"),
        (Kind.REFUND, "코인이 더해지지 않았습니다"),
        (Kind.DONATE, "빠졌던 코인이 되돌아왔습니다"),
        (Kind.CLOSURE, "코인은 그대로입니다"),
    ],
)
def test_what_the_ledger_did_not_take_is_told_by_what_became_of_the_coins(quiet: Month, kind: Kind, told: str) -> None:
    journal_no = add_entry(quiet, 0, kind, 5)
    skip(quiet, journal_no)
    mine = quiet.visitor(resident(quiet, 0))
    page = mine.get(f"/receipts/{journal_no}").text
    assert told in page
    assert "원장에 반영되지 않음" in page
    assert ("되돌아왔습니다" in page) is (kind is Kind.DONATE)
    assert "원장에 반영되지 않음" in mine.get("/me").text


def skip(quiet: Month, journal_no: int) -> None:
    """The entry is in a batch of its desk, and the chain did not apply it."""
    with quiet.hall.books.journal.write() as unit:
        desk = treasury_of(unit).number
        unit.connection.execute(
            insert(batches).values(
                desk=desk, seq=1, day=19_845, previous_head=bytes(32), evidence_root=bytes(32), needs="[]", words=b"",
                annex=b"", head=b"\x01" * 32, audit_head=bytes(32), coins=0, gas_max=0, state="final", sealed_at=0,
            )
        )  # fmt: skip
        unit.connection.execute(
            update(entries).where(entries.c.journal_no == journal_no).values(seq=1, position=0, skip_reason=1)
        )
        unit.commit()
