"""Nested and archived trials, what searches compare, saved comparisons, lineage."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ROWS_AT_ONCE = 2_000


def upgrade() -> None:
    """Add the columns and tables, and fill the columns from the records that are there."""
    _grow_trials()
    _grow_facts()
    _add_tables()
    _fill("param", ["trial_id", "position"], _words_of_param)
    _fill("metric", ["trial_id", "position"], _numbers_of_metric)
    _fill_tags()


def _grow_trials() -> None:
    for table in ("experiment", "trial"):
        op.add_column(table, sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("trial", sa.Column("parent_id", sa.String(32)))
    op.create_index("ix_trial_parent", "trial", ["parent_id"])


def _grow_facts() -> None:
    op.add_column("param", sa.Column("text", sa.Text))
    op.add_column("metric", sa.Column("count", sa.BigInteger, nullable=False, server_default="0"))
    for name in ("first", "mean", "deviation"):
        op.add_column("metric", sa.Column(name, sa.Double))
    for name in ("param", "metric"):
        op.drop_index(f"uq_{name}_name", name)
        op.create_index(f"uq_{name}_name", name, ["trial_id", "name_key", "component_key"], unique=True)
    op.create_index("ix_metric_values", "metric", ["trial_id", "name_key", "component_key", "last", "low", "high"])
    op.add_column("artifact", sa.Column("step_key", sa.Text, nullable=False, server_default=""))
    op.drop_index("uq_artifact_name", "artifact")
    op.create_index("uq_artifact_name", "artifact", ["trial_id", "component_key", "name_key", "step_key"], unique=True)


def _add_tables() -> None:
    op.create_table(
        "tag",
        sa.Column("trial_id", sa.String(32), nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "name_key", name="pk_tag"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_tag_trial_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "view",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("experiment_id", sa.String(32)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_view"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name="fk_view_experiment_id", ondelete="CASCADE"),
    )
    op.create_table(
        "node",
        sa.Column("id", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "name_key", "uri_key", "digest", "body")),
        sa.PrimaryKeyConstraint("id", name="pk_node"),
    )
    for name, column in (("name", "name_key"), ("uri", "uri_key"), ("digest", "digest")):
        op.create_index(f"ix_node_{name}", "node", [column])
    op.create_table(
        "edge",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("destination", sa.String(32), nullable=False),
        sa.Column("association", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("source", "destination", "association", name="pk_edge"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_edge_destination", "edge", ["destination"])


def _fill(name: str, key: list[str], values_of: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Set new columns of a table from the JSON in its `body`; what cannot be read stays empty for `check` to name."""
    connection = op.get_bind()
    table = sa.table(name, *(sa.column(column) for column in (*key, "body", *values_of({}))))
    here = [table.c[column] == sa.bindparam(f"key_{column}") for column in key]
    for rows in _pages(connection, sa.select(*(table.c[column] for column in key), table.c.body)):
        changed = [
            {**{f"key_{column}": getattr(row, column) for column in key}, **values_of(_object(row.body))}
            for row in rows
        ]
        connection.execute(sa.update(table).where(*here), changed)


def _fill_tags() -> None:
    connection = op.get_bind()
    trial = sa.table("trial", sa.column("id"), sa.column("tags"))
    tag = sa.table("tag", sa.column("trial_id"), sa.column("name_key"), sa.column("value"))
    for rows in _pages(connection, sa.select(trial.c.id, trial.c.tags).where(trial.c.tags != "{}")):
        tags = [
            {"trial_id": row.id, "name_key": _name_key(key), "value": value}
            for row in rows
            for key, value in _object(row.tags).items()
        ]
        if tags:
            connection.execute(sa.insert(tag), tags)


def _pages(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[list[Any]]:
    rows = connection.execute(query).all()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield list(rows[start : start + _ROWS_AT_ONCE])


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words_of_param(body: dict[str, Any]) -> dict[str, Any]:
    value = body.get("value")
    if isinstance(value, bool):
        return {"text": "true" if value else "false"}
    return {"text": None if value is None else str(value)}


def _numbers_of_metric(body: dict[str, Any]) -> dict[str, Any]:
    names = {"first": "first", "mean": "mean", "deviation": "std"}
    return {
        "count": body.get("count", 0),
        **{column: _sortable(body.get(name, "NaN")) for column, name in names.items()},
    }


def _sortable(number: Any) -> float | None:
    value = float(number)
    return None if math.isnan(value) else value


def _name_key(name: str) -> str:
    # As `codec.name_key` was when this revision was released.
    import hashlib

    encoded = name.encode()
    short = len(encoded) <= 255 and not name.startswith("\x01")  # noqa: PLR2004 - bytes of an index entry
    return name if short else "\x01" + hashlib.sha256(encoded).hexdigest()
