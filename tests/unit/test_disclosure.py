"""No published cell stands for fewer than five people, nor follows from the cells beside it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger_service.domain.disclosure import PEOPLE_LEAST, hidden_cells
from ledger_service.reads.counter import masked


def test_a_cell_of_four_is_hidden_and_takes_the_next_smallest_with_it() -> None:
    assert hidden_cells({"a": 4, "b": 5, "c": 90}) == {"a", "b"}


def test_two_hidden_cells_that_together_are_many_need_no_third() -> None:
    assert hidden_cells({"a": 4, "b": 3, "c": 90}) == {"a", "b"}


def test_a_cell_of_nobody_is_shown() -> None:
    assert hidden_cells({"a": 0, "b": 5}) == frozenset()


@given(st.lists(st.integers(0, 12), max_size=8))
def test_what_is_hidden_never_follows_from_the_total(counts: list[int]) -> None:
    people = dict(enumerate(counts))
    hidden = hidden_cells(people)
    assert not any(0 < people[name] < PEOPLE_LEAST for name in people.keys() - hidden)
    if hidden and hidden != {name for name, count in people.items() if count}:
        assert len(hidden) >= 2
        assert sum(people[name] for name in hidden) >= PEOPLE_LEAST


def test_a_masked_name_tells_two_people_apart_and_no_more() -> None:
    assert [masked(name) for name in ("하하린", "이솔", "Nguyễn Thị", "", "김")] == [
        "하*린",
        "이*",
        "N********ị",
        "*",
        "김*",
    ]
