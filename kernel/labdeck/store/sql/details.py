"""Queries for what lies beneath a trial: parameters, metrics, components, artifacts, captures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sqlalchemy import Table, select

from labdeck.errors import NotFound
from labdeck.store.sql import codec, reads
from labdeck.store.sql.codec import bodies
from labdeck.store.sql.tables import artifact, capture, component, experiment, metric, param, trial
from labdeck.wire.records import ComponentRecord, MetricSummary, TrialDetail, TrialFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

T = TypeVar("T")


def facts_of(connection: Connection, experiment_id: str) -> tuple[TrialFacts, ...]:
    """Return the trials of an experiment with parameters and summaries, oldest first."""
    records = reads.trials_of(connection, experiment_id)
    wanted = (trial.c.experiment_id == experiment_id, *reads.LISTED)

    def bodies_of(table: Table) -> dict[str, list[str]]:
        joined = table.join(trial).join(experiment)
        query = select(table.c.trial_id, table.c.body).select_from(joined).where(*wanted)
        return _grouped(connection.execute(query.order_by(trial.c.serial, table.c.position)))

    return _facts(list(records.values()), bodies_of(param), bodies_of(metric))


def facts_by_id(connection: Connection, trial_ids: Sequence[str]) -> tuple[TrialFacts, ...]:
    """Return the given trials with parameters and summaries, in that order, unknown ones left out."""
    records = reads.trials_by_id(connection, trial_ids)
    known = [trial_id for trial_id in trial_ids if trial_id in records]

    def bodies_of(table: Table) -> dict[str, list[str]]:
        query = select(table.c.trial_id, table.c.body).order_by(table.c.trial_id, table.c.position)
        return _grouped(reads.in_chunks(connection, query, table.c.trial_id, list(records)))

    return _facts([records[trial_id] for trial_id in known], bodies_of(param), bodies_of(metric))


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
    )


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


def _grouped(rows: Any) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for trial_id, body in rows:
        if trial_id in groups:
            groups[trial_id].append(body)
        else:
            groups[trial_id] = [body]
    return groups


def _facts(
    records: Sequence[Any], params: dict[str, list[str]], metrics: dict[str, list[str]]
) -> tuple[TrialFacts, ...]:
    return tuple(
        TrialFacts(
            trial=record,
            params=codec.decode(bodies.param, params.get(record.id, [])),
            metrics=codec.decode(bodies.metric, metrics.get(record.id, [])),
        )
        for record in records
    )
