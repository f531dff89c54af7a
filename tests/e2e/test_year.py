"""The first months of `make year`: a district lives from commands alone, and every sum is the reckoning's."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.year.__main__ import live


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_first_months_of_a_year_agree_with_a_reckoning_of_their_own(tmp_path: Path) -> None:
    year = live(tmp_path / "home", months_lived=2)
    assert year.differs == []
    assert year.closes == 8
    assert year.compared > 200
