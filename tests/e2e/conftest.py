"""A real `boram up` for tests: a district that is set up once and copied, home and all, for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo import BUSINESS_DATE, set_up
from scripts.running import running

SETTINGS = {"environment": "test", "business_date": BUSINESS_DATE}


@pytest.fixture(scope="session")
def set_up_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a district whose setup is sealed, at rest."""
    home = tmp_path_factory.mktemp("district") / "home"
    with running(home, **SETTINGS) as service:
        set_up(service)
        centres = ["SVC", "YJSW", "JWSW", "BPCC", "BBCC", "ZERO", "YOUTH", "NUBI"]
        for name, roles, desks in (
            ("clerk", ["clerk"], centres),
            ("approver", ["approver"], centres),
            ("counter", ["venue"], ["SENIOR", "POOL"]),
            ("office", ["office"], []),
        ):
            service.add_actor(name, *roles, desks=desks)
        assert service.stop() == 0
    return home


@pytest.fixture
def home(set_up_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the district's home for one test."""
    copied = tmp_path / "home"
    shutil.copytree(set_up_home, copied)
    yield copied
    shutil.rmtree(copied, ignore_errors=True)
