"""Every Korean text of the pages has its English, and amounts and days are written one way."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

import ledger_service.web
from ledger_service.config import SettingsInvalid, read_settings
from ledger_service.web import errors, file_columns, outcomes
from ledger_service.web.formats import Formats
from ledger_service.web.meanings import MEANINGS, OTHER
from ledger_service.web.pages.public import local_path
from ledger_service.web.titles import TITLES
from ledger_service.web.words import ENGLISH, PARTS

WEB = Path(ledger_service.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
_CALL = re.compile(r"""_\((?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
_HANGUL = re.compile("[가-힣]")
_OWN_FILE = re.compile(r"""<script src="{{ asset\('[a-z.]+'\) }}" defer></script>""")


def said() -> set[str]:
    found = {
        (double or single).replace('\\"', '"')
        for path in TEMPLATES
        for double, single in _CALL.findall(path.read_text())
    }
    for path in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("say", "whole", "day", "required")
            ):
                texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                found |= {text for text in texts if _HANGUL.search(text)}
    tables = (outcomes.OUTCOMES, outcomes.REPAIRS, outcomes.FAULTS)
    return (
        found
        | {text for table in tables for text in table.values()}
        | {text for _, text in (*TITLES, *MEANINGS)}
        | {OTHER}
        | file_columns.MEANINGS
        | {*errors._TITLES.values(), errors._NOT_FOR_YOU, errors._CANNOT}
    )


def test_every_text_has_its_english_and_nothing_is_left_over() -> None:
    assert said() - ENGLISH.keys() == set()
    assert ENGLISH.keys() - said() == set()


def test_a_translation_keeps_the_places_of_what_is_filled_in() -> None:
    places = re.compile(r"{\w+}")
    assert [one for one in ENGLISH if set(places.findall(one)) != set(places.findall(ENGLISH[one]))] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_korean_stands_in_a_template_outside_the_table(path: Path) -> None:
    text = re.sub(r"{#.*?#}", "", _CALL.sub("", path.read_text()))
    assert _HANGUL.search(text.replace("한국어", "")) is None
    scripts = re.findall(r"<script.*?</script>", text, re.DOTALL)
    assert text.count("<script") == len([one for one in scripts if _OWN_FILE.fullmatch(one)]), (
        "files of ours, and nothing inline"
    )
    assert " style=" not in text
    assert "|safe" not in text


def test_the_pages_say_nothing_of_hashes_nonces_or_gas_outside_the_proof() -> None:
    proof = {"receipt", "batch", "verify"}
    for path in TEMPLATES:
        if path.stem not in proof:
            words = [double or single for double, single in _CALL.findall(path.read_text())]
            assert not re.search(r"해시|논스|가스|블록|머리값|\bhash|nonce|\bgas\b", " ".join(words), re.IGNORECASE)


def test_amounts_and_days_are_written_one_way() -> None:
    korean, english = Formats("ko"), Formats("en")
    assert korean.amount(1250, 250_000) == "1,250코인 (250,000원)"
    assert english.amount(1, 200) == "1 coin (200 won)"
    assert korean.day(date(2026, 11, 22)) == "2026년 11월 22일\u00a0(일)"
    assert english.day(date(2026, 11, 22)) == "Sun, 22 November 2026"
    assert korean.moment(1_795_332_000) == "2026년 11월 22일\u00a0(일) 오후\u00a04:20"
    assert korean.units(150, "minute") == "2시간 30분"
    assert [english.units(one, "bottle") for one in (1, 50)] == ["1 bottle", "50 bottles"]
    assert korean.signed(5, 500, is_in=False) == "−5코인 (500원)"


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", "a\n"]
)
def test_the_way_back_stays_on_this_site(path: str) -> None:
    assert local_path(path) == "/"


def test_a_colour_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert read_settings(home=tmp_path, colour="#0b50d0").colour == "#0b50d0"
    for colour in ("#ffd400", "blue", "#12345"):
        with pytest.raises(SettingsInvalid):
            read_settings(home=tmp_path, colour=colour)


def test_a_text_stands_in_one_part_of_the_table() -> None:
    assert sum(len(part.WORDS) for part in PARTS) == len(ENGLISH)
