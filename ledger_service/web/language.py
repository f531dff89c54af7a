"""Names stay Korean on English pages. Each says so of itself (`lang="ko"`), or a screen reader would spell it in English (KWCAG 7.1.1)."""

from __future__ import annotations

import re

_PIECES = re.compile(r"(<[^>]*>)")
_KOREAN = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ](?:[가-힣ㄱ-ㅎㅏ-ㅣ0-9·.,() -]*[가-힣ㄱ-ㅎㅏ-ㅣ0-9])?")
_NO_MARKUP_WITHIN = ("title", "option", "textarea", "text")  # of these the element itself is marked
_NAME = re.compile(r"</?([a-zA-Z0-9]+)")


def mark_korean(page: str) -> str:
    """The page with every run of Korean text marked. The templates escape `<` and `>` in texts and attributes, so a tag ends where it seems to."""
    pieces = _PIECES.split(page)  # text, tag, text, tag, …
    for place in range(2, len(pieces), 2):
        text, tag = pieces[place], pieces[place - 1]
        if not _KOREAN.search(text) or ' lang="ko"' in tag:
            continue
        name = _name(tag)
        if name in _NO_MARKUP_WITHIN and not tag.startswith("</"):
            if name != "title":  # it is our words around one name
                pieces[place - 1] = tag[:-1] + ' lang="ko">'
            continue
        pieces[place] = _KOREAN.sub(lambda found: f'<span lang="ko">{found[0]}</span>', text)
    return "".join(pieces)


def _name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""
