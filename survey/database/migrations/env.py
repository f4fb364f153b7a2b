"""Alembic's entry: runs the migrations on the connection that `survey.database.upgrade` hands over."""

from alembic import context
from sqlmodel import SQLModel

import survey.database.tables  # noqa: F401  (fills SQLModel.metadata)

connection = context.config.attributes["connection"]
# SQLite can undo a CREATE TABLE, which Alembic does not assume by itself.
context.configure(connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
