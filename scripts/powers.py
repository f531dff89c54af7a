"""Write docs/powers.md from tests/vectors/powers.json, whose every cell `contracts/test/unit/Powers.t.sol` tries.

`--check` writes nothing and exits 1 when the page is not what the table gives.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "vectors" / "powers.json"
PAGE = ROOT / "docs" / "powers.md"

HEAD = """# Who can do what

Written by `scripts/powers.py` from `tests/vectors/powers.json`. `contracts/test/unit/Powers.t.sol` tries every cell on
the contract: each actor signs with all the keys he has and posts himself, an entry in a batch of every desk in turn.
● he can, · he cannot.

*Stranger* and *sender* hold a key that the ledger does not know; the sender is whoever runs the service and pays for
the gas. Desks that want two keys are a centre, a venue and a treasury with the same three keys, two of which must
sign: such a desk does what its kind does. What a desk or the office *may* do is bound further by limits, notice and
days ([formats.md](formats.md)); a lone office key or the guardian posts only on desk 0's last day.
"""


def table(title: str, numbered: str | None, rows: list[dict[str, Any]], actors: list[str]) -> str:
    """One table: a row for each order, entry or call, a column for each actor."""
    lines = [f"| {title} | " + " | ".join(actors) + " |", "|---|" + ":-:|" * len(actors)]
    for row in rows:
        name = f"{row[numbered]} {row['name']}" if numbered else row["name"]
        lines.append(f"| {name} | " + " | ".join("●" if actor in row["can"] else "·" for actor in actors) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    powers = json.loads(TABLE.read_text("utf-8"))
    actors = powers["actors"]
    return "\n".join(
        [
            HEAD,
            "## Orders\n" + table("code", "code", powers["orders"], actors),
            "## Entries\n" + table("kind", "kind", powers["entries"], actors),
            "## Calls\n" + table("call", None, powers["calls"], actors),
        ]
    )


def main() -> int:
    """Write or check; 1 where the committed page is not what the table gives."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="compare with the committed page and write nothing")
    if not arguments.parse_args().check:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == page():
        return 0
    print(f"{PAGE.name} is not what {TABLE.name} gives: run scripts/powers.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
