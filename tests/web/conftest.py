"""The pages of one small district, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_service.bootstrap.surfaces import app_of
from tests.api.conftest import District, members
from tests.api.conftest import district as district
from tests.api.conftest import newcomer as newcomer
from tests.api.conftest import resident as resident
from tests.books import Books
from tests.integration.posting.conftest import anvil as anvil
from tests.integration.posting.conftest import bare_hall as bare_hall
from tests.integration.posting.conftest import hall as hall
from tests.integration.posting.conftest import rpc as rpc
from tests.integration.posting.hall import Hall
from tests.web.month import Month, open_month, quiet_hall
from tests.web.site import OpenDoor, Site, served


@pytest.fixture(scope="session")
def site(district: District) -> Iterator[Site]:
    app = app_of(district.installation, OpenDoor(district.installation.context, district.installation.passwords))
    with served(app) as address:
        made = Site(address, district, app)
        yield made
        made.close()


@pytest.fixture
def month(hall: Hall) -> Iterator[Month]:
    """The pages of a small district whose date moves."""
    with open_month(hall) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow])])
def quiet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Month]:
    """The same without a chain: many times quicker."""
    district = request.getfixturevalue(f"{request.param}_district")
    with district.copy("district", tmp_path) as books, open_month(quiet_hall(books, members())) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow])])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Empty books; the pages ask nothing of SQL themselves, so PostgreSQL is for the long suite."""
    with request.getfixturevalue(f"{request.param}_district").copy("empty", tmp_path) as opened:
        yield opened
