"""The migrations and the schema say the same, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ledger_service.journal.migrate import is_current, migrate
from ledger_service.journal.schema import metadata
from tests.books import Books


def test_the_migrations_give_exactly_the_schema(books: Books) -> None:
    with books.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(books: Books) -> None:
    migrate(books.engine)
    assert is_current(books.engine)
