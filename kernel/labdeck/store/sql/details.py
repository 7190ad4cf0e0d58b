"""Queries for what lies beneath a trial: parameters, metrics, components, artifacts, captures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Row, Table, func, select

from labdeck.errors import NotFound
from labdeck.store.sql import codec, reads
from labdeck.store.sql.codec import bodies
from labdeck.store.sql.tables import artifact, capture, component, experiment, metric, param, trial, view
from labdeck.wire.records import ComponentRecord, MetricSummary, TrialDetail, TrialFacts, ViewRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def bodies_of_trial(table: Table) -> Any:
    """Return a column with all bodies of a trial, in their order, joined by commas: far fewer rows to carry across."""
    bodies_in_order = (
        select(table.c.body).where(table.c.trial_id == trial.c.id).order_by(table.c.position).correlate(trial)
    ).subquery()
    return select(func.aggregate_strings(bodies_in_order.c.body, ",")).scalar_subquery()


_facts_query = reads.trial_query.add_columns(
    bodies_of_trial(param).label("params"), bodies_of_trial(metric).label("metrics")
)


def facts_of(connection: Connection, experiment_id: str) -> tuple[TrialFacts, ...]:
    """Return the trials of an experiment with parameters and summaries, oldest first."""
    query = _facts_query.where(trial.c.experiment_id == experiment_id, *reads.LISTED).order_by(trial.c.serial)
    return tuple(_facts(row) for row in connection.execute(query).all())


def facts_by_id(connection: Connection, trial_ids: Sequence[str]) -> tuple[TrialFacts, ...]:
    """Return the given trials with parameters and summaries, in that order, unknown ones left out."""
    rows = reads.in_chunks(connection, _facts_query, trial.c.id, list(dict.fromkeys(trial_ids)))
    found = {row.id: _facts(row) for row in rows}
    return tuple(found[trial_id] for trial_id in trial_ids if trial_id in found)


def detail(connection: Connection, trial_id: str) -> TrialDetail:
    """Return everything about a trial, deleted or not; NotFound."""
    record = reads.trials_by_id(connection, [trial_id]).get(trial_id)
    if record is None:
        raise NotFound(f"there is no trial {reads.shown(trial_id)}", "it may have been purged")
    return TrialDetail(
        trial=record,
        params=codec.decode(bodies.param, _bodies(connection, param, trial_id)),
        metrics=summaries(connection, trial_id),
        components=_components(connection, trial_id),
        artifacts=codec.decode(bodies.artifact, _bodies(connection, artifact, trial_id)),
        captures=codec.decode(bodies.capture, _bodies(connection, capture, trial_id)),
        children=reads.children_of(connection, trial_id),
    )


def views(connection: Connection) -> tuple[ViewRecord, ...]:
    """Return all saved comparisons whose experiment is not deleted, by name."""
    query = select(view.c.body).outerjoin(experiment).where(experiment.c.deleted.is_(None)).order_by(view.c.name)
    return codec.decode(bodies.view, list(connection.execute(query).scalars()))


def summaries(connection: Connection, trial_id: str) -> tuple[MetricSummary, ...]:
    """Return the metric summaries of a trial, sparks included, in order of first appearance."""
    query = select(metric.c.body, metric.c.spark).where(metric.c.trial_id == trial_id).order_by(metric.c.position)
    rows = connection.execute(query).all()
    plain = codec.decode(bodies.metric, [row.body for row in rows])
    return tuple(
        msgspec.structs.replace(summary, spark=bodies.spark.decode(row.spark))
        for summary, row in zip(plain, rows, strict=True)
    )


def _components(connection: Connection, trial_id: str) -> tuple[ComponentRecord, ...]:
    query = select(component).where(component.c.trial_id == trial_id).order_by(component.c.position)
    return tuple(
        ComponentRecord(name=row.name, state=row.state, started=row.started, ended=row.ended, error=row.error)
        for row in connection.execute(query)
    )


def _bodies(connection: Connection, table: Table, trial_id: str) -> list[str]:
    query = select(table.c.body).where(table.c.trial_id == trial_id).order_by(table.c.position)
    return list(connection.execute(query).scalars())


def _facts(row: Row[Any]) -> TrialFacts:
    return TrialFacts(
        trial=reads.to_trial(row),
        params=bodies.param.decode(f"[{row.params or ''}]"),
        metrics=bodies.metric.decode(f"[{row.metrics or ''}]"),
    )
