"""Which cells of a published table are left out so that nobody can be recognised: none may stand for fewer than five people.

A hidden cell must not follow from the table's total and the cells beside it either, so a single hidden cell hides the next smallest too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

PEOPLE_LEAST = 5

Name = TypeVar("Name", bound=Hashable)


def hidden_cells(people: Mapping[Name, int]) -> frozenset[Name]:
    """The cells to leave out, of a table whose cells are named and stand for so many people. A cell of nobody shows nothing and stays."""
    few = {name for name, count in people.items() if 0 < count < PEOPLE_LEAST}
    shown = sorted((count, str(name), name) for name, count in people.items() if count >= PEOPLE_LEAST)
    if few and shown and (len(few) == 1 or sum(people[name] for name in few) < PEOPLE_LEAST):
        few.add(shown[0][2])
    return frozenset(few)
