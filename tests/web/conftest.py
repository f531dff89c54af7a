"""The pages of one small district, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import District
from tests.api.conftest import district as district
from tests.api.conftest import newcomer as newcomer
from tests.api.conftest import resident as resident
from tests.web.site import OpenDoor, Site, served


@pytest.fixture(scope="session")
def site(district: District) -> Iterator[Site]:
    app = district.installation.app(OpenDoor(district.installation.context))
    with served(app) as address:
        made = Site(district, app, address)
        yield made
        made.close()
