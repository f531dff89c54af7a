"""The plan of the dongs: what a file may say, and where its tiles are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger_service.config import SettingsInvalid, read_settings
from ledger_service.web.language import mark_korean
from ledger_service.web.plan import GAP, TILE_WIDTH, DongTile, draw, read_plan

SAMPLE = Path(__file__).parents[2] / "scripts" / "demo_data" / "dongs.csv"


def test_the_sample_names_the_eighteen_dongs_of_its_members() -> None:
    members = (SAMPLE.parents[2] / "tests" / "samples" / "members.csv").read_text("utf-8-sig").splitlines()[1:]
    assert {tile.name for tile in read_plan(SAMPLE)} == {line.split(",")[4] for line in members}


def test_a_tile_stands_at_its_row_and_column_with_its_count() -> None:
    found = draw([DongTile("가동", 1, 1), DongTile("종로1·2·3·4가동", 2, 3)], {"가동": 2, "elsewhere": 9})
    assert [(one.name, one.places, one.x) for one in found.tiles] == [
        ("가동", 2, 0),
        ("종로1·2·3·4가동", 0, 2 * (TILE_WIDTH + GAP)),
    ]
    assert found.tiles[0].squeezed_to is None
    assert found.tiles[1].squeezed_to is not None  # a long name stays within its tile


@pytest.mark.parametrize(
    "content",
    [
        "name,row,column\n가동,1,1\n",
        "dong,row,column\n가동,0,1\n",
        "dong,row,column\n가동,1,13\n",
        "dong,row,column\n가동,one,1\n",
        "dong,row,column\n,1,1\n",
        "dong,row,column\n가동,1\n",
        "dong,row,column\n가동,1,1\n가동,1,2\n",
        "dong,row,column\n가동,1,1\n나동,1,1\n",
        "",
    ],
)
def test_a_plan_that_cannot_be_drawn_is_refused_at_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "dongs.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsInvalid):
        read_settings(home=tmp_path, dong_plan=file)
    with pytest.raises(SettingsInvalid):
        read_settings(home=tmp_path, dong_plan=tmp_path / "missing.csv")


def test_each_korean_name_of_an_english_page_says_its_language() -> None:
    assert mark_korean("<p>Sign up for 아침 요가 now, 2 left</p>") == (
        '<p>Sign up for <span lang="ko">아침 요가</span> now, 2 left</p>'
    )
    assert mark_korean('<text x="1">반포1동</text>') == '<text x="1" lang="ko">반포1동</text>'
    assert mark_korean('<option value="1">서초유스센터</option>') == '<option value="1" lang="ko">서초유스센터</option>'
    assert mark_korean("<title>요가 · Seocho-gu</title>") == "<title>요가 · Seocho-gu</title>"
    assert mark_korean('<a lang="ko">한국어</a>') == '<a lang="ko">한국어</a>'
    assert mark_korean('<p title="요가">x</p>') == '<p title="요가">x</p>'
    assert mark_korean("<p>&lt;b&gt;하하린&lt;/b&gt;</p>") == '<p>&lt;b&gt;<span lang="ko">하하린</span>&lt;/b&gt;</p>'
