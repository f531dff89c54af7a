"""A resident without card and member number: a registrar finds them by the name and birth date of a document, and by both only."""

from __future__ import annotations

import re
from datetime import date

import httpx
import pytest
from sqlalchemy import select

from ledger_service.errors import Forbidden
from ledger_service.journal.schema import access_log
from ledger_service.reads.residents import find_by_identity
from ledger_service.services.rate_limits import LOOKUP
from ledger_service.web.pages import PAGES
from tests.web.month import Month
from tests.web.site import form, forms, send

NAME, BORN = "김겹침", "1951-06-15"


def move_in(month: Month, number: str, name: str = NAME, born: str = BORN, residence: str = "서초1동") -> str:
    typed = {"member_number": number, "name": name, "birth_date": born, "residence": residence}
    registrar = month.visitor("registrar")
    assert "등록했습니다" in send(registrar, form(registrar.get("/registrar"), "/registrar/open"), **typed).text
    return month.hall.books.person(number)


def search(month: Month, name: str = NAME, born: str = BORN) -> httpx.Response:
    return month.send("registrar", "/registrar", "/registrar/search", searched_name=name, searched_birth_date=born)


def looked_at(month: Month, action: str) -> set[str]:
    with month.hall.books.journal.read() as unit:
        rows = unit.connection.execute(select(access_log.c.person_id).where(access_log.c.action == action))
        return set(rows.scalars())


def test_of_two_with_the_same_name_and_birth_date_one_is_chosen(quiet: Month) -> None:
    people = [move_in(quiet, "S770011"), move_in(quiet, "S770022", residence="방배본동")]
    move_in(quiet, "S770033", born="1951-06-16")
    found = search(quiet)
    assert found.status_code == 200
    for told in ("2명", "…011", "…022", "서초1동", "방배본동"):
        assert told in found.text, told
    assert not re.search("S7700|…033", found.text), "as much as tells them apart, and no more"
    assert looked_at(quiet, "POST /registrar/search") == set(people)
    chosen = send(quiet.visitor("registrar"), forms(found.text)[1])
    assert ("S770022" in chosen.text, "/registrar/cards" in chosen.text) == (True, True)
    assert looked_at(quiet, "POST /registrar/choose") == {people[1]}
    assert not re.search("S77|%EA|1951|-", str(chosen.url).removeprefix(quiet.address))


def test_name_and_birth_date_both_have_to_fit(quiet: Month) -> None:
    move_in(quiet, "S770011")
    for name, born in ((NAME, "1951-06-16"), ("김겹", BORN), ("김겹침침", BORN)):
        missing = search(quiet, name, born)
        assert (missing.status_code, "모두 같은 주민이 없습니다" in missing.text) == (404, True)
        assert f'value="{name}"' in missing.text, "what was typed stays"
    for name, born in (("", BORN), (NAME, ""), (NAME, "soon")):
        assert search(quiet, name, born).status_code == 422
    assert looked_at(quiet, "POST /registrar/search") == set()


def test_people_of_a_loaded_file_are_found_however_their_name_is_written(quiet: Month) -> None:
    member = quiet.hall.members[3]
    assert f"…{member['회원번호'][-3:]}" in search(quiet, f"  {member['이름']} ", member["생년월일"]).text
    move_in(quiet, "S770044", name="Ｎguyễn  Thị")
    assert "…044" in search(quiet, "Nguyễn Thị").text


def test_a_merged_number_leads_to_the_one_that_stands_for_it(quiet: Month) -> None:
    old, new = move_in(quiet, "S770011"), move_in(quiet, "S770022")
    with quiet.hall.books.journal.write() as unit:
        unit.people.merge(old, new)
        unit.commit()
    assert re.findall("…[0-9]+", search(quiet).text) == ["…022"]
    assert looked_at(quiet, "POST /registrar/search") == {old, new}


def test_only_a_registrar_searches_and_few_times_a_minute(quiet: Month) -> None:
    filled = form(quiet.visitor("registrar").get("/registrar"), "/registrar/search")
    for name in ("clerk", "office", "auditor", "counter GYM"):
        assert send(quiet.visitor(name), filled, searched_name=NAME, searched_birth_date=BORN).status_code == 403
    context = quiet.hall.books.context
    with pytest.raises(Forbidden):
        find_by_identity(context.journal, context.vault, quiet.hall.books.office, NAME, date.fromisoformat(BORN))
    assert [PAGES["POST", f"/registrar/{one}"].counted for one in ("search", "choose")] == [[LOOKUP], [LOOKUP]]


@pytest.mark.parametrize("person", ["", "\x00", "0" * 36, "S770011"])
def test_nobody_is_chosen_by_what_is_no_resident(quiet: Month, person: str) -> None:
    move_in(quiet, "S770011")
    filled = forms(search(quiet).text)[0]
    assert send(quiet.visitor("registrar"), filled, person=person).status_code == 404
