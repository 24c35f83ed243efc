"""Alembic's environment: migrations run on the connection they are given."""

from alembic import context

from everlit.platform.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
