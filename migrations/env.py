"""Where Alembic begins: runs the steps on the connection that ``engine.storage.schema`` opened."""

from alembic import context

from engine.storage.schema import COMPARE

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=connection.dialect.name == "sqlite", **COMPARE)
with context.begin_transaction():
    context.run_migrations()
