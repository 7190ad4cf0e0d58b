"""Alembic's entry: runs the revisions on the connection that the store hands over, within its transaction."""

from __future__ import annotations

from alembic import context

from labdeck.store.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by building it anew
)
context.run_migrations()
