"""The schema's age: made when it is new, migrated when it is old, refused when it is from the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, text

from labdeck.errors import NotFound, StoreTooNew
from labdeck.store.sql import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from labdeck.store.sql.engine import Database

version_locations = ["labdeck.store.sql:migrations/versions"]
"""Where the revisions are."""


def ensure_schema(database: Database, *, create: bool = True) -> None:
    """Bring the schema to `tables.HEAD`, once, however many processes try.

    The usual case, a schema of today, costs one read and takes no lock.

    Raises:
        NotFound: There is no schema, and none is to be made.
        StoreTooNew: The revision is not one that this Labdeck knows; nothing is changed.
        StoreError: The database cannot be read or written.
    """
    found = database.read(revision)
    if _acceptable(found):
        return
    if found is None and not create:
        raise NotFound("that database holds no store", "check the URL; `labdeck store where` says which one is yours")
    with database.backend.exclusive():
        found = database.read(revision)
        if _acceptable(found):
            return
        database.set_up(_create if found is None else migrate)


def revision(connection: Connection) -> str | None:
    """Return the revision of the schema, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def _acceptable(found: str | None) -> bool:
    if found is None:
        return False
    if found not in tables.KNOWN:
        raise StoreTooNew(
            f"the store has schema {found}, this Labdeck knows up to {tables.HEAD}", "upgrade: pip install -U labdeck"
        )
    return found == tables.HEAD


def _create(connection: Connection) -> None:
    """Make the newest schema directly; a test proves that the migrations lead to the same one."""
    tables.metadata.create_all(connection)
    connection.execute(insert(tables.log).values(id=1, newest=0, pruned=0))
    connection.execute(
        text(
            "CREATE TABLE alembic_version "
            "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": tables.HEAD})


def migrate(connection: Connection) -> None:
    """Run the revisions between the schema's and `tables.HEAD`, within the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "labdeck.store.sql:migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(version_locations))
    config.attributes["connection"] = connection
    command.upgrade(config, tables.HEAD)
