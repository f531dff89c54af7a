"""A plan of the district: each dong a tile at its row and column, from a file of the district's own. It is no map: it says what lies beside what."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SIDE_MAX = 12  # tiles beside or below each other: more could not be read on a telephone
TILE_WIDTH, TILE_HEIGHT, GAP = 112, 104, 8
NAME_LETTERS_MAX = 4  # as wide as a tile; a longer name is squeezed
LETTER_WIDTH = 25
NAME_LENGTH_MAX = 50
COLUMNS = ("dong", "row", "column")


@dataclass(frozen=True, slots=True)
class DongTile:
    """Where one dong stands, counted from 1 at the top left."""

    name: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Tile:
    """A drawn dong: its corner, how many places it has, and how wide its name may be (None: as it comes)."""

    name: str
    places: int
    x: int
    y: int
    squeezed_to: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All tiles, in a box of `width` by `height`."""

    tiles: list[Tile]
    width: int
    height: int
    tile_width: int = TILE_WIDTH
    tile_height: int = TILE_HEIGHT


def read_plan(path: Path) -> tuple[DongTile, ...]:
    """The file `dong,row,column`. Raises ValueError with what is wrong in it, OSError."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ValueError(f"begins with the line {','.join(COLUMNS)}")
        tiles = tuple(_tile(rows.line_num, row) for row in rows)
    if len({tile.name for tile in tiles}) < len(tiles) or len({(one.row, one.column) for one in tiles}) < len(tiles):
        raise ValueError("names each dong once, and each place once")
    return tiles


def draw(plan: Sequence[DongTile], counts: Mapping[str, int]) -> Plan:
    """The tiles with how many places each dong has."""
    tiles = [
        Tile(
            one.name,
            counts.get(one.name, 0),
            (one.column - 1) * (TILE_WIDTH + GAP),
            (one.row - 1) * (TILE_HEIGHT + GAP),
            None if len(one.name) <= NAME_LETTERS_MAX else LETTER_WIDTH * NAME_LETTERS_MAX,
        )
        for one in plan
    ]
    width = max((one.x for one in tiles), default=0) + TILE_WIDTH
    height = max((one.y for one in tiles), default=0) + TILE_HEIGHT
    return Plan(tiles, width, height)


def _tile(line: int, row: Mapping[str | None, str | None]) -> DongTile:
    name, places = (row["dong"] or "").strip(), [(row[column] or "").strip() for column in ("row", "column")]
    is_right = 1 <= len(name) <= NAME_LENGTH_MAX and all(
        one.isascii() and one.isdigit() and 1 <= int(one[:4]) <= SIDE_MAX for one in places
    )
    if not is_right:
        raise ValueError(f"line {line}: wants a name, and a row and a column from 1 to {SIDE_MAX}")
    return DongTile(name, int(places[0]), int(places[1]))
