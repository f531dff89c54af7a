"""Who may open which page: docs/access-pages.md is the reviewed table, and the pages' own table is the same."""

from __future__ import annotations

from pathlib import Path

from ledger_service.domain.actors import Role
from ledger_service.web.pages import PAGES

TABLE = Path(__file__).parents[2] / "docs" / "access-pages.md"
COLUMNS = [Role.RESIDENT, Role.CLERK, Role.APPROVER, Role.VENUE, Role.OFFICE, Role.REGISTRAR, Role.AUDITOR, Role.ADMIN]


def row(method: str, path: str) -> str:
    """A page's row as it has to stand in the table."""
    roles = PAGES[method, path].roles
    cells = ["yes" if roles is None else "–"] + ["yes" if roles is None or role in roles else "–" for role in COLUMNS]
    wants = [
        name
        for name, is_wanted in (
            ("file", PAGES[method, path].upload),
            ("gate", PAGES[method, path].checks_secret),
            (f"help: {PAGES[method, path].helps}", PAGES[method, path].helps is not None),
        )
        if is_wanted
    ]
    return f"| {method} | `{path}` | {' | '.join(cells)} | {', '.join(wants) or '–'} |"


def test_the_reviewed_table_has_a_row_for_each_page_and_none_more() -> None:
    written = [line for line in TABLE.read_text().splitlines() if line.startswith(("| GET", "| POST"))]
    assert written == [row(method, path) for method, path in sorted(PAGES, key=lambda one: (one[1], one[0]))]
