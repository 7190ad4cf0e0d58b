"""The first schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

_NOT_DELETED = sa.text("deleted IS NULL")


def upgrade() -> None:
    """Make all tables."""
    _spine()
    _facts()
    _log()


def _spine() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", sa.String(32), nullable=False),
        _text("name"),
        _text("name_key"),
        _double("created"),
        _text("note"),
        _text("tags"),
        _text("objective", nullable=True),
        _text("goal"),
        _double("updated"),
        _bigint("activity"),
        _double("deleted", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_experiment"),
    )
    _unique("uq_experiment_name", "experiment", ["name_key"], while_not_deleted=True)
    op.create_table(
        "trial",
        sa.Column("id", sa.String(32), nullable=False),
        _bigint("serial"),
        sa.Column("experiment_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("name"),
        _text("name_key"),
        _text("state"),
        _text("incomplete"),
        _double("started"),
        _double("ended", nullable=True),
        _text("note"),
        _text("tags"),
        _bigint("points"),
        _text("objective", nullable=True),
        _text("goal"),
        _double("deleted", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name="fk_trial_experiment_id", ondelete="CASCADE"
        ),
    )
    _unique("uq_trial_serial", "trial", ["serial"])
    _unique("uq_trial_number", "trial", ["experiment_id", "number"])
    _unique("uq_trial_name", "trial", ["experiment_id", "name_key"], while_not_deleted=True)
    op.create_index("ix_trial_listing", "trial", ["experiment_id", "deleted", "serial"])
    op.create_index("ix_trial_state", "trial", ["state", "experiment_id"])
    op.create_index("ix_trial_name", "trial", ["name_key"])


def _facts() -> None:
    op.create_table(
        "writer",
        sa.Column("trial_id", sa.String(32), nullable=False),
        _text("host"),
        _text("boot"),
        _bigint("pid"),
        _double("born"),
        _double("heartbeat"),
        sa.PrimaryKeyConstraint("trial_id", name="pk_writer"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_writer_trial_id", ondelete="CASCADE"),
    )
    _of_trial(
        "param",
        [_text("component_key"), _text("name_key"), _double("number", nullable=True), _text("body")],
        ["component_key", "name_key"],
        sqlite_with_rowid=False,
    )
    _of_trial(
        "metric",
        [
            _text("component_key"),
            _text("name_key"),
            _double("last", nullable=True),
            _double("low", nullable=True),
            _double("high", nullable=True),
            _text("body"),
            _text("spark"),
        ],
        ["component_key", "name_key"],
        sqlite_with_rowid=False,
    )
    _of_trial(
        "component",
        [
            _text("name"),
            _text("name_key"),
            _text("state"),
            _double("started"),
            _double("ended", nullable=True),
            _text("error"),
        ],
        ["name_key"],
    )
    _of_trial(
        "artifact",
        [_text("component_key"), _text("name_key"), _text("sha256"), _text("body")],
        ["component_key", "name_key"],
    )
    _of_trial("capture", [_text("name_key"), _text("body")], ["name_key"], index="uq_capture_kind")


def _log() -> None:
    op.create_table("event", _bigint("seq"), _text("body"), sa.PrimaryKeyConstraint("seq", name="pk_event"))
    log = op.create_table(
        "log",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        _bigint("newest"),
        _bigint("pruned"),
        sa.PrimaryKeyConstraint("id", name="pk_log"),
    )
    op.bulk_insert(log, [{"id": 1, "newest": 0, "pruned": 0}])
    op.create_table(
        "receipt",
        sa.Column("writer", sa.String(64), nullable=False),
        _bigint("position"),
        sa.PrimaryKeyConstraint("writer", name="pk_receipt"),
    )


def _of_trial(
    name: str,
    columns: Sequence[sa.Column[Any]],
    key: Sequence[str],
    *,
    index: str = "",
    **options: Any,
) -> None:
    op.create_table(
        name,
        sa.Column("trial_id", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        *columns,
        sa.PrimaryKeyConstraint("trial_id", "position", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=f"fk_{name}_trial_id", ondelete="CASCADE"),
        **options,
    )
    _unique(index or f"uq_{name}_name", name, ["trial_id", *key])


def _unique(name: str, table: str, columns: list[str], *, while_not_deleted: bool = False) -> None:
    where = _NOT_DELETED if while_not_deleted else None
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _double(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _bigint(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)
