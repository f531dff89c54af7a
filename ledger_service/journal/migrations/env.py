"""Alembic's environment: the connection comes from journal/migrate.py."""

from alembic import context

from ledger_service.journal.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
