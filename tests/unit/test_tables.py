"""Wide tables become lists on telephones and stay tables for who hears them."""

from __future__ import annotations

from ledger_service.web.tables import stack_tables

ROW = '<tr class="marked"><th scope="row"><a href="/x">63</a></th><td class="number">5</td><td><span>done</span></td></tr>'
WIDE = (
    '<table>\n<thead><tr><th scope="col">No</th><th scope="col" class="number">Coins</th><th scope="col">"State"</th></tr></thead>\n'
    f"<tbody>{ROW}</tbody></table>"
)


def test_each_cell_of_a_wide_table_says_what_it_is() -> None:
    found = stack_tables(f"<p>before</p>{WIDE}<p>after</p>")
    assert found.startswith('<p>before</p><table class="stack" role="table">')
    assert '<td role="cell" data-label="Coins" class="number"><div>5</div></td>' in found
    assert '<td role="cell" data-label="&quot;State&quot;"><div><span>done</span></div></td>' in found
    assert '<tr role="row" class="marked"><th role="rowheader" scope="row"><a href="/x">63</a></th>' in found
    for role in ('<thead role="rowgroup">', '<tbody role="rowgroup">', 'role="columnheader" scope="col"'):
        assert role in found


def test_a_cell_over_several_columns_has_no_label() -> None:
    row = '<tr><th scope="row">a</th><td colspan="2">few</td></tr>'
    assert '<td role="cell" colspan="2"><div>few</div></td>' in stack_tables(WIDE.replace(ROW, row))


def test_a_table_of_two_columns_stays_as_it_is() -> None:
    narrow = '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody></tbody></table>'
    assert stack_tables(narrow) == narrow
