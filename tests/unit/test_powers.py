"""The table of powers: the page shows what the contract's test tries, and the table leaves nothing out."""

from __future__ import annotations

import json

from ledger_service.domain.entries import Kind
from scripts.powers import PAGE, TABLE, page

POWERS = json.loads(TABLE.read_text("utf-8"))


def test_the_page_is_what_the_table_gives() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_every_order_and_every_kind_has_a_row() -> None:
    assert [row["code"] for row in POWERS["orders"]] == list(range(1, 18))
    assert {row["kind"] for row in POWERS["entries"]} >= {int(kind) for kind in Kind}


def test_every_cell_names_a_known_actor() -> None:
    for row in [*POWERS["orders"], *POWERS["entries"], *POWERS["calls"]]:
        assert set(row["can"]) <= set(POWERS["actors"])
