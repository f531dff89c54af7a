"""Wide tables become lists on telephones: each cell then says what it is, and the roles of a table stay (a list laid out by CSS loses them).

Of a table of two columns nothing is gained. One whose template says `class="stack"` itself is left as it is.
"""

from __future__ import annotations

import re

COLUMNS_LEAST = 3
_TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)
_HEAD = re.compile(r'<th scope="col"[^>]*>(.*?)</th>', re.DOTALL)
_ROW = re.compile(r"<tr([^>]*)>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<(td|th)([^>]*)>(.*?)</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def stack_tables(page: str) -> str:
    """The page with its wide tables ready to be lists."""
    return _TABLE.sub(lambda found: _stacked(found[1]), page)


def _stacked(inner: str) -> str:
    head, split, body = inner.partition("</thead>")
    labels = [_TAG.sub("", one).strip().replace('"', "&quot;") for one in _HEAD.findall(head)]
    if not split or len(labels) < COLUMNS_LEAST:
        return f"<table>{inner}</table>"
    head = head.replace("<thead>", '<thead role="rowgroup">').replace("<tr>", '<tr role="row">')
    head = head.replace('<th scope="col"', '<th role="columnheader" scope="col"')
    body = _ROW.sub(lambda row: f'<tr role="row"{row[1]}>{_cells(row[2], labels)}</tr>', body)
    body = body.replace("<tbody>", '<tbody role="rowgroup">')
    return f'<table class="stack" role="table">{head}{split}{body}</table>'


def _cells(row: str, labels: list[str]) -> str:
    place = 0

    def said(cell: re.Match[str]) -> str:
        nonlocal place
        tag, attributes, content = cell[1], cell[2], cell[3]
        label = labels[place] if place < len(labels) and "colspan" not in attributes else ""
        place += 1
        if tag == "th":
            named = f' data-label="{label}"' if label and "number" in attributes else ""  # a number alone says nothing
            return f'<th role="rowheader"{named}{attributes}>{content}</th>'
        named = f' data-label="{label}"' if label else ""
        return f'<td role="cell"{named}{attributes}><div>{content}</div></td>'

    return _CELL.sub(said, row)
