"""What rules find, which rules watch, what watching costs, and what people ask of trainings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "finding",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("trial_id", sa.String(32), nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("dismissed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
        _trial("finding"),
    )
    op.create_index("ix_finding_trial", "finding", ["trial_id", "serial"])
    op.create_index("ix_finding_serial", "finding", ["serial"], unique=True)
    for name, further in (("watch", [sa.Column("name_key", sa.Text, nullable=False)]), ("rule", [])):
        op.create_table(
            name,
            sa.Column("trial_id", sa.String(32), nullable=False),
            sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
            *further,
            sa.Column("body", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("trial_id", "position", name=f"pk_{name}"),
            _trial(name),
        )
    op.create_index("uq_watch_name", "watch", ["trial_id", "name_key"], unique=True)
    op.create_table(
        "request",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("trial_id", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
        _trial("request"),
    )
    op.create_index("ix_request_trial", "request", ["trial_id"])


def _trial(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=f"fk_{name}_trial_id", ondelete="CASCADE")
