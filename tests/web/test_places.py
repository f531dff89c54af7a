"""Where coins are spent and given to: the places by dong, and the projects with what they want to gather."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx
import pytest

from ledger_service.errors import BoramError
from ledger_service.services import donate
from tests.web.month import Month
from tests.web.site import Site, form, send
from tests.web.test_own_pages import ha as ha
from tests.web.test_own_pages import resident

HANGUL = re.compile("[가-힣]")
HEADER = b"code,name,step_coins,dong\n"


def test_the_plan_counts_the_places_of_each_dong_and_leads_to_their_list(site: Site) -> None:
    page = site.visitor().get("/places").text
    assert 'aria-label="방배3동 2곳"' in page
    tile = page.index('aria-label="방배3동 2곳"')
    anchor = re.findall(r'href="#(dong-\d+)"', page[:tile])[-1]
    section = page[page.index(f'<h2 id="{anchor}"') :]
    assert section.index("구민체육센터") < section.index("</section>")
    assert section.index("서초유스센터") < section.index("</section>")
    assert page.count('class="none"') == 2 * (18 - 4)  # a tile and its name for every dong without a place


def test_a_venue_that_moves_is_loaded_again_and_nothing_else_of_it_changes(quiet: Month) -> None:
    books, visitor = quiet.hall.books, quiet.visitor()
    books.load("venues", HEADER + b"GYM,gym,1,\xeb\xb0\x98\xed\x8f\xac1\xeb\x8f\x99\n")
    assert "반포1동" in visitor.get("/places").text
    with pytest.raises(BoramError) as refused:
        books.load("venues", HEADER + "GYM,gym,5,잠원동\n".encode())
    assert refused.value.code == "already_there"
    assert "잠원동" not in visitor.get("/places").text


def chosen(visitor: httpx.Client, **typed: str) -> httpx.Response:
    return send(visitor, form(visitor.get("/donate"), "/donate/confirm"), fund="WARM", **typed)


@pytest.mark.parametrize(
    ("typed", "coins"),
    [
        ({"slide": "15", "coins": ""}, "15코인 (1,500원)"),
        ({"slide": "15", "coins": "７"}, "7코인 (700원)"),  # what was typed counts
        ({"slide": "15", "coins": "7", "quick": "10"}, "10코인 (1,000원)"),  # the button was pressed last
        ({"slide": "0", "coins": ""}, "숫자로 적어 주세요"),
        ({"coins": ""}, "숫자로 적어 주세요"),
        ({"slide": "41", "coins": ""}, "쓸 수 있는 코인은 40코인입니다"),
    ],
)
def test_a_gift_is_the_button_else_the_number_else_the_slider(
    quiet: Month, ha: str, typed: dict[str, str], coins: str
) -> None:
    page = chosen(quiet.visitor(ha), **typed).text
    assert coins in page
    if "원)" in coins:  # back from there the slider stands where it was, and nothing is typed
        again = quiet.visitor(ha).get(re.findall(r'href="(/donate\?[^"]+)"', page)[0].replace("&amp;", "&")).text
        assert f'value="{coins.partition("코인")[0]}" list="slide-marks"' in again
        assert 'name="coins" inputmode="numeric" maxlength="9" autocomplete="off" value=""' in again


def test_a_projects_progress_is_shown_once_five_people_gave(quiet: Month, ha: str) -> None:
    hall = quiet.hall
    hall.books.load("funds", b"code,name,body,goal_coins\nWARM,winter,chest,20\n")
    page = quiet.visitor(ha).get("/donate").text
    assert "목표 20코인 (2,000원) 가운데 0코인 (0원) 모임(0%)" in page
    with pytest.raises(BoramError) as refused:
        hall.books.load("funds", b"code,name,body,goal_coins\nWARM,winter,another body,30\n")
    assert refused.value.code == "already_there"
    hall.earn(list(range(1, 6)), "2024-05-01")
    for place in range(1, 5):
        hall.books.grant(hall.members[place]["회원번호"], 40)
        giver = resident(quiet, place)
        donate.donate(hall.books.context, hall.books.actors[giver], None, hall.person(place), "WARM", 6)
    quiet.forget_sums()
    page = quiet.visitor(ha).get("/donate").text
    assert "모인 코인은 다섯 명이 기부한 뒤부터 보입니다." in page
    assert "24코인" not in page
    send(quiet.visitor(ha), form(chosen(quiet.visitor(ha), coins="6"), "/donate"))
    quiet.forget_sums()
    page = quiet.visitor(ha).get("/donate").text
    assert "목표 20코인 (2,000원) 가운데 30코인 (3,000원) 모임(150%)" in page
    assert '<rect width="100" height="6">' in page  # the bar ends with its box


class Unmarked(HTMLParser):
    """Korean text outside every element that says `lang="ko"`."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("lang") == "ko"))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if HANGUL.search(data) and not any(is_ko for _, is_ko in self.open) and self.open[-1][0] != "title":
            self.found.append(data)


def test_every_korean_name_on_an_english_page_says_its_language(site: Site) -> None:
    for name, paths in {
        None: ("/", "/places", "/courses", "/rates", "/impact", "/verify", "/nothing"),
        "office": ("/office", "/office/desks", "/office/rates", "/office/budget", "/approvals"),
        "clerk": ("/centre", "/centre/act"),
    }.items():
        visitor = site.visitor(name, language="en")
        for path in paths:
            page = Unmarked()
            page.feed(visitor.get(path).text)
            assert (path, page.found) == (path, [])
