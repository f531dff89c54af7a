"""What a resident reads of their own lines: the sign of what came and went, the words of each state, and what was sent back."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from ledger_service.domain.entries import Kind
from ledger_service.journal.schema import entries
from ledger_service.services.accept import entry_row, treasury_of
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
