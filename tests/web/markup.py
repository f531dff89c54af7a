"""What holds of the markup of every page that a test is shown."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import httpx

REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "list")


class _Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids = Counter[str]()
        self.wanted: set[str] = set()
        self.problems: list[str] = []
        self.main_buttons = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.problems += [
            f"<{tag}> has {name} twice" for name, times in Counter(name for name, _ in attrs).items() if times > 1
        ]
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            elif name in REFERENCES:
                self.wanted.update((value or "").split())
            elif name == "class":
                self.main_buttons += "primary" in (value or "").split()


def check_markup(response: httpx.Response) -> None:
    """No attribute twice, each id once, what describes or labels something is there, and one button at most is the main one."""
    if not response.headers.get("content-type", "").startswith("text/html"):
        return
    text = response.read().decode()
    if not text.lstrip().lower().startswith("<!doctype"):
        return  # a part of a page
    markup = _Markup()
    markup.feed(text)
    problems = markup.problems
    problems += [f"the id {name} stands {times} times" for name, times in markup.ids.items() if times > 1]
    problems += [f"there is no {name} to refer to" for name in sorted(markup.wanted - markup.ids.keys())]
    problems += [f"{markup.main_buttons} main buttons"] if markup.main_buttons > 1 else []
    assert not problems, f"{response.request.url}: {problems}"
