"""The tables of the catalog, the same on both databases.

What a record holds beyond the columns that SQL joins, sorts and filters by is kept as the record's own JSON in `body`:
NaN, infinities, int64 and any text survive there unchanged on both databases. Beside it `last`, `low`, `high` and
`number` repeat the values that queries compare; NaN, which the databases order differently, is NULL in them.

Names may be longer than an index entry may be, so uniqueness is kept over `name_key` (see `codec.name_key`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

HEAD = "0003"
"""The newest revision of the schema; `migrations/versions` leads to it."""

KNOWN = frozenset({"0001", "0002", HEAD})
"""Every revision ever released: anything else was written by a newer Labdeck."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_NOT_DELETED = text("deleted IS NULL")


def _archived_column() -> Column[bool]:
    return Column("archived", Boolean, nullable=False, server_default=false())


def _trial_column() -> Column[str]:
    return Column("trial_id", String(32), ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True)


experiment = Table(
    "experiment",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("note", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("objective", Text),
    Column("goal", Text, nullable=False),
    Column("updated", Double, nullable=False),
    Column("activity", BigInteger, nullable=False),  # seq of the latest activity: clocks order nothing
    _archived_column(),
    Column("deleted", Double),
    Index("uq_experiment_name", "name_key", unique=True, sqlite_where=_NOT_DELETED, postgresql_where=_NOT_DELETED),
)

trial = Table(
    "trial",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("serial", BigInteger, nullable=False),  # rises from trial to trial in order of arrival
    Column("experiment_id", String(32), ForeignKey("experiment.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # its place among all trials the experiment ever had
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("incomplete", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("ended", Double),
    Column("note", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("parent_id", String(32)),
    _archived_column(),
    Column("objective", Text),  # body of the summary that stands for the trial, spark included
    Column("goal", Text, nullable=False),
    Column("deleted", Double),
    Index("uq_trial_serial", "serial", unique=True),
    Index("uq_trial_number", "experiment_id", "number", unique=True),
    Index("ix_trial_listing", "experiment_id", "deleted", "serial"),
    Index("ix_trial_parent", "parent_id"),
    Index("ix_trial_state", "state", "experiment_id"),
    Index(
        "uq_trial_name",
        "experiment_id",
        "name_key",
        unique=True,
        sqlite_where=_NOT_DELETED,
        postgresql_where=_NOT_DELETED,
    ),
    Index("ix_trial_name", "name_key"),
)

writer = Table(
    "writer",
    metadata,
    _trial_column(),
    Column("host", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("born", Double, nullable=False),
    Column("heartbeat", Double, nullable=False),
)

param = Table(
    "param",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("component_key", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("number", Double),
    Column("text", Text),  # the value in words, as searches compare it
    Column("body", Text, nullable=False),
    Index("uq_param_name", "trial_id", "name_key", "component_key", unique=True),
    sqlite_with_rowid=False,
)

metric = Table(
    "metric",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("component_key", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("count", BigInteger, nullable=False, server_default="0"),
    Column("first", Double),
    Column("last", Double),
    Column("low", Double),
    Column("high", Double),
    Column("mean", Double),
    Column("deviation", Double),
    Column("body", Text, nullable=False),
    Column("spark", Text, nullable=False),
    Index("uq_metric_name", "trial_id", "name_key", "component_key", unique=True),
    # Searches read these columns from the index alone: the rows are long, for they hold the sparks.
    Index("ix_metric_values", "trial_id", "name_key", "component_key", "last", "low", "high"),
    sqlite_with_rowid=False,
)

tag = Table(  # the tags of trials once more, one a row, for searches
    "tag",
    metadata,
    _trial_column(),
    Column("name_key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

component = Table(
    "component",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("ended", Double),
    Column("error", Text, nullable=False),
    Index("uq_component_name", "trial_id", "name_key", unique=True),
)

artifact = Table(
    "artifact",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("component_key", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("step_key", Text, nullable=False, server_default=""),  # its step in words, "" for none
    Column("sha256", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("uq_artifact_name", "trial_id", "component_key", "name_key", "step_key", unique=True),
)

capture = Table(
    "capture",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name_key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("uq_capture_kind", "trial_id", "name_key", unique=True),
)

view = Table(
    "view",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("experiment_id", String(32), ForeignKey("experiment.id", ondelete="CASCADE")),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
)

node = Table(  # of the lineage; trials are nodes without a row here
    "node",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("uri_key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_node_name", "name_key"),
    Index("ix_node_uri", "uri_key"),
    Index("ix_node_digest", "digest"),
)

edge = Table(
    "edge",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("destination", String(32), primary_key=True),
    Column("association", Text, primary_key=True),
    Column("created", Double, nullable=False),
    Index("ix_edge_destination", "destination"),
    sqlite_with_rowid=False,
)

finding = Table(
    "finding",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("trial_id", String(32), ForeignKey("trial.id", ondelete="CASCADE"), nullable=False),
    Column("serial", BigInteger, nullable=False),  # rises from finding to finding in order of arrival
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("dismissed", Boolean, nullable=False, server_default=false()),
    Column("body", Text, nullable=False),
    Index("ix_finding_trial", "trial_id", "serial"),
    Index("ix_finding_serial", "serial", unique=True),
)

watch = Table(
    "watch",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name_key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("uq_watch_name", "trial_id", "name_key", unique=True),
)

rule = Table(
    "rule",
    metadata,
    _trial_column(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

request = Table(  # what people ask of running trainings, until it is answered
    "request",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("trial_id", String(32), ForeignKey("trial.id", ondelete="CASCADE"), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_request_trial", "trial_id"),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

log = Table(
    "log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, 1
    Column("newest", BigInteger, nullable=False),  # seq of the newest event ever
    Column("pruned", BigInteger, nullable=False),  # events up to this one are gone
)

receipt = Table(
    "receipt",
    metadata,
    Column("writer", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
